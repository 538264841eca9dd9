// A model is asked while it has time: by what it took lately, and never a full one on an overloaded shard.
import Decision
import Testing
import Units

extension TierGate {
    /// As the first question of a request.
    fileprivate mutating func first(of use: ModelUse, left: Interval, isOverloaded: Bool) -> TierFall? {
        begin()
        return fall(of: use, left: left, isOverloaded: isOverloaded)
    }
}

@Suite struct TierGateTests {
    private func use(_ tier: ScoringTier, candidates: Int = 50) -> ModelUse {
        ModelUse(
            model: Int(tier.rawValue), goal: .click, tier: tier, candidates: candidates, patience: nil)
    }

    @Test func aQuarterOfTheTimeIsForAModel() {
        var gate = TierGate(costs: [nil, nil])
        // Nobody knows yet.
        #expect(gate.first(of: use(.full), left: .milliseconds(1), isOverloaded: false) == nil)
        // 50 candidates in a millisecond.
        gate.note(use(.full), took: .milliseconds(1))
        #expect(gate.first(of: use(.full), left: .milliseconds(4), isOverloaded: false) == nil)
        #expect(gate.first(of: use(.full), left: .microseconds(3_900), isOverloaded: false) == .deadline)
        #expect(
            gate.first(of: use(.full, candidates: 25), left: .microseconds(2_100), isOverloaded: false) == nil
        )
        // Another tier and another goal have their own times; who has no time left has none.
        #expect(gate.first(of: use(.distilled), left: .microseconds(1), isOverloaded: false) == nil)
        #expect(gate.first(of: use(.full), left: .milliseconds(-5), isOverloaded: false) == .deadline)
    }

    @Test func anOverloadedShardAsksNoFullModel() {
        var gate = TierGate(costs: [nil, nil])
        #expect(gate.fall(of: use(.full), left: .seconds(1), isOverloaded: true) == .load)
        #expect(gate.fall(of: use(.distilled), left: .seconds(1), isOverloaded: true) == nil)
    }

    @Test func oneSlowMomentDoesNotShutAModelOut() {
        var gate = TierGate(costs: [.milliseconds(10), nil])
        var refused = 0
        while gate.fall(of: use(.full), left: .milliseconds(40), isOverloaded: false) != nil { refused += 1 }
        // From ten milliseconds a candidate to a fiftieth of that, a sixteenth less each time.
        #expect((55...70).contains(refused), "\(refused)")
        // Many slow ones do.
        for _ in 0..<100 { gate.note(use(.full), took: .seconds(1)) }
        #expect(gate.fall(of: use(.full), left: .seconds(3), isOverloaded: false) == .deadline)
    }

    /// Each takes less than a quarter of what is left, and all of them no more than three quarters of what there was.
    @Test func dozensOfModelsLeaveTimeForTheAnswer() {
        var gate = TierGate(costs: Array(repeating: .microseconds(20), count: 48))
        for _ in 0..<2 {
            gate.begin()
            var left = Interval.milliseconds(20)
            var asked = 0
            for model in 0..<48 {
                let use = ModelUse(model: model, goal: .click, tier: .full, candidates: 50, patience: nil)
                guard gate.fall(of: use, left: left, isOverloaded: false) == nil else { continue }
                gate.note(use, took: .milliseconds(1))
                left = left - .milliseconds(1)
                asked += 1
            }
            // A millisecond each, of twenty; those that were passed over are believed to be a little faster.
            #expect(asked == 15 && left == .milliseconds(5))
        }
    }
}
