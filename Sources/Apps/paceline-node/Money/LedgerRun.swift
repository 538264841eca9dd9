// What the ledger's thread does: passes messages between the issuer, the holder and the shards, each in its words.
import Kernel
import Ledger
import LedgerWire
import Synchronization
import Units

/// Used by the main thread before the ledger's own starts, and by that from then on.
final class LedgerRun: @unchecked Sendable {
    /// Days, leases and recalls are looked at so often.
    static let turnMilliseconds: Int32 = 100
    /// A node may go on so long without a word of its issuer, which is in the same process.
    private static let lease = Interval.seconds(600)

    private unowned let ledger: NodeLedger
    /// Used where there is no other.
    private var local: LocalIssuer
    private var holder: Holder
    private var issuerEffects: [IssuerEffect] = []
    private var holderEffects: [HolderEffect] = []
    /// Orders that wait until their shard takes them. A shard that does not start has none.
    private var outbox: [[ShardOrder]]
    private var publishedAt = Instant(nanoseconds: .min)
    /// By account of this session, whose it is and what each shard has spent of it.
    private var spenders: [AccountIndex: (campaign: String, shards: [CampaignSpending])] = [:]
    /// How long the last lease is that an issuer on another machine gave.
    private var leaseLength: Interval?
    private var isFenced = false

    private let remote: Remote?

    /// An issuer on another machine, and the way there.
    private final class Remote {
        var session: IssuerSession
        let link: IssuerLink

        init(_ session: IssuerSession, _ link: IssuerLink) {
            self.session = session
            self.link = link
        }
    }

    init(_ ledger: NodeLedger) {
        self.ledger = ledger
        remote = ledger.remote.map { Remote($0.session, $0.link) }
        local = LocalIssuer(ledger.opening, session: ledger.session, lease: Self.lease)
        holder = Holder(session: ledger.session, shards: ledger.shards)
        outbox = Array(repeating: [], count: ledger.shards)
    }

    func handle(_ messages: [NodeLedger.Message]) {
        let now = ledger.clock.now
        var changes = 0
        for message in messages {
            switch message {
            case .asked(let shard, let account, let upTo):
                tellHolder(.asked(shard: shard, account, upTo: upTo), now)
            case .reported(let shard, let report):
                spenders[report.account]?.shards[shard] = CampaignSpending(
                    settled: report.settled, open: report.open)
                tellHolder(.reported(shard: shard, report), now)
            case .ended(let shard): tellHolder(.ended(shard: shard), now)
            case .termsChanged(let terms):
                tellIssuer(.termsChanged(terms), now)
                changes += 1
            case .noted(let account): changeRemote { $0.noted(account) }
            case .recorded(let records):
                changeRemote { session in for record in records { session.recorded(record) } }
            case .claimed(let claims):
                changeRemote { session in for claim in claims { session.claimed(claim) } }
            case .heard(let outcome): hear(outcome, now)
            }
        }
        tellIssuer(.turned, now)
        compareClocks()
        tellHolder(.turned, now)
        judgeFence(now)
        ledger.reach.turn(at: now)
        say(now)
        for shard in outbox.indices where !outbox[shard].isEmpty {
            if ledger.post(outbox[shard], to: shard) { outbox[shard].removeAll() }
        }
        publish(now, changes)
    }

    /// Operators look once in a while, and each look is a copy.
    private func publish(_ now: Instant, _ changes: Int) {
        let isDue = changes > 0 || now >= publishedAt + .milliseconds(500)
        guard isDue else { return }
        publishedAt = now
        var spending = ledger.spentBefore
        for (campaign, shards) in spenders.values {
            for shard in shards { spending[campaign, default: CampaignSpending()] += shard }
        }
        let money = remote?.session.money() ?? local.money()
        let view = remote.map { NodeLedger.IssuerView($0.session, fence: holder.fence) }
        var forgotten: [NodeEvidence.Forgotten] = []
        var forgottenClaims: Set<ReservationKey> = []
        changeRemote {
            forgotten = $0.forget(at: now)
            forgottenClaims = $0.forgetClaims()
        }
        let currencies = remote?.session.currencies ?? [:]
        ledger.state.withLock { state in
            state.money = money
            state.spending = spending
            state.changes += changes
            state.issuer = view
            state.forgotten += forgotten
            state.forgottenClaims.formUnion(forgottenClaims)
            state.currencies = currencies
        }
    }

    private func tellIssuer(_ event: IssuerEvent, _ now: Instant) {
        if let remote {
            remote.session.handle(event, at: now, &issuerEffects)
        } else {
            local.handle(event, at: now, &issuerEffects)
        }
        followIssuer(now)
    }

