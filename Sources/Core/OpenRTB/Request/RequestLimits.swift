// How much of anything a request may have. What is beyond is refused, never cut off.

/// Bounds of a request, from which follows what the reader allocates, once.
public struct RequestLimits: Hashable, Sendable {
    /// The largest request. Real ones have 2 to 20 KB; blocked lists make some ten times as large.
    public var bytes = 256 * 1024
    /// The most impressions. Pages and breaks offer up to some twenty at once.
    public var imps = 128

    public init() {}

    public init(bytes: Int, imps: Int) {
        precondition((1...Int(Int32.max)).contains(bytes) && (1...4096).contains(imps), "absurd limits")
        self.bytes = bytes
        self.imps = imps
    }

    /// Twice the nesting of the deepest request that the specification can describe.
    static let depth = 32
    /// Texts in all lists of a request together: blocked lists name advertisers by the thousand.
    static let texts = 16_384
    /// Whole numbers in all lists together.
    static let integers = 8_192
    static let currencies = 256
    /// Deals of all imps together.
    static let deals = 1_024
    static let durationFloors = 2_048
    /// Companions of all imps together, and the formats of all banners.
    static let banners = 256
    static let formats = 1_024
    static let extendedIDs = 256
    static let userIDs = 1_024
    static let dataSources = 256
    static let segments = 4_096
    /// Parties of the supply chain; those of a dozen are not bought anyway.
    static let nodes = 128
}

/// What no number of a request can sensibly be beyond.
enum Sensible {
    /// A day. No ad, break or content with ads in it is longer.
    static let seconds: ClosedRange<Int32> = 0...86_400
    /// Start delays, with the values below zero that mean a place; a week, for streams that never end.
    static let startDelay: ClosedRange<Int32> = -2...604_800
    /// Values of an enumeration that decides nothing. Lists grow, and exchanges add their own from 500 up; those by which
    /// something is decided are held to what they have: `CodeList`.
    static let code: ClosedRange<Int32> = 0...999_999
    /// The same with the values below zero of pods.
    static let podCode: ClosedRange<Int32> = -1...999_999
    static let pixels: ClosedRange<Int32> = 0...100_000
    static let ads: ClosedRange<Int32> = 1...1_000
    static let kilobits: ClosedRange<Int32> = 0...10_000_000
    static let count: ClosedRange<Int32> = 0...Int32.max
    /// An hour; nobody waits so long for a bid.
    static let milliseconds: ClosedRange<Int32> = 0...3_600_000
    /// From 12 hours west to 14 hours east.
    static let minutesFromUTC: ClosedRange<Int32> = -720...840
    /// A million units of currency for a thousand impressions.
    static let price: Int64 = 1_000_000
}
