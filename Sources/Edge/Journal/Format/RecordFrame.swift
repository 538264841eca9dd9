// What stands around every record: its checksum, length, sequence number, time, kind and version.
public import Units

/// What a record is about. A reader passes over kinds that it does not know.
public struct RecordKind: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The last record of a segment that is finished.
    public static let sealed = RecordKind(rawValue: 1)
    /// Records that this journal could not take, by reason.
    public static let lost = RecordKind(rawValue: 2)
}

/// The frame: 32 bytes before the payload, and zeros behind it up to the next multiple of eight.
///
///     0 checksum  4 length  8 sequence  16 time  24 kind  26 version  28 zero  32 payload
///
/// The checksum is the CRC32C of everything from the length to the payload's end, continuing the salt of the
/// session.
enum RecordFrame {
    static let headBytes = 32

    @inline(__always)
    static func byteCount(payload: Int) -> Int { (headBytes + payload + 7) & ~7 }

    /// A seal, which every segment keeps room for.
    static let sealBytes = byteCount(payload: Seal.byteCount)

    /// Writes the head of a record into 32 bytes.
    static func writeHead(
        into head: UnsafeMutableRawBufferPointer, kind: RecordKind, version: UInt16, sequence: UInt64,
        at time: Instant, payload: RawSpan, salt: UInt32
    ) {
        head.put(UInt32(payload.byteCount), at: 4)
        head.put(sequence, at: 8)
        head.put(time.nanoseconds, at: 16)
        head.put(kind.rawValue, at: 24)
        head.put(version, at: 26)
        head.put(UInt32(0), at: 28)
        let checked = UnsafeRawBufferPointer(rebasing: head[4..<headBytes])
        let checksum = CRC32C.checksum(
            of: payload, continuing: CRC32C.checksum(of: checked.bytes, continuing: salt))
        head.put(checksum, at: 0)
    }
}

/// One record of a segment. Its payload lies in the segment's bytes.
public struct RecordEntry: Equatable, Sendable {
    /// Where its frame starts.
    public let offset: Int
    public let sequence: UInt64
    public let time: Instant
    public let kind: RecordKind
    public let version: UInt16
    public let payload: Range<Int>
}

/// What a segment's last record says: why the segment ended.
public struct Seal: Equatable, Sendable {
    public enum Cause: UInt32, Sendable {
        case full, age, closed
        /// The writer did not end by itself: the next start found the end and cut what was torn.
        case recovered
    }

    static let byteCount = 16
    static let version: UInt16 = 1

    public var cause: Cause
    /// Records that were found damaged or behind damage and cut off; only of a recovered segment.
    public var recordsCut: UInt32 = 0
    public var bytesCut: UInt64 = 0

    func write(into bytes: UnsafeMutableRawBufferPointer) {
        bytes.put(cause.rawValue, at: 0)
        bytes.put(recordsCut, at: 4)
        bytes.put(bytesCut, at: 8)
    }

    public init(cause: Cause, recordsCut: UInt32 = 0, bytesCut: UInt64 = 0) {
        self.cause = cause
        self.recordsCut = recordsCut
        self.bytesCut = bytesCut
    }

    /// Nil where the payload is not one.
    init?(_ payload: RawSpan) {
        guard payload.byteCount == Self.byteCount else { return nil }
        let code: UInt32 = payload.number(at: 0)
        guard let cause = Cause(rawValue: code) else { return nil }
        self.cause = cause
        recordsCut = payload.number(at: 4)
        bytesCut = payload.number(at: 8)
    }
}
