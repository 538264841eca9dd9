// The memory that reading needs: one block, allocated once by its owner and used for document after document.
// It bounds what a document may cost, because no document larger than it was made for is read.
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

    /// Allocates nine bytes for each byte of the largest document: every byte may be a token in the worst
    /// case, with its position (4), its partner bracket (4) and its kind (1).
    public init(maximumBytes: Int) {
        precondition(
            (0...Self.largestMaximumBytes).contains(maximumBytes),
            "a JSON scratch must be for 0 to 2,147,483,647 bytes")
        self.maximumBytes = maximumBytes
        let capacity = maximumBytes + Self.slackTokens
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: Self.headerBytes + 9 * capacity, alignment: 64)
        let positions = unsafe (block + Self.headerBytes).bindMemory(to: UInt32.self, capacity: 2 * capacity)
        let kinds = unsafe (block + Self.headerBytes + 8 * capacity).bindMemory(
            to: UInt8.self, capacity: capacity)
        unsafe self.block = block
        unsafe block.bindMemory(to: JSONIndex.self, capacity: 1).initialize(
            to: JSONIndex(
                bytes: UnsafePointer(kinds), count: 0, kinds: UnsafePointer(kinds),
                positions: UnsafePointer(positions), partners: UnsafePointer(positions + capacity)))
    }

    deinit { unsafe block.deallocate() }

    /// The index stands alone in the first cache line.
    private static let headerBytes = 64

    @usableFromInline var header: UnsafePointer<JSONIndex> {
        unsafe UnsafePointer(block.assumingMemoryBound(to: JSONIndex.self))
    }

    /// Fills the scratch with the tokens of the document. False if the bytes are not a valid one.
    mutating func index(_ bytes: RawSpan, depth: Int) -> Bool {
        let header = unsafe block.assumingMemoryBound(to: JSONIndex.self)
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            unsafe header.pointee.bytes = start.assumingMemoryBound(to: UInt8.self)
            unsafe header.pointee.count = bytes.count
            return unsafe csimd_json_index(
                header.pointee.bytes, bytes.count, UnsafeMutablePointer(mutating: header.pointee.positions),
                UnsafeMutablePointer(mutating: header.pointee.partners),
                UnsafeMutablePointer(mutating: header.pointee.kinds), UInt32(depth)) >= 0
        }
    }
}
