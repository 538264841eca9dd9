// What shards tell one another, and nodes one another, about what viewers are shown: plain values of a fixed size.

/// One ad and who was, or may be, shown it. Keys of zero are nobody's: what a viewer does not permit is not in here.
public struct FrequencyEvent: Hashable, Sendable, BitwiseCopyable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable {
        /// It is in an answer, and may be shown until `until`.
        case held
        /// It was shown.
        case shown
        /// It is known that it will not be shown.
        case released
    }

    public var user: UInt64
    /// Only where a cap by household was to be held.
    public var household: UInt64
    public var lineItem: EntityNumber
    public var creative: EntityNumber
    public var advertiser: EntityNumber
    /// When it was decided or shown.
    public var at: CountedSecond
    public var until: CountedSecond
    public var kind: Kind
    /// Whether the viewer's data may be written to a journal.
    public var mayJournal: Bool

    public init(
        _ kind: Kind, user: UInt64, household: UInt64, lineItem: EntityNumber, creative: EntityNumber,
        advertiser: EntityNumber, at: CountedSecond, until: CountedSecond, mayJournal: Bool
    ) {
        self.kind = kind
        self.user = user
        self.household = household
        self.lineItem = lineItem
        self.creative = creative
        self.advertiser = advertiser
        self.at = at
        self.until = until
        self.mayJournal = mayJournal
    }
}
