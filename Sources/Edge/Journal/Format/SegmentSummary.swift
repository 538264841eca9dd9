// A whole segment in a few words: what `verify` says of it, and what a start needs to know.
import Units

/// What a segment holds, from its header to where its records end.
public struct SegmentSummary: Equatable, Sendable {
    public let header: SegmentHeader
    /// Without the seal.
    public let records: UInt64
    /// The number that the next record would have.
    public let nextSequence: UInt64
    /// Where the last good record ends.
    public let goodBytes: Int
    public let end: SegmentEnd?
    /// What stands where the records end, if it is neither a seal nor nothing.
    public let damage: SegmentRefusal?
    /// Bytes from the damage on that are not zero, counted from the damage to the last of them.
    public let damagedBytes: Int
    /// The damaged record and the whole ones behind it; at least so many were lost.
    public let recordsBehindDamage: UInt32

    /// Reads a whole segment. Only a header that cannot be read is a refusal of the whole.
    public init(_ bytes: RawSpan) throws(SegmentRefusal) {
        var reader = try SegmentReader(bytes)
        header = reader.header
        var records: UInt64 = 0
        var damage: SegmentRefusal?
        do {
            while let record = try reader.next() { records += record.kind == .sealed ? 0 : 1 }
        } catch {
            damage = error
        }
        self.records = records
        self.damage = damage
        nextSequence = reader.sequence
        goodBytes = reader.offset
        end = damage == nil ? reader.end : nil
        var last = damage == nil ? goodBytes : bytes.byteCount
        while last > goodBytes, bytes.byte(last - 1) == 0 { last -= 1 }
        damagedBytes = last - goodBytes
        let behind = damage == nil ? nil : reader.recordsBehindDamage()
        recordsBehindDamage =
            behind.map { behind in
                // The numbers between are of records whose bytes are gone.
                behind.count == 0 ? 1 : UInt32(clamping: behind.highest - reader.sequence + 1)
            } ?? 0
    }
}
