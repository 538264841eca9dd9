// One shard's counters at work: what other shards and other nodes say goes into them, what happens here goes out to
// those and into the journal.
import Catalog
import Decision
import Features
import Kernel
import Reactor
import Telemetry
import Units

/// Made and used on its shard's thread only.
final class ShardFrequency {
    private let shard: Int
    private let mail: FrequencyMail
    private let journal: NodeJournal?
    private unowned let reactor: Reactor
    /// Of the catalog that is served.
    var numbers: EntityNumbers?
    private var counters: FrequencyCounters
    private var metrics: FrequencyMetrics
    private var rewrite: FrequencyRewrite?
    /// The first shard's, where the node shares what it counts.
    private var shared: SharedFrequency?

    /// A shard that decides reads its mail before each decision; one that has nothing to do, so often.
    private static let pause = Interval.milliseconds(100)

    init(
        shard: Int, _ frequency: NodeFrequency, journal: NodeJournal?, reactor: Reactor,
        metrics: FrequencyMetrics
    ) {
        self.shard = shard
        self.journal = journal
        self.reactor = reactor
        self.metrics = metrics
        mail = frequency.mail
        counters = FrequencyCounters(frequency.options, from: frequency.remembered.replay.table)
        if let journal {
            rewrite = FrequencyRewrite(
                journal.journal, isWriter: shard == 0, setCount: counters.shown.setCount,
                every: frequency.rewrite, tick: Self.pause)
        }
        wait()
    }

    /// Once there is a reactor that turns.
    func share(_ shared: SharedFrequency) {
        self.shared = shared
        shared.onShown = { [unowned self] event in
            journal?.noteShown(event, isShared: true)
            metrics.shown.add()
            take(event)
        }
        shared.onPause = { [unowned self] place in journal?.noteSharedRead(place) }
        shared.start()
    }

    func end() { shared?.end() }

    private func wait() {
        _ = reactor.timer(at: reactor.now + Self.pause) { [weak self] in
            guard let self else { return }
            readMail()
            step()
            metrics.tell(counters.shown.tally, counters.promised.tally, isFirst: shard == 0)
            wait()
        }
    }

    private func step() {
        guard shard == 0, rewrite != nil, let journal else { return }
        let now = CountedSecond(Kernel.wallNow())
        if let said = rewrite?.step(counters.shown, asOf: now, journal.noteCounter) { tell(said) }
    }

    private func tell(_ kind: FrequencyMessage.Kind) {
        _ = mail.tell(FrequencyMessage(kind: kind, event: .nothing), from: shard)
    }

    private func readMail() {
        mail.read(as: shard) { message in
            switch message.kind {
            case .event:
                counters.take(message.event)
                // What a shard of this node counted, the first one tells other nodes.
                if message.event.kind == .shown { shared?.tell(message.event) }
            case .rewriteBegan: rewrite?.noteBeginning()
            case .rewriteEnded: rewrite?.noteEnd()
            }
        }
    }

    // MARK: A decision

    func begin(_ viewer: ViewerKeys, at now: Instant) {
        readMail()
        counters.begin(
            user: viewer.user, household: viewer.household, mayJournal: viewer.mayJournal, at: now)
    }

    func heldCap(ofLineItem lineItem: Int, _ numbers: EntityNumbers) -> HeldCap? {
        counters.heldCap(ofLineItem: lineItem, numbers)
    }

    func known(creative: Int, lineItem: Int, advertiser: Int, _ numbers: EntityNumbers) -> CreativeKnown {
        counters.known(creative: creative, lineItem: lineItem, advertiser: advertiser, numbers)
    }

    func promise(creative: Int, lineItem: Int, _ numbers: EntityNumbers) -> HeldCap? {
        let campaign = numbers.snapshot.campaign(ofLineItem: lineItem)
        return counters.promise(
            creative: creative, lineItem: lineItem,
            advertiser: numbers.snapshot.campaignRow(campaign).advertiser, numbers)
    }

    func takeBack(creative: Int, lineItem: Int, _ numbers: EntityNumbers) {
        counters.takeBack(creative: creative, lineItem: lineItem, numbers)
    }

    /// The answer is out: other shards hear what was promised in it.
    func finish() {
        for index in 0..<counters.promiseCount {
            metrics.promised.add()
            spread(counters.promise(at: index))
        }
    }

    // MARK: Notices

    /// An ad was shown, as a notice to this shard says for the first time.
    func noteShown(_ event: FrequencyEvent) {
        metrics.shown.add()
        journal?.noteShown(event, isShared: false)
        take(event)
        shared?.tell(event)
    }

    /// An ad will not be shown: the auction was lost.
    func noteReleased(_ event: FrequencyEvent) { take(event) }

    /// What this shard is the first to know.
    private func take(_ event: FrequencyEvent) {
        counters.take(event)
        spread(event)
    }

    private func spread(_ event: FrequencyEvent) {
        if !mail.tell(FrequencyMessage(kind: .event, event: event), from: shard) { metrics.lost.add() }
    }
}

extension FrequencyEvent {
    /// Nobody was shown anything.
    static let nothing = FrequencyEvent(
        .released, user: 0, household: 0, lineItem: EntityNumber(rawValue: 0),
        creative: EntityNumber(rawValue: 0), advertiser: EntityNumber(rawValue: 0),
        at: CountedSecond(rawValue: 0), until: CountedSecond(rawValue: 0), mayJournal: false)
}
