// A node's money: its issuer and its holder, on a thread of their own, and what the shards and they say to one another.
import Catalog
import Commands
import Journal
import Kernel
import Ledger
import Reactor
import Settings
import Synchronization
import Units

/// What a shard is told.
enum ShardOrder: Sendable {
    /// The campaign is spent from this account from now on. The number counts all openings of the session.
    case opened(number: UInt64, AccountIndex, AccountName, highest: Micros)
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
        case termsChanged([CampaignTerms])
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
        var opened: [AccountIndex: (name: AccountName, highest: Micros)] = [:]
        var money: [CampaignMoney] = []
        /// By campaign.
        var spending: [String: CampaignSpending] = [:]
        /// Catalogs whose terms were taken.
        var changes = 0
    }

    let settings: BudgetSettings
    let session: LedgerSession
    let clock = LedgerClock()
    let opening: LedgerOpening
    /// What earlier sessions' accounts are called in this one.
    let names: [AccountName: AccountIndex]
    private let former: [ShardSession: [AccountIndex: AccountIndex]]
    let pacing: NodePacing
    private let places: [Place]
    let state: Mutex<State>
    private let work: Descriptor

    /// Messages that may wait: those of seconds in which this thread does not come round.
    private static let messagesMost = 1 << 20

    /// From what the journals remember.
    init(_ settings: BudgetSettings, _ listener: LedgerListener, shards: Int) throws(Failure) {
        self.settings = settings
        let replay = listener.balances.replay
        (session, opening) = listener.open(at: clock.now, grace: settings.grace, hold: settings.hold)
        names = LocalIssuer(opening, session: session, lease: .zero).names
        former = replay.accounts(by: names)
        places = (0..<shards).map { _ in Place() }
        pacing = NodePacing(shards: shards)
        state = Mutex(State(remotes: Array(repeating: nil, count: shards)))
        do {
            work = try Kernel.blockingEventDescriptor()
        } catch {
            throw Failure("no event descriptor for the ledger: \(error)")
        }
    }

    var shards: Int { places.count }

    /// Takes a catalog's budgets before anything is served, and starts the thread, which runs as long as the process.
    func start(_ terms: [CampaignTerms]) throws(Failure) {
        let run = LedgerRun(self)
        run.handle([.termsChanged(terms)])
        do {
            try Thread(name: "ledger") { [self] in
                while true {
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

    // MARK: From other threads

    /// Which shard has the money of this reservation.
    func owner(of key: ReservationKey) -> Int { Int(key.shard) % shards }

    /// The account that a token of this or an earlier session means by its window.
    func account(_ window: UInt32, of key: ReservationKey) -> AccountIndex? {
        if key.session == session { return AccountIndex(window) }
        return former[ShardSession(session: key.session, shard: key.shard)]?[AccountIndex(window)]
    }

    /// Where every campaign's money was a moment ago.
    var money: [CampaignMoney] { state.withLock { $0.money } }

    /// The same by campaign, with what this session has spent of it.
    var spending: (money: [String: CampaignMoney], spending: [String: CampaignSpending]) {
        let (money, spending) = state.withLock { ($0.money, $0.spending) }
        return (Dictionary(uniqueKeysWithValues: money.map { ($0.campaign, $0) }), spending)
    }

    func accounts(of snapshot: CatalogSnapshot) -> (accounts: [AccountIndex?], openings: UInt64) {
        let ids = (0..<snapshot.campaignCount).map { snapshot.id(.campaigns, at: $0) }
        return state.withLock { state in (ids.map { state.accounts[$0] }, state.openings) }
    }

    /// Makes a catalog's budgets hold. Returns when every shard has been told of its accounts.
    func change(_ terms: [CampaignTerms]) {
        let before = state.withLock { $0.changes }
        while !tell([.termsChanged(terms)]) { Kernel.sleep(for: .milliseconds(10)) }
        while state.withLock({ $0.changes }) == before { Kernel.sleep(for: .milliseconds(1)) }
    }

    /// Called on a shard's thread before it serves. Answers what it has to be told first.
    func attach(_ money: ShardMoney, of shard: Int, _ remote: ReactorRemote) -> [ShardOrder] {
        places[shard].money = money
        return state.withLock { state in
            state.remotes[shard] = remote
            return state.opened.sorted { $0.key < $1.key }.map {
                .opened(number: state.openings, $0.key, $0.value.name, highest: $0.value.highest)
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
        guard let remote = state.withLock({ $0.remotes[shard] }) else { return false }
        return remote.post { [place = places[shard]] _ in place.money?.hear(orders) }
    }
}
