// Bytes that could not be passed on at once: first in, first out, with a limit, and no memory while empty.

/// Owned by a wire, which frees it: a plain struct so that it costs nothing while it is not needed.
struct ByteQueue {
    private var memory: UnsafeMutableRawBufferPointer?
    private var start = 0
    private var end = 0

    var count: Int { end - start }
    var isEmpty: Bool { end == start }

    /// False, and nothing taken, where the queue would grow beyond `limit` bytes.
    mutating func append(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Bool {
        if bytes.isEmpty { return true }
        if count + bytes.count > limit { return false }
        makeRoom(for: bytes.count)
        if let memory { UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: bytes) }
        end += bytes.count
        return true
    }

    /// Moves as many bytes as fit to `target` and says how many those were.
    mutating func take(into target: UnsafeMutableRawBufferPointer) -> Int {
        let moved = min(count, target.count)
        guard moved > 0, let memory else { return 0 }
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<start + moved]))
        start += moved
        if isEmpty { free() }
        return moved
    }

    mutating func free() {
        memory?.deallocate()
        memory = nil
        start = 0
        end = 0
    }

    private mutating func makeRoom(for more: Int) {
        let smallest = 1024
        if let memory, end + more <= memory.count { return }
        let held = count
        let capacity = max(smallest, (held + more) * 2)
        let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        if let memory { grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end])) }
        memory?.deallocate()
        memory = grown
        start = 0
        end = held
    }
}
