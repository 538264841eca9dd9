// The fleet file: the only list of clouds, regions and hosts. Terraform and Nix read the same bytes; what it must hold is
// said here once, for both.
public import Documents
public import Units

public struct FleetFile: DocumentObject, Equatable {
    public internal(set) var domain = ""
    public internal(set) var mesh = Mesh()
    public internal(set) var ports = Ports()
    public internal(set) var environments: [Environment] = []
    public internal(set) var clouds: [Cloud] = []
    public internal(set) var regions: [Region] = []

    package init() {}

    package static let schema = Schema<Self>(
        "fleet",
        [
            .unread("$schema", "Where an editor finds the JSON Schema of this file."),
            .constant("schema", "paceline/fleet/1", "What this file is, and how it is read."),
            .required("domain", \.domain, .domainName, "Below which all names of the fleet stand."),
            .required("mesh", \.mesh, .object, "How hosts reach one another: WireGuard."),
            .defaulted("ports", \.ports, .object, "Which port is whose, on every host alike."),
            .required(
                "environments", \.environments, .list(of: .object, count: 1...8),
                "Fleets that share nothing but this file."),
            .required(
                "clouds", \.clouds, .list(of: .object, count: 1...16),
                "What fails together: two clouds, or one and a machine in a cellar, are two failure domains."),
            .required("regions", \.regions, .list(of: .object, count: 1...64), "Where hosts stand."),
        ], rules: FleetRules.all)

    public static var jsonSchema: JSONTree {
        Shape.object(schema.shape).jsonSchema(title: "Paceline's fleet")
    }

    /// Refuses a file as a whole, with everything that is wrong with it.
    public init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let file = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = file
    }

    /// The same file again, as this is written.
    public var page: String {
        guard case .object(let members) = Self.schema.show(self).content else { return "" }
        return JSONTree.object([.init("$schema", "fleet.schema.json")] + members).page + "\n"
    }
}

extension FleetFile {
    public struct Mesh: DocumentObject, Equatable {
        public internal(set) var network = IPv4Network(base: 0, bits: 8)
        public internal(set) var port = 51_820

        package init() {}

        package static let schema = Schema<Self>(
            "mesh",
            [
                .required("network", \.network, .network, "Of which every host has an address."),
                .defaulted(
                    "port", \.port, .port,
                    "Where WireGuard listens; the only port that clouds let in between regions."),
            ])
    }

    public struct Ports: DocumentObject, Equatable {
        public internal(set) var serve = 8080
        public internal(set) var serveTLS = 8443
        public internal(set) var admin = 9900
        public internal(set) var broker = 7400
        public internal(set) var coordinator = 7500
        public internal(set) var postgres = 5432
        public internal(set) var patroni = 8008
        public internal(set) var etcdClient = 2379
        public internal(set) var etcdPeer = 2380
        public internal(set) var database = 5000

        package init() {}

        var all: [(key: String, port: Int)] {
            [
                ("serve", serve), ("serveTLS", serveTLS), ("admin", admin), ("broker", broker),
                ("coordinator", coordinator), ("postgres", postgres), ("patroni", patroni),
                ("etcdClient", etcdClient), ("etcdPeer", etcdPeer), ("database", database),
            ]
        }

        package static let schema = Schema<Self>(
            "ports",
            [
                .defaulted("serve", \.serve, .port, "Requests of exchanges and players, behind a balancer."),
                .defaulted("serveTLS", \.serveTLS, .port, "The same by TLS."),
                .defaulted("admin", \.admin, .port, "Health, readiness and metrics, on the mesh alone."),
                .defaulted("broker", \.broker, .port, "Brokers, for the nodes of their region."),
                .defaulted("coordinator", \.coordinator, .port, "Coordinators, for brokers and operators."),
                .defaulted("postgres", \.postgres, .port, "Postgres itself, for its replicas and HAProxy."),
                .defaulted("patroni", \.patroni, .port, "Patroni's REST, which says who is primary."),
                .defaulted("etcdClient", \.etcdClient, .port, "etcd, for Patroni and coordinators."),
                .defaulted("etcdPeer", \.etcdPeer, .port, "etcd, for its members."),
                .defaulted("database", \.database, .port, "HAProxy's way to the primary, on coordinators."),
            ],
            rules: [
                Rule("No two of them are the same.") { ports, objections in
                    for (at, one) in ports.all.enumerated() {
                        if let other = ports.all[..<at].first(where: { $0.port == one.port }) {
                            objections.refuse(
                                one.key, found: "\(one.port), which is \(other.key)'s",
                                allowed: "a port of its own")
                        }
                    }
                }
            ])
    }

