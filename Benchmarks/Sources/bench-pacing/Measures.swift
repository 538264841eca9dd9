// A run in numbers, and the rows of the table.
import Foundation
import MarketSimulation
import Pacing
import Units

struct Measures {
    let name: String
    let overspend: Int64
    let late: Int64
    /// Of campaigns that hindsight says can deliver: the median's and the worst one's distance from its budget.
    let errorHalf: Double
    let errorMost: Double
    /// Of those that are paced.
    let distanceHalf: Double
    let distanceMost: Double
    let openAtEnd: Double
    let stranded: Double
    /// Of the hindsight bound; zero without one.
    let value: Double
    /// Of what could be had if no campaign asked for anything but value.
    let freeValue: Double
    let worst: Int

    init(_ outcome: MarketOutcome, _ market: Market, _ hindsight: Hindsight) {
        let feasible = outcome.campaigns.indices.filter { hindsight.isFeasible($0) }
        let errors = feasible.map { abs(outcome.campaigns[$0].delivery - 1) }.sorted()
        let paced = feasible.filter { market.campaigns[$0].pacing.mode != .asap }
        let distances = paced.map { outcome.campaigns[$0].distance }.sorted()
        let budget = outcome.campaigns.reduce(0) { $0 + Double($1.budget.rawValue) }
        name = outcome.policy.name
        overspend = outcome.overspend.rawValue
        late = outcome.late.rawValue
        errorHalf = errors[errors.count / 2]
        errorMost = errors[errors.count - 1]
        distanceHalf = distances[distances.count / 2]
        distanceMost = distances[distances.count - 1]
        openAtEnd = Double(outcome.openAtEnd.rawValue) / budget
        stranded = Double(outcome.stranded.rawValue) / budget
        value = outcome.value / hindsight.boundByMode
        freeValue = outcome.value / hindsight.bound
        worst = paced.max { outcome.campaigns[$0].distance < outcome.campaigns[$1].distance } ?? 0
    }

    static let header = row(
        "policy", "overspend", "late bills", "error: half", "worst", "distance: half", "worst", "open at end",
        "stranded", "value", "of free")

    /// - hasValue: the bound holds for this run.
    func row(hasValue: Bool) -> String {
        Self.row(
            name, "\(overspend)", "\(late)", percent(errorHalf), percent(errorMost), percent(distanceHalf),
            percent(distanceMost), percent(openAtEnd), percent(stranded), hasValue ? percent(value) : "",
            hasValue ? percent(freeValue) : "")
    }

    private static func row(_ name: String, _ columns: String...) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(width - text.count, 0)) + text
        }
        let widths = [13, 11, 12, 8, 15, 8, 12, 9, 8, 8]
        return "  " + name + String(repeating: " ", count: max(15 - name.count, 0))
            + zip(columns, widths).map { pad($0, $1) }.joined(separator: " ")
    }
}

func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
