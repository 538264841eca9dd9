// How one entity's profiles lie in memory, and the one kernel that changes them and reads them: for the stream, for a
// backfill, and for whoever asks later whether a row was right.
internal import Units

/// The stored features of one entity. A profile is `bytes` bytes, all zero when nothing is known.
public struct ProfileLayout: Sendable {
    public let entity: FeatureEntity
    let columns: [ProfileColumn]
    /// For each event of the schema, which of `columns` want it; and their functions' last values among them.
    let wanting: [[Int]]
    public let bytes: Int
    /// About how many different items fill so many of a set's bits, the zero bits as index.
    private let filled: [Float]

    /// No clock is trusted further than that.
    public static let aheadMost: UInt32 = 300

    init(_ entity: FeatureEntity, of schema: FeatureSchema, events: [String]) {
        self.entity = entity
        var columns: [ProfileColumn] = []
        var wanting = [[Int]](repeating: [], count: events.count)
        var offset = 0
        for (index, feature) in schema.features.enumerated()
        where feature.entity == entity && feature.isStored {
            let column = ProfileColumn(feature, column: index, offset: offset)
            if let event = feature.aggregate.flatMap({ events.firstIndex(of: $0.event) }) {
                wanting[event].append(columns.count)
            }
            offset += column.bytes
            columns.append(column)
        }
        self.columns = columns
        self.wanting = wanting
        bytes = offset
        filled = Self.fillTable
    }

    /// The mean number of draws after which so many of 256 bits are still zero: a sum of fractions, the same everywhere.
    private static let fillTable: [Float] = {
        let bits = ProfileColumn.setBits
        var table = [Float](repeating: 0, count: bits + 1)
        var draws = 0.0
        for zeros in stride(from: bits - 1, through: 0, by: -1) {
            draws += Double(bits) / Double(zeros + 1)
            table[zeros] = Float(draws)
        }
        return table
    }()

    // MARK: Changing

    /// Whether some feature has a use for such a change; false for other entities' as well.
    private func wants(_ change: ProfileChange) -> Bool {
        guard change.entity == entity else { return false }
        if change.happened {
            return Int(change.number) < wanting.count && !wanting[Int(change.number)].isEmpty
        }
        return columns.contains { $0.column == Int32(change.number) && $0.isSetFromOutside }
    }

    /// Why a change would change no profile at all, whatever that holds.
    public func refusal(of change: ProfileChange, toldAt told: UInt32) -> ProfileOutcome? {
        guard wants(change) else { return .unknown }
        let (latest, overflow) = told.addingReportingOverflow(Self.aheadMost)
        return !overflow && change.seconds > latest ? .ahead : nil
    }

    /// Changes one profile by what was told at a time of the same clock. In whatever order the changes come, a profile
    /// ends up the same, but for what came after its window was over.
    public func apply(
        _ change: ProfileChange, toldAt told: UInt32, to profile: inout MutableRawSpan
    ) -> ProfileOutcome {
        precondition(profile.byteCount == bytes, "a profile of another layout")
        if let refusal = refusal(of: change, toldAt: told) { return refusal }
        if change.happened {
            var outcome = ProfileOutcome.late
            for index in wanting[Int(change.number)] {
                let column = columns[index]
                let isTaken =
                    column.form == .cell
                    ? set(Float(Double(change.amount) / 1_000_000), at: change.seconds, column, &profile)
                    : count(change, column, &profile)
                if isTaken { outcome = .applied }
            }
            return outcome
        }
        guard let column = columns.first(where: { $0.column == Int32(change.number) }) else {
            return .unknown
        }
        return set(change.value, at: change.seconds, column, &profile) ? .applied : .late
    }

    /// Of two values the later counts, and of two of one second the one whose bits are the larger number.
    private func set(
        _ value: Float, at seconds: UInt32, _ column: ProfileColumn, _ profile: inout MutableRawSpan
    ) -> Bool {
        let at = Int(column.offset)
        let stood = unsafe profile.unsafeLoad(fromByteOffset: at + 4, as: UInt32.self)
        guard seconds >= stood, seconds > 0 else { return false }
        if seconds == stood {
            let bits = unsafe profile.unsafeLoad(fromByteOffset: at, as: UInt32.self)
            guard value.bitPattern > bits else { return value.bitPattern == bits }
        }
        profile.storeBytes(of: value.bitPattern, toByteOffset: at, as: UInt32.self)
        profile.storeBytes(of: seconds, toByteOffset: at + 4, as: UInt32.self)
        return true
    }

