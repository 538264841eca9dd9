// The broker's part in a pass over its journal: takes the rows of all exchanges, of which the last of each counts.
public import Ledger

/// Used by one thread, at a start.
public final class BrokerListener: JournalListener {
    public private(set) var memory = BrokerMemory()
    /// Why a record could not be read. Nothing is guessed: who finds one does not start.
    public private(set) var trouble: String?

    public init() {}

    public func needs(_ segment: RememberedSegment) -> Bool { true }

    public func take(_ record: RecordEntry, _ payload: RawSpan, of segment: SegmentHeader) {
        guard record.kind == .brokerRows, trouble == nil else { return }
        guard record.version == 1 else {
            trouble = "segment \(segment.number), record \(record.sequence): version \(record.version), not 1"
            return
        }
        do {
            memory.take(try BrokerRows(payload))
        } catch {
            trouble = "segment \(segment.number), record \(record.sequence): \(error)"
        }
    }
}
