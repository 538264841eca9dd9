// Pooled memory for bytes on their way out. Pieces of one size, taken and given back without asking the
// allocator.
import Kernel

/// A pool of equal pieces of memory. It grows by slabs up to its limit and never shrinks: what a shard needed
/// once it will need again, and a flat size is what an operator can plan with.
final class ChunkPool {
    /// A TLS record with its frame, or a dozen small answers.
    static let chunkBytes = 17 * 1024
    private static let slabChunks = 64

    private let limit: Int
    private var made = 0
    private var slabs: [UnsafeMutableRawPointer] = []
    private var free: [UnsafeMutableRawPointer] = []

    /// - Parameter limitBytes: what the pool may hold in all; beyond it `take` gives nothing.
    init(limitBytes: Int) {
        limit = max(1, limitBytes / ChunkPool.chunkBytes)
    }

    deinit {
        for slab in slabs { slab.deallocate() }
    }

    var inUse: Int { made - free.count }

    func take() -> UnsafeMutableRawPointer? {
        if let chunk = free.popLast() { return chunk }
        guard made < limit else { return nil }
        let count = min(ChunkPool.slabChunks, limit - made)
        let slab = UnsafeMutableRawPointer.allocate(
            byteCount: count * ChunkPool.chunkBytes, alignment: 64)
        slabs.append(slab)
        made += count
        free.reserveCapacity(made)
        for index in (0..<count).reversed() { free.append(slab + index * ChunkPool.chunkBytes) }
        return free.popLast()
    }

    func give(_ chunk: UnsafeMutableRawPointer) { free.append(chunk) }
}
