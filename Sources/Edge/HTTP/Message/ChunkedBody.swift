// Chunked bodies beside the decoder: gathering the data into a caller's buffer, and the lines that an encoder
// puts around its chunks.

/// What one call of `decode` did.
public struct ChunkStep: Equatable, Sendable {
    public enum State: Equatable, Sendable {
        case needsMore, outputFull, complete
        case refused(Refusal)
    }
    /// Bytes of the input that are done with.
    public var consumed: Int
    /// Bytes of the body written to the output.
    public var produced: Int
    public var state: State
}

extension ChunkedDecoder {
    /// Moves the body's data from the input to the output. Both may be the same memory, as long as the output
    /// begins no later than the input: the data is never longer than what carried it.
    public mutating func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> ChunkStep {
        var consumed = 0
        var produced = 0
        while true {
            switch next(input.bytes, at: &consumed, dataBytesMax: output.count &- produced) {
            case .data(let data):
                // Not nil, for there is data in it.
                if let from = input.baseAddress, let to = output.baseAddress {
                    (to + produced).copyMemory(from: from + Int(data.start), byteCount: Int(data.count))
                }
                produced &+= Int(data.count)
            case .needsMore:
                let isFull = isInData && consumed < input.count
                return ChunkStep(
                    consumed: consumed, produced: produced, state: isFull ? .outputFull : .needsMore)
            case .complete:
                return ChunkStep(consumed: consumed, produced: produced, state: .complete)
            case .refused(let refusal):
                return ChunkStep(consumed: consumed, produced: produced, state: .refused(refusal))
            }
        }
    }
}

/// The lines around the chunks that are sent: `prefix`, the data, `suffix`, …, `last`.
public enum ChunkedEncoder {
    /// Room enough for any `prefix`: sixteen digits, CR LF.
    public static let prefixBytesMax = 18
    public static var suffix: StaticString { "\r\n" }
    /// The chunk of size zero and the empty trailer section.
    public static var last: StaticString { "0\r\n\r\n" }

    /// The length of a chunk's size line.
    static func prefixBytes(count: Int) -> Int { digits(count) + 2 }

    private static func digits(_ count: Int) -> Int { (64 - count.leadingZeroBitCount + 3) / 4 }

    /// Writes the size line of a chunk and returns its length. A chunk of size zero would end the body.
    public static func writePrefix(count: Int, into output: UnsafeMutableRawBufferPointer) -> Int {
        precondition(count > 0, "an empty chunk is the last one")
        let digits = digits(count)
        precondition(output.count >= digits + 2, "no room for the chunk's size")
        for index in 0..<digits {
            let digit = UInt8(truncatingIfNeeded: count &>> (4 &* (digits &- 1 &- index))) & 0x0F
            output[index] = digit < 10 ? ASCII.zero &+ digit : UInt8(ascii: "a") &+ digit &- 10
        }
        output[digits] = ASCII.carriageReturn
        output[digits + 1] = ASCII.lineFeed
        return digits + 2
    }
}
