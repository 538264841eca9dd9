// A node's money from its start on: what is kept of it on disk, and the ledger that is made of that.
import Commands
import Journal
import Kernel
import Ledger
import LedgerWire
import Serving
import Settings
import Synchronization
import Telemetry
import Units

/// Shared by all threads.
final class NodeMoney: Sendable {
    let keeper: BalancesKeeper
    private let directory: String
    private let ready = Atomic<Int>(0)
    private let opened = Mutex<NodeLedger?>(nil)
    private let followedAt = Mutex<Instant?>(nil)

    /// Each session takes a segment of each shard's journal: an issuer that gives none a lease gets no more of them than this.
    private static let followPause = Interval.seconds(10)

    /// - Parameter isRemote: the issuer is on another machine, and has to hear what the journals know.
    init(_ directory: String, isRemote: Bool, _ log: Log) throws(Failure) {
        self.directory = directory
        keeper = try BalancesKeeper(directory, isRemote: isRemote, log)
    }

    /// Whether the node has to end: its session gets no more money.
    var leaves: Bool { opened.withLock { $0 }?.leaves ?? false }

    var ledger: NodeLedger {
        guard let ledger = opened.withLock({ $0 }) else {
            preconditionFailure("money is spent when the journals have been read")
        }
        return ledger
    }

    /// An end in order waits so long for an issuer elsewhere: some exchanges.
    private static let patience = Interval.seconds(2)

    /// When all shards have ended.
    func end(within limit: Interval) {
        guard let ledger = opened.withLock({ $0 }) else { return }
        ledger.reach.end(at: ledger.clock.now)
        ledger.giveBack(within: min(limit, Self.patience))
    }

    var session: UInt64 { ledger.session.rawValue }

    /// After the journals were read, and before any shard starts.
    func open(_ context: NodeContext) throws(Failure) {
        guard let catalogs = context.catalogs, let serving = catalogs.serving else { return }
        let ledger = try NodeLedger(context.settings, keeper.listener, shards: context.shards, context.log)
        keeper.keepStart()
        opened.withLock { $0 = ledger }
        let terms = catalogs.decisions.campaignTerms(serving.snapshot)
        try ledger.start(terms)
        ledger.pacing.change(CatalogPacing.terms(of: serving.snapshot, terms))
        try ledger.pacing.start(self, directory, context.log)
        try keeper.start(
            reservations: context.settings.budgets.openReservations * context.shards,
            ledger.remote == nil ? nil : self)
    }

    /// Has another session take the place of the one that the issuer has given up, where that is so. The node answers meanwhile, and has no
    /// money. Where it cannot be, the node has to end: the next start begins one.
    func followUp(_ context: NodeContext) {
        guard let former = opened.withLock({ $0 }), let why = former.isOver, !former.leaves else { return }
        let now = Kernel.monotonicNow()
        let isDue = followedAt.withLock { at in
            guard at.map({ now - $0 >= Self.followPause }) ?? true else { return false }
            at = now
            return true
        }
        guard isDue else { return }
        do throws(Failure) {
            try SessionChange(self, context, after: former, why).run()
        } catch {
            former.leave("\(why), and no other session could begin: \(error.message)")
        }
    }

    func took(_ ledger: NodeLedger) { opened.withLock { $0 = ledger } }

    /// A shard has money under durable marks, or there is none to spend.
    func noteReady(of shards: Int, _ health: Health) {
        let count = ready.add(1, ordering: .relaxed).newValue
        if count == shards { health.set("budgets", .ready) }
    }

    private static let places: [(name: String, amount: @Sendable (Places) -> Micros)] = [
        ("free", \.free), ("granted", \.granted), ("settled", \.settled), ("suspense", \.suspense),
        ("presumed_spent", \.presumed), ("overhang", \.overhang), ("late", \.late),
    ]

