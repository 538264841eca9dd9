// What a decision leaves in a journal: enough to make it again to the same bytes, and nothing that may not be kept.
import Auction
import Decision
import Foundation
import OpenRTB
import Testing
import Units

/// A decision as it was made, with its record.
struct Kept {
    var answer: [UInt8]
    var decision: Decision
    var record: [UInt8]
}

private func keep(
    _ request: String, _ decider: inout Decider, _ recorder: inout DecisionRecorder, seed: UInt64,
    state: inout DrawnState, format: AnswerFormat = .openrtb, keepsRequest: Bool = true
) throws -> Kept {
    let bytes = Array(request.utf8)
    let decision = try decider.decide(
        bytes.span.bytes, at: Demo.evening, seed: seed, format: format, state: &state)
    recorder.record(
        decision, of: bytes.span.bytes, by: decider,
        RecordedContext(
            now: Demo.evening, seed: seed, format: format, catalog: 1, settings: 2, keepsRequest: keepsRequest
        ))
    return Kept(
        answer: decider.answer.withUnsafeBytes { Array($0) }, decision: decision,
        record: recorder.bytes.withUnsafeBytes { Array($0) })
}

@Suite struct RecordTests {
    /// Signals of all kinds: what they forbid is not in the record, and the decision is the same all the same.
    static let signals: [(name: String, changes: [(String, String)])] = [
        ("none", []),
        ("a child", [("\"coppa\": 0", "\"coppa\": 1")]),
        ("limited tracking", [("\"os\": \"Roku\"", "\"os\": \"Roku\", \"lmt\": 1")]),
        ("no consent string", [("\"gdpr\": 0", "\"gdpr\": 1")]),
        ("opted out of sale", [("\"gdpr\": 0", "\"gdpr\": 0, \"us_privacy\": \"1YYN\"")]),
        ("a malformed string", [("\"gdpr\": 0", "\"gdpr\": 0, \"gpp\": \"x\"")]),
    ]

    static let secrets = ["6f1c2d54", "192.0.2.17", "40.7506", "10001", "viewer-1", "segment-7"]

    private func request(_ changes: [(String, String)]) throws -> String {
        let known = "\"user\": {\"id\": \"viewer-1\", \"data\": [{\"segment\": [{\"id\": \"segment-7\"}]}]"
        var request = Demo.request.replacingOccurrences(of: "\"user\": {\"id\": \"viewer-1\"", with: known)
        for (old, new) in changes {
            try #require(request.contains(old))
            request = request.replacingOccurrences(of: old, with: new)
        }
        return request
    }

    @Test(arguments: 0..<6) func theRecordDecidesTheSame(_ which: Int) throws {
        let (name, changes) = Self.signals[which]
        let request = try request(changes)
        var decider = Decider(Demo.snapshot)
        var again = Decider(Demo.snapshot)
        var recorder = DecisionRecorder()
        for seed in UInt64(0)..<100 {
            var state = DrawnState(seed: seed, refusals: seed % 60, reservations: seed % 90)
            let format: AnswerFormat = seed % 3 == 0 ? .vast : .openrtb
            let kept = try keep(request, &decider, &recorder, seed: seed, state: &state, format: format)
            let read = try RecordedDecision(kept.record.span.bytes)
            #expect(read.id == seed && read.noBid == kept.decision.noBid, "\(name), seed \(seed)")
            #expect(read.answerBytes == kept.answer.count && read.ads.count == kept.decision.trace.ads)
            #expect(read.answerChecksum == CRC32C.checksum(of: kept.answer.span.bytes))
            #expect(read.outcomes.reduce(0) { $0 + $1.lineItems } == 10)
            try #require(read.isReplayable, "\(name)")
            var recorded = try #require(RecordedState(read))
            let decision = try again.decide(
                read.request.span.bytes, at: read.now, seed: read.id, format: read.format, state: &recorded)
            #expect(again.answer.withUnsafeBytes { Array($0) } == kept.answer, "\(name), seed \(seed)")
            #expect(decision.noBid == kept.decision.noBid && !recorded.wasAskedMore, "\(name), seed \(seed)")
            let text = String(decoding: read.request, as: UTF8.self)
            for secret in Self.secrets {
                #expect(text.contains(secret) == isKept(secret, which), "\(name): \(secret)")
            }
        }
    }

    /// Opting out of sale leaves the address to serve by, and takes the viewer's record; all else takes everything.
    private func isKept(_ secret: String, _ which: Int) -> Bool { which == 0 }

