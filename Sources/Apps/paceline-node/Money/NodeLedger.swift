// A node's money: its issuer and its holder, on a thread of their own, and what the shards and they say to one another.
import Catalog
import Commands
import Journal
import Kernel
import Ledger
import LedgerWire
import Reactor
import Settings
import Synchronization
import Telemetry
import Units

/// What a shard is told.
enum ShardOrder: Sendable {
    /// The campaign is spent from this account from now on. The number counts all openings of the session.
    case opened(number: UInt64, AccountIndex, AccountName, issuers: AccountIndex?, highest: Micros)
    /// A bill of a reservation of this shard's came to another node.
    case bill(ReservationKey, AccountIndex, Micros, reserved: Micros)
    case event(ShardEvent)
}

/// What a campaign's accounts came to in this session, on all shards.
struct CampaignSpending: Sendable {
    var settled = Micros.zero
    /// Set aside, and neither billed nor free again.
    var open = Micros.zero

    static func += (a: inout Self, b: Self) {
        a.settled += b.settled
        a.open += b.open
    }
}

/// Shared by all threads.
final class NodeLedger: Sendable {
    enum Message: Sendable {
        case asked(shard: Int, AccountIndex, upTo: Micros)
        case reported(shard: Int, ShardReport)
        /// The shard has reported all that it knows, and hears no order any more.
        case ended(shard: Int)
        case termsChanged([CampaignTerms])
        // Where the issuer is elsewhere.
        /// The account's name is durable in a journal of this session.
        case noted(AccountIndex)
        /// Settlements and releases that are durable.
        case recorded([LedgerRecord])
        /// Bills of other nodes' ads that are durable.
        case claimed([TakenClaim])
        case heard(IssuerLink.Outcome)
    }

    /// How it stands with an issuer elsewhere.
    struct IssuerView: Sendable {
        let phase: IssuerSession.Phase
        let fence: Instant
        let openEvidence: Int
        let refused: Int
        let claims: NodeClaims.Standings
        let isGettingReady: Bool
        let hasGivenBack: Bool
        let acknowledged: Set<LedgerSession>

        init(_ session: IssuerSession, fence: Instant) {
            phase = session.phase
            self.fence = fence
            openEvidence = session.openEvidence
            refused = session.refusals.values.reduce(0, +)
            claims = session.claims.standings
            isGettingReady = session.isGettingReady
            hasGivenBack = session.hasGivenBack
            acknowledged = session.acknowledged
        }
    }

    /// A shard's money, for functions that run on its thread. No other thread looks into it.
    private final class Place: @unchecked Sendable { weak var money: ShardMoney? }

    struct State {
        var messages: [Message] = []
        var remotes: [ReactorRemote?]
        /// By campaign, and how many openings that takes in.
        var accounts: [String: AccountIndex] = [:]
        var openings: UInt64 = 0
        /// For shards that come later.
        var opened: [AccountIndex: (name: AccountName, issuers: AccountIndex?, highest: Micros)] = [:]
        /// By the issuer's number, of the accounts that this session has to do with.
        var currencies: [AccountIndex: CurrencyCode] = [:]
        var money: [CampaignMoney] = []
        /// By campaign.
        var spending: [String: CampaignSpending] = [:]
        /// Catalogs whose terms were taken.
        var changes = 0
        /// Nil where the issuer is in this process.
        var issuer: IssuerView?
        /// What the issuer has for good, and the balances need not keep.
        var forgotten: [NodeEvidence.Forgotten] = []
        var forgottenClaims: Set<ReservationKey> = []
        /// Why the node has to end.
        var leaves: String?
        /// Why the session is over, where another one may begin in its place.
        var isOver: String?
        /// Another session has begun.
        var isFollowed = false
    }

    let settings: BudgetSettings
    let session: LedgerSession
    let clock: LedgerClock
    let opening: LedgerOpening
    /// What earlier sessions' accounts are called in this one.
    let names: [AccountName: AccountIndex]
    private let former: [ShardSession: [AccountIndex: AccountIndex]]
    let pacing: NodePacing
    let reach: ReachMemory
    /// Nil where no notices are taken: no bill ever comes.
    let reachLimits: ReachLimits?
    private let places: [Place]
    let state: Mutex<State>
    private let work: Descriptor
    /// The issuer's side of this session, for the ledger's thread to begin with; nil where the issuer is in this process.
    let remote: (session: IssuerSession, link: IssuerLink)?
    /// What this start's earlier sessions have spent, by campaign.
    let spentBefore: [String: CampaignSpending]
    private let isFirst: Bool
    private let startedAt: Instant
    private let isFenced = Atomic<Bool>(false)
    private let log: Log

    /// A start waits so long for an issuer elsewhere to give the first money; then it serves without.
    private static let issuerPatience = Interval.seconds(10)
    /// Messages that may wait: those of seconds in which this thread does not come round.
    private static let messagesMost = 1 << 20

