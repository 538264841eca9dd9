// What is to be spent by when: sums at the ends of hours, and in between a rate that changes without steps, since
// traffic does not jump at full hours and a price that had to follow such a jump would buy worse impressions.
public import Units

public struct SpendCurve: Sendable {
    public let start: Instant
    public let end: Instant
    /// At the start of each hour, and at the end: `sums[0]` is zero.
    public let sums: [Micros]
    /// Micros an hour at the start of each hour, and at the end, and in its middle.
    private let edges: [Double]
    private let middles: [Double]

    public var total: Micros { sums[sums.count - 1] }

    /// - hourly: micros for each hour from the start on; the last hour may be a part of one.
    public init(start: Instant, end: Instant, hourly: [Double]) {
        self.start = start
        self.end = end
        precondition(!hourly.isEmpty && end > start, "a curve has an hour at least")
        var sums = [Micros.zero]
        var sum = 0.0
        for amount in hourly {
            sum += max(amount, 0)
            sums.append(Micros(Int64(sum.rounded())))
        }
        self.sums = sums
        let last = hourly.count - 1
        let lastLength = max(
            Double((end - start).nanoseconds - Int64(last) * HourOfWeek.length)
                / Double(HourOfWeek.length), 1e-6)
        var rates = hourly.map { max($0, 0) }
        rates[last] /= min(lastLength, 1)
        var edges = [rates[0]]
        for hour in 1..<max(hourly.count, 1) { edges.append((rates[hour - 1] + rates[hour]) / 2) }
        edges.append(rates[last])
        // The middle is where the hour's own sum is met; an hour that is much poorer than its neighbours stays flat.
        var middles: [Double] = []
        for hour in 0...last {
            let middle = (4 * rates[hour] - edges[hour] - edges[hour + 1]) / 2
            middles.append(middle < 0 ? .nan : middle)
        }
        if hourly.count > 1, lastLength < 1 { middles[last] = .nan }
        self.edges = edges
        self.middles = middles
    }

    /// What is to be spent by then.
    public func spent(by instant: Instant) -> Micros {
        guard instant > start else { return .zero }
        guard instant < end else { return total }
        let passed = instant.nanoseconds - start.nanoseconds
        let hour = min(Int(passed / HourOfWeek.length), sums.count - 2)
        let share = place(instant, in: hour)
        let amount = Double((sums[hour + 1] - sums[hour]).rawValue)
        return sums[hour] + Micros(Int64((amount * portion(hour, share)).rounded()))
    }

    /// Micros a second, then.
    public func rate(at instant: Instant) -> Double {
        guard instant >= start, instant < end else { return 0 }
        let hour = min(Int((instant.nanoseconds - start.nanoseconds) / HourOfWeek.length), sums.count - 2)
        let share = place(instant, in: hour)
        let amount = Double((sums[hour + 1] - sums[hour]).rawValue)
        let middle = middles[hour]
        guard !middle.isNaN else { return amount / seconds(hour) }
        let rate =
            share < 0.5
            ? edges[hour] + (middle - edges[hour]) * 2 * share
            : middle + (edges[hour + 1] - middle) * (2 * share - 1)
        return rate / 3_600
    }

    private func seconds(_ hour: Int) -> Double {
        let left = (end - start).nanoseconds - Int64(hour) * HourOfWeek.length
        return Double(min(left, HourOfWeek.length)) / 1e9
    }

    private func place(_ instant: Instant, in hour: Int) -> Double {
        let passed = instant.nanoseconds - start.nanoseconds - Int64(hour) * HourOfWeek.length
        return Double(passed) / 1e9 / seconds(hour)
    }

    /// The part of an hour's sum that is spent when so much of it has passed.
    private func portion(_ hour: Int, _ share: Double) -> Double {
        let middle = middles[hour]
        guard !middle.isNaN else { return share }
        let (first, last) = (edges[hour], edges[hour + 1])
        let whole = (first + 2 * middle + last) / 4
        guard whole > 0 else { return share }
        if share < 0.5 { return (first * share + (middle - first) * share * share) / whole }
        let rest = 1 - share
        return 1 - (last * rest + (middle - last) * rest * rest) / whole
    }
}
