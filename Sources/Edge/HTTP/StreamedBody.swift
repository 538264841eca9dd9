// A body whose length nobody knows before its end. It is made piece by piece, each when those before it have
// left, so that it never takes more memory than the connection may have waiting.

/// Appends the next piece and answers true, or answers false where there is none left. Called on the
/// connection's thread for as long as the connection lives, and never again after its end.
public typealias BodySource = (inout BodyPiece) -> Bool

/// A piece of a body in the making.
public struct BodyPiece: ~Copyable {
    fileprivate unowned(unsafe) let buffer: ResponseBuffer

    public mutating func write(_ bytes: RawSpan) { bytes.withUnsafeBytes { buffer.append($0) } }
}

struct StreamedBody {
    /// Small pieces are gathered to this size: what is sealed as one record, and costs one size line.
    private static let chunkBytes = 16 * 1024

    let source: BodySource
    /// In chunks; else the end of the connection is the body's end.
    let isChunked: Bool
    /// How much of it may wait to be sent.
    let aheadBytes: Int

    /// The next bytes to send. They lie in the buffer and live until it is used again.
    func next(in buffer: ResponseBuffer) -> (bytes: UnsafeRawBufferPointer, isLast: Bool) {
        buffer.clear()
        let room = isChunked ? ChunkedEncoder.prefixBytesMax : 0
        buffer.append(upTo: room) { _ in room }
        var piece = BodyPiece(buffer: buffer)
        var isLast = false
        while !isLast, buffer.body.count < room + StreamedBody.chunkBytes { isLast = !source(&piece) }
        guard isChunked else { return (buffer.body, isLast) }

        // The size line stands right before the data, where only now its length is known.
        let count = buffer.body.count - room
        let start = room - (count > 0 ? ChunkedEncoder.prefixBytes(count: count) : 0)
        if count > 0 {
            buffer.overwrite(start..<room) { ChunkedEncoder.writePrefix(count: count, into: $0) }
            buffer.append(ChunkedEncoder.suffix)
        }
        if isLast { buffer.append(ChunkedEncoder.last) }
        return (UnsafeRawBufferPointer(rebasing: buffer.body[start...]), isLast)
    }
}
