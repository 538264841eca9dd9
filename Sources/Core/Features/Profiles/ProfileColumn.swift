// Where a feature's state lies in a profile, and in what form.

/// One stored feature.
struct ProfileColumn: Sendable, BitwiseCopyable {
    enum Form: UInt8, Sendable {
        /// A value and its second.
        case cell
        /// Slots of counts, of sums, of both, and of sets of items, each behind the number of its newest bucket.
        case counts, sums, means, sets
    }

    /// The column in a row.
    var column: Int32
    /// The first byte in the profile.
    var offset: Int32
    var form: Form
    var hasStandIn: Bool
    var standIn: Float
    /// An older value is stale, and beyond `keep` it is none.
    var fresh: UInt32
    var keep: UInt32
    var bucketSeconds: UInt32
    /// Buckets in the window.
    var buckets: UInt32

    /// Windows are cut into so many buckets at most: what a window says is exact to a thirty-second of it, and one
    /// profile's counts of a window take 136 bytes.
    static let slots = 32
    static let ringHead = 8
    static let setBytes = 32
    static let setBits = 256

    init(_ feature: Feature, column: Int, offset: Int) {
        self.column = Int32(column)
        self.offset = Int32(offset)
        hasStandIn = feature.standIn != nil
        standIn = feature.standIn?.value ?? .nan
        fresh = UInt32(feature.freshSeconds ?? Int(UInt32.max))
        keep = UInt32(feature.keepSeconds ?? Int(UInt32.max))
        bucketSeconds = 1
        buckets = 0
        form = .cell
        guard let aggregate = feature.aggregate else { return }
        let window = UInt32(aggregate.windowMinutes * 60)
        bucketSeconds = (window + UInt32(Self.slots) - 1) / UInt32(Self.slots)
        buckets = (window + bucketSeconds - 1) / bucketSeconds
        switch aggregate.function {
        case .count: form = .counts
        case .sum: form = .sums
        case .mean: form = .means
        case .distinct: form = .sets
        case .last: keep = window
        }
    }

    var isSetFromOutside: Bool { form == .cell && buckets == 0 }

    /// How many bytes it takes in a profile.
    var bytes: Int {
        switch form {
        case .cell: 8
        case .counts: Self.ringHead + Self.slots * 4
        case .sums: Self.ringHead + Self.slots * 8
        case .means: Self.ringHead + Self.slots * 12
        case .sets: Self.ringHead + Self.slots * Self.setBytes
        }
    }
}
