// Disks that are full, fail, or do half of what they are asked: nothing that was reported durable is lost,
// what is lost is counted by its reason, and the journal goes on.
import Foundation
import Journal
import Kernel
import Reactor
import Testing
import Units

/// One way in which a disk fails once, and what must come of it.
struct Trouble: CustomStringConvertible, Sendable {
    let description: String
    let faults: [Fault]
    /// Files that are given up.
    var failed = 0

    static let all = [
        Trouble(description: "short writes", faults: [Fault(.write, .short(7), times: 40)]),
        Trouble(
            description: "writes that do nothing now",
            faults: [Fault(.write, .fail(.interrupted), skipping: 1, times: 3), Fault(.write, .fail(.again))]),
        Trouble(description: "a header cut short", faults: [Fault(.write, .short(100))]),
        Trouble(description: "EIO for the header", faults: [Fault(.write, .fail(.inputOutput))], failed: 1),
        Trouble(
            description: "ENOSPC for records", faults: [Fault(.write, .fail(.noSpace), skipping: 2)],
            failed: 1),
        Trouble(
            description: "EIO in the middle of a record",
            faults: [Fault(.write, .short(50), skipping: 3), Fault(.write, .fail(.inputOutput))], failed: 1),
        Trouble(
            description: "a write of nothing", faults: [Fault(.write, .short(0), skipping: 2)], failed: 1),
        Trouble(
            description: "EIO for the first fdatasync", faults: [Fault(.synchronise, .fail(.inputOutput))],
            failed: 1),
        Trouble(
            description: "ENOSPC for a later fdatasync",
            faults: [Fault(.synchronise, .fail(.noSpace), skipping: 6)], failed: 1),
        Trouble(
            description: "three files in a row",
            faults: [Fault(.synchronise, .fail(.inputOutput), skipping: 4, times: 3)], failed: 1),
        Trouble(
            description: "no space for the next segment",
            faults: [Fault(.allocate, .fail(.noSpace), times: 3)]),
        Trouble(
            description: "a next segment that does not become durable",
            faults: [Fault(.synchroniseWhole, .fail(.inputOutput), times: 2)]),
        Trouble(
            description: "space that is not given back",
            faults: [Fault(.truncate, .fail(.inputOutput), times: 99)]),
    ]
}

