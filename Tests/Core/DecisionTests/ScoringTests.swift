// Candidates are worth what models predict, by the best tier that is there; what predictions were made from is in the
// record, and makes them again.
import AllocationCounter
import Auction
import Catalog
import Features
import Foundation
import Inference
import OpenRTB
import Testing
import Units

@testable import Decision

#if DEBUG
    private let isOptimised = false
#else
    private let isOptimised = true
#endif

/// Profiles in a dictionary, and tiers that are refused.
private struct ProfiledState: DecisionState {
    var profiles: [FeatureEntity: [UInt64: [UInt8]]] = [:]
    var falls: [ScoringTier: TierFall] = [:]
    var used: [ModelUse] = []
    var asked = 0

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    mutating func release(_ reservation: Reservation) {}
    mutating func fall(of use: ModelUse) -> TierFall? { falls[use.tier] }
    mutating func used(_ use: ModelUse) { used.append(use) }

    mutating func hydrate(
        _ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32
    ) {
        for ask in asks {
            asked += 1
            if let profile = profiles[rows[ask: ask].entity]?[rows[ask: ask].key] {
                rows.answer(ask: ask, from: profile.span.bytes, version: 1, layout, at: now)
            } else {
                rows.answerUnknown(ask: ask, layout)
            }
        }
    }

    mutating func set(_ feature: String, _ value: Float, of name: String, secondsAgo: UInt32 = 0) {
        let column = Scored.features.column(feature)!
        let entity = Scored.features.schema.features[column].entity
        let layout = Scored.features.layout(of: entity)
        let key = CompiledFeatures.key(name)
        var profile = profiles[entity]?[key] ?? [UInt8](repeating: 0, count: layout.bytes)
        let at = UInt32(Demo.evening.nanoseconds / 1_000_000_000) - secondsAgo
        var span = profile.mutableSpan
        var bytes = span.mutableRaw
        _ = layout.apply(.value(value, of: column, entity, key: key, at: at), toldAt: at, to: &bytes)
        profiles[entity, default: [:]][key] = profile
    }
}

private func stump(
    _ goal: PredictedGoal, _ tier: ScoringTier = .full, on feature: String = "hour",
    above threshold: Double = 12,
    gives values: [Double], calibrator: Calibrator? = nil
) -> ServedModel {
    let model = Stump(
        features: Scored.names, split: Scored.names.firstIndex(of: feature)!, threshold: threshold,
        below: values[0], above: values[1]
    ).model
    return ServedModel(
        goal, tier, model, calibrator: calibrator, version: UInt64(goal.rawValue) * 10 + UInt64(tier.rawValue)
    )
}

/// A break of two minutes on a television whose viewer and household are known.
private func request(
    hour: Int = 0, user: String = #"{"id": "viewer-1", "data": [{"segment": [{"id": "segment-7"}]}]}"#,
    ip: String = "198.51.100.7", regs: String = "{}", genre: String = "Drama, News", tmax: Int? = nil
) -> [UInt8] {
    // Half past one in UTC; the offset moves the viewer's clock.
    let text = """
        {"id": "r", "at": 2, \(tmax.map { "\"tmax\": \($0), " } ?? "")"app": {"publisher": {"id": "pub"},
        "content": {"genre": "\(genre)"}},
        "device": {"ip": "\(ip)", "geo": {"country": "USA", "zip": "10001", "utcoffset": \(hour * 60)}},
        "user": \(user), "regs": \(regs),
        "imp": [{"id": "1", "video": {"mimes": ["video/mp4"], "minduration": 1, "poddur": 120, "maxseq": 4}}]}
        """
    return Array(text.utf8)
}

private struct Outcome {
    var decision: Decision
    var answer: [UInt8]
    var report: DecisionReport

    func candidate(_ lineItem: String) -> DecisionReport.Candidate? {
        report.pods.flatMap(\.candidates).first { $0.lineItem == lineItem }
    }
}

private func decide(
    _ models: ServedModels, _ bytes: [UInt8] = request(), state: inout ProfiledState,
    settings: DecisionSettings = DecisionSettings()
) throws -> Outcome {
    var decider = Scored.decider(models, settings: settings)
    let decision = try decider.decide(
        bytes.span.bytes, at: Demo.evening, seed: 5, state: &state, explains: true)
    return Outcome(
        decision: decision, answer: decider.answer.withUnsafeBytes { Array($0) }, report: decider.report!)
}

