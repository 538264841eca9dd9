// What a record comes to: so that one in which nothing happened is not taken for one in which all went well.

public struct BillSums: Hashable, Sendable {
    public private(set) var sold = 0
    public private(set) var told = 0
    public private(set) var acknowledged = 0
    /// Acknowledged.
    public private(set) var micros: Int = 0
    public private(set) var refused = 0
    public private(set) var lost = 0

    public init(of record: BillRecord) {
        for event in record.events {
            switch event.kind {
            case .sold: sold += 1
            case .told: told += 1
            case .acknowledged:
                acknowledged += 1
                micros += Int(event.amount)
            case .refused: refused += 1
            case .lost: lost += 1
            }
        }
    }
}
