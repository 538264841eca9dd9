// Journals as a node has them while it runs: the next segment's file is there, as long as the others and with nothing in it.
import Decision
import DecisionJournal
import Foundation
import Journal
import Testing
import Units

@Suite struct PreparedSegmentTests {
    /// Journals of two shards: each with a segment that is in use, of so many decisions, and the next one prepared.
    private final class Journals {
        let path = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")

        init(_ store: Store, segmentBytes: UInt64, decisions: UInt64) throws {
            for shard in UInt32(0)..<2 {
                let folder = path.appending(path: "shard-\(shard)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                var image = SegmentImage(
                    SegmentHeader(
                        number: 1, firstSequence: 1, created: Instant(nanoseconds: 77), session: 7,
                        shard: shard, followsFailure: false, writer: "tested"))
                let settings = Store.record(of: Store.digest)
                image.append(.decisionSettings, version: 1, at: Instant(nanoseconds: 78), settings.span.bytes)
                for seed in 1...decisions {
                    let record = try store.recorded(seed: UInt64(shard) * decisions + seed)
                    image.append(
                        .decision, version: DecisionRecorder.version, at: Instant(nanoseconds: 79),
                        record.span.bytes)
                }
                for (number, bytes) in [(UInt64(1), image.bytes), (2, [])] {
                    let file = folder.appending(path: SegmentFiles.name(number))
                    try Data(bytes).write(to: file)
                    let handle = try FileHandle(forWritingTo: file)
                    try handle.truncate(atOffset: segmentBytes)
                    try handle.close()
                }
            }
        }

        deinit { try? FileManager.default.removeItem(at: path) }
    }

    @Test func aSampleReadsTheSegmentInUseOfEachShard() throws {
        let store = try Store()
        let journals = try Journals(store, segmentBytes: 64 << 20, decisions: 10)
        let now = Instant(nanoseconds: 1_795_224_600_000_000_000)
        let sample = try SupplySample(
            of: journals.path.path(), store.makers(), for: store.snapshot, flight: now..<now + .seconds(60),
            seed: 7)
        #expect(sample.kept == 20 && sample.decided == 20 && sample.failures.isEmpty)
        #expect(sample.journals == 2 && sample.unread == 0 && !sample.isCut)
    }

    @Test func aDecisionOfTheSegmentInUseIsFound() throws {
        let store = try Store()
        let journals = try Journals(store, segmentBytes: 256 << 20, decisions: 3)
        for seed in [UInt64(1), 6] {
            let id = try store.decide(seed: seed).record.id
            let found = try DecisionSearch.find(
                id, in: journals.path.path(), store.makers(), bytesMost: 256 << 20
            ) { _ in }
            #expect(found?.record.id == id && found?.shard == (seed == 1 ? 0 : 1))
        }
    }

    /// Of which nothing is known, it is said.
    @Test func journalsThatAreNotReadInTimeAreCounted() throws {
        let store = try Store()
        let journals = try Journals(store, segmentBytes: 8 << 20, decisions: 3)
        var bounds = SupplySample.Bounds()
        bounds.time = Interval(nanoseconds: 1)
        let now = Instant(nanoseconds: 1_795_224_600_000_000_000)
        let sample = try SupplySample(
            of: journals.path.path(), store.makers(), for: store.snapshot, flight: now..<now + .seconds(60),
            seed: 7, within: bounds)
        #expect(sample.isCut && sample.journals == 2 && sample.unread == 2 && sample.perSecond == 0)
    }
}
