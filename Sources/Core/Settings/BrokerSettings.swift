// The settings of paceline-broker: what the file holds at its top.
public import Documents
public import Units

public struct BrokerSettings: DocumentObject, Equatable {
    /// Where this broker's own money comes from.
    public struct Root: DocumentObject, Equatable {
        public internal(set) var holder = ""
        public internal(set) var coordinators: [LedgerSettings.Coordinator] = []
        public internal(set) var timeout = Interval.seconds(5)
        public internal(set) var tls: LedgerSettings.TLS?

        package init() {}
    }

    /// How long nodes may go on, and with how much.
    public struct Leases: DocumentObject, Equatable {
        public internal(set) var window = Interval.seconds(600)
        public internal(set) var ahead = Interval.seconds(600)
        public internal(set) var idle = Interval.seconds(30)

        package init() {}
    }

    /// The broker's memory.
    public struct Journal: DocumentObject, Equatable {
        public internal(set) var directory = ""
        public internal(set) var segmentBytes = 64 * 1024 * 1024
        public internal(set) var retainBytes = 1024 * 1024 * 1024
        public internal(set) var retain = Interval.seconds(86_400)
        public internal(set) var witness: String?

        package init() {}
    }

    /// What is published, on its way to nodes.
    public struct Catalog: DocumentObject, Equatable {
        public internal(set) var directory = ""
        public internal(set) var blobBytes = 256 * 1024 * 1024
        public internal(set) var retainBytes = 2 * 1024 * 1024 * 1024

        package init() {}
    }

    public internal(set) var name = ""
    public internal(set) var listen: [ListenerSettings] = []
    public internal(set) var admin = AdminSettings()
    public internal(set) var root = Root()
    /// A node's number is its place in it, so names are only ever added at the end.
    public internal(set) var holders: [String] = []
    public internal(set) var leases = Leases()
    public internal(set) var journal = Journal()
    /// Nothing that is published is handed on where there is none.
    public internal(set) var catalog: Catalog?
    public internal(set) var drain = NodeSettings.Drain()
    public internal(set) var log = NodeSettings.Log()
    public internal(set) var traces: TraceSettings?

    package init() {}

    package static let schema = Schema<BrokerSettings>(
        "broker",
        [
            .unread(
                "$schema",
                "Where an editor finds the JSON Schema of this file. The broker does not read it."),
            .constant(
                "daemon", "broker", "Which daemon this file is for. Another daemon refuses to start on it."),
            .required(
                "name", \.name, .name, example: "broker-1", "The broker's name, for its log and its journal."),
            .required("listen", \.listen, .list(of: .object, count: 1...16), "Where nodes come in."),
            .defaulted(
                "admin", \.admin, .object, "Where operators see its money, and where metrics are."),
            .required("root", \.root, .object, "Where its own money comes from."),
            .required(
                "holders", \.holders, .list(of: .name, count: 1...64), example: ["node-1"],
                "Which nodes may hold money of this broker. A node's number is its place here, so names are only ever added at the end."
            ),
            .defaulted(
                "leases", \.leases, .object, "How long nodes go on without a word, and with how much."),
            .required("journal", \.journal, .object, "Where it keeps what it promised."),
            .optional(
                "catalog", \.catalog, .object,
                "Where it keeps catalogs that are published, for nodes that follow them by this broker. Without it such nodes are told to ask elsewhere."
            ),
            .defaulted("drain", \.drain, .object, "How the broker leaves."),
            .defaulted("log", \.log, .object, "What is logged, and how."),
            .optional("traces", \.traces, .object, TraceSettings.summary),
        ],
        rules: [
            Rule("No name stands twice in `holders`.") { root, objections in
                for (index, name) in root.holders.enumerated() where root.holders[..<index].contains(name) {
                    objections.refuse(
                        "holders[\(index)]", found: "\"\(name)\" again", allowed: "each name once")
                }
            }
        ])

    /// The certificates of every listener, by the path that they have in the file.
    var certificates: [(path: String, tls: TLSSettings)] {
        let listeners = listen.enumerated().map { ("listen[\($0.offset)].tls", $0.element.tls) }
        return (listeners + [("admin.tls", admin.tls)]).compactMap { path, tls in tls.map { (path, $0) } }
    }

    public init(_ bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        try self.init(try reading.tree(of: bytes), reading)
    }

    /// Every setting with the value that is in force.
    public var effective: JSONTree { Self.schema.show(self) }
}

