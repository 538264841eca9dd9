// What a seller asks at least for an impression, by its duration, as OpenRTB 2.6 says it: one price, a price
// for a range of durations instead, and a price per second beside either.
public import Units

/// A floor for creatives whose duration is within a range; it takes the place of the general one there.
public struct DurationFloor: Hashable, Sendable {
    public var minimumSeconds: Int32
    public var maximumSeconds: Int32
    public var price: Micros

    @inlinable public init(seconds: ClosedRange<Int32>, price: Micros) {
        minimumSeconds = seconds.lowerBound
        maximumSeconds = seconds.upperBound
        self.price = price
    }
}

/// The floors of an impression or of a deal, per thousand impressions. A bid on a deal is held to the deal's
/// floors and no other's.
public struct Floors: Sendable {
    /// Below it nothing is sold.
    public var hard: Micros
    /// Between the hard floor and this one a winner of a second-price auction pays its own bid; above, never
    /// less than this. Nil: there is none.
    public var soft: Micros?
    public var perSecond: Micros

    /// Twice the ranges that sellers were seen to send: one for each of 6, 10, 15 and 30 seconds.
    public static let durationLimit = 8
    private var durations: InlineArray<8, DurationFloor>
    public private(set) var durationCount = 0

    public static let none = Floors(hard: .zero)

    public init(hard: Micros, soft: Micros? = nil, perSecond: Micros = .zero) {
        self.hard = hard
        self.soft = soft
        self.perSecond = perSecond
        durations = InlineArray(repeating: DurationFloor(seconds: 0...0, price: .zero))
    }

    /// False where there is no room for it; the caller then refuses the impression rather than sell below a
    /// floor.
    public mutating func add(_ floor: DurationFloor) -> Bool {
        guard durationCount < Self.durationLimit else { return false }
        durations[durationCount] = floor
        durationCount += 1
        return true
    }

    public func duration(_ index: Int) -> DurationFloor {
        precondition(index >= 0 && index < durationCount, "there is no such floor")
        return durations[index]
    }

    /// No duration has a lower one.
    public var least: Micros {
        var least = hard
        for i in 0..<durationCount { least = min(least, durations[i].price) }
        return least
    }

    /// The least price for a creative of this duration. Where ranges overlap the highest holds.
    public func price(seconds: Int32) -> Micros {
        var ranged: Micros?
        for i in 0..<durationCount {
            let floor = durations[i]
            if floor.minimumSeconds <= seconds, seconds <= floor.maximumSeconds {
                ranged = max(ranged ?? floor.price, floor.price)
            }
        }
        // A product beyond 64 bits is above every bid.
        let bySecond = perSecond.multiplied(by: Int64(max(0, seconds))) ?? .max
        return max(ranged ?? hard, bySecond)
    }
}
