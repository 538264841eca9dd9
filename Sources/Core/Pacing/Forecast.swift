// How many requests to expect, by region, hour of the week and inventory. Learned from the hours that passed, one at a
// time, so that neither a surge nor a hole in the records moves it far.
internal import Numerics
internal import Units

/// For each cell the logarithm of its requests an hour and how far it usually strays from that, and for each region
/// how it has run against its hours lately.
public struct Forecast: Sendable {
    public let regions: Int
    public let inventories: Int

    struct Cell: Sendable {
        /// Of requests an hour, plus one.
        var level = 0.0
        /// The mean distance from it.
        var spread = Forecast.firstSpread
        var weeks: UInt16 = 0
        /// Hours in a row that looked like holes.
        var holes: UInt8 = 0
        /// Weeks in a row that were further off than an hour may pull, to the same side: above zero, or below.
        var strays: Int8 = 0
    }

    var cells: [Cell]
    /// The logarithm of each region's requests over what its hours expected, of late.
    var drift: [Double]

    /// Before anything is known: within a fifth.
    static let firstSpread = 0.2
    /// An hour pulls by at most so many times the usual distance. A tenfold surge moves the level as a third does.
    static let pull = 3.0
    /// What the newest week counts for, once four are known: a month is remembered.
    static let newest = 0.25
    /// What the newest hour counts for in a region's drift: four hours are remembered.
    static let newestHour = 0.25
    /// Less than this share of what was expected is a hole, not a quiet hour.
    static let holeShare = 0.05
    /// So many such hours in a row are believed: the traffic has gone.
    static let holesBelieved: UInt8 = 3
    /// An hour of which less was seen than this says nothing.
    static let leastCovered = 0.25

    public init(regions: Int, inventories: Int) {
        precondition(regions > 0 && inventories > 0, "traffic comes from somewhere and asks for something")
        self.regions = regions
        self.inventories = inventories
        cells = Array(repeating: Cell(), count: regions * inventories * HourOfWeek.count)
        drift = Array(repeating: 0, count: regions)
    }

    private func place(_ region: Int, _ inventory: Int, _ hour: HourOfWeek) -> Int {
        precondition(region < regions && inventory < inventories, "there is no such cell")
        return (region * inventories + inventory) * HourOfWeek.count + hour.number
    }

    /// An hour is over.
    /// - covered: the share of the hour in which requests were counted at all: a restart, or a lost region, leaves
    ///   holes that say nothing of the traffic.
    public mutating func observe(
        region: Int, inventory: Int, hour: HourOfWeek, requests: Int64, covered: Double = 1
    ) {
        guard covered >= Self.leastCovered, requests >= 0 else { return }
        let at = place(region, inventory, hour)
        let seen = Double.log(Double(requests) / min(covered, 1) + 1)
        guard cells[at].weeks > 0 else {
            cells[at].level = seen
            cells[at].weeks = 1
            return
        }
        let residual = seen - cells[at].level
        if residual < Double.log(Self.holeShare), cells[at].holes + 1 < Self.holesBelieved {
            cells[at].holes += 1
            return
        }
        cells[at].holes = 0
        // What stays away is no surge: each week in a row pulls twice as far as the one before.
        let usual = Self.pull * max(cells[at].spread, Self.firstSpread / 4)
        let isSame = cells[at].strays != 0 && (cells[at].strays > 0) == (residual > 0)
        let most = isSame ? usual * Double(1 << min(abs(Int(cells[at].strays)), 5)) : usual
        let pulled = min(max(residual, -most), most)
        let stray: Int8 = abs(residual) <= usual ? 0 : residual > 0 ? 1 : -1
        cells[at].strays = isSame && stray != 0 ? cells[at].strays &+ stray : stray
        if abs(cells[at].strays) > 100 { cells[at].strays = stray * 100 }
        let share = max(1 / Double(cells[at].weeks + 1), Self.newest)
        cells[at].level += share * pulled
        cells[at].spread += share * (abs(pulled) - cells[at].spread)
        cells[at].weeks = min(cells[at].weeks, .max - 1) + 1
        drift[region] +=
            Self.newestHour / Double(inventories) * (min(max(residual, -usual), usual) - drift[region])
    }

    /// Requests in one whole hour, so many hours from the last one observed.
    public func requests(region: Int, inventory: Int, hour: HourOfWeek, hoursAhead: Int = .max) -> Double {
        let cell = cells[place(region, inventory, hour)]
        let level = cell.weeks > 0 ? cell.level : usual(region, inventory, hour)
        // What a region ran ahead by halves in half a day: it says much of the next hour and little of tomorrow.
        let lately = hoursAhead > 96 ? 0 : drift[region] * Double.exp(-Double(hoursAhead) / 17)
        return max(Double.exp(level + lately) - 1, 0)
    }

    /// For an hour that was never seen: the same hour of the days that were, or else all hours that were.
    private func usual(_ region: Int, _ inventory: Int, _ hour: HourOfWeek) -> Double {
        var (sum, count) = (0.0, 0)
        for day in 0..<7 {
            let cell = cells[
                place(region, inventory, HourOfWeek((hour.number + day * 24) % HourOfWeek.count))]
            if cell.weeks > 0 { (sum, count) = (sum + cell.level, count + 1) }
        }
        if count > 0 { return sum / Double(count) }
        for number in 0..<HourOfWeek.count {
            let cell = cells[place(region, inventory, HourOfWeek(number))]
            if cell.weeks > 0 { (sum, count) = (sum + cell.level, count + 1) }
        }
        return count > 0 ? sum / Double(count) : 0
    }

    /// Whether each hour of a day was seen on some day: else nobody knows what a day has.
    public func knowsTheDay(region: Int, inventory: Int) -> Bool {
        (0..<24).allSatisfy { hour in
            (0..<7).contains { cells[place(region, inventory, HourOfWeek(hour + $0 * 24))].weeks > 0 }
        }
    }

    /// Whether anything was ever seen there.
    public func isKnown(region: Int, inventory: Int) -> Bool {
        (0..<HourOfWeek.count).contains { cells[place(region, inventory, HourOfWeek($0))].weeks > 0 }
    }
}
