// The buckets that all histograms share: log-linear, so that the error is relative and merging is addition.

/// Every power of two is cut into 32 equal buckets; below 64 ns each nanosecond has its own. A bucket's
/// highest value is at most 1/32 above any value in it. What is under 1 ns, and what is over
/// `longestNanoseconds`, falls into a bucket of its own at either end and counts there as 0 or as the longest
/// length.
public enum HistogramScale {
    /// The last length that is told apart from longer ones: 4.9 hours, beyond any request, connection or job
    /// whose length we watch.
    @inlinable public static var longestNanoseconds: Int64 { 1 << 44 - 1 }

    /// 2⁵ buckets per power of two bound the error by 1/32 ≈ 3 %, and keep a histogram at 10 KB per shard.
    @inlinable static var resolutionBits: Int { 5 }

    @inlinable static var belowBucket: Int { 0 }
    @inlinable static var aboveBucket: Int { bucketCount - 1 }

    /// The buckets of the range (its last is in the 38th doubling after the 64 exact ones), and one above it.
    @inlinable static var bucketCount: Int { (44 - resolutionBits + 1) << resolutionBits + 1 }

    @inlinable @inline(__always)
    static func bucket(of nanoseconds: Int64) -> Int {
        if nanoseconds < 1 { return belowBucket }
        if nanoseconds > longestNanoseconds { return aboveBucket }
        let value = UInt64(bitPattern: nanoseconds)
        let shift = max(0, 63 &- resolutionBits &- value.leadingZeroBitCount)
        return shift &<< resolutionBits
            &+ Int(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: shift))
    }

    /// The length as the sum takes it.
    @inlinable @inline(__always)
    static func clamped(_ nanoseconds: Int64) -> UInt64 {
        UInt64(bitPattern: min(max(nanoseconds, 0), longestNanoseconds))
    }

    /// The longest length that falls into a bucket.
    static func highest(in bucket: Int) -> Int64 {
        if bucket >= aboveBucket { return longestNanoseconds }
        let shift = max(0, bucket >> resolutionBits - 1)
        return Int64(bucket - shift << resolutionBits + 1) << Int64(shift) - 1
    }

    /// The bounds that every exported histogram has, in nanoseconds: 1, 2.5 and 5 of each decade from 1 µs to
    /// 10 s. Fixed, because a dashboard and an alert name them.
    static let exportedBounds: [Int64] = {
        var bounds: [Int64] = []
        var decade: Int64 = 1_000
        while decade < 10_000_000_000 {
            bounds += [decade, decade * 5 / 2, decade * 5]
            decade *= 10
        }
        return bounds + [decade]
    }()
}