    public struct Environment: DocumentObject, Equatable {
        public internal(set) var name = ""
        public internal(set) var peakRequestsPerSecond = 0
        public internal(set) var decisionMicroseconds = 0
        public internal(set) var load = 60

        package init() {}

        package static let schema = Schema<Self>(
            "environment",
            [
                .required("name", \.name, .fleetName, "As in production or staging."),
                .required(
                    "peakRequestsPerSecond", \.peakRequestsPerSecond, .integer(1...100_000_000),
                    "What all its regions together have to answer at most."),
                .required(
                    "decisionMicroseconds", \.decisionMicroseconds, .integer(1...100_000),
                    "What a request costs of one core, as `./dev bench decide` measured it on such a machine."
                ),
                .defaulted(
                    "load", \.load, .integer(10...90), "The share of its cores that may be busy, in percent.",
                    because: "Queues grow without bound towards all of it, and bursts are not in the mean."),
            ])
    }

    public enum CloudKind: String, CaseIterable, Sendable { case aws, gcp, bare }

    public struct Cloud: DocumentObject, Equatable {
        public internal(set) var name = ""
        public internal(set) var kind = CloudKind.bare

        package init() {}

        package static let schema = Schema<Self>(
            "cloud",
            [
                .required("name", \.name, .fleetName, "What regions call it."),
                .required(
                    "kind", \.kind, .choice,
                    "Which Terraform stack makes its hosts; bare ones are there already, and nixos-anywhere installs them."
                ),
            ])
    }

    public struct Region: DocumentObject, Equatable {
        public internal(set) var name = ""
        public internal(set) var environment = ""
        public internal(set) var cloud = ""
        public internal(set) var location = ""
        public internal(set) var network = IPv4Network(base: 0, bits: 8)
        public internal(set) var isLeaving = false
        public internal(set) var hosts: [Host] = []

        package init() {}

        package static let schema = Schema<Self>(
            "region",
            [
                .required(
                    "name", \.name, .fleetName, "As metrics and money know it. Never given to another one."),
                .required("environment", \.environment, .fleetName, "Which fleet it belongs to."),
                .required("cloud", \.cloud, .fleetName, "In which of the clouds it is."),
                .required(
                    "location", \.location, .cloudWord, "What that cloud calls the place, as in us-east-1."),
                .required("network", \.network, .network, "Of which its hosts have addresses."),
                .defaulted(
                    "leaving", \.isLeaving, .bool,
                    "It takes no traffic any more. It stays here until its money is closed and the horizon is over."
                ),
                .required("hosts", \.hosts, .list(of: .object, count: 1...256), "Its machines."),
            ])
    }

    public enum Role: String, CaseIterable, Sendable {
        case node, broker, coordinator, database, etcd, observability, edge
    }

    public struct Host: DocumentObject, Equatable {
        public internal(set) var name = ""
        public internal(set) var roles: [Role] = []
        public internal(set) var size = ""
        public internal(set) var cores = 1
        public internal(set) var zone = ""
        public internal(set) var address = IPAddress.loopback
        public internal(set) var mesh = IPAddress.loopback

        package init() {}

        package static let schema = Schema<Self>(
            "host",
            [
                .required("name", \.name, .fleetName, "Its host name, below its region's and the domain."),
                .required("roles", \.roles, .list(of: .choice, count: 1...7), "What it runs."),
                .required("size", \.size, .cloudWord, "What its cloud calls a machine of this kind."),
                .required("cores", \.cores, .integer(1...1_024), "How many cores that machine has."),
                .required("zone", \.zone, .cloudWord, "What fails together inside of the region."),
                .required("address", \.address, .hostAddress, "Its address in its region."),
                .required("mesh", \.mesh, .hostAddress, "Its address in the mesh, the same wherever it is."),
            ])
    }
}

extension Kind where Value == Int {
    fileprivate static var port: Kind { .integer(1...65_535) }
}
