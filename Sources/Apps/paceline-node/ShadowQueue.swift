// Decisions on their way from a shard to the shadows' thread and back: a ring of copies, each of which is the shard's, then
// the thread's, then the shard's again. Nobody waits, and nothing is allocated once it is made.
import Decision
import Synchronization
import Units

/// Of one shard and one set of models; made off the shards' threads.
final class ShadowQueue: @unchecked Sendable {
    /// A thread that is let in ten times a second keeps up with a hundred and sixty samples a second.
    static let capacity = 16

    private let slots: UnsafeMutablePointer<ShadowSample>
    /// How many were put, by the shard; were asked about, by the thread; were taken out again, by the shard.
    private let put = Atomic<Int>(0)
    private let asked = Atomic<Int>(0)
    private var taken = 0
    private let oneIn: UInt64
    /// The thread's.
    var scorer: ShadowScorer
    let plan: ScoringPlan

    init(_ plan: ScoringPlan, oneIn: Int) {
        self.plan = plan
        self.oneIn = UInt64(oneIn)
        scorer = ShadowScorer(plan)
        slots = .allocate(capacity: Self.capacity)
        for at in 0..<Self.capacity { (slots + at).initialize(to: ShadowSample(plan)) }
    }

    deinit {
        slots.deinitialize(count: Self.capacity)
        slots.deallocate()
    }

    // MARK: On the shard's thread

    /// By the decision's number, so that the sample owes nothing to what a request says, nor to whose request is kept.
    func wants(_ decision: UInt64) -> Bool {
        var lots = SplitMix64(state: decision ^ 0x5368_6164_6F77)
        return lots.next() % oneIn == 0
    }

    /// Copies what was just decided. False where the thread is behind.
    func offer(_ decision: Decision, by decider: borrowing Decider) -> Bool {
        let number = put.load(ordering: .relaxed)
        guard number - taken < Self.capacity else { return false }
        if slots[number % Self.capacity].take(decision, by: decider) {
            put.store(number + 1, ordering: .releasing)
        }
        return true
    }

    /// Hands out what shadows were asked about, so many at the most.
    func takeAsked(most: Int, _ body: (borrowing ShadowSample) -> Void) {
        let end = min(asked.load(ordering: .acquiring), taken + most)
        while taken < end {
            body(slots[taken % Self.capacity])
            taken += 1
        }
    }

    // MARK: On the shadows' thread

    /// Lends the next decision that nobody was asked about; false where there is none.
    func askNext(_ body: (inout ShadowSample, inout ShadowScorer) -> Void) -> Bool {
        let number = asked.load(ordering: .relaxed)
        guard number < put.load(ordering: .acquiring) else { return false }
        body(&slots[number % Self.capacity], &scorer)
        asked.store(number + 1, ordering: .releasing)
        return true
    }
}
