// What a start makes of what an earlier one left: torn tails, unused and damaged segments, and a process that
// was killed in the middle of its work.
import Foundation
import Glibc
import Journal
import Kernel
import Reactor
import Testing
import Units

@Suite(.serialized)
struct RecoveryTests {
    private func segment(
        _ number: UInt64, from sequence: UInt64, _ texts: [String], followsFailure: Bool = false
    ) -> SegmentImage {
        var image = SegmentImage(
            SegmentHeader(
                number: number, firstSequence: sequence, created: Instant(nanoseconds: 1), session: 5,
                shard: 0, followsFailure: followsFailure, writer: "earlier"))
        for text in texts {
            let bytes = Array(text.utf8)
            image.append(.testing, version: 1, at: Instant(nanoseconds: 2), bytes.span.raw)
        }
        return image
    }

    /// Cut after every byte of the last record: the whole ones stay, the rest is reported, writing goes on.
    @Test func aTornTailIsCutAndReported() throws {
        let texts = ["first", "second", "third and torn"]
        let whole = segment(1, from: 1, Array(texts.prefix(2))).bytes
        let all = segment(1, from: 1, texts).bytes
        for count in stride(from: whole.count, through: all.count, by: 3) {
            let folder = try JournalFolder()
            let zeros = [UInt8](repeating: 0, count: 500)
            try folder.write(Array(all.prefix(count)) + zeros, as: 1)
            let bench = try Bench(folder, .automatic)
            let recovery = bench.journal.recovery
            let cut = try #require(recovery.cut.first)
            let isTorn = all[whole.count..<count].contains { $0 != 0 }
            // The last two bytes are padding, and zeros anyway.
            let isWhole = count >= all.count - 2
            #expect(cut.records == (isTorn && !isWhole ? 1 : 0) && recovery.damaged.isEmpty)
            #expect((cut.damage != nil) == (isTorn && !isWhole))
            #expect((1...count - whole.count + 1).contains(cut.bytes) == (isTorn && !isWhole))
            #expect(recovery.nextNumber == 2 && recovery.nextSequence == (isWhole ? 5 : 4))
            bench.append("after")
            try bench.close()
            #expect(try folder.texts() == texts.prefix(isWhole ? 3 : 2) + ["after"])
            guard case .sealed(let seal)? = try folder.summary(1).end else {
                Issue.record("cut at \(count): not sealed")
                continue
            }
            #expect(seal == Seal(cause: .recovered, recordsCut: cut.records, bytesCut: UInt64(cut.bytes)))
            // The next start has nothing to do.
            let next = try Bench(folder, .automatic)
            #expect(next.journal.recovery.cut.isEmpty)
            try next.close()
        }
    }

    @Test func unusedSegmentsGoAndDamagedOnesStay() throws {
        let folder = try JournalFolder()
        var good = segment(1, from: 1, ["a", "b"])
        good.seal(.full, at: Instant(nanoseconds: 3))
        try folder.write(good.bytes, as: 1)
        var bad = segment(2, from: 4, ["c"]).bytes
        bad[60] ^= 1
        try folder.write(bad, as: 2)
        try folder.write([UInt8](repeating: 0, count: 4096), as: 3)
        try Data("notes".utf8).write(to: URL(filePath: folder.path + "/notes.txt"))
        let bench = try Bench(folder, .automatic)
        let recovery = bench.journal.recovery
        #expect(recovery.damaged.map(\.number) == [2] && recovery.finished.map(\.number) == [1])
        #expect(recovery.damaged[0].reason.contains("the CRC32C of the header"))
        #expect(bench.journal.accepted >= 4, "no number of the damaged one is given again")
        bench.append("d")
        try bench.settleAll()
        #expect(try folder.segments().map(\.number).prefix(3) == [1, 2, 3])
        #expect(try folder.bytes(2) == bad)
        try bench.close()
    }