@Suite struct ScoringTests {
    @Test func aWorthIsThePredictionTimesTheGoal() throws {
        var state = ProfiledState()
        let models = Scored.models(
            [
                stump(.click, gives: [0.001, 0.004]), stump(.completedView, gives: [0.25, 0.75]),
                stump(
                    .action, gives: [0.00001, 0.0001],
                    calibrator: .binned(edges: [0, 0.00005, 1], probabilities: [0.25, 0.125])),
            ])
        // Two dollars a click, two cents a view, fifty dollars an action: for a thousand.
        for (hour, worths) in [(0, [2.0, 5, 12_500]), (12, [8.0, 15, 6_250])] {
            let outcome = try decide(models, request(hour: hour), state: &state)
            for (name, worth) in zip(["clicks", "views", "actions"], worths) {
                let candidate = try #require(outcome.candidate(name))
                // A probability is a binary fraction, mostly a little off the decimal one.
                #expect(abs(candidate.value.rawValue - cpm(worth).rawValue) <= 1, "\(name) at \(hour)")
                #expect(candidate.prediction?.tier == .full)
            }
            #expect(outcome.candidate("plain")?.value == cpm(4))
            #expect(outcome.candidate("plain")?.prediction == nil)
            #expect(outcome.report.scoring?.goals.map(\.candidates) == [[1, 0, 0], [1, 0, 0], [1, 0, 0]])
        }
    }

    @Test func moneyIsExact() {
        var numbers = Randomness(seed: 11)
        for _ in 0..<20_000 {
            let goal = Micros(Int64(numbers.next() >> (numbers.next() % 60 + 3)))
            // k / 2^m: the product is exact in 128 bits, and so is its quotient.
            let m = Int(numbers.next() % 52)
            let k = numbers.next() % (1 << UInt64(m) + 1)
            let probability = Double(k) / Double(1 << m)
            let exact = Int128(goal.rawValue) * 1_000 * Int128(k) / Int128(1 << m)
            let worth = Micros.worth(ofThousand: goal, at: probability)
            #expect(worth?.rawValue == Int64(exactly: exact), "\(goal) · \(probability)")
        }
        for (probability, worth) in [
            (Double.nan, nil), (-0.1, nil), (1.0000001, nil), (.infinity, nil), (0, 0), (-0.0, 0),
            (.leastNonzeroMagnitude, 0), (1, 1_000_000_000),
        ] as [(Double, Int64?)] {
            #expect(Micros.worth(ofThousand: cpm(1), at: probability)?.rawValue == worth, "\(probability)")
        }
        #expect(Micros.worth(ofThousand: Micros(.max), at: 1) == nil)
    }

    @Test func tiersFallInTheirOrder() throws {
        let full = stump(.click, gives: [0.001, 0.001])
        let nan = stump(.click, gives: [2, 2])
        let distilled = stump(.click, .distilled, gives: [0.002, 0.002])
        let cases:
            [(
                name: String, models: [ServedModel], falls: [ScoringTier: TierFall], worth: Double,
                reasons: [TierFall?]
            )] = [
                ("all is well", [full, distilled], [:], 2, [nil, nil]),
                ("no full one", [distilled], [:], 4, [.missing, nil]),
                ("no time for the full one", [full, distilled], [.full: .deadline], 4, [.deadline, nil]),
                ("overloaded", [full, distilled], [.full: .load, .distilled: .load], 6, [.load, .load]),
                ("the full one is senseless", [nan, distilled], [:], 4, [.senseless, nil]),
                ("both are", [nan], [:], 6, [.senseless, .missing]),
            ]
        for one in cases {
            var state = ProfiledState()
            state.falls = one.falls
            let outcome = try decide(Scored.models(one.models, priors: [.click: 0.003]), state: &state)
            let goal = try #require(outcome.report.scoring?.goals.first { $0.goal == .click })
            #expect(goal.falls == one.reasons, "\(one.name)")
            let worth = try #require(outcome.candidate("clicks")?.value.rawValue)
            #expect(abs(worth - cpm(one.worth).rawValue) <= 1, "\(one.name): \(worth)")
        }
        // Where nobody measured a prior, the settings' holds: what it is without any models.
        var state = ProfiledState()
        let outcome = try decide(Scored.models([]), state: &state)
        var plain = Decider(Scored.snapshot)
        let bytes = request()
        _ = try plain.decide(bytes.span.bytes, at: Demo.evening, seed: 5, state: &state)
        #expect(outcome.answer == plain.answer.withUnsafeBytes { Array($0) })
    }

