// What one thread tells all others of its kind, without a lock and without memory: plain values in a ring, which each
// of the others reads at its own pace.
import Synchronization

/// A ring with one writer and several readers, each with a place of its own. A reader that does not come round keeps
/// the writer from going on: a value that finds no room is not taken, and the writer counts it.
public final class Broadcast<Value: BitwiseCopyable & Sendable>: @unchecked Sendable {
    /// A place that one thread writes and others read, in a cache line of its own.
    private final class Place: Sendable {
        let value = Atomic<Int>(0)
        /// Neighbours in memory would slow one another down.
        let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    }

    private let room: UnsafeMutablePointer<Value>
    private let mask: Int
    private let written = Place()
    private let read: [Place]
    /// The slowest reader's place when the writer last looked.
    private var slowest = 0

    /// - Parameter capacity: a power of two.
    public init(capacity: Int, readers: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's room is a power of two")
        room = .allocate(capacity: capacity)
        mask = capacity - 1
        read = (0..<readers).map { _ in Place() }
    }

    deinit { room.deallocate() }

    /// Called by the writer only. False where a reader is so far behind that there is no room.
    public func tell(_ value: Value) -> Bool {
        let next = written.value.load(ordering: .relaxed)
        if next - slowest > mask {
            slowest = next
            for index in read.indices {
                slowest = min(slowest, read[index].value.load(ordering: .acquiring))
            }
            if next - slowest > mask { return false }
        }
        (room + next & mask).initialize(to: value)
        written.value.store(next + 1, ordering: .releasing)
        return true
    }

    /// Called by one reader for itself: the next value that it has not read yet.
    public func next(for reader: Int) -> Value? {
        let at = read[reader].value.load(ordering: .relaxed)
        guard at < written.value.load(ordering: .acquiring) else { return nil }
        let value = room[at & mask]
        read[reader].value.store(at + 1, ordering: .releasing)
        return value
    }
}
