// A segment put together in memory, by the same functions that write one to disk: for a start, which ends what
// was not ended, and for whoever hands a segment on.
public import Units

public struct SegmentImage {
    public private(set) var bytes: [UInt8]
    private let salt: UInt32
    private var sequence: UInt64

    public init(_ header: SegmentHeader) {
        bytes = [UInt8](repeating: 0, count: SegmentHeader.byteCount)
        bytes.withUnsafeMutableBytes { header.write(into: $0) }
        salt = header.salt
        sequence = header.firstSequence
    }

    public mutating func append(_ kind: RecordKind, version: UInt16, at time: Instant, _ payload: RawSpan) {
        let start = bytes.count
        bytes.append(
            contentsOf: repeatElement(0, count: RecordFrame.byteCount(payload: payload.byteCount)))
        bytes.withUnsafeMutableBytes { bytes in
            let frame = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            payload.withUnsafeBytes { payload in
                UnsafeMutableRawBufferPointer(rebasing: frame[RecordFrame.headBytes...])
                    .copyMemory(from: payload)
            }
            RecordFrame.writeHead(
                into: frame, kind: kind, version: version, sequence: sequence, at: time, payload: payload,
                salt: salt)
        }
        sequence += 1
    }

    public mutating func seal(
        _ cause: Seal.Cause, recordsCut: UInt32 = 0, bytesCut: UInt64 = 0, at time: Instant
    ) {
        withUnsafeTemporaryAllocation(byteCount: Seal.byteCount, alignment: 8) { payload in
            Seal(cause: cause, recordsCut: recordsCut, bytesCut: bytesCut).write(into: payload)
            append(.sealed, version: Seal.version, at: time, UnsafeRawBufferPointer(payload).bytes)
        }
    }
}
