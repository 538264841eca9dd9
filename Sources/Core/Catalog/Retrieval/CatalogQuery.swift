// What a request says of itself, in the numbers of one snapshot: which of the catalog's values it has. Values that
// the catalog does not know change nothing and take no room.
public import Units

/// Made once by a shard for a snapshot, and filled anew for each request.
@safe public struct CatalogQuery: ~Copyable, @unchecked Sendable {
    /// Requests have some dozens of values that a catalog knows; this bounds what a hostile one can cost.
    public static let mostValues = 4_096

    let snapshot: CatalogSnapshot
    let values: UnsafeMutablePointer<UInt32>
    private(set) var count = 0
    /// The single dimensions that have a value, a bit each.
    private var singles: UInt32 = 0
    private(set) var now = Instant(nanoseconds: 0)
    /// The request has more values than there is room for: nothing can be retrieved for it, since one that is
    /// left out might be what blocks an ad.
    public private(set) var isOverfull = false

    public init(_ snapshot: CatalogSnapshot) {
        self.snapshot = snapshot
        unsafe values = .allocate(capacity: Self.mostValues)
    }

    deinit { unsafe values.deallocate() }

    /// Starts a request: when it is, and which quarter of an hour of the week the viewer's clock shows.
    public mutating func start(at now: Instant, viewerQuarter: Int) {
        count = 0
        singles = 0
        isOverfull = false
        self.now = now
        let words = unsafe snapshot.pointer(.daypartWord, UInt64.self)
        let numbers = unsafe snapshot.pointer(.daypartValue, UInt32.self)
        let quarter = viewerQuarter % WeekMask.quarters
        precondition(quarter >= 0, "a week has no quarter before its first")
        for daypart in 0..<snapshot.count(.dayparts) {
            if unsafe words[daypart * WeekMask.words + quarter / 64] >> UInt64(quarter % 64) & 1 == 1 {
                unsafe append(numbers[daypart])
            }
        }
    }

    /// The request has this value. Of a dimension of which a request has one value, the first one counts.
    public mutating func add(_ dimension: Dimension, _ value: RawSpan) {
        var hash = ValueHash(dimension)
        let fold: UInt8 = dimension.ignoresCase ? 0x20 : 0
        for at in 0..<value.byteCount { hash.add(folded(value, at, fold)) }
        find(dimension, hash, length: value.byteCount) { [snapshot] string in
            let text = unsafe snapshot.text(string)
            for at in 0..<value.byteCount where unsafe text[at] != folded(value, at, fold) { return false }
            return true
        }
    }

    /// The same for a value of two parts, joined as catalogs write them: a place in its country, a custom value
    /// behind its key.
    public mutating func add(_ dimension: Dimension, _ first: RawSpan, _ second: RawSpan) {
        let joint = dimension == .custom ? UInt8(ascii: "=") : UInt8(ascii: "/")
        let fold: UInt8 = dimension.ignoresCase ? 0x20 : 0
        var hash = ValueHash(dimension)
        for at in 0..<first.byteCount { hash.add(folded(first, at, fold)) }
        hash.add(joint)
        for at in 0..<second.byteCount { hash.add(folded(second, at, fold)) }
        let middle = first.byteCount
        find(dimension, hash, length: middle + 1 + second.byteCount) { [snapshot] string in
            let text = unsafe snapshot.text(string)
            guard unsafe text[middle] == joint else { return false }
            for at in 0..<middle where unsafe text[at] != folded(first, at, fold) { return false }
            for at in 0..<second.byteCount where unsafe text[middle + 1 + at] != folded(second, at, fold) {
                return false
            }
            return true
        }
    }

    /// Where the viewer is: in which circles.
    public mutating func add(_ point: GlobePoint) {
        let key = GlobeCell.key(point)
        let keys = unsafe snapshot.pointer(.cellKey, UInt32.self)
        var low = 0
        var high = snapshot.count(.circleCells)
        while low < high {
            let middle = (low + high) / 2
            if unsafe keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        guard low < snapshot.count(.circleCells), unsafe keys[low] == key else { return }
        let viewer = UnitVector(point)
        while low < snapshot.count(.circleCells), unsafe keys[low] == key {
            let circle = unsafe Int(snapshot.pointer(.cellCircle, UInt32.self)[low])
            if snapshot.circle(circle, holds: viewer) {
                unsafe append(snapshot.pointer(.circleValue, UInt32.self)[circle])
            }
            low += 1
        }
    }

    /// What a block list of the catalog refuses, by its number there.
    public mutating func add(blockList: Int) {
        let blocked = unsafe snapshot.pointer(.blockValue, UInt32.self)
        for at in snapshot.range(.blockValueStart, blockList) { unsafe append(blocked[at]) }
    }

    private mutating func append(_ value: UInt32) {
        guard count < Self.mostValues else { return isOverfull = true }
        unsafe values[count] = value
        count += 1
    }

    /// Takes the value of this hash if there is one whose text has the length and is the same.
    @inline(__always)
    private mutating func find(
        _ dimension: Dimension, _ hash: ValueHash, length: Int, isSame: (UInt32) -> Bool
    ) {
        let bit = UInt32(1) << UInt32(dimension.rawValue)
        if dimension.isSingle, singles & bit != 0 { return }
        singles |= bit
        let slots = unsafe snapshot.pointer(.valueSlot, UInt32.self)
        let mask = snapshot.count(.valueSlots) - 1
        let dimensions = unsafe snapshot.pointer(.valueDimension, UInt8.self)
        let names = unsafe snapshot.pointer(.valueName, UInt32.self)
        var slot = hash.slot(of: mask + 1)
        while true {
            let value = unsafe slots[slot]
            if value == Layout.none { return }
            if unsafe dimensions[Int(value)] == dimension.rawValue, unsafe snapshot.text(names[Int(value)]).count == length,
                unsafe isSame(names[Int(value)])
            {
                return append(value)
            }
            slot = (slot + 1) & mask
        }
    }
}

/// A byte in lower case, where that is asked for.
@inline(__always)
private func folded(_ text: borrowing RawSpan, _ at: Int, _ fold: UInt8) -> UInt8 {
    let byte = unsafe text.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
    return byte &- 0x41 < 26 ? byte | fold : byte
}

extension CatalogSnapshot {
    func circle(_ circle: Int, holds viewer: UnitVector) -> Bool {
        func coordinate(_ column: Column) -> Double { unsafe Double(bitPattern: pointer(column, UInt64.self)[circle]) }
        let center = UnitVector(x: coordinate(.circleX), y: coordinate(.circleY), z: coordinate(.circleZ))
        return viewer.squaredChord(to: center) <= coordinate(.circleChord)
    }
}
