// The first bytes of a segment: which journal it belongs to, where its records start, and whether the file
// before it was given up.
public import Units

/// A segment's header: 128 bytes, all numbers little-endian, the last four the CRC32C of the rest.
public struct SegmentHeader: Equatable, Sendable {
    public static let byteCount = 128
    /// Readers take this version and no other; a change of the layout is a new one.
    public static let formatVersion: UInt16 = 1
    /// `PLJOURNL`.
    static let magic: UInt64 = 0x4C4E_5255_4F4A_4C50
    /// Names of nodes have at most 63 bytes.
    public static let writerBytesMax = 64

    /// Counts the segments of one journal from 1, over all starts of its writer.
    public var number: UInt64
    /// The sequence number of its first record.
    public var firstSequence: UInt64
    /// When the header was written, by the wall clock of whoever wrote it.
    public var created: Instant
    /// One start of one writer.
    public var session: UInt64
    public var shard: UInt32
    /// The file before it failed: what that one holds from `firstSequence` on stands here again.
    public var followsFailure: Bool
    /// The node's name.
    public var writer: String

    public init(
        number: UInt64, firstSequence: UInt64, created: Instant, session: UInt64, shard: UInt32,
        followsFailure: Bool, writer: String
    ) {
        self.number = number
        self.firstSequence = firstSequence
        self.created = created
        self.session = session
        self.shard = shard
        self.followsFailure = followsFailure
        self.writer = writer
    }

    /// What every checksum of this session's records continues: a record of another journal does not fit in.
    public var salt: UInt32 { SegmentHeader.salt(session: session, shard: shard) }

    static func salt(session: UInt64, shard: UInt32) -> UInt32 {
        withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { bytes in
            bytes.storeBytes(of: session.littleEndian, as: UInt64.self)
            bytes.storeBytes(of: shard.littleEndian, toByteOffset: 8, as: UInt32.self)
            return CRC32C.checksum(of: UnsafeRawBufferPointer(bytes).bytes)
        }
    }

    /// Writes the header into memory of `byteCount` bytes. A longer name is cut.
    public func write(into bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= Self.byteCount, "a header takes \(Self.byteCount) bytes")
        for index in 0..<Self.byteCount { bytes[index] = 0 }
        bytes.put(Self.magic, at: 0)
        bytes.put(Self.formatVersion, at: 8)
        bytes.put(UInt16(Self.byteCount), at: 10)
        bytes.put(UInt32(followsFailure ? 1 : 0), at: 12)
        bytes.put(number, at: 16)
        bytes.put(firstSequence, at: 24)
        bytes.put(created.nanoseconds, at: 32)
        bytes.put(session, at: 40)
        bytes.put(shard, at: 48)
        let name = Array(writer.utf8.prefix(Self.writerBytesMax))
        bytes.put(UInt32(name.count), at: 52)
        for (index, byte) in name.enumerated() { bytes[56 + index] = byte }
        let checked = UnsafeRawBufferPointer(rebasing: bytes[..<124])
        bytes.put(CRC32C.checksum(of: checked.bytes), at: 124)
    }

    /// Whether nothing was ever written to a segment: it was prepared, and is not used yet.
    public static func isBlank(_ bytes: RawSpan) -> Bool { bytes.isZero(from: 0, to: bytes.byteCount) }

    /// Reads the header that a segment starts with.
    public init(_ bytes: RawSpan) throws(SegmentRefusal) {
        guard bytes.byteCount >= Self.byteCount else {
            throw SegmentRefusal(
                0, found: "\(bytes.byteCount) bytes", allowed: "a header of \(Self.byteCount) bytes")
        }
        let magic: UInt64 = bytes.number(at: 0)
        guard magic == Self.magic else {
            let isBlank = bytes.isZero(from: 0, to: Self.byteCount)
            throw SegmentRefusal(
                0, found: isBlank ? "zeros" : "other bytes", allowed: "the magic bytes PLJOURNL")
        }
        let version: UInt16 = bytes.number(at: 8)
        guard version == Self.formatVersion else {
            throw SegmentRefusal(8, found: "format \(version)", allowed: "format \(Self.formatVersion)")
        }
        let checksum: UInt32 = bytes.number(at: 124)
        let computed = CRC32C.checksum(of: bytes.extracting(0..<124))
        guard checksum == computed else {
            throw SegmentRefusal(
                124, found: "the checksum \(hexadecimal(checksum))",
                allowed: "\(hexadecimal(computed)), the CRC32C of the header")
        }
        let flags: UInt32 = bytes.number(at: 12)
        let length: UInt16 = bytes.number(at: 10)
        let nameLength: UInt32 = bytes.number(at: 52)
        number = bytes.number(at: 16)
        firstSequence = bytes.number(at: 24)
        guard length == Self.byteCount, flags <= 1, nameLength <= Self.writerBytesMax, number > 0,
            firstSequence > 0
        else {
            throw SegmentRefusal(
                10,
                found: "\(length) bytes, flags \(flags), a name of \(nameLength) bytes, number \(number), "
                    + "first sequence \(firstSequence)",
                allowed: "\(Self.byteCount) bytes, flags 0 or 1, a name of at most \(Self.writerBytesMax), "
                    + "both numbers from 1")
        }
        created = Instant(nanoseconds: bytes.number(at: 32))
        session = bytes.number(at: 40)
        shard = bytes.number(at: 48)
        followsFailure = flags & 1 == 1
        writer = bytes.extracting(56..<56 + Int(nameLength)).text
    }
}
