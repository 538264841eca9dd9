// The memory that reading needs: one block, allocated once by its owner and used for document after document. It
// bounds what a document may cost, because no document larger than it was made for is read.
internal import CSIMD

/// Room for the tokens of one document at a time. A shard keeps one and reads every request with it.
@safe public struct JSONScratch: ~Copyable, @unchecked Sendable {
    /// The largest document, in bytes, that can be read with this scratch.
    public let maximumBytes: Int

    @usableFromInline let block: UnsafeMutableRawPointer

    /// What a block may at most be made for: token positions are 32 bits wide.
    public static let largestMaximumBytes = Int(Int32.max)

    /// A vector kernel writes whole vectors of tokens: up to one vector of positions beyond the last token.
    @usableFromInline static let slackTokens = 128

    /// Allocates nine bytes for each byte of the largest document: every byte may be a token in the worst case,
    /// with its position (4), its partner bracket (4) and its kind (1).
    public init(maximumBytes: Int) {
        precondition(
            (0...Self.largestMaximumBytes).contains(maximumBytes),
            "a JSON scratch must be for 0 to 2,147,483,647 bytes")
        self.maximumBytes = maximumBytes
        unsafe block = .allocate(byteCount: 9 * (maximumBytes + Self.slackTokens), alignment: 64)
    }

    deinit { unsafe block.deallocate() }

    /// The parts of the block: positions, partners, kinds. Kinds come last, behind more than 64 bytes of the others,
    /// so that a kernel may look at the bytes before the first kind.
    @usableFromInline var positions: UnsafeMutablePointer<UInt32> {
        unsafe block.assumingMemoryBound(to: UInt32.self)
    }
    @usableFromInline var partners: UnsafeMutablePointer<UInt32> {
        unsafe positions + (maximumBytes + Self.slackTokens)
    }
    @usableFromInline var kinds: UnsafeMutablePointer<UInt8> {
        unsafe (block + 8 * (maximumBytes + Self.slackTokens)).assumingMemoryBound(to: UInt8.self)
    }

    /// Fills the scratch with the tokens of the document. False if the bytes are not a valid one.
    mutating func index(_ bytes: RawSpan, depth: Int) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            return unsafe csimd_json_index(
                start.assumingMemoryBound(to: UInt8.self), bytes.count, positions, partners, kinds, UInt32(depth)) >= 0
        }
    }
}
