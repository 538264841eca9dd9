// Recorded decisions and what they name: found by checksum, or refused with what is missing.
import Catalog
import Commands
import Decision
import DecisionJournal
import Foundation
import Testing
import Units

/// A directory as a node keeps its compiled catalogs, with the demo in it.
final class Store {
    let path: String
    let snapshot: CatalogSnapshot
    let request: [UInt8]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
            .standardized
        let snapshot = try CatalogInput.compiled(root.appending(path: "Examples/catalog").path())
        let request = Array(try Data(contentsOf: root.appending(path: "Examples/ctv-pod.json")))
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "snapshots"), withIntermediateDirectories: true)
        let bytes = try CatalogInput.compile(root.appending(path: "Examples/catalog").path())
        try Data(bytes).write(to: folder.appending(path: "snapshots/\(snapshot.version).snapshot"))
        // The same under the name of another.
        try Data(bytes).write(to: folder.appending(path: "snapshots/0000000000000001.snapshot"))
        path = folder.path()
        self.snapshot = snapshot
        self.request = request
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static let settings = DecisionSettings()
    static var digest: UInt64 {
        let recorded = settings.recorded
        return DecisionSettings.digest(of: recorded.span.bytes)
    }

    /// A decision as its record says that it was made.
    func decide(seed: UInt64, catalog: UInt64? = nil) throws -> FoundDecision {
        let bytes = try recorded(seed: seed, catalog: catalog)
        return FoundDecision(
            record: try RecordedDecision(bytes.span.bytes), writer: "tested", shard: 0, segment: 1,
            sequence: seed)
    }

    func recorded(seed: UInt64, catalog: UInt64? = nil) throws -> [UInt8] {
        var decider = Decider(snapshot, settings: Self.settings)
        var recorder = DecisionRecorder()
        // A Friday evening in New York.
        let now = Instant(nanoseconds: 1_795_224_600_000_000_000)
        let request = request
        let decision = try decider.decide(request.span.bytes, at: now, seed: seed)
        recorder.record(
            decision, of: request.span.bytes, by: decider,
            RecordedContext(
                now: now, seed: seed, format: .openrtb, catalog: catalog ?? snapshot.version.rawValue,
                settings: Self.digest, keepsRequest: true))
        return recorder.bytes.withUnsafeBytes { Array($0) }
    }

    func makers() throws -> DecisionMakers {
        let makers = DecisionMakers(stores: [path], keys: nil)
        let record = Self.record(of: Self.digest)
        try makers.learn(record.span.bytes)
        return makers
    }

    /// A record of settings under this name.
    static func record(of name: UInt64) -> [UInt8] {
        withUnsafeBytes(of: name.littleEndian) { Array($0) } + settings.recorded
    }
}

@Suite struct DecisionMakersTests {
    @Test func aRecordIsMadeAgainAndExplained() throws {
        let store = try Store()
        let makers = try store.makers()
        for seed in UInt64(1)...20 {
            let found = try store.decide(seed: seed)
            let remade = try makers.maker(of: found).remake(found.record, explains: true)
            #expect(remade.isSame && remade.ads == found.record.ads && remade.decision.isBid)
            let report = try #require(remade.report)
            #expect(report.funnel.reduce(0) { $0 + $1.lineItems } == found.record.lineItems)
            let explanation = DecisionExplanation(found, makers)
            #expect(explanation.isSame && explanation.lines.contains { $0.contains("the same") })
        }
    }

    @Test func whatIsMissingOrMisnamedIsRefused() throws {
        let store = try Store()
        let found = try store.decide(seed: 1)
        #expect(throws: Failure.self) {
            try DecisionMakers(stores: [store.path], keys: nil).maker(of: found)
        }
        let makers = try store.makers()
        for name: UInt64 in [1, 2] {
            let strange = try store.decide(seed: 1, catalog: name)
            #expect(throws: Failure.self) { try makers.maker(of: strange) }
        }
        for record in [Store.record(of: 7), [1, 2, 3]] {
            #expect(throws: RecordRefusal.self) { try makers.learn(record.span.bytes) }
        }
    }

    @Test func numbersAreSixteenDigits() {
        #expect(
            hexadecimal(UInt64(0x4D2)) == "00000000000004d2" && hexadecimal(UInt64.max) == "ffffffffffffffff")
    }
}