    /// From what the journals remember.
    ///
    /// - Parameter former: this start's session before this one, and the number that this one has in the journals by now.
    init(
        _ node: NodeSettings, _ listener: LedgerListener, shards: Int, _ log: Log,
        after former: (ledger: NodeLedger, session: LedgerSession)? = nil
    ) throws(Failure) {
        settings = node.budgets
        self.log = log
        isFirst = former == nil
        clock = former?.ledger.clock ?? LedgerClock()
        pacing = former?.ledger.pacing ?? NodePacing(shards: shards)
        spentBefore = former?.ledger.spent ?? [:]
        let now = clock.now
        startedAt = now
        reach = former?.ledger.reach ?? ReachMemory(node, at: now, log)
        let replay = listener.balances.replay
        (session, opening) = listener.open(
            former?.session, at: now, grace: settings.grace, hold: settings.hold, lastBill: node.lastBill)
        reachLimits = node.notices.map {
            ReachLimits(
                gap: $0.reachGap, hold: node.budgets.hold, formerHold: replay.longestHold,
                lastBill: node.lastBill)
        }
        var names = LocalIssuer(opening, session: session, lease: .zero).names
        if let issuer = node.ledger.issuer {
            // Those of which nothing is left here have closings to be said.
            for name in listener.balances.replay.names.sorted() where names[name] == nil {
                names[name] = AccountIndex(UInt32(names.count))
            }
            var seeds = SystemRandomNumberGenerator()
            let kept = max(node.notices?.lifetime ?? .zero, settings.hold + settings.grace)
            // Twice, for tokens whose time is counted by another clock.
            let session = IssuerSession(
                opening, listener.balances.replay, session: session, names: names,
                limits: IssuerSession.Limits(
                    lifetime: kept + kept, aheadSeconds: issuer.ahead.wholeMilliseconds / 1_000),
                seed: seeds.next(), at: now)
            if let link = former?.ledger.remote?.link {
                remote = (session, link)
            } else {
                let link = try IssuerLink(
                    IssuerSettings(issuer), at: "ledger.issuer", region: node.node.region, log)
                remote = (session, link)
            }
        } else {
            remote = nil
        }
        self.names = names
        self.former = replay.accounts(by: names)
        places = (0..<shards).map { _ in Place() }
        state = Mutex(State(remotes: Array(repeating: nil, count: shards)))
        do {
            work = try Kernel.blockingEventDescriptor()
        } catch {
            throw Failure("no event descriptor for the ledger: \(error)")
        }
    }

    deinit { Kernel.close(work) }

    var shards: Int { places.count }

    /// Takes a catalog's budgets before anything is served of it, and starts the thread, which runs until another session follows.
    func start(_ terms: [CampaignTerms]) throws(Failure) {
        if isFirst { try remote?.link.start() }
        let run = LedgerRun(self)
        run.handle([.termsChanged(terms)])
        do {
            try Thread(name: "ledger") { [self] in
                while !state.withLock({ $0.isFollowed }) {
                    _ = Kernel.awaitSignal(work, withinMilliseconds: LedgerRun.turnMilliseconds)
                    run.handle(
                        state.withLock { state in
                            defer { state.messages.removeAll(keepingCapacity: true) }
                            return state.messages
                        })
                }
            }.detach()
        } catch {
            throw Failure("the ledger's thread could not start: \(error)")
        }
    }

    // MARK: The issuer elsewhere

    /// Whether the first money may still come: then a start waits for it.
    var awaitsIssuer: Bool {
        guard remote != nil, clock.now < startedAt + Self.issuerPatience else { return false }
        return state.withLock { $0.issuer?.isGettingReady ?? true }
    }

    /// Whether the lease has run out without a word of the issuer.
    var isBehindFence: Bool { isFenced.load(ordering: .relaxed) }

    func passed(fence isOver: Bool) {
        isFenced.store(isOver, ordering: .relaxed)
        if isOver {
            log.error(
                "the issuer has been silent for the length of its lease; nothing more is spent until it answers"
            )
        } else {
            log.notice("the issuer has renewed the lease")
        }
    }

    func heard(_ outcome: IssuerLink.Outcome) {
        // One exchange is under way: its outcome waits for nobody.
        state.withLock { $0.messages.append(.heard(outcome)) }
        Kernel.signal(work)
    }

    /// The issuer gives this session no more money: another one is to begin in its place.
    func end(_ why: String) { state.withLock { $0.isOver = $0.isOver ?? why } }

    var isOver: String? { state.withLock { $0.isOver } }

    /// Another session has begun, which is told everything from now on.
    func isFollowed() {
        state.withLock { $0.isFollowed = true }
        Kernel.signal(work)
    }

    /// No more money can be had in this process: the node has to end in order, and the next start begins another session.
    func leave(_ why: String) {
        let isFirst = state.withLock { state in
            defer { state.leaves = state.leaves ?? why }
            return state.leaves == nil
        }
        if isFirst {
            log.error("this start's money has come to its end; the node leaves", ["cause": .string(why)])
        }
    }

