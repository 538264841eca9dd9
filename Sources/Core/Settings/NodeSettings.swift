// The settings of paceline-node: what the file holds at its top. Every default stands in an `init()` of this
// module, once, and its reason beside it in the schema, from where it gets into docs/settings.md.
public import Units
public import Documents

public struct NodeSettings: DocumentObject, Equatable {
    /// Which node of the fleet this is.
    public struct Identity: DocumentObject, Equatable {
        public internal(set) var name = ""
        public internal(set) var region = ""

        package init() {}
    }

    /// How a shard waits for its sockets.
    public enum Reactor: String, CaseIterable, Sendable {
        /// io_uring where the kernel allows it, else epoll.
        case auto
        case ioUring = "io_uring"
        case epoll
    }

    public internal(set) var node = Identity()
    /// 0 stands for one shard on each core that the process may use.
    public internal(set) var shards = 0
    public internal(set) var reactor = Reactor.auto
    /// For so long a shard that finds nothing to do looks again before it sleeps.
    public internal(set) var spin = Interval.microseconds(50)
    public internal(set) var listen: [ListenerSettings] = []
    public internal(set) var admin = AdminSettings()
    public internal(set) var limits = Limits()
    public internal(set) var drain = Drain()
    public internal(set) var log = Log()
    /// No requests for bids or ads are answered where there is none.
    public internal(set) var catalog: CatalogSettings?
    public internal(set) var models: ModelSettings?
    public internal(set) var decision = Decision()
    public internal(set) var frequency = FrequencySettings()
    public internal(set) var budgets = BudgetSettings()
    public internal(set) var ledger = LedgerSettings()
    public internal(set) var overload = Overload()
    /// Nobody tells of ads where there is none.
    public internal(set) var notices: NoticeSettings?
    /// Nothing is journaled where there is none.
    public internal(set) var journal: JournalSettings?
    /// No call is recorded as a span where there is none.
    public internal(set) var traces: TraceSettings?

    package init() {}

