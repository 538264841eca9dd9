// For each bucket of a histogram one call that fell into it: its trace, and the decision that `paceline explain` shows.
// Written by the shard with a few plain stores, and read by a scrape without stopping it.
import Synchronization
public import Tracing
public import Units

/// Whose length it was.
struct Exemplar: Equatable {
    /// Not valid where the call was in no trace that is recorded.
    var trace: TraceID
    var decision: UInt64
    var length: Interval
    /// By the wall clock.
    var at: Instant
}

/// A shard's place for the exemplars of one histogram.
public struct Exemplars {
    /// A number that is odd while the others change; trace, decision, length and time.
    private static let cellsOfOne = 6
    static let count = HistogramScale.exportedBounds.count + 1
    static var cellCount: Int { count * cellsOfOne }

    /// A call without a trace takes the place of one that is older: a scrape of every 15 s has seen that.
    private static let freshFor = Interval.seconds(15)

    private let cells: UnsafeMutablePointer<Cell>
    /// The exported bucket of each bucket.
    private let places: UnsafePointer<UInt8>

    init(cells: UnsafeMutablePointer<Cell>) {
        self.cells = cells
        places = Self.placesOfBuckets.places
    }

    /// Takes down a call, if none with a trace or none at all was taken down of late.
    ///
    /// - Parameter now: by the wall clock.
    public func record(_ length: Interval, decision: UInt64, _ trace: TraceID?, at now: Instant) {
        let place = places[HistogramScale.bucket(of: length.nanoseconds)]
        guard place != Self.between else { return }
        let one = cells + Int(place) * Self.cellsOfOne
        if trace == nil {
            let last = Int64(bitPattern: one[5].load(ordering: .relaxed))
            // Under a clock that was set back the next one is taken.
            if last > 0, (0..<Self.freshFor.nanoseconds).contains(now.nanoseconds - last) { return }
        }
        let version = one[0].load(ordering: .relaxed)
        one[0].store(version | 1, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
        one[1].store(trace?.high ?? 0, ordering: .relaxed)
        one[2].store(trace?.low ?? 0, ordering: .relaxed)
        one[3].store(decision, ordering: .relaxed)
        one[4].store(UInt64(bitPattern: length.nanoseconds), ordering: .relaxed)
        one[5].store(UInt64(bitPattern: now.nanoseconds), ordering: .relaxed)
        one[0].store((version | 1) &+ 1, ordering: .releasing)
    }

    /// What is there now; nil where nothing is, or the shard was just writing, again and again.
    static func read(_ cells: UnsafeMutablePointer<Cell>, place: Int) -> Exemplar? {
        let one = cells + place * cellsOfOne
        for _ in 0..<8 {
            let before = one[0].load(ordering: .acquiring)
            if before == 0 { return nil }
            let exemplar = Exemplar(
                trace: TraceID(
                    high: one[1].load(ordering: .relaxed), low: one[2].load(ordering: .relaxed)),
                decision: one[3].load(ordering: .relaxed),
                length: Interval(nanoseconds: Int64(bitPattern: one[4].load(ordering: .relaxed))),
                at: Instant(nanoseconds: Int64(bitPattern: one[5].load(ordering: .relaxed))))
            atomicMemoryFence(ordering: .acquiring)
            if before & 1 == 0, one[0].load(ordering: .relaxed) == before { return exemplar }
        }
        return nil
    }

    // MARK: Buckets

    /// A bucket with an exported bound in its midst: its lengths count with the next one, and one below the bound would
    /// not lie where it is shown.
    private static let between = UInt8.max

    /// Made once, and never freed: handles point into it.
    private static let placesOfBuckets = Places()

    private struct Places: @unchecked Sendable {
        let places: UnsafePointer<UInt8>

        init() {
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: HistogramScale.bucketCount)
            var place = 0
            let bounds = HistogramScale.exportedBounds
            for bucket in 0..<HistogramScale.bucketCount {
                let highest = bucket == HistogramScale.aboveBucket ? .max : HistogramScale.highest(in: bucket)
                let lowest = bucket == 0 ? 0 : HistogramScale.highest(in: bucket - 1) + 1
                while place < bounds.count, bounds[place] < lowest { place += 1 }
                let isBetween = place < bounds.count && bounds[place] < highest
                (memory + bucket).initialize(to: isBetween ? Exemplars.between : UInt8(place))
            }
            places = UnsafePointer(memory)
        }
    }
}
