// The bytes of a request that did not come whole. Memory grows with what has arrived, never with what was
// announced.

/// Holds no memory while nothing is pending.
struct PendingRequest {
    private let pool: PendingPool
    private var memory: UnsafeMutableRawBufferPointer?
    private(set) var count = 0

    init(pool: PendingPool) { self.pool = pool }

    var isEmpty: Bool { count == 0 }

    var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: memory?.baseAddress, count: count)
    }

    /// False where the shard holds as much as it may, or this request `limit`.
    mutating func append(_ more: UnsafeRawBufferPointer, limit: Int) -> Bool {
        let wanted = count + more.count
        guard wanted <= limit else { return false }
        if wanted > memory?.count ?? 0 {
            // Doubling keeps the copying of a body that comes in pieces linear.
            guard let larger = pool.take(memory.map { max($0.count * 2, wanted) } ?? wanted) else {
                return false
            }
            larger.copyMemory(from: UnsafeRawBufferPointer(bytes))
            if let memory { pool.give(memory) }
            memory = larger
        }
        UnsafeMutableRawBufferPointer(rebasing: (memory ?? bytes)[count...]).copyMemory(from: more)
        count = wanted
        return true
    }

    /// Forgets the first bytes, and gives memory back where none are left.
    mutating func drop(_ used: Int) {
        guard used > 0, let memory else { return }
        count -= used
        if count == 0 {
            pool.give(memory)
            self.memory = nil
        } else if let base = memory.baseAddress {
            base.copyMemory(from: base + used, byteCount: count)
        }
    }

    /// Forgets the last bytes.
    mutating func shorten(to length: Int) { count = length }

    mutating func clear() { drop(count) }
}
