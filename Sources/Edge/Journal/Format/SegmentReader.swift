// Reads a segment's records in order, and stops at the first byte that is not as a writer leaves it.
import Units

/// Where a segment's records end.
public enum SegmentEnd: Equatable, Sendable {
    /// The writer finished it. Nothing follows.
    case sealed(Seal)
    /// Zeros from here to the end of the file: a segment that is being written, or whose writer ended.
    case blank
    /// The file ends behind a whole record, without a seal.
    case unsealed
}

/// One pass over a segment that lies in memory. It may be one that is being written: then a refusal, or a
/// blank end, may only mean that the writer has not come that far, and `resuming` reads on from there later.
public struct SegmentReader: ~Escapable {
    public let header: SegmentHeader
    private let bytes: RawSpan
    private let salt: UInt32
    /// Where the next record's frame starts, and the number that it must have.
    public private(set) var offset: Int
    public private(set) var sequence: UInt64
    /// Once `next` has answered nil.
    public private(set) var end: SegmentEnd?

    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(SegmentRefusal) {
        header = try SegmentHeader(bytes)
        self.bytes = bytes
        salt = header.salt
        offset = SegmentHeader.byteCount
        sequence = header.firstSequence
    }

    /// Goes on where an earlier reader of the same segment stood.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, resuming offset: Int, sequence: UInt64) throws(SegmentRefusal) {
        try self.init(bytes)
        guard offset >= self.offset, offset <= bytes.byteCount, offset % 8 == 0 else {
            throw SegmentRefusal(
                offset, found: "no place of a record",
                allowed: "a multiple of 8 from \(self.offset) to \(bytes.byteCount)")
        }
        self.offset = offset
        self.sequence = sequence
    }

    @_lifetime(copy self)
    public func payload(of record: RecordEntry) -> RawSpan { bytes.extracting(record.payload) }

    /// The next record, the seal included, or nil at the end. A refusal leaves the reader where it stands.
    @_lifetime(self: copy self)
    public mutating func next() throws(SegmentRefusal) -> RecordEntry? {
        guard end == nil else { return nil }
        if offset == bytes.byteCount {
            end = .unsealed
            return nil
        }
        if try isBlank() {
            end = .blank
            return nil
        }
        let record = try record(at: offset)
        guard record.sequence == sequence else {
            throw SegmentRefusal(
                offset + 8, found: "sequence number \(record.sequence)", allowed: "\(sequence)")
        }
        let after = offset + RecordFrame.byteCount(payload: record.payload.count)
        if record.kind == .sealed {
            guard record.version == Seal.version, let seal = Seal(payload(of: record)) else {
                throw SegmentRefusal(offset, found: "a seal of another form", allowed: "version 1")
            }
            // Zeros are space that was not given back to the disk yet.
            guard bytes.isZero(from: after, to: bytes.byteCount) else {
                throw SegmentRefusal(after, found: "other bytes behind the seal", allowed: "none, or zeros")
            }
            end = .sealed(seal)
        }
        offset = after
        sequence += 1
        return record
    }

    /// Whether nothing was written from here on.
    private func isBlank() throws(SegmentRefusal) -> Bool {
        guard bytes.isZero(from: offset, to: min(offset + RecordFrame.headBytes, bytes.byteCount)) else {
            return false
        }
        guard bytes.isZero(from: offset, to: bytes.byteCount) else {
            throw SegmentRefusal(
                offset, found: "zeros with other bytes behind them", allowed: "a record, or zeros to the end")
        }
        return true
    }

    /// The record whose frame starts here, whatever its number.
    private func record(at offset: Int) throws(SegmentRefusal) -> RecordEntry {
        let room = bytes.byteCount - offset
        guard room >= RecordFrame.headBytes else {
            throw SegmentRefusal(
                offset, found: "\(room) bytes", allowed: "a frame of \(RecordFrame.headBytes) bytes")
        }
        let length: UInt32 = bytes.number(at: offset + 4)
        guard Int(length) <= room - RecordFrame.headBytes,
            RecordFrame.byteCount(payload: Int(length)) <= room
        else {
            throw SegmentRefusal(
                offset + 4, found: "a record of \(length) bytes",
                allowed: "at most \(room - RecordFrame.headBytes), which are left")
        }
        let payload = offset + RecordFrame.headBytes..<offset + RecordFrame.headBytes + Int(length)
        let checksum: UInt32 = bytes.number(at: offset)
        let computed = CRC32C.checksum(
            of: bytes.extracting(offset + 4..<payload.upperBound), continuing: salt)
        guard checksum == computed else {
            throw SegmentRefusal(
                offset, found: "the checksum \(hexadecimal(checksum))",
                allowed: "\(hexadecimal(computed)), the CRC32C of the record")
        }
        let reserved: UInt32 = bytes.number(at: offset + 28)
        let after = offset + RecordFrame.byteCount(payload: Int(length))
        guard reserved == 0, bytes.isZero(from: payload.upperBound, to: after) else {
            throw SegmentRefusal(
                payload.upperBound, found: "other bytes in the frame's padding", allowed: "zeros")
        }
        return RecordEntry(
            offset: offset, sequence: bytes.number(at: offset + 8),
            time: Instant(nanoseconds: bytes.number(at: offset + 16)),
            kind: RecordKind(rawValue: bytes.number(at: offset + 24)),
            version: bytes.number(at: offset + 26), payload: payload)
    }

    /// Whole records of this segment behind a damage, and the highest number among them. A machine that stops
    /// may have written a later page and not an earlier one.
    func recordsBehindDamage() -> (count: UInt32, highest: UInt64) {
        var count: UInt32 = 0
        var highest: UInt64 = 0
        var place = offset + 8
        // Garbage could ask for one long checksum after another; real records need each byte once.
        var allowance = 16 * bytes.byteCount
        while place + RecordFrame.headBytes <= bytes.byteCount, allowance > 0 {
            let number: UInt64 = bytes.number(at: place + 8)
            // Only what could be a later record is worth a checksum: numbers grow with the bytes.
            let isPlausible = number > sequence && number - sequence <= UInt64(place - offset) / 32 + 1
            let length: UInt32 = bytes.number(at: place + 4)
            if isPlausible { allowance -= min(Int(length), bytes.byteCount) }
            if isPlausible, let record = try? record(at: place) {
                count += 1
                highest = max(highest, record.sequence)
                place += RecordFrame.byteCount(payload: record.payload.count)
            } else {
                place += 8
            }
        }
        return (count, highest)
    }
}