@Suite(.serialized)
struct FailureTests {
    /// With room in memory until the disk is well again, not one record is lost, however it failed.
    @Test(arguments: drivers, Trouble.all)
    func aTroubleThatPassesLosesNothing(_ driver: DriverChoice, _ trouble: Trouble) throws {
        let folder = try JournalFolder()
        defer { Faults.clear() }
        let bench = try Bench(folder, driver)
        // The first segment is there; what is planned hits what comes now.
        try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(50))
        for fault in trouble.faults { Faults.inject(fault) }
        var expected: [String] = []
        var reported: UInt64 = 0
        var failures = 0
        bench.journal.onDurable = { reported = max(reported, $0) }
        bench.journal.onHealth = { if case .degraded = $0 { failures += 1 } }
        for index in 0..<60 {
            let text = "\(index):" + String(repeating: "t", count: index * 3)
            if case .accepted = bench.append(text) { expected.append(text) }
            if index % 3 == 0 { bench.journal.commit(upTo: bench.journal.accepted) }
            try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(2))
            // What is reported is there, at every moment.
            if index % 10 == 0 {
                let there = try folder.records().map(\.sequence)
                #expect(reported == 0 || there.contains(reported), "\(reported) is not among \(there)")
            }
        }
        try bench.settleAll()
        #expect(expected.count == 60)
        #expect(try folder.texts() == expected)
        try bench.settle("the journal is well again") { bench.journal.health == .well }
        if trouble.failed > 0 { #expect(failures >= trouble.failed) }
        let follows = try folder.segments().filter { number, _ in
            // The last one is prepared, and blank.
            (try? folder.summary(number))?.header.followsFailure ?? false
        }
        #expect((trouble.failed > 0) == !follows.isEmpty)
        Faults.clear()
        try bench.close()
        // And a start over what is left finds the same.
        let next = try Bench(folder, driver)
        #expect(next.journal.recovery.damaged.isEmpty)
        #expect(try folder.texts() == expected)
        try next.close()
    }

    /// Each record stands in a segment of the session in which it was accepted, however the disk fails around the change.
    @Test(arguments: Trouble.all)
    func anotherSessionHasSegmentsOfItsOwn(_ trouble: Trouble) throws {
        let folder = try JournalFolder()
        defer { Faults.clear() }
        let bench = try Bench(folder, .automatic)
        try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(50))
        for fault in trouble.faults { Faults.inject(fault) }
        var (session, expected) = (bench.journal.session, [String]())
        for index in 0..<30 {
            if index % 12 == 11 {
                session += 1
                try bench.settle("another session begins") {
                    bench.journal.begin(session: session, at: Kernel.wallNow())
                }
            }
            let text = "\(session):\(index)"
            if case .accepted = bench.append(text) { expected.append(text) }
            if index % 3 == 0 { bench.journal.commit(upTo: bench.journal.accepted) }
            try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(2))
        }
        try bench.settleAll()
        #expect(expected.count == 30 && session == 44)
        Faults.clear()
        try bench.close()
        let next = try Bench(folder, .automatic)
        #expect(next.journal.recovery.damaged.isEmpty)
        try next.close()
        #expect(try folder.texts() == expected)
        for (number, _) in try folder.segments() {
            let bytes = try folder.bytes(number)
            guard var reader = try? SegmentReader(bytes.span.raw) else { continue }
            while let entry = try? reader.next() {
                guard entry.kind == .testing else { continue }
                let text = String(decoding: bytes[entry.payload], as: UTF8.self)
                #expect(text.hasPrefix("\(reader.header.session):"), "\(text) in \(reader.header.session)")
            }
        }
    }

    /// A disk that hangs reports no error: readiness is told all the same, and told when it is over.
    @Test func aDiskThatHangsIsToldToReadiness() throws {
        let folder = try JournalFolder()
        defer { Faults.clear() }
        let bench = try Bench(folder, .poller) { $0.stallLimit = .milliseconds(50) }
        bench.append("before")
        try bench.settleAll()
        var told: [JournalHealth] = []
        bench.journal.onHealth = { told.append($0) }
        Faults.inject(Fault(.synchronise, .late(.milliseconds(400))))
        bench.append("during")
        let began = Kernel.monotonicNow()
        try bench.settle("readiness is told") { !told.isEmpty }
        #expect(Kernel.monotonicNow() - began < .milliseconds(400) && bench.journal.durable == 1)
        #expect("\(told)".contains("synchronise: no answer of the disk within 50 ms"))
        try bench.settleAll()
        try bench.settle("it is over") { told.last == .well }
        #expect(told.count == 2)
        try bench.close()
    }

    /// A file whose fdatasync failed is never asked again.
    @Test(arguments: drivers) func aFailedSynchroniseIsNotRetried(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        defer { Faults.clear() }
        let bench = try Bench(folder, driver) { $0.retryPause = .milliseconds(1) }
        bench.append("before")
        try bench.settleAll()
        Faults.inject(Fault(.synchronise, .fail(.inputOutput)))
        bench.append("during")
        bench.journal.commit(upTo: 2)
        try bench.settleAll()
        #expect(bench.journal.durable == 2)
        let header = try folder.summary(2).header
        #expect(header.followsFailure && header.firstSequence == 2)
        #expect(try folder.summary(1).end == .blank, "it is left as it is")
        try bench.close()
        #expect(try folder.texts() == ["before", "during"])
    }

    /// With the disk full for good, records are taken until memory is full; then they are counted, and the
    /// journal says how many are missing once there is room.
    @Test(arguments: drivers) func aFullDiskIsSurvivedAndCounted(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        defer { Faults.clear() }
        // So much memory that a disk which is only busy loses nothing here.
        let bench = try Bench(folder, driver) {
            $0.ringBytes = 128 * 1024
            $0.segmentBytes = 256 * 1024
        }
        bench.append("first")
        try bench.settle("the next segment is prepared") {
            (try? folder.segments().count) == 2 && bench.journal.durable == 1
        }
        Faults.inject(Fault(.allocate, .fail(.noSpace), times: .max))
        var lost: [LossReason: Int] = [:]
        var taken = 1
        func fill() throws {
            switch bench.append(String(repeating: "b", count: 400)) {
            case .accepted: taken += 1
            case .lost(let reason): lost[reason, default: 0] += 1
            }
            try bench.reactor.turn(until: Kernel.monotonicNow() + .milliseconds(1))
        }
        try bench.settle("readiness is told") {
            try? fill()
            return bench.journal.health != .well
        }
        #expect("\(bench.journal.health)".contains("No space left on device") && lost.isEmpty)
        // The segment at hand, prepared before the disk was full, still takes what must be kept.
        #expect(bench.append("sample", .sample) == .lost(.shed))
        lost[.shed] = 1
        for _ in 0..<5_000 where (lost[.noSegment] ?? 0) <= 100 { try fill() }
        #expect(taken > 1_120, "two segments hold more than \(taken)")
        #expect((lost[.noSegment] ?? 0) > 100 && lost[.failed] == nil && lost[.backlog] == nil)
        Faults.clear()
        try bench.settle("the disk has room again") { bench.journal.health == .well }
        try bench.settleAll()
        bench.append("after")
        try bench.close()
        let records = try folder.records()
        #expect(records.filter { $0.kind == .testing }.count == taken + 1)
        let told = try folder.toldLosses()
        #expect(told == lost)
    }

    /// A disk that fails for good does not hold up the end.
    @Test(arguments: drivers) func closesOnADiskThatFails(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        defer { Faults.clear() }
        let bench = try Bench(folder, driver)
        bench.append("kept")
        try bench.settleAll()
        bench.append("doubtful")
        Faults.inject(Fault(.synchronise, .fail(.inputOutput), times: .max))
        try bench.close()
        #expect(bench.journal.durable == 1)
        Faults.clear()
        let next = try Bench(folder, driver)
        #expect(next.journal.accepted >= 1 && next.journal.recovery.damaged.isEmpty)
        #expect(try folder.texts().first == "kept")
        try next.close()
    }

    /// A start that cannot do its work says why, and leaves the journal as it was.
    @Test func aStartThatFailsSaysWhy() throws {
        let folder = try JournalFolder()
        defer { Faults.clear() }
        try Bench(folder, .automatic).close()
        for (call, doing) in [
            (SystemCall.open, "open the directory"), (.truncate, "cut the segment"),
            (.synchroniseWhole, "make the seal durable"), (.read, "read the segment"),
        ] {
            var image = SegmentImage(
                SegmentHeader(
                    number: 1, firstSequence: 1, created: Instant(nanoseconds: 0), session: 42, shard: 0,
                    followsFailure: false, writer: "tested"))
            let text = Array("text".utf8)
            image.append(.testing, version: 1, at: Instant(nanoseconds: 0), text.span.raw)
            try folder.write(image.bytes + [UInt8](repeating: 0, count: 1_000), as: 1)
            let reactor = try Reactor()
            let options = JournalOptions(directory: folder.path, writer: "tested", session: 43)
            Faults.inject(Fault(call, .fail(.inputOutput)))
            do {
                _ = try Journal(options, on: reactor, now: Kernel.wallNow())
                Issue.record("started in spite of a failing \(call)")
            } catch {
                #expect(error.doing == doing && error.cause == "Input/output error")
            }
            Faults.clear()
            #expect(try folder.texts() == ["text"])
        }
    }
}
