// All that is known of one subject, copied out of the counters for one request.
internal import Units

/// Memory for one subject, filled anew for each request and then asked about hundreds of line items: most of them are
/// ruled out by a bit.
@safe public struct FrequencyLook: ~Copyable, @unchecked Sendable {
    private let cells: UnsafeMutablePointer<CounterCell>
    private let entities: UnsafeMutablePointer<UInt32>
    private var count = 0
    /// A bit for each thing that is known, by the low bits of its number.
    private var bits = InlineArray<8, UInt64>(repeating: 0)

    public init() {
        unsafe cells = .allocate(capacity: FrequencyTable.countersMost)
        unsafe entities = .allocate(capacity: FrequencyTable.countersMost)
    }

    deinit {
        unsafe cells.deallocate()
        unsafe entities.deallocate()
    }

    public mutating func removeAll() {
        count = 0
        bits = InlineArray(repeating: 0)
    }

    mutating func add(_ cell: CounterCell) {
        precondition(count < FrequencyTable.countersMost, "a subject has no more counters")
        unsafe (cells + count).initialize(to: cell)
        unsafe (entities + count).initialize(to: cell.entity.rawValue)
        count += 1
        bits[Int(cell.entity.rawValue >> 6 & 7)] |= 1 << UInt64(cell.entity.rawValue & 63)
    }

    /// Impressions of a thing from this second on; all of them where it is nil.
    @inline(__always)
    public func impressions(of entity: EntityNumber, since start: CountedSecond?) -> Int {
        mayKnow(entity) ? search(entity, start) : 0
    }

    /// False where nothing is known of a thing.
    @inline(__always)
    func mayKnow(_ entity: EntityNumber) -> Bool {
        bits[Int(entity.rawValue >> 6 & 7)] >> UInt64(entity.rawValue & 63) & 1 == 1
    }

    private func search(_ entity: EntityNumber, _ start: CountedSecond?) -> Int {
        for index in 0..<count where unsafe entities[index] == entity.rawValue {
            guard let start else { return unsafe Int(cells[index].life) }
            return unsafe cells[index].count(since: start)
        }
        return 0
    }
}
