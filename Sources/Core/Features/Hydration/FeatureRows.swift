// Rows that models are given, with what stands behind each value: memory that its owner keeps and fills anew for each
// request.

/// Room for so many rows of one schema. A shard keeps one for the request and one for its candidates.
@safe public struct FeatureRows: ~Copyable, @unchecked Sendable {
    public let width: Int
    public let capacity: Int
    private let allValues: UnsafeMutablePointer<Float>
    private let allCodes: UnsafeMutablePointer<UInt8>
    private let asks: UnsafeMutablePointer<ProfileAsk>
    private let asksMost: Int
    /// Profiles that are asked for in these rows.
    public private(set) var askCount = 0

    /// All values are NaN and missing.
    ///
    /// - Parameter asksPerRow: profiles that a row is made of.
    public init(width: Int, capacity: Int, asksPerRow: Int) {
        (self.width, self.capacity) = (width, capacity)
        asksMost = capacity * asksPerRow
        unsafe asks = .allocate(capacity: max(asksMost, 1))
        let count = max(width * capacity, 1)
        unsafe allValues = .allocate(capacity: count)
        unsafe allValues.initialize(repeating: .nan, count: count)
        unsafe allCodes = .allocate(capacity: count)
        unsafe allCodes.initialize(repeating: FeatureCode.missing.rawValue, count: count)
    }

    deinit {
        unsafe allValues.deallocate()
        unsafe allCodes.deallocate()
        unsafe asks.deallocate()
    }

    public mutating func removeAsks() { askCount = 0 }

    public mutating func ask(for entity: FeatureEntity, key: UInt64, row: Int) {
        precondition(askCount < asksMost && row >= 0 && row < capacity, "there is no such row")
        let ask = ProfileAsk(entity: entity, row: UInt32(truncatingIfNeeded: row), key: key)
        unsafe (asks + askCount).initialize(to: ask)
        askCount += 1
    }

    public subscript(ask index: Int) -> ProfileAsk {
        precondition(index >= 0 && index < askCount, "nothing was asked so")
        return unsafe asks[index]
    }

    @inline(__always)
    private func place(_ row: Int, _ column: Int) -> Int {
        precondition(row >= 0 && row < capacity && column >= 0 && column < width, "there is no such value")
        return row &* width &+ column
    }

    public func value(_ row: Int, _ column: Int) -> Float { unsafe allValues[place(row, column)] }

    public func code(_ row: Int, _ column: Int) -> FeatureCode {
        FeatureCode(rawValue: unsafe allCodes[place(row, column)]) ?? .missing
    }

    public mutating func set(_ row: Int, _ column: Int, _ value: Float, _ code: FeatureCode) {
        let place = place(row, column)
        unsafe allValues[place] = value
        unsafe allCodes[place] = code.rawValue
    }

    /// What the profile that was asked for says at a time, made by so many changes.
    public mutating func answer(
        ask index: Int, from profile: RawSpan, version: UInt32, _ layout: ProfileLayout, at now: UInt32
    ) {
        let row = Int(self[ask: index].row)
        with(row) { values, codes in layout.hydrate(profile, at: now, into: &values, codes: &codes) }
        unsafe asks[index].version = version
    }

    /// Nothing is known of it.
    public mutating func answerUnknown(ask index: Int, _ layout: ProfileLayout) {
        fillUnknown(Int(self[ask: index].row), layout)
        unsafe asks[index].version = 0
    }

    /// Says how many changes had made a profile whose values were set one by one.
    public mutating func answered(ask index: Int, version: UInt32) {
        precondition(index >= 0 && index < askCount, "nothing was asked so")
        unsafe asks[index].version = version
    }

    public mutating func fillUnknown(_ row: Int, _ layout: ProfileLayout) {
        with(row) { values, codes in layout.hydrateUnknown(into: &values, codes: &codes) }
    }

    /// Nothing may be read of it.
    public mutating func fillForbidden(_ row: Int, _ layout: ProfileLayout) {
        with(row) { values, codes in layout.hydrateForbidden(into: &values, codes: &codes) }
    }

    @inline(__always)
    private func with(_ row: Int, _ body: (inout MutableSpan<Float>, inout MutableSpan<UInt8>) -> Void) {
        let start = place(row, 0)
        var values = unsafe MutableSpan(_unsafeStart: allValues + start, count: width)
        var codes = unsafe MutableSpan(_unsafeStart: allCodes + start, count: width)
        body(&values, &codes)
    }
}

/// A profile that a decision wants: whose, and the row that takes its values. Who answers says how many changes had
/// made it.
public struct ProfileAsk: Sendable {
    public let entity: FeatureEntity
    public let row: UInt32
    /// By `CompiledFeatures.key`.
    public let key: UInt64
    /// 0 where nothing is known.
    public fileprivate(set) var version: UInt32 = 0

    init(entity: FeatureEntity, row: UInt32, key: UInt64) {
        (self.entity, self.row, self.key) = (entity, row, key)
    }
}