extension BrokerSettings.Root {
    package static let schema = Schema<Self>(
        "broker.root",
        [
            .required(
                "holder", \.holder, .name, example: "broker-1",
                "Who this broker is there: one of the coordinator's `holders`, and no other broker's."),
            .required(
                "coordinators", \.coordinators, .list(of: .object, count: 1...16),
                "The coordinators, on their `listen`. They are asked in turn until the one that leads answers."
            ),
            .defaulted(
                "timeoutMilliseconds", \.timeout, .milliseconds(100...60_000),
                "How long an answer may take. Then the next one is asked.",
                because: "A transaction takes milliseconds; one that waits for a failover is asked for again."
            ),
            .optional(
                "tls", \.tls, .object, "How the connections are guarded. Without it the bytes are plain."),
        ])
}

extension BrokerSettings.Leases {
    package static let schema = Schema<Self>(
        "broker.leases",
        [
            .defaulted(
                "windowSeconds", \.window, .seconds(1...86_400),
                "How long a node may spend without a word of its broker. Never longer than the broker may itself, by the coordinator's `leases.leaseSeconds`.",
                because: "The time in which a region without any coordinator is found and mended."),
            .defaulted(
                "aheadSeconds", \.ahead, .seconds(0...86_400),
                "So much of what nodes took lately is kept for the time in which no coordinator answers. What a broker keeps others cannot spend; half of it gone, more is asked for.",
                because: "As long as a node's lease."),
            .defaulted(
                "idleSeconds", \.idle, .seconds(1...86_400),
                "What is more than that goes back to the root after this time.",
                because: "A node that starts takes more to begin with than a moment later."),
        ])
}

extension BrokerSettings.Catalog {
    package static let schema = Schema<Self>(
        "broker.catalog",
        [
            .required(
                "directory", \.directory, .absolutePath, example: "/var/lib/paceline-broker/catalog",
                "Where compiled catalogs lie, under their SHA-256. Made where it is missing; its parent is not."
            ),
            .defaulted(
                "limitBytes", \.blobBytes, .integer(1_048_576...4_294_967_295, unit: "bytes"),
                "The largest compiled catalog that is fetched and handed on. The one that is published is held in memory, and for a moment the one before.",
                because: "Three times a catalog of 100,000 line items, which has some 85 MB."),
            .defaulted(
                "retainBytes", \.retainBytes, .integer(16_777_216...17_592_186_044_416, unit: "bytes"),
                "Bytes that all of them may take. The oldest go first, never the one that is published.",
                because: "What was taken back is there without being fetched again."),
        ])
}

extension BrokerSettings.Journal {
    package static let schema = Schema<Self>(
        "broker.journal",
        [
            .required(
                "directory", \.directory, .absolutePath, example: "/var/lib/paceline-broker/journal",
                "Where the segments lie. Made where it is missing; its parent is not. Without it the next start has another session, and what this one had comes back only when its nodes have closed it."
            ),
            .defaulted(
                "segmentBytes", \.segmentBytes, .integer(8_388_608...536_870_912, unit: "bytes"),
                "The size of one segment. Its space is taken from the disk before it is used.",
                because: "Some hundred thousand exchanges of nodes."),
            .defaulted(
                "retainBytes", \.retainBytes, .integer(33_554_432...17_592_186_044_416, unit: "bytes"),
                "Bytes that the segments may take. The oldest go first, but none that the next start needs.",
                because: "What a start needs is a part of one segment; the rest is for who looks into it."),
            .defaulted(
                "retainSeconds", \.retain, .seconds(60...315_360_000),
                "How long a segment is kept after its last record, if no start needs it.",
                because: "What happened yesterday can be looked into."),
            .optional("witness", \.witness, .absolutePath, JournalSettings.witness),
        ],
        rules: [
            Rule("`segmentBytes` is a multiple of 4096.") { journal, objections in
                if journal.segmentBytes % 4096 != 0 {
                    objections.refuse(
                        "segmentBytes", found: "\(journal.segmentBytes)", allowed: "a multiple of 4096")
                }
            },
            Rule("`retainBytes` is at least four times `segmentBytes`.") { journal, objections in
                if journal.retainBytes < 4 * journal.segmentBytes {
                    objections.refuse(
                        "retainBytes", found: "\(journal.retainBytes)",
                        allowed:
                            "at least \(4 * journal.segmentBytes): a segment in use, one prepared, two kept"
                    )
                }
            },
        ])
}