    @Test func bidsAreFoundByTheirIDs() throws {
        var decider = Decider(Demo.snapshot)
        var recorder = DecisionRecorder()
        var state = DrawnState(seed: 1)
        let kept = try keep(Demo.request, &decider, &recorder, seed: 77, state: &state)
        let read = try RecordedDecision(kept.record.span.bytes)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(kept.answer)) as? [String: Any])
        #expect(json["bidid"] as? String == "000000000000004d")
        let seats = try #require(json["seatbid"] as? [[String: Any]])
        let bids = try #require(seats.first?["bid"] as? [[String: Any]])
        #expect(bids.count == 3 && bids.allSatisfy { $0["exp"] as? Int == 600 })
        for bid in bids {
            let id = try #require((bid["id"] as? String).flatMap { UInt64($0, radix: 16) })
            #expect(read.isCalled(id))
        }
        #expect(read.isCalled(77) && !read.isCalled(78))
    }

    @Test func whatIsNotSampledIsStillCounted() throws {
        var decider = Decider(Demo.snapshot)
        var recorder = DecisionRecorder()
        var state = DrawnState(seed: 3)
        let kept = try keep(
            Demo.request, &decider, &recorder, seed: 1, state: &state, keepsRequest: false)
        let read = try RecordedDecision(kept.record.span.bytes)
        #expect(read.kept == .notSampled && !read.isReplayable && read.request.isEmpty)
        #expect(read.ads.count == 3 && kept.record.count <= 400)
    }

    /// What may not be read again is not kept at all; what may not be journaled is left out, whatever else is allowed.
    @Test func whatMayNotBeJournaledIsLeftOut() throws {
        let request = Array(try request([]).utf8)
        var redactor = RequestRedactor()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: request.count, alignment: 8)
        defer { room.deallocate() }
        var all = Permissions()
        #expect(redactor.redact(request.span.bytes, all, into: room.mutableBytes) { _ in true } == .unchanged)
        // Journaling is the seventh use: refused as by a child's.
        all = Permissions(words: (0, (1 << 8) << 32))
        #expect(!all.allows(.journaling) && all.allows(.preciseLocation))
        guard
            case .redacted(let length) = redactor.redact(
                request.span.bytes, all, into: room.mutableBytes, { _ in true })
        else { throw RecordRefusal(offset: 0, found: "all of it", allowed: "a part") }
        let text = String(decoding: room[..<length], as: UTF8.self)
        for secret in Self.secrets { #expect(!text.contains(secret), "\(secret)") }
        let none = Array("{\"id\":".utf8)
        #expect(redactor.redact(none.span.bytes, all, into: room.mutableBytes) { _ in true } == .unreadable)
    }

    @Test func damageIsRefused() throws {
        var decider = Decider(Demo.snapshot)
        var recorder = DecisionRecorder()
        var state = DrawnState(seed: 5, refusals: 40)
        let kept = try keep(Demo.request, &decider, &recorder, seed: 1, state: &state)
        for length in 0..<kept.record.count {
            let part = Array(kept.record[..<length])
            #expect(throws: RecordRefusal.self) { try RecordedDecision(part.span.bytes) }
        }
        var random = Randomness(seed: 11)
        for _ in 0..<20_000 {
            var bytes = Array(kept.record.prefix(300))
            for _ in 0...random.next(in: 0...3) {
                bytes[random.next(in: 0...bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? RecordedDecision(bytes.span.bytes)
        }
    }

    @Test func settingsAreReadAsTheyWereWritten() throws {
        var settings = DecisionSettings()
        settings.seat = "seat-9"
        settings.vendor = 812
        let isSet = settings.currencies.set(CurrencyCode("EUR")!, worth: ExchangeRate(decimal: "1.0837")!)
        #expect(isSet)
        settings.priors = GoalPriors(click: 7, completedView: 8, action: 9)
        settings.podSteps = 123
        settings.network = .milliseconds(10)
        (settings.firstPremium, settings.lastPremium) = (5, 6)
        settings.seenAdvertiser = .exclude
        settings.seenCreative = .penalise(250_000)
        let recorded = settings.recorded
        let read = try DecisionSettings(recorded: recorded.span.bytes)
        #expect(read.recorded == recorded && recorded != DecisionSettings().recorded)
        #expect(read.seat == "seat-9" && read.vendor == 812 && read.podSteps == 123)
        #expect(read.network == .milliseconds(10))
        for length in 1..<recorded.count {
            let part = Array(recorded[..<length])
            // Cut between two fields it is a shorter list, and other settings.
            guard let cut = try? DecisionSettings(recorded: part.span.bytes) else { continue }
            #expect(cut.recorded != recorded)
        }
    }
}
