// Whether what a campaign could buy differs in what it brings for its cost: only then is there anything that a price could
// choose. Counted beside the requests as three sums, looked at once a second.
internal import Numerics
public import Units

/// How much more than its cost each thing brings that a campaign could buy, as sums that only grow.
public struct ValueCounts: Hashable, Sendable, BitwiseCopyable {
    public var count: UInt64 = 0
    /// Of logarithms to the base of two, in parts of 256, and of their squares.
    public var sum: Int64 = 0
    public var squares: Int64 = 0

    public init() {}

    /// The logarithm of value over cost, by the position of their highest bits and the eight behind: exact where both are
    /// the same, and within a tenth of a factor of two elsewhere. More than sixteen doublings are taken for sixteen.
    @inlinable @inline(__always)
    public static func level(value: Micros, cost: Micros) -> Int64 {
        let level = logarithm(value.rawValue) &- logarithm(cost.rawValue)
        return min(max(level, -4_096), 4_096)
    }

    @inlinable @inline(__always)
    static func logarithm(_ number: Int64) -> Int64 {
        let bits = UInt64(truncatingIfNeeded: max(number, 1))
        let shift = bits.leadingZeroBitCount
        return (Int64(63 &- shift) &<< 8) | Int64(truncatingIfNeeded: (bits &<< UInt64(shift)) &>> 55 & 255)
    }

    public mutating func add(_ level: Int64) {
        count &+= 1
        sum &+= level
        squares &+= level &* level
    }

    public static func + (a: ValueCounts, b: ValueCounts) -> ValueCounts {
        var both = a
        both.count &+= b.count
        both.sum &+= b.sum
        both.squares &+= b.squares
        return both
    }
}

/// Of one campaign, as of the last twenty minutes or so.
struct ValueSpread: Sendable {
    /// Nil before the first look: what was counted by then is of any time, as for a campaign that comes back.
    private var before: ValueCounts?
    private var count = 0.0
    private var sum = 0.0
    private var squares = 0.0

    private static let memorySeconds = 1_200.0
    /// Fewer say nothing.
    private static let least = 32.0
    /// Standard deviations of the natural logarithm: a price begins where values differ by a tenth, and goes on until
    /// they differ by half of that. A lot at the margin takes in three hundredths (`BudgetPrice`).
    private static let wide = 0.1
    private static let narrow = 0.05

    mutating func take(_ counts: ValueCounts, seconds: Double) {
        guard let before else {
            self.before = counts
            return
        }
        let kept = max(1 - seconds / Self.memorySeconds, 0)
        count = count * kept + Double(counts.count &- before.count)
        sum = sum * kept + Double(counts.sum &- before.sum)
        squares = squares * kept + Double(counts.squares &- before.squares)
        self.before = counts
    }

    func isWide(_ was: Bool) -> Bool {
        guard count >= Self.least else { return was }
        let mean = sum / count
        let variance = max(squares / count - mean * mean, 0)
        let deviation = variance.squareRoot() / 256 * Double.log(2)
        return deviation > (was ? Self.narrow : Self.wide)
    }
}
