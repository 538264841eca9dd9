// The memory between the requests and the disk: a ring of bytes, addressed by their place in the journal's
// endless stream.

struct JournalRing {
    let bytes: Int
    private let memory: UnsafeMutableRawPointer
    private let mask: UInt64

    /// - Parameter bytes: a power of two.
    init(bytes: Int) {
        precondition(bytes.nonzeroBitCount == 1, "a ring of \(bytes) bytes: not a power of two")
        self.bytes = bytes
        memory = .allocate(byteCount: bytes, alignment: 4096)
        // Touched now, so that no request pays for the first use of a page.
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        mask = UInt64(bytes - 1)
    }

    func deallocate() { memory.deallocate() }

    /// Copies bytes to a place of the stream, in two pieces where the ring turns over.
    @inline(__always)
    func put(_ source: UnsafeRawBufferPointer, at place: UInt64) {
        guard let start = source.baseAddress else { return }
        let offset = Int(place & mask)
        let first = min(source.count, bytes - offset)
        (memory + offset).copyMemory(from: start, byteCount: first)
        if first < source.count { memory.copyMemory(from: start + first, byteCount: source.count - first) }
    }

    @inline(__always)
    func putZeros(_ count: Int, at place: UInt64) {
        var left = count
        while left > 0 {
            left -= 1
            (memory + Int((place + UInt64(left)) & mask)).storeBytes(of: 0, as: UInt8.self)
        }
    }

    /// The bytes of the stream from one place to another, or as far as they lie in one piece.
    func piece(from start: UInt64, to end: UInt64) -> UnsafeRawBufferPointer {
        let offset = Int(start & mask)
        return UnsafeRawBufferPointer(start: memory + offset, count: min(Int(end - start), bytes - offset))
    }
}