    var leaves: Bool { state.withLock { $0.leaves != nil } }

    /// Behind the shards' end: what none of them has goes back to an issuer elsewhere, so that others may have it at once. What is
    /// set aside waits for its bills, and for the next start.
    func giveBack(within limit: Interval) {
        guard remote != nil, !leaves else { return }
        let end = clock.now + limit
        change([])
        while state.withLock({ $0.issuer.map { $0.phase == .live && !$0.hasGivenBack } ?? false }) {
            guard clock.now < end else {
                return log.warning("the issuer has not answered; what was not spent waits for the next start")
            }
            Kernel.sleep(for: .milliseconds(10))
        }
    }

    struct Forgotten {
        let blocks: [NodeEvidence.Forgotten]
        let claims: Set<ReservationKey>
        let acknowledged: Set<LedgerSession>
    }

    /// What the balances need not keep any longer, once; and the sessions of which the issuer knows all.
    func takeForgotten() -> Forgotten {
        state.withLock { state in
            defer {
                state.forgotten.removeAll()
                state.forgottenClaims.removeAll()
            }
            return Forgotten(
                blocks: state.forgotten, claims: state.forgottenClaims,
                acknowledged: state.issuer?.acknowledged ?? [])
        }
    }

    // MARK: From other threads

    /// Which shard has the money of this reservation.
    func owner(of key: ReservationKey) -> Int { Int(key.shard) % shards }

    /// The account that a token of this or an earlier session means by its window.
    func account(_ window: UInt32, of key: ReservationKey) -> AccountIndex? {
        let own = TokenAccount(window: window).own
        if key.session == session { return own }
        return former[ShardSession(session: key.session, shard: key.shard)]?[own]
    }

    /// Whether there is room for bills of other nodes' ads.
    var takesClaims: Bool { state.withLock { ($0.issuer?.claims.count ?? 0) < NodeClaims.most } }

    func currency(ofIssuers account: AccountIndex) -> CurrencyCode? {
        state.withLock { $0.currencies[account] }
    }

    /// Where every campaign's money was a moment ago.
    var money: [CampaignMoney] { state.withLock { $0.money } }

    /// The same by campaign, with what this session has spent of it.
    var spending: (money: [String: CampaignMoney], spending: [String: CampaignSpending]) {
        let (money, spending) = state.withLock { ($0.money, $0.spending) }
        return (Dictionary(uniqueKeysWithValues: money.map { ($0.campaign, $0) }), spending)
    }

    /// What this start has spent so far, for the session that follows: what is still open is mostly billed.
    private var spent: [String: CampaignSpending] {
        state.withLock { $0.spending }.mapValues {
            CampaignSpending(settled: $0.settled + $0.open, open: .zero)
        }
    }

    func accounts(of snapshot: CatalogSnapshot) -> (accounts: [AccountIndex?], openings: UInt64) {
        let ids = (0..<snapshot.campaignCount).map { snapshot.id(.campaigns, at: $0) }
        return state.withLock { state in (ids.map { state.accounts[$0] }, state.openings) }
    }

    /// Makes a catalog's budgets hold. Returns when every shard has been told of its accounts.
    func change(_ terms: [CampaignTerms]) {
        let before = state.withLock { $0.changes }
        func isHeard() -> Bool { state.withLock { $0.changes != before || $0.isFollowed } }
        while !isHeard(), !tell([.termsChanged(terms)]) { Kernel.sleep(for: .milliseconds(10)) }
        while !isHeard() { Kernel.sleep(for: .milliseconds(1)) }
    }

    /// Called on a shard's thread before it serves. Answers what it has to be told first.
    func attach(_ money: ShardMoney, of shard: Int, _ remote: ReactorRemote) -> [ShardOrder] {
        places[shard].money = money
        return state.withLock { state in
            state.remotes[shard] = remote
            return state.opened.sorted { $0.key < $1.key }.map {
                .opened(
                    number: state.openings, $0.key, $0.value.name, issuers: $0.value.issuers,
                    highest: $0.value.highest)
            }
        }
    }

    /// False where too much waits already: it is said again later.
    func tell(_ messages: [Message]) -> Bool {
        let isTaken = state.withLock { state in
            guard state.messages.count + messages.count <= Self.messagesMost else { return false }
            state.messages += messages
            return true
        }
        Kernel.signal(work)
        return isTaken
    }

    /// Hands a shard its orders, in their order; false where it has no room for them now.
    func post(_ orders: [ShardOrder], to shard: Int) -> Bool {
        run(on: shard) { [session] in $0.hear(orders, of: session) }
    }

    /// Runs on the thread of a shard; false where it has no room for that now.
    func run(on shard: Int, _ body: @escaping @Sendable (ShardMoney) -> Void) -> Bool {
        guard let remote = state.withLock({ $0.remotes[shard] }) else { return false }
        return remote.post { [place = places[shard]] _ in if let money = place.money { body(money) } }
    }
}
