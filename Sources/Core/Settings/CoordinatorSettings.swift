// The settings of paceline-coordinator: what the file holds at its top.
public import Documents
public import Units

public struct CoordinatorSettings: DocumentObject, Equatable {
    /// Where the ledger's tables are.
    public struct Database: DocumentObject, Equatable {
        public internal(set) var address = IPAddress.loopback
        public internal(set) var port: UInt16 = 5_432
        public internal(set) var name = "paceline"
        public internal(set) var user = "paceline"
        public internal(set) var passwordFile: String?
        public internal(set) var authorityFile: String?
        public internal(set) var serverName: String?
        public internal(set) var timeout = Interval.seconds(2)
        public internal(set) var migrationsDirectory = "/usr/share/paceline/migrations"

        package init() {}
    }

    /// Times of leadership, leases and evidence.
    public struct Leases: DocumentObject, Equatable {
        public internal(set) var leadership = Interval.seconds(6)
        public internal(set) var renewal = Interval.milliseconds(1_500)
        public internal(set) var lease = Interval.seconds(900)
        public internal(set) var horizon = Interval.seconds(7 * 86_400)

        package init() {}
    }

    /// Whose campaigns have accounts, without anybody ordering them.
    public struct Catalog: DocumentObject, Equatable {
        public internal(set) var path = ""
        public internal(set) var reload = Interval.seconds(5)

        package init() {}
    }

    /// Who keeps the numbers of the ledger's batches, outside the database.
    public struct Numbers: DocumentObject, Equatable {
        public internal(set) var etcd: [LedgerSettings.Coordinator] = []
        public internal(set) var prefix = "paceline:ledger:"
        public internal(set) var timeout = Interval.seconds(1)
        public internal(set) var tls: LedgerSettings.TLS?

        package init() {}
    }

    public internal(set) var name = ""
    public internal(set) var listen: [ListenerSettings] = []
    public internal(set) var admin = AdminSettings()
    public internal(set) var roles: [CertificateRole] = []
    public internal(set) var rates = Rates()
    public internal(set) var database = Database()
    public internal(set) var numbers: Numbers?
    public internal(set) var leases = Leases()
    public internal(set) var catalog: Catalog?
    /// The fleet file: a holder's number is its place in it, so names are only ever added at the end.
    public internal(set) var holders: [String] = []
    public internal(set) var regions: [Region] = []
    public internal(set) var rotation = Rotation()
    public internal(set) var consoleDirectory: String?
    public internal(set) var drain = NodeSettings.Drain()
    public internal(set) var log = NodeSettings.Log()
    public internal(set) var traces: TraceSettings?

    package init() {}