    @Test func whatMayNotBeReadIsNotRead() throws {
        let models = Scored.models([stump(.click, gives: [0.001, 0.001])])
        func values(_ bytes: [UInt8], _ state: inout ProfiledState) throws -> [String: String] {
            let outcome = try decide(models, bytes, state: &state)
            let scoring = try #require(outcome.report.scoring)
            return Dictionary(
                uniqueKeysWithValues: scoring.request.map { ($0.name, "\($0.value) \($0.code)") })
        }
        var state = ProfiledState()
        state.set("age", 31, of: "viewer-1", secondsAgo: 61)
        state.set("tv", 1, of: "198.51.100.7")
        #expect(
            try values(request(), &state) == [
                "hour": "1.0 present", "zip": "1.0 present", "genre": "1.0 present", "segment": "1.0 present",
                "age": "31.0 stale", "tv": "1.0 present",
            ])
        let forbidden = [
            "hour": "1.0 present", "zip": "nan forbidden", "genre": "1.0 present", "segment": "nan forbidden",
            "age": "nan forbidden", "tv": "3.0 forbidden",
        ]
        state.asked = 0
        #expect(try values(request(regs: #"{"coppa": 1}"#), &state) == forbidden)
        #expect(try values(request(regs: #"{"gdpr": 1}"#), &state) == forbidden)
        // The four candidates' line items and creatives, but nobody's profile.
        #expect(state.asked == 2 * 2 * 3)
        #expect(
            try values(request(user: "{}", ip: "", genre: "Sports"), &state) == [
                "hour": "1.0 present", "zip": "1.0 present", "genre": "0.0 defaulted",
                "segment": "nan missing", "age": "nan missing", "tv": "3.0 defaulted",
            ])
    }

    @Test func profilesOfCandidatesDecide() throws {
        let models = Scored.models([stump(.click, on: "ctr", above: 0.5, gives: [0.001, 0.003])])
        var state = ProfiledState()
        #expect(
            try abs(
                #require(decide(models, state: &state).candidate("clicks")).value.rawValue - cpm(2).rawValue)
                <= 1)
        state.set("ctr", 0.9, of: "clicks")
        let outcome = try decide(models, state: &state)
        let candidate = try #require(outcome.candidate("clicks"))
        #expect(abs(candidate.value.rawValue - cpm(6).rawValue) <= 1)
        let prediction = try #require(candidate.prediction)
        #expect(
            prediction.values.map { "\($0.name) \($0.value) \($0.code) \($0.word ?? "")" } == [
                "seconds 30.0 present ", "goal 1.0 present cpc", "ctr 0.9 present ",
                "finished 0.5 defaulted ",
            ])
    }

    /// The record has what every profile said and which tiers were refused: it decides the same without them.
    @Test func theRecordDecidesTheSame() throws {
        let models = Scored.models(
            [
                stump(.click, on: "age", above: 30, gives: [0.001, 0.003]),
                stump(.completedView, on: "finished", above: 0.6, gives: [0.1, 0.3]),
                stump(.action, on: "hour", above: 12, gives: [0.0001, 0.0002]),
                stump(.action, .distilled, on: "tv", above: 1, gives: [0.0003, 0.0004]),
            ], priors: [.action: 0.001])
        let child = request(regs: #"{"coppa": 1}"#)
        for (index, bytes) in [request(), request(hour: 13), child, request(user: "{}")].enumerated() {
            for falls in [[:], [.full: .deadline], [.full: .load, .distilled: .load]]
                as [[ScoringTier: TierFall]]
            {
                var state = ProfiledState()
                state.falls = falls
                state.set("age", 31, of: "viewer-1", secondsAgo: 100)
                state.set("tv", 1, of: "198.51.100.7")
                state.set("finished", 0.7, of: "views")
                var decider = Scored.decider(models)
                let decision = try decider.decide(
                    bytes.span.bytes, at: Demo.evening, seed: 9, state: &state)
                var recorder = DecisionRecorder()
                recorder.record(
                    decision, of: bytes.span.bytes, by: decider,
                    RecordedContext(
                        now: Demo.evening, seed: 9, format: .openrtb, catalog: 1, settings: 2,
                        keepsRequest: true))
                let read = try RecordedDecision(recorder.bytes)
                #expect(read.isReplayable)
                let kept = try #require(read.models)
                #expect(kept.version == 77 && kept.schema == Scored.features.shortFingerprint)
                #expect(kept.goals.map(\.goal) == PredictedGoal.allCases)
                #expect(kept.goals[0].versions == [0, nil] && kept.goals[2].versions == [20, 21])
                let profiles = try #require(kept.profiles)
                let views = profiles.first { $0.entity == .creative && $0.version == 1 }
                #expect(views?.values.map(\.value) == [0.7])
                #expect(profiles.contains { $0.entity == .user } == (index < 2))
                var again = Scored.decider(models)
                var recorded = try #require(RecordedState(read))
                _ = try again.decide(
                    read.request.span.bytes, at: read.now, seed: read.id, state: &recorded)
                #expect(
                    again.answer.withUnsafeBytes { Array($0) } == decider.answer.withUnsafeBytes { Array($0) }
                )
                #expect(!recorded.wasAskedMore)
                #expect(again.fall(of: .action, .full) == falls[.full])
            }
        }
    }

    /// Without its request a record has the tiers, and nothing of anybody's profile.
    @Test func aRecordWithoutRequestHasNoProfiles() throws {
        var state = ProfiledState()
        state.set("age", 31, of: "viewer-1")
        var decider = Scored.decider(Scored.models([stump(.click, gives: [0.001, 0.001])]))
        let bytes = request()
        let decision = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 9, state: &state)
        var recorder = DecisionRecorder()
        recorder.record(
            decision, of: bytes.span.bytes, by: decider,
            RecordedContext(
                now: Demo.evening, seed: 9, format: .openrtb, catalog: 1, settings: 2, keepsRequest: false))
        let read = try RecordedDecision(recorder.bytes)
        #expect(read.models?.profiles == nil && read.models?.goals.first?.candidates == [1, 0, 0])
        // A record that was cut anywhere is refused, and nothing else happens.
        let whole = recorder.bytes.withUnsafeBytes { Array($0) }
        for length in 0..<whole.count {
            #expect(throws: RecordRefusal.self) {
                try RecordedDecision(Array(whole[..<length]).span.bytes)
            }
        }
    }

    @Test func aModelThatDoesNotFitIsRefused() {
        let strange = ServedModel(
            .click, .full, Stump(features: ["other"], split: 0, threshold: 0, below: 0, above: 1).model,
            calibrator: nil, version: 1)
        func refusal(_ models: [ServedModel]) -> String? {
            do {
                _ = try ScoringPlan(Scored.models(models), Scored.snapshot)
                return nil
            } catch { return "\(error)" }
        }
        #expect(
            refusal([strange])
                == "the full model of clicks: found the feature other; allowed those of the schema test")
        let twice = stump(.click, gives: [0, 1])
        #expect(
            refusal([twice, twice])
                == "the full model of clicks: found a second one; allowed one for each goal, tier and campaign"
        )
    }

    /// Run by the part `exact` of the tests.
    @Test(
        .enabled(if: isOptimised, "unoptimised generic code allocates by itself"),
        .enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func decidesWithoutAllocating() throws {
        var decider = Scored.decider(
            Scored.models([
                stump(.click, on: "ctr", above: 1, gives: [0.001, 0.003]),
                stump(.completedView, gives: [0.1, 0.2]),
                stump(.action, gives: [0.1, 0.2]),
            ]))
        var state = FreeState()
        var recorder = DecisionRecorder()
        let bytes = request()
        var counted: UInt64 = 1
        for _ in 0..<3 {
            let before = allocations_of_thread()
            let decision = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 3, state: &state)
            recorder.record(
                decision, of: bytes.span.bytes, by: decider,
                RecordedContext(
                    now: Demo.evening, seed: 3, format: .openrtb, catalog: 1, settings: 2, keepsRequest: true)
            )
            counted = allocations_of_thread() - before
        }
        #expect(counted == 0)
    }
}
