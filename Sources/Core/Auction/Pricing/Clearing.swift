// What a winner pays.
public import Units

/// How an exchange, or our own auction among line items, turns bids into a price.
public struct Clearing: Hashable, Sendable {
    public enum Rule: UInt8, Sendable {
        /// OpenRTB's `at` 1.
        case firstPrice = 1
        /// OpenRTB's `at` 2: the next bid and an increment.
        case secondPrice = 2
    }

    public var rule: Rule
    /// What a second-price winner pays above the next bid.
    public var increment: Micros

    /// A cent per thousand impressions is what exchanges that publish their increment use.
    public static let usualIncrement = Micros(10_000)

    public init(_ rule: Rule, increment: Micros = usualIncrement) {
        self.rule = rule
        self.increment = increment
    }

    /// The price for a creative of this duration; nil where the bid is below the hard floor. Never above the
    /// bid and never below the floor.
    public func price(bid: Micros, next: Micros?, floors: borrowing Floors, seconds: Int32 = 0) -> Micros? {
        let hard = floors.price(seconds: seconds)
        guard bid >= hard else { return nil }
        guard rule == .secondPrice else { return bid }
        let soft = max(floors.soft ?? hard, hard)
        guard bid >= soft else { return bid }
        // A sum beyond 64 bits is above every bid, and so the bid itself is the price.
        let second = next.map { $0.adding(increment) ?? .max } ?? .min
        return min(bid, max(second, soft))
    }
}

/// Who goes before whom, whatever the price: more of an earlier tier's value is never given up for any amount
/// of a later one's.
public enum PriorityTier: UInt8, Comparable, CaseIterable, Sendable {
    case sponsorship, guaranteed, open

    @inlinable public static func < (a: PriorityTier, b: PriorityTier) -> Bool { a.rawValue < b.rawValue }
}