    /// Money adds up within a currency, and currencies are those that the settings have rates of.
    func register(in catalogue: inout MetricsCatalogue, _ settings: NodeSettings.Decision) {
        for currency in [settings.baseCurrency] + settings.rates.map(\.currency) {
            for (place, amount) in Self.places {
                catalogue.computedGauge(
                    "paceline_budget_units",
                    help: "Where the campaigns' money is, in units of its currency: free, granted, settled, "
                        + "suspense and presumed spent add up to the budgets and their overhang; late is beside them.",
                    labels: ["place": place, "currency": "\(currency)"]
                ) { [self] in
                    opened.withLock { $0 }.map { ledger in
                        ledger.money.reduce(0) { sum, one in
                            one.currency == currency
                                ? sum + Double(amount(one.lifetime).rawValue) / Double(Micros.perUnit) : sum
                        }
                    }
                }
            }
        }
        catalogue.computedGauge(
            "paceline_notices_reached_age_seconds",
            help:
                "How long nobody has reached the notices' addresses: no notice with a token of ours came, and nobody asked for /e/reach, since the start at most."
        ) { [self] in
            opened.withLock { $0 }.flatMap { ledger in
                ledger.reachLimits.map { _ in
                    Double(ledger.reach.age(at: ledger.clock.now).wholeMilliseconds) / 1_000
                }
            }
        }
        NodePacing.register(in: &catalogue) { [self] in opened.withLock { $0 }?.pacing }
        catalogue.computedGauge(
            "paceline_budgets_spent", help: "Campaigns with nothing free, in all or for the day."
        ) { [self] in
            opened.withLock { $0 }.map { ledger in
                Double(ledger.money.count(where: \.isSpent))
            }
        }
    }

    /// How it stands with an issuer on another machine.
    func registerIssuer(in catalogue: inout MetricsCatalogue) {
        for (outcome, count) in [("answered", \IssuerLink.answered), ("unanswered", \IssuerLink.unanswered)] {
            catalogue.computedCounter(
                "paceline_issuer_exchanges_total", help: "Exchanges with the issuer, by what became of them.",
                labels: ["outcome": outcome]
            ) { [self] in opened.withLock { $0 }?.remote.map { Double($0.link[keyPath: count]) } }
        }
        let outcomes: [(String, @Sendable (NodeClaims.Standings) -> Int)] = [
            ("counted", { $0.counted }), ("acknowledged", { $0.acknowledged }), ("refused", { $0.refused }),
            ("given_up", { $0.givenUp }),
        ]
        for (outcome, count) in outcomes {
            catalogue.computedCounter(
                "paceline_claims_total",
                help: "Bills of other nodes' ads, by what became of them at the issuer.",
                labels: ["outcome": outcome]
            ) { [self] in
                opened.withLock { $0 }.flatMap { $0.state.withLock { $0.issuer } }.map {
                    Double(count($0.claims))
                }
            }
        }
        let views:
            [(name: String, help: String, value: @Sendable (NodeLedger, NodeLedger.IssuerView) -> Double)] = [
                (
                    "paceline_issuer_lease_seconds",
                    "What is left of the lease: so long the node spends without a word of its issuer. Below zero it is over.",
                    { ledger, view in
                        guard view.fence.nanoseconds > 0 else { return 0 }
                        return Double((view.fence - ledger.clock.now).wholeMilliseconds) / 1_000
                    }
                ),
                (
                    "paceline_issuer_evidence_open",
                    "Blocks of settlements and closings that the issuer has not acknowledged, and claims that it has not counted.",
                    { Double($1.openEvidence) }
                ),
                (
                    "paceline_claims_waiting",
                    "Bills of other nodes' ads that the issuer has not counted yet.",
                    { Double($1.claims.waiting) }
                ),
                (
                    "paceline_claims_oldest_seconds",
                    "How long the oldest of them has waited.",
                    { ledger, view in
                        view.claims.oldest.map {
                            Double((ledger.clock.now - $0).wholeMilliseconds) / 1_000
                        } ?? 0
                    }
                ),
                (
                    "paceline_claims_unmerged",
                    "Bills of other nodes' ads that the issuer has counted, and whose own node has not spoken of them yet.",
                    { Double($1.claims.count - $1.claims.waiting) }
                ),
                (
                    "paceline_issuer_refusals",
                    "What the issuer would not take since the start, but for what waits for its time. Above zero somebody has to look.",
                    { Double($1.refused) }
                ),
            ]
        for view in views {
            catalogue.computedGauge(view.name, help: view.help) { [self] in
                opened.withLock { $0 }.flatMap { ledger in
                    ledger.state.withLock { $0.issuer }.map { view.value(ledger, $0) }
                }
            }
        }
    }
}
