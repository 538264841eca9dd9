// What a shard makes of notices about its own ads: each event of an ad counts once, is written to the journal, and
// only then has its consequences.
import Catalog
import Decision
import Journal
import Kernel
import Ledger
import Notices
import Reactor
import Settings
import Telemetry
import Units

/// One for each shard, used on its thread only.
final class ShardNotices {
    /// The shard's own object, for the function that wakes it. No other thread looks into it.
    private final class Place: @unchecked Sendable {
        weak var shard: ShardNotices?
    }

    let shard: Int
    private var memory: NoticeMemory
    private let inbox: NodeNotices.Inbox
    private let decisions: ShardDecisions
    private let frequency: ShardFrequency
    private let journal: NodeJournal?
    let metrics: NoticeMetrics

    init(
        shard: Int, _ notices: NodeNotices, _ decisions: ShardDecisions, _ frequency: ShardFrequency,
        _ journal: NodeJournal?, _ metrics: NoticeMetrics, on reactor: Reactor
    ) {
        self.shard = shard
        self.decisions = decisions
        self.frequency = frequency
        self.journal = journal
        self.metrics = metrics
        memory = NoticeMemory(ads: notices.settings.adsRemembered)
        let now = Kernel.wallNow()
        for counted in notices.recall.counted where notices.owner(of: counted.notice) == shard {
            _ = memory.count(counted.event, of: counted.notice, at: now)
        }
        metrics.remembered.set(memory.used)
        inbox = notices.inboxes[shard]
        let place = Place()
        place.shard = self
        inbox.attach(reactor.remote) { _ in place.shard?.takeInbox(at: Kernel.wallNow()) }
    }

    /// What other shards were told of this one's ads.
    private func takeInbox(at now: Instant) {
        inbox.mailbox.takeAll { if !count($0, at: now) { metrics.count($0.event, .busy) } }
    }

    /// False where it has to be told again.
    func take(_ taken: TakenNotice, at now: Instant) -> Bool {
        // What came before through others and could not wake this shard.
        takeInbox(at: now)
        return count(taken, at: now)
    }

    /// A bill goes to the ledger first, which knows by itself what it has settled: what the journal does not take is
    /// not counted, so that it counts when it is told again.
    private func count(_ taken: TakenNotice, at now: Instant) -> Bool {
        if taken.notice.isTest { return countTest(taken, at: now) }
        guard settle(taken) else { return false }
        let verdict = memory.count(taken.event, of: taken.notice, at: now)
        metrics.count(taken.event, NoticeOutcome(verdict))
        metrics.remembered.set(memory.used)
        guard verdict == .first else { return true }
        let catalog = decisions.serving
        journal?.note(taken, catalog.places.find(taken.notice), catalog.snapshot, at: now)
        if taken.isBill { metrics.count(taken.price.basis) }
        frequency.note(taken.event, of: taken.notice, at: now)
        return true
    }

    /// Of a test's ad nothing was put aside: what is told of it bills nothing, counts for nobody's caps, and is in no
    /// journal.
    private func countTest(_ taken: TakenNotice, at now: Instant) -> Bool {
        let verdict = memory.count(taken.event, of: taken.notice, at: now)
        metrics.count(taken.event, verdict == .first ? .test : NoticeOutcome(verdict))
        metrics.remembered.set(memory.used)
        return true
    }

    /// What the notice does to the money that was put aside for the ad. False where that could not be written down.
    private func settle(_ taken: TakenNotice) -> Bool {
        let notice = taken.notice
        let key = ReservationKey(
            session: LedgerSession(notice.session), shard: UInt32(notice.shard), sequence: notice.sequence)
        if taken.isBill {
            let amount = ImpressionPrice.paid(
                of: notice.reserved, asked: taken.price.asked, bid: notice.highest)
            return decisions.money.settle(
                key, amount ?? notice.reserved, window: notice.window, reserved: notice.reserved) != nil
        }
        // A loss is final. After an error a bill may still come, so its money waits for the time to be over.
        if taken.event == .loss { decisions.money.release(key) }
        return true
    }
}

extension TakenNotice {
    /// Whether it makes the money spent: the exchange's bill, or the impression where none is sent.
    var isBill: Bool { event == (notice.isBilledByImpression ? .imp : .bill) }
}

extension NodeJournal {
    fileprivate func note(
        _ taken: TakenNotice, _ place: NoticePlace?, _ snapshot: CatalogSnapshot, at now: Instant
    ) {
        let notice = taken.notice
        append(.notice) { writer in
            CountedNotice(taken.event, of: notice).write(taken.price, reason: taken.reason, into: &writer)
            if let place {
                writer.put(text: snapshot.bytes(snapshot.campaignID(place.campaign)))
                writer.put(text: snapshot.bytes(snapshot.lineItemID(place.lineItem)))
                writer.put(text: snapshot.bytes(snapshot.creativeID(place.creative)))
            } else {
                for _ in 0..<3 { writer.put(text: "") }
            }
        }
    }
}
