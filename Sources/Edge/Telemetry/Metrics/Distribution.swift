// A histogram as a value: what a scrape read from the shards, or what one thread collected for itself.
import Synchronization
public import Units

/// Lengths of time on the `HistogramScale`. Merging adds bucket to bucket, so it is exact: merged parts
/// answer every question as the whole would.
public struct Distribution: Sendable, Equatable {
    private(set) var buckets: [UInt64]
    public private(set) var count: UInt64 = 0
    var sumNanoseconds: UInt64 = 0

    public init() {
        buckets = Array(repeating: 0, count: HistogramScale.bucketCount)
    }

    public mutating func record(_ length: Interval) {
        add(1, to: HistogramScale.bucket(of: length.nanoseconds))
        sumNanoseconds &+= HistogramScale.clamped(length.nanoseconds)
    }

    public mutating func merge(_ other: Distribution) {
        for bucket in buckets.indices { add(other.buckets[bucket], to: bucket) }
        sumNanoseconds &+= other.sumNanoseconds
    }

    /// Adds what a shard's histogram holds at this moment.
    mutating func merge(cells: UnsafeMutablePointer<Cell>) {
        var merged: UInt64 = 0
        var own = buckets.mutableSpan
        for bucket in own.indices {
            let events = cells[bucket].load(ordering: .relaxed)
            own[bucket] &+= events
            merged &+= events
        }
        count &+= merged
        sumNanoseconds &+= cells[HistogramScale.bucketCount].load(ordering: .relaxed)
    }

    private mutating func add(_ events: UInt64, to bucket: Int) {
        buckets[bucket] += events
        count += events
    }

    /// Lengths of zero, or less than nothing, as a clock that was set can show them.
    public var belowRange: UInt64 { buckets[HistogramScale.belowBucket] }

    /// Lengths over the longest of the scale; quantiles report them as the longest.
    public var aboveRange: UInt64 { buckets[HistogramScale.aboveBucket] }

    public var mean: Interval? {
        count == 0 ? nil : Interval(nanoseconds: Int64(sumNanoseconds / count))
    }

    /// The length that this share of all lengths does not exceed: never less than the exact one, and at most
    /// 1/32 more. `quantile(0.99)` is the p99, `quantile(1)` the longest; nil where nothing was recorded.
    public func quantile(_ share: Double) -> Interval? {
        precondition((0...1).contains(share), "a quantile lies between 0 and 1, not at \(share)")
        if count == 0 { return nil }
        let rank = max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, events) in buckets.enumerated() {
            seen += events
            if seen >= rank { return Interval(nanoseconds: HistogramScale.highest(in: bucket)) }
        }
        return Interval(nanoseconds: HistogramScale.longestNanoseconds)
    }

    /// How many lengths are surely at most each of the exported bounds. A length that shares its bucket with
    /// the bound counts with the next one, so a bound may miss what lies within 1/32 below it and never
    /// includes what is slower.
    func countsUpToExportedBounds() -> [UInt64] {
        var counts: [UInt64] = []
        var seen: UInt64 = 0
        var bucket = 0
        for bound in HistogramScale.exportedBounds {
            while HistogramScale.highest(in: bucket) <= bound {
                seen += buckets[bucket]
                bucket += 1
            }
            counts.append(seen)
        }
        return counts
    }
}
