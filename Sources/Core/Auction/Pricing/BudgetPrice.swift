// The price of a campaign's budget: what a unit of its money must bring. A candidate takes part where what it brings is
// at least that, and ranks by what it brings beyond it (docs/decisions/0075).
public import Units

/// In parts of 2^20, so that the same price gives the same answer on any machine.
public struct BudgetPrice: RawRepresentable, Comparable, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static func < (a: BudgetPrice, b: BudgetPrice) -> Bool { a.rawValue < b.rawValue }

    /// Money must bring no more than itself, which every bid does: nothing is held back, and nothing ranks otherwise.
    public static let one = BudgetPrice(rawValue: 1 << 20)
    /// Pacing's own bounds lie within these (`PaceRow`): below zero for those whom others give way to.
    private static let range = -8.0...1_024.0

    /// What is no number says nothing: it is one.
    @inline(__always)
    public init(_ price: Double) {
        guard price.isFinite else {
            self = .one
            return
        }
        let bounded = min(max(price, Self.range.lowerBound), Self.range.upperBound)
        rawValue = Int32((bounded * 0x1p20).rounded())
    }

    public var number: Double { Double(rawValue) * 0x1p-20 }

    /// Whose values are all the same stand all at one margin, where a price is all or nothing. So what brings a little
    /// less than the price still takes part by lot: with what it brings of the price, as a share, this many times
    /// squared. At 2 % below every second one does, at a tenth below one in thirty.
    private static let squarings = 5

    /// What a candidate ranks by; nil where it does not take part.
    ///
    /// It is its value less what its cost is to bring beyond one: in a place that costs all the same, the order is that
    /// of value less price times cost. Who takes part by lot ranks as if the price were what it brings.
    ///
    /// - Parameters:
    ///   - value: what it brings; never less than what it costs.
    ///   - lot: the same whenever the decision is made again.
    public func rank(value: Micros, cost: Micros, lot: UInt32) -> Micros? {
        let asked = Int128(rawValue) * Int128(cost.rawValue)
        let brought = Int128(value.rawValue) << 20
        guard brought < asked else {
            let beyond = (asked - Int128(cost.rawValue) << 20) >> 20
            return Micros(max(Int64(clamping: Int128(value.rawValue) - beyond), 1))
        }
        // At half of the price no lot is low enough.
        guard brought << 1 > asked else { return nil }
        var share = UInt64(truncatingIfNeeded: (brought << 32) / asked)
        for _ in 0..<Self.squarings { share = (share &* share) >> 32 }
        return UInt64(lot) < share ? Micros(max(cost.rawValue, 1)) : nil
    }
}
