// What a token says: which reservation an ad was sold under, and all that settling it needs, so that a notice can
// be settled by whoever kept no record of the ad.
public import Units

/// One ad of one answer, as its notices name it.
public struct Notice: Equatable, Sendable {
    /// The start of the node that reserved, and there the shard, and the reservation's number.
    public var session: UInt64 = 0
    public var shard: UInt8 = 0
    public var sequence: UInt64 = 0
    /// The draw mark that the reservation lies under: what a bill without a record settles against.
    public var mark: UInt32 = 0
    public var decision: UInt64 = 0
    /// The ad's number in the answer.
    public var ad: UInt8 = 0
    /// Afterwards nothing is counted any more. In whole seconds.
    public var expires = Instant(nanoseconds: 0)
    /// Which of the campaign's windows pays, as the reservation has it.
    public var window: UInt32 = 0
    public var campaign = IDHash(0)
    public var lineItem = IDHash(0)
    public var creative = IDHash(0)
    /// The most that the exchange may ask for a thousand impressions, in the answer's currency.
    public var highest = Micros.zero
    /// What was put aside for the impression, in the campaign's currency: the rate between the two is the one of the
    /// reservation.
    public var reserved = Micros.zero
    /// Whom frequency is counted for; 0 where nobody may be.
    public var viewer: UInt64 = 0
    public var household: UInt64 = 0
    /// Whether these keys may be written to a journal.
    public var mayJournal = false
    /// The exchange bills what was shown, and sends no notice for it.
    public var isBilledByImpression = false
    /// The request was a test: its ad is not billed, and counts for nobody's caps.
    public var isTest = false

    public init() {}

    /// Sequences beyond this have no room in a token: 48 bits, enough for a million a second for nine years.
    public static let sequenceMost: UInt64 = 1 << 48 - 1
    /// Prices for a thousand beyond this have no room in a token: 281 million units of any currency.
    public static let priceMost = Micros(1 << 48 - 1)
    /// What is not in whole seconds of 32 bits has no room: until the year 2106.
    public static let expiryMost = Instant(nanoseconds: (1 << 32 - 1) * 1_000_000_000)

    /// Whether every field fits in a token.
    var fits: Bool {
        let prices = Micros.zero...Self.priceMost
        return sequence <= Self.sequenceMost && prices.contains(highest) && prices.contains(reserved)
            && (Instant(nanoseconds: 0)...Self.expiryMost).contains(expires)
    }
}

/// A catalog's id in four bytes. Two ids may have the same: whoever looks one up compares the line item's and the
/// creative's together.
public struct IDHash: Hashable, Comparable, Sendable {
    public let rawValue: UInt32

    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    public init(of id: RawSpan) { rawValue = CRC32C.checksum(of: id) }

    public static func < (a: IDHash, b: IDHash) -> Bool { a.rawValue < b.rawValue }
}
