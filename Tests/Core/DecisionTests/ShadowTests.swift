// Shadows see what the models saw that decided, say what they would say in their place, and change nothing; their time is
// counted.
import AllocationCounter
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

private let request = Array(
    """
    {"id": "r", "at": 2, "app": {"publisher": {"id": "pub"}, "content": {"genre": "Drama"}},
    "device": {"ip": "198.51.100.7", "geo": {"country": "USA", "zip": "10001", "utcoffset": 600}},
    "user": {"id": "viewer-1"},
    "imp": [{"id": "1", "video": {"mimes": ["video/mp4"], "minduration": 1, "poddur": 120, "maxseq": 4}}]}
    """.utf8)

private func stump(
    _ goal: PredictedGoal, on feature: String, above threshold: Double, gives values: [Double],
    version: UInt64 = 1, calibrator: Calibrator? = nil
) -> ServedModel {
    let model = Stump(
        features: Scored.names, split: Scored.names.firstIndex(of: feature)!, threshold: threshold,
        below: values[0], above: values[1]
    ).model
    return ServedModel(goal, .full, model, calibrator: calibrator, version: version)
}

/// For every kind of feature one model, of the request, the content and the candidates.
private let champions = [
    stump(.click, on: "hour", above: 3, gives: [0.001, 0.004]),
    stump(.completedView, on: "seconds", above: 20, gives: [0.25, 0.75]),
    stump(.action, on: "goal", above: 2.5, gives: [0.00001, 0.0001]),
]
private let shadows = [
    ShadowModel("by-genre", stump(.click, on: "genre", above: 0.5, gives: [0.002, 0.008], version: 21)),
    ShadowModel(
        "by-goal",
        stump(
            .completedView, on: "goal", above: 1.5, gives: [0.1, 0.2], version: 22,
            calibrator: .binned(edges: [0, 0.15, 1], probabilities: [0.5, 0.625]))),
    ShadowModel("by-zip", stump(.click, on: "zip", above: 0.5, gives: [0.0005, 7], version: 23)),
]

private func models(_ models: [ServedModel], _ shadows: [ShadowModel] = []) -> ServedModels {
    ServedModels(version: 77, features: Scored.features, models: models, shadows: shadows)
}

private func answer(_ decider: inout Decider, seed: UInt64 = 5) throws -> (Decision, [UInt8]) {
    let decision = try decider.decide(request.span.bytes, at: Demo.evening, seed: seed)
    return (decision, decider.answer.withUnsafeBytes { Array($0) })
}

@Suite struct ShadowTests {
    /// What a decision makes of models that decide, as bits, by line item.
    private func said(_ served: [ServedModel]) throws -> [Int: UInt64] {
        var decider = Scored.decider(models(served))
        _ = try answer(&decider)
        var said: [Int: UInt64] = [:]
        for row in 0..<decider.workspace.scoring.scored.count {
            let scored = decider.workspace.scoring.scored[row]
            said[Int(scored.lineItem)] = scored.probability?.bitPattern
        }
        return said
    }

    @Test func theySayWhatTheyWouldSayInTheChampionsPlace() throws {
        let plan = try ScoringPlan(models(champions, shadows), Scored.snapshot)
        var sample = ShadowSample(plan)
        var scorer = ShadowScorer(plan)
        var decider = Decider(
            DecisionIndex(Scored.snapshot, DecisionSettings()), settings: .init(), plan: plan)
        var record = [UInt8](repeating: 0, count: RecordedShadow.bytesMost)
        // Twice, so that nothing is left of the first time.
        for seed in [5, 6] as [UInt64] {
            let (decision, bytes) = try answer(&decider, seed: seed)
            var plain = Scored.decider(models(champions))
            #expect(try answer(&plain, seed: seed).1 == bytes)
            let isTaken = sample.take(decision, by: decider)
            #expect(isTaken)
            for shadow in 0..<3 {
                let count = sample.count(for: shadow)
                #expect(count == 1)
                scorer.score(&sample, by: shadow)
            }
            var span = record.mutableSpan
            let length = sample.write(into: span.mutableBytes)
            let whole = Array(record[..<length])
            let read = try RecordedShadow(whole.span.bytes)
            #expect(read.decision == seed && read.models == 77)
            #expect(read.shadows.map(\.name) == ["by-genre", "by-goal", "by-zip"])
            #expect(read.shadows.map(\.version) == [21, 22, 23] && read.shadows.allSatisfy(\.isScored))
            let own = try said(champions)
            #expect(read.rows.count == 3)
            for row in read.rows {
                #expect(row.champion.bitPattern == own[row.lineItem])
                #expect(row.tier == .full)
            }
            for (place, goal) in [(0, PredictedGoal.click), (1, .completedView)] {
                let alone = try said([shadows[place].served])
                let row = try #require(read.rows.first { $0.goal == goal })
                #expect(row.shadows[place]?.bitPattern == alone[row.lineItem], "\(goal)")
            }
            // Senseless, and kept as it is; of another goal, and not asked.
            #expect(read.rows.first { $0.goal == .click }?.shadows == [0.008, nil, 7])
            #expect(read.rows.first { $0.goal == .action }?.shadows == [nil, nil, nil])
            for cut in 0..<length {
                let part = Array(whole[..<cut])
                #expect(throws: RecordRefusal.self) { try RecordedShadow(part.span.bytes) }
            }
        }
    }