    /// What followed a failure counts, and not what the failed file may hold beyond it.
    @Test func goesOnBehindAFailureWhereItsSuccessorEnded() throws {
        let folder = try JournalFolder()
        try folder.write(segment(1, from: 1, ["a", "b", "c", "d"]).bytes, as: 1)
        try folder.write(segment(2, from: 3, ["c"], followsFailure: true).bytes, as: 2)
        let bench = try Bench(folder, .automatic)
        #expect(bench.journal.recovery.nextSequence == 5)
        bench.append("e")
        try bench.close()
        #expect(try folder.texts() == ["a", "b", "c", "e"])
    }

    /// What a kill leaves between a segment's seal and the next one's header: nothing to cut, and nothing lost.
    @Test func aSealWithoutASuccessorIsAnEnd() throws {
        let folder = try JournalFolder()
        var whole = segment(1, from: 1, ["a", "b"])
        whole.seal(.full, at: Instant(nanoseconds: 3))
        try folder.write(whole.bytes + [UInt8](repeating: 0, count: 4096), as: 1)
        try folder.write([UInt8](repeating: 0, count: 4096), as: 2)
        let bench = try Bench(folder, .automatic)
        let recovery = bench.journal.recovery
        #expect(recovery.cut.isEmpty && recovery.damaged.isEmpty)
        #expect(recovery.finished.map(\.number) == [1] && recovery.nextNumber == 2)
        #expect(recovery.nextSequence == 4, "two records and the seal")
        let left = try folder.bytes(1)
        #expect(left == whole.bytes, "the space that is left goes back")
        try bench.close()
    }

    /// Killed at any moment, again and again over the same journal: every record that was reported durable is
    /// there, as it was, and what was torn is reported.
    @Test(arguments: drivers) func aKilledProcessKeepsWhatItReported(_ driver: DriverChoice) throws {
        let folder = try JournalFolder()
        let seed = UInt64.random(in: 1...1_000_000)
        var randomness = Randomness(seed: seed)
        let rounds = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1" ? 60 : 4
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "journal-writer")
        for round in 0..<rounds {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "timeout", "--foreground", "--signal=KILL", "20", program.path(), folder.path,
                driver.rawValue,
                "\(seed &+ UInt64(round))",
            ]
            process.standardOutput = output
            try process.run()
            // So that it has begun, and is then hit anywhere.
            var text = Data()
            while text.isEmpty { text += output.fileHandleForReading.availableData }
            usleep(UInt32(randomness.next(in: 0...60_000)))
            let children = try String(
                contentsOfFile:
                    "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children",
                encoding: .utf8)
            kill(try #require(children.split(separator: " ").first.flatMap { pid_t($0) }), SIGKILL)
            text += output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            let reported = String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap {
                UInt64($0)
            }
            let durable = try #require(reported.max())
            let sequences = try folder.records().map(\.sequence)
            #expect(sequences == Array(1...UInt64(sequences.count)), "seed \(seed), round \(round)")
            #expect(sequences.count >= durable, "seed \(seed), round \(round): reported \(durable)")
            // A header is written when the segment before it is sealed and durable: one segment at most lacks its
            // end, and none does where the kill came between the two.
            let open = try folder.segments().map(\.number).filter { number in
                guard let summary = try? folder.summary(number) else { return false }
                if case .sealed? = summary.end { return false }
                return true
            }
            #expect(open.count <= 1, "seed \(seed), round \(round)")
            let bench = try Bench(folder, driver)
            let recovery = bench.journal.recovery
            #expect(
                recovery.damaged.isEmpty && recovery.cut.map(\.number) == open,
                "seed \(seed), round \(round)")
            #expect(recovery.nextSequence == UInt64(sequences.count + open.count) + 1, "each cut adds a seal")
            try bench.close()
        }
        // No payload is mixed with another's.
        for (number, _) in try folder.segments() {
            let bytes = try folder.bytes(number)
            var reader = try SegmentReader(bytes.span.raw)
            while let entry = try reader.next() {
                guard entry.kind == .testing else { continue }
                let payload = Array(bytes[entry.payload])
                let isRight = zip(payload, payload.dropFirst()).allSatisfy { $1 == $0 &+ 1 }
                #expect(isRight, "record \(entry.sequence)")
            }
        }
    }
}