    private func count(
        _ change: ProfileChange, _ column: ProfileColumn, _ profile: inout MutableRawSpan
    ) -> Bool {
        let start = Int(column.offset)
        let slots = UInt32(ProfileColumn.slots)
        // From one, so that zero is a ring in which nothing ever was.
        let bucket = change.seconds / column.bucketSeconds + 1
        let newest = unsafe profile.unsafeLoad(fromByteOffset: start, as: UInt32.self)
        if bucket > newest {
            // What lies between was empty, or is over.
            let oldest = bucket >= slots ? bucket - slots + 1 : 1
            var next = max(oldest, newest + 1)
            while next <= bucket {
                clear(slot: Int(next % slots), column, &profile)
                next += 1
            }
            profile.storeBytes(of: bucket, toByteOffset: start, as: UInt32.self)
        } else if newest - bucket >= slots {
            return false
        }
        let slot = Int(bucket % slots)
        let amount = max(-ProfileChange.amountMost, min(change.amount, ProfileChange.amountMost))
        let first = start + ProfileColumn.ringHead
        switch column.form {
        case .cell: break
        case .counts: increment(first + slot * 4, &profile)
        case .sums: add(amount, first + slot * 8, &profile)
        case .means:
            add(amount, first + slot * 8, &profile)
            increment(first + ProfileColumn.slots * 8 + slot * 4, &profile)
        case .sets:
            let bit = Int(change.item >> 56)
            let at = first + slot * ProfileColumn.setBytes + bit / 8
            let byte = unsafe profile.unsafeLoad(fromByteOffset: at, as: UInt8.self)
            profile.storeBytes(of: byte | 1 << UInt8(bit % 8), toByteOffset: at, as: UInt8.self)
        }
        return true
    }

    private func clear(slot: Int, _ column: ProfileColumn, _ profile: inout MutableRawSpan) {
        let first = Int(column.offset) + ProfileColumn.ringHead
        func zero(_ at: Int, _ count: Int, _ profile: inout MutableRawSpan) {
            for place in stride(from: at, to: at + count, by: 4) {
                profile.storeBytes(of: 0, toByteOffset: place, as: UInt32.self)
            }
        }
        switch column.form {
        case .cell: break
        case .counts: zero(first + slot * 4, 4, &profile)
        case .sums: zero(first + slot * 8, 8, &profile)
        case .means:
            zero(first + slot * 8, 8, &profile)
            zero(first + ProfileColumn.slots * 8 + slot * 4, 4, &profile)
        case .sets: zero(first + slot * ProfileColumn.setBytes, ProfileColumn.setBytes, &profile)
        }
    }

    /// Stops at the end of its bits.
    private func increment(_ at: Int, _ profile: inout MutableRawSpan) {
        let count = unsafe profile.unsafeLoad(fromByteOffset: at, as: UInt32.self)
        profile.storeBytes(of: count == .max ? count : count + 1, toByteOffset: at, as: UInt32.self)
    }

    private func add(_ amount: Int64, _ at: Int, _ profile: inout MutableRawSpan) {
        let sum = unsafe profile.unsafeLoad(fromByteOffset: at, as: Int64.self)
        let (new, overflow) = sum.addingReportingOverflow(amount)
        let end: Int64 = amount < 0 ? .min : .max
        profile.storeBytes(of: overflow ? end : new, toByteOffset: at, as: Int64.self)
    }

    // MARK: Reading

    /// How many features a profile has, and the column of each in a row.
    public var columnCount: Int { columns.count }
    public func column(at index: Int) -> Int { Int(columns[index].column) }

    /// What a profile says at a time, into a row's columns.
    @_lifetime(values: copy values)
    @_lifetime(codes: copy codes)
    public func hydrate(
        _ profile: RawSpan, at now: UInt32, into values: inout MutableSpan<Float>,
        codes: inout MutableSpan<UInt8>
    ) {
        precondition(profile.byteCount == bytes, "a profile of another layout")
        for index in columns.indices {
            let column = columns[index]
            let (value, code) =
                column.form == .cell ? cell(column, profile, now) : window(column, profile, now)
            values[Int(column.column)] = value
            codes[Int(column.column)] = code.rawValue
        }
    }

