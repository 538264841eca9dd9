// What a shard holds to count with: bare pointers into its own block of cells. Each cell has one writer, the
// shard's thread, so an update is a relaxed load and a relaxed store: plain moves, no locked instruction. Any
// thread may read the cells at any time.
public import Synchronization
public import Units

/// One number that one thread writes and every thread may read.
@usableFromInline
typealias Cell = Atomic<UInt64>

extension UnsafeMutablePointer where Pointee == Cell {
    @inlinable @inline(__always)
    func bump(by amount: UInt64) {
        // Not a read-modify-write: the one writer cannot race with itself.
        pointee.store(pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}

/// A number of events that only grows. Wraps after 2⁶⁴ events, which no process lives to see.
public struct Counter {
    @usableFromInline let cell: UnsafeMutablePointer<Cell>

    init(cell: UnsafeMutablePointer<Cell>) { self.cell = cell }

    @inlinable @inline(__always)
    public func add(_ count: Int = 1) {
        precondition(count >= 0, "a counter only grows")
        cell.bump(by: UInt64(bitPattern: Int64(count)))
    }

    /// What this shard has counted.
    public var value: Int { Int(truncatingIfNeeded: cell.pointee.load(ordering: .relaxed)) }
}

/// A whole number that goes up and down, such as connections that are open. A scrape sums the shards' values.
public struct Gauge {
    @usableFromInline let cell: UnsafeMutablePointer<Cell>

    init(cell: UnsafeMutablePointer<Cell>) { self.cell = cell }

    @inlinable @inline(__always)
    public func set(_ value: Int) {
        cell.pointee.store(UInt64(bitPattern: Int64(value)), ordering: .relaxed)
    }

    @inlinable @inline(__always)
    public func add(_ change: Int) {
        cell.bump(by: UInt64(bitPattern: Int64(change)))
    }
}

/// How lengths of time are distributed. What a bucket is, and how exact it is, `HistogramScale` says.
public struct Histogram {
    /// `HistogramScale.bucketCount` buckets, then the sum of nanoseconds.
    @usableFromInline let cells: UnsafeMutablePointer<Cell>

    init(cells: UnsafeMutablePointer<Cell>) { self.cells = cells }

    @usableFromInline static var cellCount: Int { HistogramScale.bucketCount + 1 }

    @inlinable @inline(__always)
    public func record(_ nanoseconds: Int64) {
        (cells + HistogramScale.bucket(of: nanoseconds)).bump(by: 1)
        (cells + HistogramScale.bucketCount).bump(by: HistogramScale.clamped(nanoseconds))
    }

    @inlinable @inline(__always)
    public func record(_ length: Interval) { record(length.nanoseconds) }
}

/// A counter of the whole process, which any thread may add to. It costs a locked instruction: for what is
/// rare, such as reloads. What happens per request belongs in a shard's `Counter`.
public struct SharedCounter: Sendable {
    let cell: SharedCell

    public func add(_ count: Int = 1) {
        precondition(count >= 0, "a counter only grows")
        cell.bits.wrappingAdd(UInt64(count), ordering: .relaxed)
    }
}

/// A gauge of the whole process, which any thread may set.
public struct SharedGauge: Sendable {
    let cell: SharedCell

    public func set(_ value: Double) {
        cell.bits.store(value.bitPattern, ordering: .relaxed)
    }
}

final class SharedCell: Sendable {
    let bits = Atomic<UInt64>(0)
}
