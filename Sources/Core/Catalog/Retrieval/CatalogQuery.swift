// What a request says of itself, in the numbers of one snapshot: which of the catalog's values it has. Values that
// the catalog does not know change nothing and take no room.
public import Units

/// Made once by a shard for a snapshot, and filled anew for each request.
@safe public struct CatalogQuery: ~Copyable, @unchecked Sendable {
    /// Requests have some dozens of values that a catalog knows; this bounds what a hostile one can cost.
    public static let mostValues = 4_096

    let snapshot: CatalogSnapshot
    private let index: ValueIndex
    let values: UnsafeMutablePointer<UInt32>
    /// Of its values.
    public private(set) var count = 0
    /// The single dimensions that have a value, a bit each.
    private var singles: UInt32 = 0
    private(set) var now = Instant(nanoseconds: 0)
    /// The request has more values than there is room for: nothing can be retrieved for it, since one that is
    /// left out might be what blocks an ad.
    public private(set) var isOverfull = false

    public init(_ snapshot: CatalogSnapshot) {
        self.snapshot = snapshot
        index = ValueIndex(snapshot)
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
        if isFirst(dimension), let number = index.find(dimension, value) { append(number) }
    }

    /// The same for a value of two parts, joined as catalogs write them: a place in its country, a custom value
    /// behind its key.
    public mutating func add(_ dimension: Dimension, _ first: RawSpan, _ second: RawSpan) {
        if isFirst(dimension), let number = index.find(dimension, first, second) { append(number) }
    }

    /// The number of a value that line items ask for; nil where none does.
    public mutating func targetedValue(_ dimension: Dimension, _ value: RawSpan) -> UInt32? {
        index.find(dimension, value)
    }

    private mutating func isFirst(_ dimension: Dimension) -> Bool {
        let bit = UInt32(1) << UInt32(dimension.rawValue)
        defer { singles |= bit }
        return !dimension.isSingle || singles & bit == 0
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

    /// A value by its number, as `value(at:)` gave it; of another catalog it is none.
    public mutating func add(number: UInt32) {
        if number < UInt32(clamping: snapshot.count(.values)) { append(number) }
    }

    public func value(at index: Int) -> UInt32 {
        precondition(index >= 0 && index < count, "there is no such value")
        return unsafe values[index]
    }

    /// What a block list of the catalog refuses, by its number there.
    public mutating func add(blockList: Int) {
        let blocked = unsafe snapshot.pointer(.blockValue, UInt32.self)
        for at in snapshot.list(.blockValueStart, .blockLists, blockList) { unsafe append(blocked[at]) }
    }

    private mutating func append(_ value: UInt32) {
        guard count < Self.mostValues else { return isOverfull = true }
        unsafe values[count] = value
        count += 1
    }
}

extension CatalogSnapshot {
    func circle(_ circle: Int, holds viewer: UnitVector) -> Bool {
        func coordinate(_ column: Column) -> Double {
            unsafe Double(bitPattern: pointer(column, UInt64.self)[circle])
        }
        let center = UnitVector(x: coordinate(.circleX), y: coordinate(.circleY), z: coordinate(.circleZ))
        return viewer.squaredChord(to: center) <= coordinate(.circleChord)
    }
}
