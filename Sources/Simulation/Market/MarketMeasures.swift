// A run in numbers, and the rows of the table.
internal import Pacing
internal import Units

public struct MarketMeasures: Sendable {
    public let name: String
    public let overspend: Int64
    public let late: Int64
    /// Of campaigns that hindsight says can deliver: the median's and the worst one's distance from its budget.
    public let errorHalf: Double
    public let errorMost: Double
    /// Of those that are paced.
    public let distanceHalf: Double
    public let distanceMost: Double
    public let openAtEnd: Double
    public let stranded: Double
    /// Of the hindsight bound; zero without one.
    public let value: Double
    /// Of what could be had if no campaign asked for anything but value.
    public let freeValue: Double
    public let worst: Int
    /// Minutes from the end of what befell the market until nineteen of twenty paced campaigns kept within a hundredth of their plans
    /// for good; nil where nothing ended.
    public let reconverged: Int?
    /// Campaigns that hindsight does not deliver, and how many of them ours has said so of, with the latest minute.
    public let hopeless: Int
    public let foretold: Int
    public let toldMinute: Int
    /// Said of campaigns that hindsight delivers.
    public let wronglyTold: Int

    /// Of the budget.
    static let astray = 0.01

    /// - hindsight: without one those count that the plan says can deliver, and value is held against nothing.
    public init(_ outcome: MarketOutcome, _ market: Market, _ hindsight: Hindsight?) {
        let feasible = outcome.campaigns.indices.filter {
            hindsight?.isFeasible($0, market.campaigns[$0].pacing.mode)
                ?? market.plans[$0].deliverability.isDeliverable
        }
        let errors = feasible.map { abs(outcome.campaigns[$0].delivery - 1) }.sorted()
        let paced = feasible.filter { market.campaigns[$0].pacing.mode != .asap }
        let distances = paced.map { outcome.campaigns[$0].distance }.sorted()
        let budget = outcome.campaigns.reduce(0) { $0 + Double($1.budget.rawValue) }
        name = outcome.policy.name
        overspend = outcome.overspend.rawValue
        late = outcome.late.rawValue
        errorHalf = errors.isEmpty ? 0 : errors[errors.count / 2]
        errorMost = errors.last ?? 0
        distanceHalf = distances.isEmpty ? 0 : distances[distances.count / 2]
        distanceMost = distances.last ?? 0
        openAtEnd = Double(outcome.openAtEnd.rawValue) / budget
        stranded = Double(outcome.stranded.rawValue) / budget
        value = hindsight.map { outcome.paidValue / $0.boundByMode } ?? 0
        freeValue = hindsight.map { outcome.paidValue / $0.bound } ?? 0
        let over = Conditions(events: market.shape.events).over(by: market.shape.seconds).map { Int($0) / 60 }
        reconverged = over.map { over in
            let minutes = paced.map { max((outcome.campaigns[$0].lastAstray ?? over) - over, 0) }.sorted()
            return minutes.isEmpty ? 0 : minutes[minutes.count * 19 / 20]
        }
        let lost = outcome.campaigns.indices.filter {
            !feasible.contains($0) && market.campaigns[$0].pacing.mode != .asap
        }
        func isTold(_ at: Int) -> Bool {
            outcome.campaigns[at].limit != nil || outcome.campaigns[at].warnedAt != nil
        }
        hopeless = lost.count
        foretold = lost.count(where: isTold)
        toldMinute =
            lost.filter { outcome.campaigns[$0].limit == nil }.compactMap { outcome.campaigns[$0].warnedAt }
            .map { Int($0) / 60 }.max() ?? 0
        wronglyTold = feasible.count(where: isTold)
        worst = paced.max { outcome.campaigns[$0].distance < outcome.campaigns[$1].distance } ?? 0
    }

    public static let header = row(
        "policy", "overspend", "late bills", "error: half", "worst", "distance: half", "worst", "back after",
        "open at end", "stranded", "value", "of free")

    /// - hasValue: the bound holds for this run.
    public func row(hasValue: Bool) -> String {
        Self.row(
            name, "\(overspend)", "\(late)", percent(errorHalf), percent(errorMost), percent(distanceHalf),
            percent(distanceMost), reconverged.map { "\($0) min" } ?? "", percent(openAtEnd),
            percent(stranded), hasValue ? percent(value) : "",
            hasValue ? percent(freeValue) : "")
    }

    private static func row(_ name: String, _ columns: String...) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(width - text.count, 0)) + text
        }
        let widths = [13, 11, 12, 8, 15, 8, 11, 12, 9, 8, 8]
        return "  " + name + String(repeating: " ", count: max(15 - name.count, 0))
            + zip(columns, widths).map { pad($0, $1) }.joined(separator: " ")
    }
}

/// In hundredths, to hundredths of them.
public func percent(_ share: Double) -> String { "\(decimal(share * 100, 2)) %" }

/// So many digits behind the point.
func decimal(_ value: Double, _ digits: Int) -> String {
    let factor = (0..<digits).reduce(1.0) { sum, _ in sum * 10 }
    let whole = Int64((abs(value) * factor).rounded())
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let rest = "\(whole % Int64(factor))"
    return "\(sign)\(whole / Int64(factor)).\(String(repeating: "0", count: digits - rest.count))\(rest)"
}