    private func followIssuer(_ now: Instant) {
        let effects = issuerEffects
        issuerEffects.removeAll(keepingCapacity: true)
        for effect in effects {
            switch effect {
            case .open(let account, let name, let highest):
                tellHolder(.opened(account, name, highest: highest), now)
            case .close(let account): tellHolder(.closed(account), now)
            case .grant(let account, let upTo, let isLast):
                tellHolder(.granted(account, upTo: upTo, isLast: isLast), now)
            case .lease(let sentAt, let length):
                leaseLength = length
                tellHolder(.leased(sentAt: sentAt, for: length), now)
            case .bill(let key, let account, let amount, let reserved):
                outbox[ledger.owner(of: key)].append(.bill(key, account, amount, reserved: reserved))
            }
        }
    }

    // MARK: The issuer elsewhere

    private func changeRemote(_ body: (inout IssuerSession) -> Void) {
        guard let remote else { return }
        body(&remote.session)
    }

    private func say(_ now: Instant) {
        guard let remote else { return }
        let sayings = remote.session.next(at: now)
        guard !sayings.isEmpty else { return }
        remote.link.say(sayings) { [weak ledger] outcome in ledger?.heard(outcome) }
    }

    private func hear(_ outcome: IssuerLink.Outcome, _ now: Instant) {
        switch outcome {
        case .answered(let words, let audit):
            changeRemote { $0.answered(words, audit: audit, at: now, &issuerEffects) }
        case .unanswered: changeRemote { $0.unanswered(at: now) }
        }
        followIssuer(now)
        guard let remote, case .over(let refusal) = remote.session.phase else { return }
        let why = "the issuer does not renew this session any more: \(refusal.rawValue)"
        // Of a clone nobody knows which of the two the journals are.
        if refusal == .cloned { ledger.leave(why) } else { ledger.end(why) }
    }

    /// A machine that stood still, or whose clock ran ahead, cannot know how much of its lease is left.
    private func compareClocks() {
        guard remote != nil, let leaseLength else { return }
        let (now, wall) = ledger.clock.both
        let margin = SessionLease.margin(of: leaseLength)
        tellHolder(
            .clocksRead(wall: wall, tolerance: Interval(nanoseconds: margin.nanoseconds / 2)), now)
        if holder.lease.isBroken {
            ledger.leave("the machine's clocks have parted, so that the lease cannot be counted any more")
        }
    }

    /// Behind the fence nothing is authorised but what was under marks before it.
    private func judgeFence(_ now: Instant) {
        guard remote != nil, leaseLength != nil else { return }
        let isOver = now >= holder.fence
        guard isOver != isFenced else { return }
        isFenced = isOver
        ledger.passed(fence: isOver)
    }

    private func tellHolder(_ event: HolderEvent, _ now: Instant) {
        holder.handle(event, at: now, &holderEffects)
        let effects = holderEffects
        holderEffects.removeAll(keepingCapacity: true)
        for effect in effects {
            switch effect {
            case .open(let account, let name, let highest): open(account, name, highest)
            case .close(let account):
                ledger.state.withLock { state in
                    guard let campaign = state.opened.removeValue(forKey: account)?.name.campaign else {
                        return
                    }
                    if state.accounts[campaign] == account { state.accounts[campaign] = nil }
                }
                order(.event(.closed(account)))
            case .moveFence(let until): order(.event(.fenceMoved(to: until)))
            case .lowerFence(let until): order(.event(.fenceLowered(to: until)))
            case .allow(let shard, let account, let upTo, let isLast):
                outbox[shard].append(.event(.allowed(account, upTo: upTo, isLast: isLast)))
            case .recall(let shard, let account): outbox[shard].append(.event(.recalled(account)))
            case .request(let account, let upTo): tellIssuer(.requested(account, upTo: upTo), now)
            case .report(let report): tellIssuer(.reported(report), now)
            case .renew(let sentAt): tellIssuer(.renewalAsked(sentAt: sentAt), now)
            }
        }
    }

    private func order(_ order: ShardOrder) {
        for shard in outbox.indices { outbox[shard].append(order) }
    }

    private func open(_ account: AccountIndex, _ name: AccountName, _ highest: Micros) {
        let nothing = Array(repeating: CampaignSpending(), count: ledger.shards)
        spenders[account] = spenders[account] ?? (name.campaign, nothing)
        let issuers = remote?.session.issuersNumber(account)
        let number = ledger.state.withLock { state in
            state.openings += 1
            state.accounts[name.campaign] = account
            state.opened[account] = (name, issuers, highest)
            return state.openings
        }
        order(.opened(number: number, account, name, issuers: issuers, highest: highest))
    }
}