    @Test func whatFoundNoTimeIsNotInTheRecord() throws {
        let plan = try ScoringPlan(models(champions, shadows), Scored.snapshot)
        var sample = ShadowSample(plan)
        var scorer = ShadowScorer(plan)
        var decider = Decider(
            DecisionIndex(Scored.snapshot, DecisionSettings()), settings: .init(), plan: plan)
        let (decision, _) = try answer(&decider)
        let (isTaken, isScored) = (sample.take(decision, by: decider), sample.isAnyScored)
        scorer.score(&sample, by: 1)
        let isScoredNow = sample.isAnyScored
        #expect(isTaken && !isScored && isScoredNow)
        var record = [UInt8](repeating: 0, count: RecordedShadow.bytesMost)
        var span = record.mutableSpan
        let length = sample.write(into: span.mutableBytes)
        let whole = Array(record[..<length])
        let read = try RecordedShadow(whole.span.bytes)
        #expect(read.shadows.map(\.isScored) == [false, true, false])
        #expect(read.rows.first { $0.goal == .click }?.shadows == [nil, nil, nil])
        #expect(read.rows.first { $0.goal == .completedView }?.shadows == [nil, 0.625, nil])
    }

    /// A thousandth of a second in each second is a thousandth of the time, whoever asks how often.
    @Test func timeIsCounted() {
        let start = Instant(nanoseconds: 5)
        var budget = ShadowBudget(millisecondsPerSecond: 100, at: start)
        let long = start + .seconds(1_000_000)
        let steps: [(at: Instant, spent: Int64, allows: Bool, what: String)] = [
            (start, 300, true, "what was saved"),
            (start + .milliseconds(1_990), 0, false, "two hundred too many are two seconds"),
            (start + .milliseconds(2_010), 0, true, "which are over"),
            (long, 100, true, "a pause saves a second's"),
            (long, 0, false, "and no more"), (start, 0, false, "a clock that goes back gives nothing"),
        ]
        for step in steps {
            let allows = budget.allows(at: step.at)
            #expect(allows == step.allows, "\(step.what)")
            budget.spent(.milliseconds(step.spent))
        }
        var (spent, now) = (Interval.zero, start)
        var half = ShadowBudget(millisecondsPerSecond: 500, at: now)
        for _ in 0..<10_000 {
            now = now + .milliseconds(1)
            guard half.allows(at: now) else { continue }
            half.spent(.milliseconds(3))
            spent = spent + .milliseconds(3)
        }
        #expect((5_400...5_600).contains(spent.wholeMilliseconds), "\(spent)")
    }

    @Test func aShadowThatDoesNotFitIsRefused() {
        let strange = Stump(features: ["other"], split: 0, threshold: 0, below: 0, above: 1).model
        let shadow = ShadowModel(
            "strange", ServedModel(.click, .full, strange, calibrator: nil, version: 1))
        #expect(throws: ModelsRefused.self) {
            try ScoringPlan(models(champions, [shadow]), Scored.snapshot)
        }
        #expect(throws: ModelsRefused.self) { try models(champions, [shadow]).check() }
    }

    /// Run by the part `exact` of the tests.
    @Test(
        .enabled(if: isOptimised, "unoptimised generic code allocates by itself"),
        .enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func takesWithoutAllocating() throws {
        let plan = try ScoringPlan(models(champions, shadows), Scored.snapshot)
        var sample = ShadowSample(plan)
        var scorer = ShadowScorer(plan)
        var decider = Decider(
            DecisionIndex(Scored.snapshot, DecisionSettings()), settings: .init(), plan: plan)
        var record = [UInt8](repeating: 0, count: RecordedShadow.bytesMost)
        let (decision, _) = try answer(&decider)
        var counted: UInt64 = 1
        for _ in 0..<3 {
            let before = allocations_of_thread()
            guard sample.take(decision, by: decider) else { break }
            scorer.score(&sample, by: 0)
            var span = record.mutableSpan
            _ = sample.write(into: span.mutableBytes)
            counted = allocations_of_thread() - before
        }
        #expect(counted == 0)
    }
}
