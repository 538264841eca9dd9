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
        clear(bid: bid, next: next, hard: floors.price(seconds: seconds), soft: floors.soft)?.price
    }

    /// The same with what made the price, where the floors of this duration are known.
    public func clear(bid: Micros, next: Micros?, hard: Micros, soft: Micros?) -> Cleared? {
        guard bid >= hard else { return nil }
        guard rule == .secondPrice else { return Cleared(price: bid, by: .ownBid) }
        let soft = max(soft ?? hard, hard)
        guard bid >= soft else { return Cleared(price: bid, by: .belowSoftFloor) }
        // A sum beyond 64 bits is above every bid, and so the bid itself is the price.
        let second = next.map { $0.adding(increment) ?? .max } ?? .min
        if second > soft { return Cleared(price: min(bid, second), by: .nextBid) }
        return Cleared(price: soft, by: soft > hard ? .softFloor : .hardFloor)
    }
}

/// A price, and what made it so high.
public struct Cleared: Hashable, Sendable {
    /// Numbers are given once: journals hold them.
    public enum Basis: UInt8, CaseIterable, Sendable {
        case ownBid = 0
        /// The next bid and the increment, or the own bid where that is less.
        case nextBid = 1
        case hardFloor = 2
        case softFloor = 3
        /// Between the floors: the own bid.
        case belowSoftFloor = 4
    }

    public let price: Micros
    public let by: Basis
}

/// Who goes before whom, whatever the price: more of an earlier tier's value is never given up for any amount
/// of a later one's.
public enum PriorityTier: UInt8, Comparable, CaseIterable, Sendable {
    case sponsorship, guaranteed, open

    @inlinable public static func < (a: PriorityTier, b: PriorityTier) -> Bool { a.rawValue < b.rawValue }
}
