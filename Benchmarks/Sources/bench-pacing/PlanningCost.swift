// What it takes the coordinator to plan all campaigns of a fleet together, on the thread that answers for its ledger.
import BenchKit
import Pacing
import Units

enum PlanningCost {
    private static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    private static let kinds = 8

    /// Milliseconds in which the one word is answered that all are planned for.
    static func milliseconds(campaigns: Int, nodes: Int) throws -> Double {
        var limits = FleetPacer.Limits(silence: .seconds(600))
        (limits.cells, limits.together) = (.max, .max)
        var fleet = FleetPacer(limits, epoch: 1, at: start)
        var draws = Randomness(seed: 7)
        let places = (0..<kinds * PaceStatement.hours).map { _ in 5_000 + 10_000 * draws.nextUnit() }
        guard let supply = PaceSupply(kinds: kinds, places: places) else {
            throw Impossible("that is no supply")
        }
        let all = places.reduce(0, +) / Double(PaceStatement.hours)
        var statements: [PaceStatement] = []
        for number in 0..<campaigns {
            let shares = (0..<kinds).map { _ in draws.nextUnit() < 0.5 ? 0.5 * draws.nextUnit() : 0 }
            // Together they ask for more than there is, so that a plan takes all its rounds.
            let impressions = 1.5 * all * Double(PaceStatement.hours * nodes) / Double(campaigns)
            let terms = PacedTerms(
                id: "c\(number)", start: start, end: start + .seconds(86_400), mode: .traffic,
                lifetime: Micros(Int64(impressions * 10_000)), daily: nil, price: Micros(10_000),
                isGuaranteed: number % 10 == 3)
            let eligible = (0..<PaceStatement.hours).map { hour in
                (0..<kinds).reduce(0) { $0 + places[hour * kinds + $1] * shares[$1] }
            }
            var statement = PaceStatement(terms: terms, supply: eligible)
            statement.shares = shares
            statements.append(statement)
        }
        var took = 0.0
        for (second, isDue) in [(Int64(0), false), (20, true)] {
            for node in 0..<nodes {
                fleet.expects(supply, from: "n\(node)")
                for statement in statements {
                    let budget = PaceBudget(
                        lifetime: statement.terms.lifetime, left: statement.terms.lifetime)
                    let at = start + .seconds(second)
                    let begin = ContinuousClock.now
                    _ = fleet.heard(statement, from: "n\(node)", start: 1, budget, at: at)
                    let passed = (ContinuousClock.now - begin) / .milliseconds(1)
                    if isDue { took = max(took, passed) }
                }
            }
        }
        guard fleet.standings(at: start + .seconds(21)).contains(where: \.isPlannedTogether) else {
            throw Impossible("nobody was planned together with others")
        }
        return took
    }

    static func note() throws {
        for (campaigns, nodes) in [(50, 3), (220, 3), (220, 10), (650, 4), (2_000, 3), (2_600, 1)] {
            let cells = campaigns * nodes * kinds * PaceStatement.hours
            let runs = try (0..<3).map { _ in try milliseconds(campaigns: campaigns, nodes: nodes) }
            let each = (runs.min() ?? 0) * 1e6 / Double(cells)
            Bench.note(
                "  planning \(campaigns) campaigns on \(nodes) nodes together (\(cells) cells): "
                    + "\(runs.map { "\(Int($0))" }.joined(separator: ", ")) ms, \(Int(each)) ns a cell")
        }
    }
}
