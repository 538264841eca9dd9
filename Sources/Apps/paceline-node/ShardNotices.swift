// What a shard makes of notices about its own ads: each event of an ad counts once, is written to the journal, and
// only then has its consequences.
import Catalog
import Decision
import HTTP
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

    /// What becomes of an answer to a notice.
    enum Taken {
        case told
        /// It is given when the disk has what it speaks of.
        case held
        /// It has to be told again.
        case refused
    }

    let shard: Int
    /// On whose connections answers wait. It outlives everything that its thread serves.
    weak var server: Server?
    private let notices: NodeNotices
    private var memory: NoticeMemory
    private var held = HeldBills()
    /// The last record that a bill has made.
    private var lastBill: UInt64 = 0
    private let decisions: ShardDecisions
    private let frequency: ShardFrequency
    private let journal: NodeJournal?
    let metrics: NoticeMetrics

    init(
        shard: Int, _ notices: NodeNotices, _ decisions: ShardDecisions, _ frequency: ShardFrequency,
        _ journal: NodeJournal?, _ metrics: NoticeMetrics, on reactor: Reactor
    ) {
        self.shard = shard
        self.notices = notices
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
        let place = Place()
        place.shard = self
        notices.inboxes[shard].attach(reactor.remote) { _ in place.shard?.takeInbox(at: Kernel.wallNow()) }
        notices.answers[shard].attach(reactor.remote) { _ in place.shard?.takeAnswers() }
        journal?.whenDurable { [weak self] number in self?.release(upTo: number, isDurable: true) }
        journal?.whenInTrouble { [weak self] in self?.release(upTo: .max, isDurable: false) }
    }

    /// What other shards were told of this one's ads.
    private func takeInbox(at now: Instant) {
        notices.inboxes[shard].mailbox.takeAll { taken in
            let isCounted = count(taken, at: now)
            if !isCounted { metrics.count(taken.event, refusal(of: taken)) }
            guard let answer = taken.answer else { return }
            switch isCounted ? hold(answer) : .refused {
            case .held: break
            case .told: tell(answer, isDurable: true)
            case .refused: tell(answer, isDurable: false)
            }
        }
    }

    func take(_ taken: TakenNotice, at now: Instant) -> Taken {
        // What came before through others and could not wake this shard.
        takeInbox(at: now)
        guard count(taken, at: now) else { return .refused }
        return taken.answer.map { hold($0) } ?? .told
    }

    // MARK: Answers that wait for the disk

    /// A bill that came before waits too: for the record of the first one, which may not be there yet.
    private func hold(_ answer: BillAnswer) -> Taken {
        guard let journal = journal?.journal, lastBill > journal.durable else { return .told }
        guard held.hold(answer, until: lastBill) else { return .refused }
        journal.commit(upTo: lastBill)
        return .held
    }

    private func release(upTo record: UInt64, isDurable: Bool) {
        while let answer = held.take(upTo: record) { tell(answer, isDurable: isDurable) }
    }

    /// What finds no room on its way to another shard is not told, and that shard says 503 after a while.
    private func tell(_ answer: BillAnswer, isDurable: Bool) {
        guard answer.shard == shard else {
            _ = notices.answers[answer.shard].put(ToldBill(answer: answer, isDurable: isDurable))
            return
        }
        server?.answer(answer.place) { response in
            response.allowNotices()
            if isDurable { response.take(isPicture: answer.isPicture) } else { response.refuseForNow() }
        }
        if isDurable { decisions.money.noteReached() }
    }

    private func takeAnswers() {
        notices.answers[shard].mailbox.takeAll { tell($0.answer, isDurable: $0.isDurable) }
    }

    /// A bill goes to the ledger first, which knows by itself what it has settled: what the journal does not take is
    /// not counted, so that it counts when it is told again.
    private func count(_ taken: TakenNotice, at now: Instant) -> Bool {
        if taken.notice.isTest { return countTest(taken, at: now) }
        let isClaim = isElsewhere(taken)
        if isClaim {
            guard memory.knows(taken.event, of: taken.notice, at: now) || claim(taken) else { return false }
        } else {
            guard settle(taken) else { return false }
        }
        let verdict = memory.count(taken.event, of: taken.notice, at: now)
        metrics.count(taken.event, isClaim && verdict == .first ? .claimed : NoticeOutcome(verdict))
        metrics.remembered.set(memory.used)
        guard verdict == .first else { return true }
        defer { if taken.isBill { lastBill = journal?.journal.accepted ?? 0 } }
        write(.notice, taken)
        if taken.isBill { metrics.count(taken.price.basis) }
        frequency.note(taken.event, of: taken.notice, at: now)
        decisions.shading.note(taken)
        decisions.calibration?.note(taken)
        return true
    }

    private func write(_ kind: RecordKind, _ taken: TakenNotice) {
        let catalog = decisions.serving
        journal?.note(kind, taken, catalog.places.find(taken.notice), catalog.snapshot)
    }

    /// Of a test's ad nothing was put aside: what is told of it bills nothing and counts for nobody's caps. Its record is
    /// of a kind of its own, so that the same notice is a duplicate after a start too.
    private func countTest(_ taken: TakenNotice, at now: Instant) -> Bool {
        let verdict = memory.count(taken.event, of: taken.notice, at: now)
        metrics.count(taken.event, verdict == .first ? .test : NoticeOutcome(verdict))
        metrics.remembered.set(memory.used)
        if verdict == .first { write(.testNotice, taken) }
        return true
    }

    /// Why a notice was not counted.
    func refusal(of taken: TakenNotice) -> NoticeOutcome {
        isElsewhere(taken) && account(of: taken.notice) == nil ? .elsewhere : .busy
    }

    /// A bill of another node's ad, whose token is signed with a key that both have.
    private func isElsewhere(_ taken: TakenNotice) -> Bool {
        taken.isBill && !decisions.money.knows(taken.notice.key, window: taken.notice.window)
    }

    /// Which account of the issuer's pays for another node's ad. The token names it by the issuer's number; its currency is what
    /// the issuer has said of the account, or that of the campaign.
    private func account(of notice: Notice) -> (account: AccountIndex, currency: CurrencyCode)? {
        let serving = decisions.serving
        let currency =
            serving.places.find(notice).map {
                CurrencyCode(rawValue: serving.snapshot.campaignRow($0.campaign).currency)
            } ?? nil
        return decisions.money.claimed(notice.window, currency)
    }

    /// Writes a bill of another node's ad down, for the account's issuer. False where it could not be, and where nobody would pay it
    /// then: told that it was taken, who bills would never hear of it again.
    private func claim(_ taken: TakenNotice) -> Bool {
        let notice = taken.notice
        guard let (account, currency) = account(of: notice) else { return false }
        let amount = ImpressionPrice.paid(
            of: notice.reserved, asked: taken.price.asked, bid: notice.highest)
        let claim = Claim(
            key: notice.key, account: account, currency: currency, reserved: notice.reserved,
            amount: amount ?? notice.reserved)
        guard let record = decisions.money.claim(claim) else { return false }
        lastBill = max(lastBill, record)
        return true
    }

    /// What the notice does to the money that was put aside for the ad. False where that could not be written down.
    private func settle(_ taken: TakenNotice) -> Bool {
        let notice = taken.notice
        let key = notice.key
        if taken.isBill {
            let amount = ImpressionPrice.paid(
                of: notice.reserved, asked: taken.price.asked, bid: notice.highest)
            let settled = decisions.money.settle(
                key, amount ?? notice.reserved, window: notice.window, reserved: notice.reserved)
            if let settled { lastBill = max(lastBill, settled.record) }
            return settled != nil
        }
        // A loss is final. After an error a bill may still come, so its money waits for the time to be over.
        if taken.event == .loss { decisions.money.release(key) }
        return true
    }
}

extension Notice {
    /// How the ledger calls the reservation.
    fileprivate var key: ReservationKey {
        ReservationKey(session: LedgerSession(session), shard: UInt32(shard), sequence: sequence)
    }
}

extension TakenNotice {
    /// Whether it makes the money spent: the exchange's bill, or the impression where none is sent.
    var isBill: Bool { event == (notice.isBilledByImpression ? .imp : .bill) }
}

extension NodeJournal {
    fileprivate func note(
        _ kind: RecordKind, _ taken: TakenNotice, _ place: NoticePlace?, _ snapshot: CatalogSnapshot
    ) {
        let notice = taken.notice
        append(kind) { writer in
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