    /// What is given of something of which nothing is known.
    @_lifetime(values: copy values)
    @_lifetime(codes: copy codes)
    public func hydrateUnknown(into values: inout MutableSpan<Float>, codes: inout MutableSpan<UInt8>) {
        for index in columns.indices {
            let (value, code) = absent(columns[index])
            values[Int(columns[index].column)] = value
            codes[Int(columns[index].column)] = code.rawValue
        }
    }

    /// What is given of somebody of whom nothing may be read.
    @_lifetime(values: copy values)
    @_lifetime(codes: copy codes)
    public func hydrateForbidden(into values: inout MutableSpan<Float>, codes: inout MutableSpan<UInt8>) {
        for index in columns.indices {
            values[Int(columns[index].column)] = columns[index].standIn
            codes[Int(columns[index].column)] = FeatureCode.forbidden.rawValue
        }
    }

    @inline(__always)
    private func absent(_ column: ProfileColumn) -> (Float, FeatureCode) {
        (column.standIn, column.hasStandIn ? .defaulted : .missing)
    }

    @inline(__always)
    private func cell(
        _ column: ProfileColumn, _ profile: RawSpan, _ now: UInt32
    ) -> (Float, FeatureCode) {
        let at = Int(column.offset)
        let seconds = unsafe profile.unsafeLoad(fromByteOffset: at + 4, as: UInt32.self)
        let age = now > seconds ? now - seconds : 0
        guard seconds > 0, age <= column.keep else { return absent(column) }
        let bits = unsafe profile.unsafeLoad(fromByteOffset: at, as: UInt32.self)
        return (Float(bitPattern: bits), age <= column.fresh ? .present : .stale)
    }

    private func window(
        _ column: ProfileColumn, _ profile: RawSpan, _ now: UInt32
    ) -> (Float, FeatureCode) {
        let start = Int(column.offset)
        let slots = UInt32(ProfileColumn.slots)
        let current = now / column.bucketSeconds + 1
        let newest = unsafe profile.unsafeLoad(fromByteOffset: start, as: UInt32.self)
        // In the window, and still in the ring.
        let first = max(
            current >= column.buckets ? current - column.buckets + 1 : 1,
            newest >= slots ? newest - slots + 1 : 1)
        let last = min(current, newest)
        let slot0 = start + ProfileColumn.ringHead
        var count: UInt64 = 0
        var sum: Int64 = 0
        var set = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        var bucket = first
        while bucket <= last {
            let slot = Int(bucket % slots)
            switch column.form {
            case .cell: break
            case .counts:
                count += UInt64(unsafe profile.unsafeLoad(fromByteOffset: slot0 + slot * 4, as: UInt32.self))
            case .sums:
                sum = sum.addingCut(
                    unsafe profile.unsafeLoad(fromByteOffset: slot0 + slot * 8, as: Int64.self))
            case .means:
                sum = sum.addingCut(
                    unsafe profile.unsafeLoad(fromByteOffset: slot0 + slot * 8, as: Int64.self))
                count += UInt64(
                    unsafe profile.unsafeLoad(
                        fromByteOffset: slot0 + ProfileColumn.slots * 8 + slot * 4, as: UInt32.self))
            case .sets:
                let at = slot0 + slot * ProfileColumn.setBytes
                set.0 |= unsafe profile.unsafeLoad(fromByteOffset: at, as: UInt64.self)
                set.1 |= unsafe profile.unsafeLoad(fromByteOffset: at + 8, as: UInt64.self)
                set.2 |= unsafe profile.unsafeLoad(fromByteOffset: at + 16, as: UInt64.self)
                set.3 |= unsafe profile.unsafeLoad(fromByteOffset: at + 24, as: UInt64.self)
            }
            bucket += 1
        }
        switch column.form {
        case .cell, .counts: return (Float(count), .present)
        case .sums: return (Float(Double(sum) / 1_000_000), .present)
        case .means:
            // Nothing happened, so nothing has a mean.
            guard count > 0 else { return absent(column) }
            return (Float(Double(sum) / Double(count) / 1_000_000), .present)
        case .sets:
            let ones =
                set.0.nonzeroBitCount + set.1.nonzeroBitCount + set.2.nonzeroBitCount + set.3.nonzeroBitCount
            return (filled[ProfileColumn.setBits - ones], .present)
        }
    }
}

extension Int64 {
    /// Stops at the end of its bits.
    fileprivate func addingCut(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
