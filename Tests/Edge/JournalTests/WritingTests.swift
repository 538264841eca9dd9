// Records reach the disk in order, by both drivers: commits, rotation, retention, and what a start finds.
import AllocationCounter
import Foundation
import Journal
import Kernel
import Reactor
import Testing
import Units

@Suite(.serialized)
struct WritingTests {
    @Test(arguments: drivers) func recordsComeBackInOrder(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver)
        #expect(bench.journal.recovery.finished.isEmpty && bench.journal.recovery.cut.isEmpty)
        #expect(bench.append("one") == .accepted(1))
        #expect(bench.append("") == .accepted(2))
        #expect(bench.journal.durable == 0)
        try bench.settleAll()
        #expect(try folder.texts() == ["one", ""])
        bench.append("three")
        try bench.close()
        let bytes = try folder.bytes(1)
        let summary = try folder.summary(1)
        #expect(summary.end == .sealed(Seal(cause: .closed)) && summary.records == 3)
        #expect(summary.goodBytes == bytes.count, "the space that is left goes back")
        #expect(summary.header.writer == "tested" && summary.header.session == 42)
        #expect(try folder.segments().map(\.number) == [1], "what was prepared is removed")
        #expect(bench.append("late") == .lost(.closed))
    }

    /// Whoever asks between two turns, or when a commit is reported, waits for the disk and for nothing else.
    @Test(arguments: drivers) func aCommitWaitsForNoEvent(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver) { $0.flushInterval = .seconds(60) }
        try bench.settle("the first segment is prepared") { (try? folder.segments().isEmpty) == false }
        try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(50))
        let journal = bench.journal
        journal.onDurable = { [unowned bench] durable in
            guard durable < 5 else { return }
            bench.append("next")
            bench.journal.commit(upTo: bench.journal.accepted)
        }
        let began = Kernel.monotonicNow()
        bench.append("first")
        journal.commit(upTo: 1)
        while journal.durable < 5, Kernel.monotonicNow() - began < .seconds(20) {
            try bench.reactor.turn(until: Kernel.monotonicNow() + .seconds(20))
        }
        #expect(Kernel.monotonicNow() - began < .seconds(10))
        try bench.close()
    }

    /// A record that is appended between two turns is flushed in its time, although nothing else happens.
    @Test(arguments: drivers) func aRecordBetweenTurnsIsFlushed(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver)
        bench.append("first")
        try bench.settleAll()
        let began = Kernel.monotonicNow()
        bench.append("second")
        while bench.journal.durable < 2, Kernel.monotonicNow() - began < .seconds(20) {
            try bench.reactor.turn(until: Kernel.monotonicNow() + .seconds(20))
        }
        #expect(Kernel.monotonicNow() - began < .seconds(10))
        try bench.close()
    }

    /// What is little waits for company in memory: until its time, until it is much, or until somebody wants it on the disk.
    @Test(arguments: drivers) func littleIsNotWrittenAlone(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver) { options in
            options.flushInterval = .seconds(60)
            options.writeInterval = .seconds(60)
            options.ringBytes = 64 * 1024
            options.segmentBytes = 128 * 1024
            options.writeBytesLeast = 4_096
        }
        bench.append("first")
        bench.journal.commit(upTo: 1)
        try bench.settleAll()
        func rest() throws {
            let end = Kernel.monotonicNow() + .milliseconds(30)
            while Kernel.monotonicNow() < end { try bench.reactor.turn(until: end) }
        }
        bench.append("little")
        try rest()
        #expect(try folder.texts() == ["first"], "it is in memory")
        let much = String(repeating: "x", count: 4_096)
        bench.append(much)
        try bench.settle("much is written") { (try? folder.texts().count) == 3 }
        #expect(bench.journal.durable == 1, "and nobody asked for more")
        bench.append("wanted")
        bench.journal.commit(upTo: bench.journal.accepted)
        try bench.settleAll()
        #expect(try folder.texts() == ["first", "little", much, "wanted"])
        try bench.close()
    }

    /// What is little is written in its time, though nobody has asked for it and its flush is far.
    @Test(arguments: drivers) func littleIsWrittenInItsTime(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver) { options in
            options.flushInterval = .seconds(60)
            options.writeBytesLeast = 4_096
        }
        try bench.settle("the first segment is prepared") { (try? folder.segments().isEmpty) == false }
        bench.append("little")
        let began = Kernel.monotonicNow()
        while (try? folder.texts()) != ["little"], Kernel.monotonicNow() - began < .seconds(20) {
            try bench.reactor.turn(until: Kernel.monotonicNow() + .seconds(20))
        }
        #expect(bench.journal.durable == 0 && Kernel.monotonicNow() - began < .seconds(10))
        try bench.close()
    }

    /// One fdatasync at the end of a flush interval covers what was written and what waited for company.
    @Test(arguments: drivers) func whatWaitedIsFlushedWithTheRest(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver) { options in
            options.flushInterval = .seconds(1)
            options.ringBytes = 64 * 1024
            options.segmentBytes = 128 * 1024
            options.writeBytesLeast = 4_096
        }
        bench.append("first")
        bench.journal.commit(upTo: 1)
        try bench.settleAll()
        var commits: [UInt64] = []
        bench.journal.onDurable = { commits.append($0) }
        bench.append(String(repeating: "x", count: 4_096))
        try bench.settle("much is written") { (try? folder.texts().count) == 2 }
        bench.append("little")
        try bench.settleAll()
        #expect(commits == [3])
        try bench.close()
    }

    /// Journals that nobody writes any more are kept within the same bounds.
    @Test func formerJournalsAreRetainedToo() throws {
        let folder = try JournalFolder()
        let former = try JournalFolder()
        for number in 1...4 {
            try former.write([UInt8](repeating: 0, count: 20_000), as: UInt64(number))
        }
        let old = Date(timeIntervalSinceNow: -7_200)
        for number in 1...2 {
            try FileManager.default.setAttributes(
                [.modificationDate: old],
                ofItemAtPath: "\(former.path)/\(SegmentFiles.name(UInt64(number)))")
        }
        let bench = try Bench(folder, .automatic) {
            $0.formerDirectories = [former.path, former.path + "-gone"]
            $0.retainedFor = .seconds(3_600)
            $0.retainedBytes = 128 * 1024
        }
        try bench.settle("what is too old goes") { (try? former.segments().map(\.number)) == [3, 4] }
        try bench.close()
        let next = try Bench(folder, .automatic) {
            $0.formerDirectories = [former.path]
            $0.retainedBytes = 32 * 1024
        }
        try next.settle("what is too much goes") { (try? former.segments().map(\.number)) == [4] }
        try next.close()
    }

    /// Every size of record, so that each place of the ring is where one turns over, over many segments.
    @Test(arguments: drivers) func rotatesWithoutLosingAByte(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver)
        var expected: [String] = []
        var randomness = Randomness(seed: 11)
        while expected.count < 1_500 {
            let size = randomness.next(in: 0...700)
            let text = String((0..<size).map { Character(Unicode.Scalar(UInt8(97 + ($0 + size) % 26))) })
            if case .accepted = bench.append(text) {
                expected.append(text)
            } else {
                try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(1))
            }
        }
        try bench.close()
        let texts = try folder.texts()
        #expect(texts == expected)
        let segments = try folder.segments()
        #expect(segments.count > 10)
        var next: UInt64 = 1
        for (number, _) in segments {
            let summary = try folder.summary(number)
            #expect(summary.header.firstSequence == next && summary.damage == nil)
            guard case .sealed? = summary.end else {
                Issue.record("segment \(number) is not sealed")
                continue
            }
            next = summary.nextSequence
        }
        #expect(try folder.records().map(\.sequence) == Array(1..<next))
    }

    @Test(arguments: drivers) func waitsForNobodyThatAsksForACommit(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver) { $0.flushInterval = .seconds(3_600) }
        var reported: [UInt64] = []
        bench.journal.onDurable = { reported.append($0) }
        bench.append("sample")
        try bench.settle("written it is") { (try? folder.texts()) == ["sample"] }
        for _ in 0..<3 { try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(4)) }
        #expect(bench.journal.durable == 0, "nobody asked, and the interval is not over")
        bench.append("mark")
        bench.journal.commit(upTo: bench.journal.accepted)
        try bench.settleAll()
        #expect(reported == [2])
    }

    @Test(arguments: drivers) func endsSegmentsByAge(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, driver) { $0.segmentAge = .milliseconds(20) }
        bench.append("old")
        try bench.settle { bench.journal.durable == 2 }
        bench.append("new")
        try bench.settle { (try? folder.records().count) ?? 0 >= 3 }
        let summary = try folder.summary(1)
        #expect(summary.end == .sealed(Seal(cause: .age)))
        try bench.close()
        #expect(try folder.texts() == ["old", "new"])
    }

    @Test func removesWhatIsTooMuchButNothingPinned() throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, .automatic) { $0.retainedBytes = 5 * 32 * 1024 }
        let pin = try #require(bench.journal.pins.pin(from: 30))
        let text = String(repeating: "x", count: 3_000)
        func fill(_ count: Int) throws {
            for _ in 0..<count {
                bench.append(text)
                try bench.settleAll()
            }
        }
        try fill(100)
        #expect(try folder.records().first.map { $0.sequence <= 30 } == true)
        bench.journal.pins.release(pin)
        try fill(40)
        try bench.settle { (try? folder.segments().count) ?? 99 <= 5 }
        #expect(try folder.records().first.map { $0.sequence > 60 } == true)
        try bench.close()
    }

    @Test func oneWriterAtATime() throws {
        let folder = try JournalFolder()
        let bench = try Bench(folder, .automatic)
        do {
            _ = try Bench(folder, .automatic)
            Issue.record("two writers have the same journal")
        } catch let failure as JournalFailure {
            #expect("\(failure)".hasSuffix("could not take the lock: another process writes this journal"))
        }
        try bench.close()
        try Bench(folder, .automatic).close()
    }

    /// Refused options say so before anything is touched.
    @Test func refusesWhatDoesNotFit() throws {
        let folder = try JournalFolder()
        #expect(throws: JournalFailure.self) { try Bench(folder, .automatic) { $0.ringBytes = 5_000 } }
        #expect(throws: JournalFailure.self) { try Bench(folder, .automatic) { $0.segmentBytes = 16 * 1024 } }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        let bench = try Bench(folder, .automatic)
        let large = String(repeating: "x", count: bench.journal.options.payloadBytesMax)
        #expect(bench.append(large + "x") == .lost(.tooLarge))
        #expect(bench.append(large) == .accepted(2), "the loss is the first record")
        try bench.close()
    }

    @Test func appendingAllocatesNothing() throws {
        guard allocations_are_counted() != 0 else { return }
        let folder = try JournalFolder()
        let bench = try Bench(folder, .automatic) {
            $0.ringBytes = 1 << 20
            $0.segmentBytes = 4 << 20
        }
        let payload = [UInt8](repeating: 7, count: 200)
        var counted: UInt64 = 1
        for _ in 0..<2 {
            let before = allocations_of_thread()
            for _ in 0..<1_000 {
                bench.journal.append(.testing, at: Instant(nanoseconds: 1), payload.span.raw)
            }
            counted = allocations_of_thread() - before
        }
        #expect(counted == 0)
        #expect(bench.journal.accepted == 2_000)
        try bench.close()
    }
}
