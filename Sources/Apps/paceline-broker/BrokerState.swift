// How it stands with a broker, as operators and their metrics see it: written by its thread a few times a second, read by anybody.
import Documents
import Kernel
import Ledger
import LedgerWire
import Synchronization
import Telemetry
import Units

struct BrokerState: Sendable {
    struct Account: Sendable {
        let name: AccountName
        let currency: CurrencyCode
        let number: AccountIndex
        /// What the root granted and was not given back.
        let held: Micros
        let granted: Micros
        let settled: Micros
        let suspense: Micros
        /// What no node has.
        let free: Micros
    }

    struct Node: Sendable {
        let session: LedgerSession
        let holder: HolderNumber
        let isFenced: Bool
    }

    var session: LedgerSession?
    var fence = Instant(nanoseconds: .min)
    var openEvidence = 0
    var refusals = 0
    var sessionsLost = 0
    var sessionsCloned = 0
    var lost: (session: LedgerSession, by: IssuerRefusal)?
    var accounts: [Account] = []
    var nodes: [Node] = []

    init() {}

    init(_ desk: BrokerDesk) {
        session = desk.ledger?.session
        fence = desk.ledger?.lease.fence ?? fence
        openEvidence = desk.openEvidence
        refusals = desk.refusals.values.reduce(0, +)
        sessionsLost = desk.sessionsLost
        sessionsCloned = desk.sessionsCloned
        lost = desk.lost
        accounts = desk.money.map { one in
            Account(
                name: one.name, currency: one.currency, number: one.number, held: one.account.budget,
                granted: one.account.granted, settled: one.account.settled, suspense: one.account.suspense,
                free: one.account.unassigned)
        }
        nodes = (desk.ledger?.book.children ?? []).map {
            Node(session: $0.session, holder: $0.holder, isFenced: $0.isFenced)
        }
    }

    /// What is left of the lease; below zero it is over.
    var leaseSeconds: Double {
        guard fence.nanoseconds > 0 else { return 0 }
        return Double((fence - Kernel.boottimeNow()).wholeMilliseconds) / 1_000
    }
}

/// Shared by all threads.
final class BrokerView: Sendable {
    private let held = Mutex(BrokerState())

    var state: BrokerState {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}

extension BrokerState {
    /// `GET /v1/broker`.
    func tree(name: String, version: String, holders: [String], published: [JSONTree.Member]) -> JSONTree {
        func amount(_ amount: Micros) -> JSONTree { JSONTree(.number(amount.description)) }
        let tree: JSONTree = [
            "name": .string(name), "version": .string(version),
            "session": session.map { .string("\($0.rawValue)") } ?? .null,
            "lost": lost.map {
                ["session": .string("\($0.session.rawValue)"), "reason": .string($0.by.rawValue)]
            } ?? .null,
            "leaseMilliseconds": .number(Int64(leaseSeconds * 1_000)),
            "evidenceOpen": .number(openEvidence),
            "accounts": .array(
                accounts.map { one in
                    [
                        "campaign": .string(one.name.campaign),
                        "day": one.name.day.map { .string($0.date) } ?? .null,
                        "currency": .string("\(one.currency)"), "account": .number(one.number.rawValue),
                        "held": amount(one.held), "free": amount(one.free), "granted": amount(one.granted),
                        "settled": amount(one.settled), "suspense": amount(one.suspense),
                    ]
                }),
            "nodes": .array(
                nodes.map { one in
                    [
                        "session": .string("\(one.session.rawValue)"),
                        "holder": Int(one.holder.rawValue) < holders.count
                            ? .string(holders[Int(one.holder.rawValue)]) : .null,
                        "state": .string(one.isFenced ? "fenced" : "open"),
                    ]
                }),
        ]
        guard case .object(let members) = tree.content else { return tree }
        return .object(members + published)
    }
}

enum BrokerMetrics {
    static func register(
        in catalogue: inout MetricsCatalogue, _ view: BrokerView, _ link: IssuerLink
    ) {
        for (outcome, count) in [("answered", \IssuerLink.answered), ("unanswered", \IssuerLink.unanswered)] {
            catalogue.computedCounter(
                "paceline_issuer_exchanges_total", help: "Exchanges with the root, by what became of them.",
                labels: ["outcome": outcome]
            ) { Double(link[keyPath: count]) }
        }
        let gauges: [(name: String, help: String, value: @Sendable (BrokerState) -> Double)] = [
            (
                "paceline_issuer_lease_seconds",
                "What is left of the lease: so long the broker grants without a word of the root. Below zero it is over.",
                \.leaseSeconds
            ),
            (
                "paceline_issuer_evidence_open",
                "Settlements and closings of nodes that the root has not answered.",
                { Double($0.openEvidence) }
            ),
            (
                "paceline_issuer_refusals",
                "What the root would not take, or this broker of its nodes, since the start, but for what waits for its time. Above zero somebody has to look.",
                { Double($0.refusals) }
            ),
            (
                "paceline_broker_sessions_lost",
                "Sessions with the root that it did not renew any more, since the start.",
                { Double($0.sessionsLost) }
            ),
            (
                "paceline_broker_sessions_cloned",
                "Those of them that another process on a copy of this broker's journal used too. Above zero somebody has to look.",
                { Double($0.sessionsCloned) }
            ),
            (
                "paceline_broker_nodes", "Sessions of nodes whose lease has not run out.",
                { Double($0.nodes.count { !$0.isFenced }) }
            ),
            (
                "paceline_broker_accounts", "Accounts that nodes have asked for.",
                { Double($0.accounts.count) }
            ),
        ]
        for gauge in gauges {
            catalogue.computedGauge(gauge.name, help: gauge.help) { gauge.value(view.state) }
        }
    }
}
