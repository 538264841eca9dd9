// The traffic of a flight as a plan sees it: requests in each of its hours, by region and inventory.
public import Units

/// Hours count from the flight's own start, not from the clock's full ones; the last may be a part of one.
public struct Supply: Sendable {
    public let regions: Int
    public let inventories: Int
    public let start: Instant
    public let end: Instant
    /// By hour, then region, then inventory.
    public var requests: [Double]

    /// A year and a day: what a flight may last here. Longer ones are planned a year at a time.
    public static let hoursMost = 366 * 24

    public var hours: Int { Self.hours(from: start, to: end) }

    public static func hours(from start: Instant, to end: Instant) -> Int {
        let length = max((end - start).nanoseconds, 0)
        return min(Int((length + HourOfWeek.length - 1) / HourOfWeek.length), hoursMost)
    }

    /// How much of an hour lies in the flight: one, but for the last.
    public func length(ofHour hour: Int) -> Double {
        let left = (end - start).nanoseconds - Int64(hour) * HourOfWeek.length
        return min(max(Double(left) / Double(HourOfWeek.length), 0), 1)
    }

    public init(regions: Int, inventories: Int, start: Instant, end: Instant, requests: [Double]) {
        self.regions = regions
        self.inventories = inventories
        self.start = start
        self.end = end
        self.requests = requests
        precondition(requests.count == hours * regions * inventories, "a number for each cell")
    }

    /// What a forecast says of these hours. Between the middles of two of its hours traffic changes evenly.
    public init(_ forecast: Forecast, start: Instant, end: Instant) {
        self.regions = forecast.regions
        self.inventories = forecast.inventories
        self.start = start
        self.end = end
        let count = Self.hours(from: start, to: end)
        let (regions, inventories) = (forecast.regions, forecast.inventories)
        var requests: [Double] = []
        requests.reserveCapacity(count * regions * inventories)
        let first = HourOfWeek.hours(start)
        let shift = Double(start.nanoseconds - first * HourOfWeek.length) / Double(HourOfWeek.length)
        for hour in 0..<count {
            let length = min(
                max(
                    Double((end - start).nanoseconds - Int64(hour) * HourOfWeek.length)
                        / Double(HourOfWeek.length), 0), 1)
            for region in 0..<regions {
                for inventory in 0..<inventories {
                    func clock(_ ahead: Int) -> Double {
                        forecast.requests(
                            region: region, inventory: inventory,
                            hour: HourOfWeek(hoursSinceEpoch: first + Int64(hour + ahead)),
                            hoursAhead: hour + ahead)
                    }
                    requests.append(((1 - shift) * clock(0) + (shift > 0 ? shift * clock(1) : 0)) * length)
                }
            }
        }
        self.requests = requests
    }

    @inlinable public func at(_ hour: Int, _ region: Int, _ inventory: Int) -> Double {
        requests[(hour * regions + region) * inventories + inventory]
    }
}
