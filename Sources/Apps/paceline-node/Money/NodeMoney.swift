// A node's money from its start on: what is kept of it on disk, and the ledger that is made of that.
import Commands
import Journal
import Kernel
import Ledger
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

    init(_ directory: String, _ log: Log) throws(Failure) {
        self.directory = directory
        keeper = try BalancesKeeper(directory, log)
    }

    var ledger: NodeLedger {
        guard let ledger = opened.withLock({ $0 }) else {
            preconditionFailure("money is spent when the journals have been read")
        }
        return ledger
    }

    var session: UInt64 { ledger.session.rawValue }

    /// After the journals were read, and before any shard starts.
    func open(_ context: NodeContext) throws(Failure) {
        guard let catalogs = context.catalogs, let serving = catalogs.serving else { return }
        let ledger = try NodeLedger(context.settings.budgets, keeper.listener, shards: context.shards)
        keeper.keepStart()
        opened.withLock { $0 = ledger }
        let terms = CatalogBudgets.terms(of: serving.snapshot, catalogs.decisions)
        try ledger.start(terms)
        ledger.pacing.change(CatalogPacing.terms(of: serving.snapshot, terms))
        try ledger.pacing.start(ledger, directory, context.log)
        try keeper.start(reservations: context.settings.budgets.openReservations * context.shards)
    }

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
        NodePacing.register(in: &catalogue) { [self] in opened.withLock { $0 }?.pacing }
        catalogue.computedGauge(
            "paceline_budgets_spent", help: "Campaigns with nothing free, in all or for the day."
        ) { [self] in
            opened.withLock { $0 }.map { ledger in
                Double(ledger.money.count { $0.lifetime.free <= .zero || ($0.day?.free ?? .max) <= .zero })
            }
        }
    }
}
