// One account's money on one shard, as sums that only grow. Every micro that the shard was ever allowed is in
// exactly one place:
//
//     allowance = settled + givenBack + open + marked + pool
//
// where open = authorised - settled - freed (bills may come), marked = drawn - authorised (under marks, not used),
// and pool = allowance + freed - drawn - givenBack (needs a mark first). Money that comes free goes to the pool and
// not back under its mark, so what a crash puts in doubt is what the last two marks cover, whatever was freed before.
internal import Units

struct ShardAccount: BitwiseCopyable {
    var isOpen = false
    /// The budget has nothing more to give for now.
    var isLast = false
    var isRecalled = false
    /// Stands in the list of those that the next turn looks at.
    var isDue = false
    /// Stands in the list of those to report.
    var isDirty = false
    /// Stands in the list of those that wait for the journal.
    var isWaiting = false

    var allowance = Micros.zero
    var drawn = Micros.zero
    /// Of what was drawn, the part whose marks are durable, seen before the fence.
    var usable = Micros.zero
    var authorised = Micros.zero
    var settled = Micros.zero
    var freed = Micros.zero
    var givenBack = Micros.zero
    var late = Micros.zero
    var former = FormerSums()

    /// Where the older of the two chunks that may be in doubt ends, of what was drawn.
    var olderEnd = Micros.zero
    /// The record with which the older chunk was used up; it is in doubt until that is durable.
    var passedAt = UInt64.max
    /// The last reservation's or closing's record, and the last record that freed money.
    var recordedAt: UInt64 = 0
    var freedAt: UInt64 = 0
    /// The record of the mark that is not usable yet. Zero for none.
    var pendingAt: UInt64 = 0
    var lastMark: UInt32 = 0
    var usableMark: UInt32 = 0

    /// The highest price that was ever asked for here: no chunk is smaller.
    var highest = Micros.zero
    /// The highest that was refused since the last mark: the last of a budget may still serve it.
    var refused = Micros.zero
    var chunk = Micros.zero
    var drawnAt = Instant(nanoseconds: .min)
    var askedUpTo = Micros.zero
    var askedAt = Instant(nanoseconds: .min)
    /// The record after which idle money goes back. Zero for none.
    var closingAt: UInt64 = 0
    var closing = Micros.zero

    var open: Micros { authorised - settled - freed }
    var marked: Micros { drawn - authorised }
    var pool: Micros { allowance + freed - drawn - givenBack }

    /// At most two chunks are ever in doubt: a third is drawn only when the first is used up, on the disk.
    func mayDraw(durable: UInt64) -> Bool {
        guard pendingAt == 0, closingAt == 0, !isRecalled, isOpen else { return false }
        return olderEnd == drawn || authorised >= olderEnd && passedAt <= durable
    }

    /// What was refused would fit into what there is, but not into what is left of two chunks that are in doubt.
    var isSplit: Bool {
        pendingAt == 0 && closingAt == 0 && marked > .zero && marked < refused && marked + pool >= refused
            && authorised < olderEnd
    }

    /// What a pod and the next one may take at once.
    private static let burstImpressions: Int64 = 8

    var burst: Micros { highest.multiplied(by: Self.burstImpressions) ?? highest }

    /// What the next chunk should be: what was spent lately in a chunk's time, by how long the last one took.
    func nextChunk(at now: Instant, lasting interval: Interval) -> Micros {
        // Where there is plenty, a chunk has room for a burst; the last of a budget goes by single impressions.
        let isPlenty = !isLast && pool.rawValue / 2 >= burst.rawValue
        let least = max(isPlenty ? burst : highest, Micros(1))
        guard chunk > .zero else { return least }
        // Far in the past before the first draw; what overflows lasted long enough.
        let (took, overflow) = now.nanoseconds.subtractingReportingOverflow(drawnAt.nanoseconds)
        // What was refused meanwhile was not spent, but would have been: the disk is slower than a chunk lasts.
        if refused > .zero { return max(least, chunk.multiplied(by: 2) ?? chunk) }
        let span = overflow ? Int64.max : max(took, 1)
        // From half to four times the last one: traffic that comes at once is followed within a few commits.
        let wanted = Int128(chunk.rawValue) * Int128(interval.nanoseconds) / Int128(span)
        let bounded = min(max(wanted, Int128(chunk.rawValue / 2)), Int128(chunk.rawValue) * 4)
        return max(least, Micros(Int64(clamping: bounded)))
    }
}
