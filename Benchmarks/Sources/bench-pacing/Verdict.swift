// What is said of one scenario in words: which campaign of ours strayed furthest, who cannot be delivered, and whoever is ahead of
// ours in anything, and by how much.
import MarketSimulation
import Pacing

enum Verdict {
    static func sentence(_ result: MarketResult) -> String {
        let (mine, ours) = result.ours
        let at = ours.worst
        let worst = mine.campaigns[at]
        let hopeless = hopeless(result)
        let better = better(result)
        return
            "  ours strays furthest with \(result.market.campaigns[at].pacing.id) (\(worst.impressions) impressions a day), "
            + "in minute \(worst.distanceMinute)\n"
            + (hopeless.isEmpty
                ? ""
                : "  cannot be delivered as their modes say, and are not counted: \(hopeless.joined(separator: ", "))\n")
            + "  of \(ours.hopeless) paced campaigns that cannot deliver ours said so of \(ours.foretold), at the latest in minute "
            + "\(ours.toldMinute), and of \(ours.wronglyTold) that can\n"
            + "  better than ours: \(better.isEmpty ? "nobody" : better.joined(separator: "; "))"
    }

    /// Whom hindsight delivers, but not in the hours that its mode asks for.
    private static func hopeless(_ result: MarketResult) -> [String] {
        guard let hindsight = result.hindsight else { return [] }
        return result.market.campaigns.indices.filter {
            hindsight.isFeasibleFree($0)
                && !hindsight.isFeasible($0, result.market.campaigns[$0].pacing.mode)
        }.map { result.market.campaigns[$0].pacing.id }
    }

    static func better(_ result: MarketResult) -> [String] {
        let ours = result.ours.measures
        var wins: [String] = []
        for (outcome, other) in result.runs where !outcome.policy.isOurs {
            func says(_ what: String, _ theirs: Double, _ mine: Double) {
                if theirs < mine {
                    wins.append("\(other.name)'s \(what) \(percent(theirs)), ours \(percent(mine))")
                }
            }
            if result.scenario.hasBound, other.value > ours.value {
                wins.append("\(other.name) has \(percent(other.value - ours.value)) more of the value")
            }
            says("worst campaign ends off its budget by", other.errorMost, ours.errorMost)
            says("worst campaign strays from its plan by", other.distanceMost, ours.distanceMost)
            says("median campaign strays from its plan by", other.distanceHalf, ours.distanceHalf)
        }
        return wins
    }
}
