// What may be placed in a pod: one creative of one line item, as the auction sees it.
public import Units

/// Identifiers are numbers of the caller's choosing; equal numbers mean the same thing, and 0 means unknown,
/// which is never a duplicate of anything.
public struct PodCandidate: Hashable, Sendable {
    public var lineItem: UInt32
    public var creative: UInt64
    public var advertiser: UInt64
    public var mediaFile: UInt64
    public var seconds: Int32
    /// What placing it is worth; this is what a pod maximises.
    public var value: Micros
    /// What would be paid for it; this is what floors look at.
    public var price: Micros
    public var tier: PriorityTier
    /// One bit for each category, numbered by the caller.
    public var categories: UInt64
    /// Categories that it must not share a pod with, its own included if they are named.
    public var avoids: UInt64
    /// Segments that may hold it, a bit each, beside what they say of durations and floors themselves.
    public var segments: UInt32 = .max

    @inlinable public init(
        lineItem: UInt32 = 0, creative: UInt64 = 0, advertiser: UInt64 = 0, mediaFile: UInt64 = 0,
        seconds: Int32, value: Micros, price: Micros, tier: PriorityTier = .open, categories: UInt64 = 0,
        avoids: UInt64 = 0
    ) {
        self.lineItem = lineItem
        self.creative = creative
        self.advertiser = advertiser
        self.mediaFile = mediaFile
        self.seconds = seconds
        self.value = value
        self.price = price
        self.tier = tier
        self.categories = categories
        self.avoids = avoids
    }
}
