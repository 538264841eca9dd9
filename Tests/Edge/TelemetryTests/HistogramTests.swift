// The buckets' edges and errors, and quantiles against the exact ones of sorted lengths.
import Testing
import Units

@testable import Telemetry

@Suite struct HistogramTests {
    /// Both sides of every power of two, and what lies between them.
    static let edges: [Int64] = (0..<63).flatMap { shift -> [Int64] in
        let power: Int64 = 1 << shift
        return [power - 1, power, power + 1, power + power / 3]
    }

    @Test(arguments: edges)
    func aBucketBoundsItsLengths(length: Int64) {
        let bucket = HistogramScale.bucket(of: length)
        let highest = HistogramScale.highest(in: bucket)
        #expect(bucket < HistogramScale.bucketCount)
        if length > HistogramScale.longestNanoseconds {
            #expect(bucket == HistogramScale.aboveBucket && highest == HistogramScale.longestNanoseconds)
        } else {
            #expect(highest >= length)
            #expect(Double(highest - length) <= Double(length) / 32)
            if bucket > 0 { #expect(HistogramScale.highest(in: bucket - 1) < length) }
        }
    }

    @Test func everyBucketIsReachedInOrder() {
        var last: Int64 = -1
        for bucket in 0..<HistogramScale.aboveBucket {
            let highest = HistogramScale.highest(in: bucket)
            #expect(highest > last)
            #expect(HistogramScale.bucket(of: highest) == bucket)
            #expect(HistogramScale.bucket(of: last + 1) == bucket)
            last = highest
        }
        #expect(last == HistogramScale.longestNanoseconds)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func quantilesAreExactWithinOneIn32(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        // Lengths of every magnitude: a random number of random bits.
        let lengths = (0..<5_000).map { _ -> Int64 in
            Int64(random.next() >> UInt64.random(in: 20...63, using: &random))
        }
        var whole = Distribution()
        var parts = [Distribution(), Distribution(), Distribution()]
        for length in lengths {
            whole.record(Interval(nanoseconds: length))
            parts[Int(random.next() % 3)].record(Interval(nanoseconds: length))
        }
        let sorted = lengths.sorted()
        for share in [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1] {
            let rank = max(1, Int((share * Double(sorted.count)).rounded(.up)))
            let exact = sorted[rank - 1]
            let found = whole.quantile(share)!.nanoseconds
            #expect(found >= exact, "seed \(seed) p\(share)")
            #expect(Double(found - exact) <= Double(exact) / 32, "seed \(seed) p\(share)")
        }
        let merged = parts.reduce(into: Distribution()) { $0.merge($1) }
        #expect(merged == whole, "seed \(seed): merging is exact")
        #expect(whole.mean!.nanoseconds == sorted.reduce(0, +) / Int64(sorted.count), "seed \(seed)")
    }

    @Test func whatIsOutsideTheRangeSaturatesAndIsCounted() {
        var lengths = Distribution()
        for nanoseconds in [Int64.min, -1, 0, 1, .max, HistogramScale.longestNanoseconds + 1] {
            lengths.record(Interval(nanoseconds: nanoseconds))
        }
        #expect(lengths.count == 6)
        #expect(lengths.belowRange == 3)
        #expect(lengths.aboveRange == 2)
        #expect(lengths.quantile(0) == .zero)
        #expect(lengths.quantile(1)?.nanoseconds == HistogramScale.longestNanoseconds)
        #expect(lengths.sumNanoseconds == 1 + 2 * UInt64(HistogramScale.longestNanoseconds))
    }

    @Test func nothingRecordedHasNoQuantile() {
        #expect(Distribution().quantile(0.5) == nil)
        #expect(Distribution().mean == nil)
    }

    @Test func exportedBoundsNeverIncludeWhatIsSlower() {
        for (index, bound) in HistogramScale.exportedBounds.enumerated() {
            for length in [bound - bound / 32 - 1, bound + 1] {
                var lengths = Distribution()
                lengths.record(Interval(nanoseconds: length))
                #expect(
                    lengths.countsUpToExportedBounds()[index] == (length < bound ? 1 : 0),
                    "\(length) at \(bound)")
            }
        }
        #expect(HistogramScale.exportedBounds.count == 22)
    }
}