    package static let schema = Schema<CoordinatorSettings>(
        "coordinator",
        [
            .unread(
                "$schema",
                "Where an editor finds the JSON Schema of this file. The coordinator does not read it."),
            .constant(
                "daemon", "coordinator",
                "Which daemon this file is for. Another daemon refuses to start on it."),
            .required(
                "name", \.name, .name, example: "coordinator-1",
                "The coordinator's name. The leadership row and its log show it."),
            .required(
                "listen", \.listen, .list(of: .object, count: 1...16), "Where holders of money come in."),
            .defaulted(
                "admin", \.admin, .object,
                "Where operators see the ledger and change budgets, and where metrics are."),
            .defaulted(
                "roles", \.roles, .list(of: .object, count: 0...256),
                "Which client certificates may ask the admin API without a token, and what. The first one that fits decides. With any of them everybody needs a certificate with a role, or a token.",
                because: "Tokens alone say who may what."),
            .defaulted(
                "rates", \.rates, .object,
                "How often each token or certificate may ask the admin API, and each address of those without one."
            ),
            .defaulted("database", \.database, .object, "The Postgres that has the ledger."),
            .optional(
                "numbers", \.numbers, .object,
                "The etcd that knows how far the ledger has come, so that a database that was promoted and lacks nothing is not audited. All coordinators of a ledger have the same. Without it every promotion is followed by an audit."
            ),
            .defaulted("leases", \.leases, .object, "How long leadership, leases and evidence last."),
            .optional(
                "catalog", \.catalog, .object,
                "The catalog whose campaigns get their accounts by themselves, days before they begin, until one is published through the admin API. Without either operators open every account and every day."
            ),
            .required(
                "holders", \.holders, .list(of: .name, count: 1...64), example: ["broker-1"],
                "Who may hold money of the root: brokers, or nodes without one. A holder's number is its place here, so names are only ever added at the end."
            ),
            .defaulted(
                "regions", \.regions, .list(of: .object, count: 0...64),
                "The fleet's regions, which can be taken out of service and put back.",
                because: "Without any, nobody moves traffic from here."),
            .defaulted(
                "rotation", \.rotation, .object,
                "How long a region takes to go out of service and to come back."),
            .optional(
                "consoleDirectory", \.consoleDirectory, .absolutePath,
                "The folder with the console's pages, which come with the coordinator and are served on `admin` as /console/. Without it there is no console."
            ),
            .defaulted("drain", \.drain, .object, "How the coordinator leaves."),
            .defaulted("log", \.log, .object, "What is logged, and how."),
            .optional("traces", \.traces, .object, TraceSettings.summary),
        ],
        rules: [
            Rule("No name stands twice in `holders`.") { root, objections in
                for (index, name) in root.holders.enumerated() where root.holders[..<index].contains(name) {
                    objections.refuse(
                        "holders[\(index)]", found: "\"\(name)\" again", allowed: "each name once")
                }
            },
            Rule("No certificate stands twice in `roles`, and `admin.tls.clientCertificate` asks for them.") {
                root, objections in
                for (index, one) in root.roles.enumerated()
                where root.roles[..<index].contains(where: { $0.certificate == one.certificate }) {
                    objections.refuse(
                        "roles[\(index)].certificate", found: "\"\(one.certificate)\" again",
                        allowed: "each certificate once")
                }
                if !root.roles.isEmpty, root.admin.tls.map({ $0.clientCertificate == .none }) ?? true {
                    objections.refuse(
                        "roles", found: "roles of certificates that nobody is asked for",
                        allowed:
                            "beside an `admin.tls` whose `clientCertificate` is \"optional\" or \"required\"")
                }
            },
            Rule("No name stands twice in `regions`, and each of their holders is in `holders`, once in all.")
            {
                root, objections in
                var taken: Set<String> = []
                for (index, region) in root.regions.enumerated() {
                    if root.regions[..<index].contains(where: { $0.name == region.name }) {
                        objections.refuse(
                            "regions[\(index)].name", found: "\"\(region.name)\" again",
                            allowed: "each name once")
                    }
                    for (place, holder) in region.holders.enumerated()
                    where !root.holders.contains(holder) || !taken.insert(holder).inserted {
                        objections.refuse(
                            "regions[\(index)].holders[\(place)]", found: "\"\(holder)\"",
                            allowed: "a name of `holders` that no region before it has")
                    }
                }
            },
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

extension CoordinatorSettings.Database {
    package static let schema = Schema<Self>(
        "coordinator.database",
        [
            .defaulted(
                "address", \.address, .address,
                "Where it, or HAProxy in front of it, listens. What is there must be the primary.",
                because: "Small fleets have it on one machine."),
            .defaulted("port", \.port, .integer(1...65_535), "The TCP port.", because: "Postgres's own."),
            .defaulted("name", \.name, .name, "The database.", because: "Everything of ours is called so."),
            .defaulted(
                "user", \.user, .name, "The role that owns the schema paceline.", because: "Likewise."),
            .optional(
                "passwordFile", \.passwordFile, .absolutePath,
                "A file with the role's password and nothing else."),
            .optional(
                "authorityFile", \.authorityFile, .absolutePath,
                "The authorities that the server's certificate comes from, in PEM. Without it, plain TCP."),
            .optional(
                "serverName", \.serverName, .name,
                "The name in the server's certificate; needs `authorityFile`."),
            .defaulted(
                "migrationsDirectory", \.migrationsDirectory, .absolutePath,
                "The folder with the ledger's tables as numbered .sql files, which come with the coordinator.",
                because: "Where packages put what programs read."),
            .defaulted(
                "timeoutMilliseconds", \.timeout, .milliseconds(100...60_000),
                "How long one transaction may take. Then its connection is closed, and it is tried again under the same number.",
                because:
                    "A batch takes milliseconds; a failover takes ten seconds, and is waited for by trying again."
            ),
        ],
        rules: [
            Rule("`serverName` and `authorityFile` stand together.") { database, objections in
                if (database.serverName == nil) != (database.authorityFile == nil) {
                    objections.refuse(
                        "serverName", found: "one without the other", allowed: "both, or neither")
                }
            }
        ])
}

extension CoordinatorSettings.Numbers {
    package static let schema = Schema<Self>(
        "coordinator.numbers",
        [
            .required(
                "etcd", \.etcd, .list(of: .object, count: 1...9),
                "Its members, where they take clients. They are asked in turn; while none answers, nothing is granted."
            ),
            .defaulted(
                "prefix", \.prefix, .word,
                "What the keys begin with. Ledgers that share an etcd have one each.",
                because: "A fleet has one ledger."),
            .defaulted(
                "timeoutMilliseconds", \.timeout, .milliseconds(50...10_000),
                "How long a member's answer may take. Then the next one is asked.",
                because: "An election takes a second or two, and is waited for by asking again."),
            .optional(
                "tls", \.tls, .object, "How the connections are guarded. Without it the bytes are plain."),
        ])
}

extension CoordinatorSettings.Catalog {
    package static let schema = Schema<Self>(
        "coordinator.catalog",
        [
            .required(
                "path", \.path, .absolutePath, example: "/etc/paceline/catalog",
                "A directory of JSON files, or a snapshot that `paceline catalog compile` has made: what the nodes have."
            ),
            .defaulted(
                "reloadSeconds", \.reload, .seconds(1...86_400), "How often the files are looked at.",
                because: "As often as nodes do, which do not bid for a campaign without an account."),
        ])
}

extension CoordinatorSettings.Leases {
    package static let schema = Schema<Self>(
        "coordinator.leases",
        [
            .defaulted(
                "leadershipMilliseconds", \.leadership, .milliseconds(300...600_000),
                "How long one renewal of the leadership lasts. Another coordinator takes over when it has run out.",
                because: "Three renewals may be lost before another takes over."),
            .defaulted(
                "renewalMilliseconds", \.renewal, .milliseconds(50...60_000),
                "How often the leader renews its leadership.",
                because: "It costs a commit, and a quarter of the length leaves room for slow ones."),
            .defaulted(
                "leaseSeconds", \.lease, .seconds(1...86_400),
                "How long a holder may spend without a word of the root: a node's autonomy window, and two renewals of a broker.",
                because: "Ten minutes and what brokers add."),
            .defaulted(
                "horizonSeconds", \.horizon, .seconds(1...31_536_000),
                "How long evidence of a session that has ended is waited for. Then what is open is presumed spent.",
                because: "A machine is repaired, or known to be lost, within a week."),
        ],
        rules: [
            Rule("`renewalMilliseconds` is at most half of `leadershipMilliseconds`.") { leases, objections in
                if leases.renewal.nanoseconds * 2 > leases.leadership.nanoseconds {
                    objections.refuse(
                        "renewalMilliseconds", found: "\(leases.renewal.wholeMilliseconds)",
                        allowed: "at most \(leases.leadership.wholeMilliseconds / 2)")
                }
            }
        ])
}
