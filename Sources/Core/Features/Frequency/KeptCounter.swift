// A counter as a journal keeps it, and the table made again from a journal's records: those of whole counters, which
// are written now and then, and those of single impressions since.
internal import Units

/// One subject's counter of one thing, as it was at a time.
public struct KeptCounter: Sendable {
    public var subject: UInt64
    public var entity: EntityNumber
    /// Everything that was counted up to here is in it.
    public var asOf: CountedSecond
    public var newest: CountedSecond
    public var life: UInt32
    public var hasHeaps: Bool
    /// The pauses and heaps of `CounterCell`, as they are.
    public var words: InlineArray<14, UInt16>

    public init(
        subject: UInt64, entity: EntityNumber, asOf: CountedSecond, newest: CountedSecond, life: UInt32,
        hasHeaps: Bool, words: InlineArray<14, UInt16>
    ) {
        self.subject = subject
        self.entity = entity
        self.asOf = asOf
        self.newest = newest
        self.life = life
        self.hasHeaps = hasHeaps
        self.words = words
    }

    init(_ subject: UInt64, _ cell: CounterCell, asOf: CountedSecond) {
        self.init(
            subject: subject, entity: cell.entity, asOf: asOf, newest: cell.newest, life: cell.life,
            hasHeaps: cell.hasHeaps, words: cell.words)
    }

    var cell: CounterCell {
        CounterCell(entity, newest: newest, life: life, hasHeaps: hasHeaps, words: words)
    }
}

/// What journals say that viewers have seen. Records of several shards may come one journal after the other: what a
/// counter's record has in it is not counted again, whichever comes first. Where that is in doubt an impression counts
/// twice, which holds a cap early.
public struct FrequencyReplay: ~Copyable {
    public private(set) var table: FrequencyTable
    /// For each counter that was read whole: when it was written.
    private var known: [Name: CountedSecond] = [:]
    public private(set) var impressions = 0
    public private(set) var counters = 0

    private struct Name: Hashable {
        var subject: UInt64
        var entity: EntityNumber
    }

    /// An impression reaches the shard that writes counters within this time of being counted: so much of what a
    /// counter may have in it is counted again, as that is on the safe side.
    public static let doubtSeconds: UInt32 = 2

    /// - Parameter bytes: as many as each shard's table takes, so that it holds the same.
    public init(bytes: Int) { table = FrequencyTable(bytes: bytes) }

    /// An impression that some shard counted.
    public mutating func take(_ event: FrequencyEvent) {
        impressions += 1
        take(event.user, event.lineItem, event.at)
        take(event.user, event.creative, event.at)
        take(event.user, event.advertiser, event.at)
        take(event.household, event.lineItem, event.at)
    }

    private mutating func take(_ subject: UInt64, _ entity: EntityNumber, _ second: CountedSecond) {
        guard subject != 0, entity.rawValue != 0 else { return }
        if let asOf = known[Name(subject: subject, entity: entity)], second <= asOf { return }
        table.count(subject, entity, at: second)
    }

    /// A counter that was written whole. Of two records of one counter the later one counts.
    public mutating func take(_ counter: KeptCounter) {
        counters += 1
        guard counter.subject != 0, counter.life > 0 else { return }
        let name = Name(subject: counter.subject, entity: counter.entity)
        let asOf = counter.asOf.earlier(by: Self.doubtSeconds)
        if let before = known[name], before >= asOf { return }
        known[name] = asOf
        table.replace(counter.subject, counter.cell, keepingAfter: asOf)
    }
}