    package static let schema = Schema<NodeSettings>(
        "node",
        [
            .unread(
                "$schema", "Where an editor finds the JSON Schema of this file. The node does not read it."),
            .constant(
                "daemon", "node", "Which daemon this file is for. Another daemon refuses to start on it."),
            .required("node", \.node, .object, "Which node of the fleet this is."),
            .defaulted(
                "shards", \.shards, .integer(0...256),
                "How many shards serve requests. 0 is one for each core that the process may use.",
                because: "Requests never cross shards, and more shards than cores only wait for each other."),
            .defaulted(
                "reactor", \.reactor, .choice,
                "How a shard waits for its sockets. auto is io_uring where the kernel allows it, else epoll.",
                because: "Containers often forbid io_uring, and a node must start there too."),
            .defaulted(
                "spinMicroseconds", \.spin, .microseconds(0...1_000),
                "How long a busy shard looks for the next request before its thread sleeps. 0 is never.",
                because:
                    "To wake a thread takes longer than to answer. A shard spins only while requests come as fast as this."
            ),
            .required("listen", \.listen, .list(of: .object, count: 1...16), "Where requests come in."),
            .defaulted(
                "admin", \.admin, .object,
                "Where health, readiness and metrics are served, apart from requests."),
            .defaulted("limits", \.limits, .object, "What a connection or a request may cost."),
            .defaulted("drain", \.drain, .object, "How the node leaves."),
            .defaulted("log", \.log, .object, "What is logged, and how."),
            .optional(
                "catalog", \.catalog, .object,
                "What may be shown, and where. Without it the node answers no requests for bids or ads."),
            .optional(
                "models", \.models, .object,
                "What predicts clicks, views and actions. Without it line items are worth what `decision.priors` make of them."
            ),
            .defaulted(
                "decision", \.decision, .object,
                "Who bids, what money is worth, how hard a pod is thought about."),
            .defaulted(
                "frequency", \.frequency, .object,
                "How it is counted what viewers have seen, and with which other nodes."),
            .defaulted(
                "budgets", \.budgets, .object,
                "How long money is set aside for an ad, and how much of it a shard keeps in mind."),
            .defaulted(
                "ledger", \.ledger, .object, "Where its money comes from."),
            .defaulted(
                "overload", \.overload, .object,
                "How long requests may wait for a shard, and what happens beyond."),
            .optional(
                "notices", \.notices, .object,
                "Where exchanges and players tell of ads. Without it nobody does, and no ad is ever billed."),
            .optional(
                "journal", \.journal, .object,
                "What the node did, on disk, for replays, audits and money. Without it nothing is journaled."),
            .optional("traces", \.traces, .object, TraceSettings.summary),
        ],
        rules: [
            Rule("No two listeners, `admin` included, share an address and a port.") { root, objections in
                var taken = [Endpoint(address: root.admin.address, port: root.admin.port): "admin"]
                for (index, listener) in root.listen.enumerated() {
                    let endpoint = Endpoint(address: listener.address, port: listener.port)
                    if let other = taken.updateValue("listen[\(index)]", forKey: endpoint) {
                        objections.refuse(
                            "listen[\(index)].port", found: "the address and port of \(other)",
                            allowed: "a pair that no other listener has")
                    }
                }
            },
            Rule("`notices` needs a `catalog`: what was never shown has no notices.") { root, objections in
                if root.notices != nil, root.catalog == nil {
                    objections.refuse(
                        "notices", found: "notices without a catalog", allowed: "a catalog beside them")
                }
            },
            Rule(
                "`notices.lifetimeSeconds` is at least `budgets.holdSeconds` and `graceSeconds` together: for so long a "
                    + "bill is paid from what was set aside."
            ) { root, objections in
                let (budgets, least) = (root.budgets, root.budgets.hold + root.budgets.grace)
                guard let notices = root.notices, notices.lifetime < least else { return }
                objections.refuse(
                    "notices.lifetimeSeconds", found: "\(notices.lifetime.wholeMilliseconds / 1_000)",
                    allowed: "at least \(least.wholeMilliseconds / 1_000), budgets.holdSeconds "
                        + "\(budgets.hold.wholeMilliseconds / 1_000) and graceSeconds "
                        + "\(budgets.grace.wholeMilliseconds / 1_000) together")
            },
            Rule(
                "`budgets.lastBillSeconds` is at least `graceSeconds`, and with `holdSeconds` at most `notices.lifetimeSeconds`: "
                    + "who could not tell a bill bills it no earlier than others, and its token is taken as long."
            ) { root, objections in
                guard let last = root.budgets.lastBill else { return }
                let most = (root.notices?.lifetime).map { $0 - root.budgets.hold }
                guard last < root.budgets.grace || most.map({ last > $0 }) ?? false else { return }
                let limit = most.map {
                    ", and at most \($0.wholeMilliseconds / 1_000), what notices.lifetimeSeconds leaves behind holdSeconds"
                }
                objections.refuse(
                    "budgets.lastBillSeconds", found: "\(last.wholeMilliseconds / 1_000)",
                    allowed: "at least graceSeconds, \(root.budgets.grace.wholeMilliseconds / 1_000)"
                        + (limit ?? ""))
            },
            Rule(
                "`notices.reachGapSeconds` is at most half of `budgets.graceSeconds`, but where `lastBillSeconds` is as long as that: in "
                    + "an outage as long as the grace nothing counts as reached."
            ) { root, objections in
                let grace = root.budgets.grace
                guard let notices = root.notices, root.lastBill > grace,
                    notices.reachGap.nanoseconds > grace.nanoseconds / 2
                else { return }
                objections.refuse(
                    "notices.reachGapSeconds", found: "\(notices.reachGap.wholeMilliseconds / 1_000)",
                    allowed: "at most \(grace.wholeMilliseconds / 2_000), half of budgets.graceSeconds, "
                        + "\(grace.wholeMilliseconds / 1_000); or budgets.lastBillSeconds as long as that, and nothing is kept"
                )
            },
            Rule("`ledger.issuer` needs a `catalog`: who shows nothing spends nothing.") { root, objections in
                if root.ledger.issuer != nil, root.catalog == nil {
                    objections.refuse(
                        "ledger.issuer", found: "an issuer without a catalog",
                        allowed: "a catalog beside it")
                }
            },
            Rule("`catalog.published` needs a `ledger.issuer`: those who give money say what is published.") {
                root, objections in
                if root.catalog?.published != nil, root.ledger.issuer == nil {
                    objections.refuse(
                        "catalog.published", found: "what is published, and nobody to ask for it",
                        allowed: "`ledger.issuer` beside `catalog`, or `catalog.path` in place of it")
                }
            },
            Rule("`models.published` needs a `ledger.issuer`, as a catalog that is published does.") {
                root, objections in
                if root.models?.published != nil, root.ledger.issuer == nil {
                    objections.refuse(
                        "models.published", found: "what is published, and nobody to ask for it",
                        allowed: "`ledger.issuer`, or `models.path` in place of it")
                }
            },
            Rule("`models` needs a `catalog`: they predict for its line items.") { root, objections in
                if root.models != nil, root.catalog == nil {
                    objections.refuse(
                        "models", found: "models without a catalog", allowed: "a catalog beside them")
                }
            },
            Rule("`catalog` stands with a `journal`: no money is spent that is not written down.") {
                root, objections in
                if root.catalog != nil, root.journal == nil {
                    objections.refuse(
                        "journal", found: "a catalog without a journal", allowed: "both, or neither")
                }
            },
            Rule(
                "`catalog.retainSeconds` is at least `journal.retainSeconds`: what the journal tells of is decided "
                    + "again with the catalog that it was decided with."
            ) { root, objections in
                guard let catalog = root.catalog, let journal = root.journal, catalog.retain < journal.retain
                else {
                    return
                }
                objections.refuse(
                    "catalog.retainSeconds", found: "\(catalog.retain.wholeMilliseconds / 1_000)",
                    allowed: "at least journal.retainSeconds, \(journal.retain.wholeMilliseconds / 1_000)")
            },
        ])
}

extension NodeSettings {
    /// Longer only by the operator's word: tokens may live for days.
    private static let lastBillMost = Interval.seconds(600)

    /// How long after an ad's expiry its bill may come where nobody could tell it before.
    public var lastBill: Interval {
        let left = notices.map { $0.lifetime - budgets.hold } ?? .zero
        return budgets.lastBill ?? max(budgets.grace, min(left, Self.lastBillMost))
    }

    /// The certificates of every listener, by the path that they have in the file.
    var certificates: [(path: String, tls: TLSSettings)] {
        let listeners = listen.enumerated().map { ("listen[\($0.offset)].tls", $0.element.tls) }
        return (listeners + [("admin.tls", admin.tls)]).compactMap { path, tls in tls.map { (path, $0) } }
    }
}

/// What only one listener can have.
private struct Endpoint: Hashable {
    let address: IPAddress
    let port: UInt16
}

extension NodeSettings.Identity {
    package static let schema = Schema<Self>(
        "node.node",
        [
            .required(
                "name", \.name, .name, example: "node-1",
                "The node's name, unique in its region. `paceline_node_info` and the first line of its log show it."
            ),
            .required(
                "region", \.region, .name, example: "eu-west",
                "The region whose brokers lend this node its money."),
        ])
}
