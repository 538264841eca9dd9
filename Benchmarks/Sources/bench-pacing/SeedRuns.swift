// Everybody's runs through all scenarios of all seeds, as many at once as there are cores, and what is said of each.
import BenchKit
import Dispatch
import MarketSimulation
import Synchronization

/// One scenario of one seed.
struct SeedResult {
    let seed: UInt64
    let result: MarketResult

    var ours: MarketMeasures { result.ours.measures }
    var name: String { result.scenario.name }
}

enum SeedRuns {
    private enum Job { case bound(Int), run(Int, MarketPolicy) }

    /// Runs know nothing of one another and of time. The bound of the seed's day without faults holds in all its scenarios but
    /// those that have more requests or other modes.
    static func all(_ seeds: [UInt64], only wanted: [String]?, _ who: [String]?) -> [SeedResult] {
        seeds.flatMap { seed -> [SeedResult] in
            var shape = MarketShape(rate: MarketScenario.rate)
            shape.seed = seed
            let scenarios = MarketScenario.all(shape).filter { scenario in
                (wanted?.contains(scenario.name) ?? true)
                    && scenario.policies.contains { who?.contains($0.name) ?? true }
            }
            return run(scenarios, seed, who)
        }
    }

    private static func run(_ scenarios: [MarketScenario], _ seed: UInt64, _ who: [String]?) -> [SeedResult] {
        let markets = scenarios.map { Market($0.shape) }
        let own = scenarios.indices.filter { $0 == 0 || scenarios[$0].hasOwnBound }
        let policies = scenarios.map { $0.policies.filter { who?.contains($0.name) ?? true } }
        let jobs =
            own.map { Job.bound($0) }
            + scenarios.indices.flatMap { at in policies[at].map { Job.run(at, $0) } }
        let bounds = Mutex<[Int: Hindsight]>([:])
        let outcomes = Mutex<[Int: [MarketOutcome]]>([:])
        DispatchQueue.concurrentPerform(iterations: jobs.count) { number in
            switch jobs[number] {
            case .bound(let at):
                let bound = Hindsight(markets[at])
                bounds.withLock { $0[at] = bound }
            case .run(let at, let policy):
                let outcome = MarketRun(markets[at], policy: policy).run()
                outcomes.withLock { $0[at, default: []].append(outcome) }
            }
        }
        return scenarios.enumerated().map { at, scenario in
            guard let hindsight = bounds.withLock({ $0[at] ?? $0[0] }) else {
                preconditionFailure("the first scenario has a bound of its own")
            }
            let all = outcomes.withLock { $0[at] ?? [] }
            Bench.note("\nseed \(seed), \(scenario.name): \(scenario.what)\n\(MarketMeasures.header)")
            let runs = scenario.policies.compactMap { policy in
                all.first { $0.policy == policy }.map { ($0, MarketMeasures($0, markets[at], hindsight)) }
            }
            for (_, measures) in runs { Bench.note(measures.row(hasValue: scenario.hasBound)) }
            let result = MarketResult(
                scenario: scenario, market: markets[at], hindsight: hindsight, runs: runs)
            Bench.note(Verdict.sentence(result))
            return SeedResult(seed: seed, result: result)
        }
    }
}
