// The way of spans off the threads that record them: a ring of fixed size with one writer and one reader. Its writer never
// waits; what finds no room is lost, and counted by the writer.
import Synchronization
public import Tracing

/// Made for one thread that records, and read by the one that sends.
public final class SpanRing: @unchecked Sendable {
    private let places: UnsafeMutablePointer<SpanRecord>
    private let mask: Int
    /// Records that were ever put in: the writer's.
    private let written = Atomic<Int>(0)
    /// Records that were ever taken out: the reader's.
    private let taken = Atomic<Int>(0)

    /// - Parameter capacity: rounded up to a power of two.
    public init(capacity: Int) {
        precondition((1...1 << 20).contains(capacity), "a ring holds up to a million spans")
        let rounded = 1 << (Int.bitWidth - (capacity - 1).leadingZeroBitCount)
        places = .allocate(capacity: rounded)
        mask = rounded - 1
    }

    deinit { places.deallocate() }

    public var capacity: Int { mask + 1 }

    /// Of the writer's thread only. False where there is no room.
    public func put(_ record: SpanRecord) -> Bool {
        let next = written.load(ordering: .relaxed)
        guard next &- taken.load(ordering: .acquiring) <= mask else { return false }
        // A record owns nothing, so that what lay here before needs no farewell.
        (places + (next & mask)).initialize(to: record)
        written.store(next &+ 1, ordering: .releasing)
        return true
    }

    /// Of the reader's thread only: takes up to so many out, the oldest first.
    public func take(into records: inout [SpanRecord], most: Int) {
        let first = taken.load(ordering: .relaxed)
        let count = min(written.load(ordering: .acquiring) &- first, most)
        for index in 0..<max(count, 0) { records.append(places[(first &+ index) & mask]) }
        taken.store(first &+ max(count, 0), ordering: .releasing)
    }
}
