// What only the clouds know of a fleet: public addresses. Made by Terraform, taken in by `paceline fleet absorb`, reviewed
// like any other change. Nothing secret has a place in it.
public import Documents
public import Units

public struct FleetState: DocumentObject, Equatable {
    public internal(set) var regions: [String: Region] = [:]

    public init() {}

    public struct Region: DocumentObject, Equatable {
        /// Where exchanges and players reach its edges; none where it has no balancer.
        public internal(set) var balancer: [IPAddress] = []
        public internal(set) var hosts: [String: Host] = [:]

        package init() {}

        package static let schema = Schema<Self>(
            "region's state",
            [
                .required(
                    "balancer", \.balancer, .list(of: .hostAddress, count: 0...16),
                    "Where exchanges and players reach it."),
                .required("hosts", \.hosts, .byName(.object, most: 256), "Its hosts, by name."),
            ])
    }

    public struct Host: DocumentObject, Equatable {
        public internal(set) var address = IPAddress.loopback

        package init() {}

        package static let schema = Schema<Self>(
            "host's state", [.required("public", \.address, .hostAddress, "Its address in the world.")])
    }

    package static let schema = Schema<Self>(
        "fleet state",
        [
            .constant("schema", "paceline/fleet-state/1", "What this file is, and how it is read."),
            .required("regions", \.regions, .byName(.object, most: 64), "By name."),
        ])

    public init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let state = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = state
    }

    /// What `terraform output -json` of a stack says: its regions, as the output `fleet_state` has them.
    public init(terraform bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let value = tree["fleet_state"]?["value"] else {
            reading.refuse(
                in: tree, at: "fleet_state", found: "nothing",
                allowed: "what `terraform output -json` prints of a stack that was applied")
            throw reading.refused
        }
        let kind = Kind<[String: Region]>.byName(.object, most: 64)
        guard let regions = kind.read(value, "fleet_state.value", &reading) else { throw reading.refused }
        self.regions = regions
    }

    /// Takes in what a stack says; of a region that is here already its word is the newer one.
    ///
    /// - Returns: what does not fit the fleet; nothing is taken then.
    public mutating func absorb(_ other: FleetState, of fleet: FleetFile) -> [String] {
        var wrong: [String] = []
        for (name, region) in other.regions.sorted(by: { $0.key < $1.key }) {
            guard let known = fleet.regions.first(where: { $0.name == name }) else {
                wrong.append("fleet_state.value.\(name): found a region that the fleet file does not have")
                continue
            }
            for host in region.hosts.keys.sorted() where !known.hosts.contains(where: { $0.name == host }) {
                wrong.append(
                    "fleet_state.value.\(name).hosts.\(host): found a host that \(name) does not have")
            }
        }
        if wrong.isEmpty {
            regions.merge(other.regions) { _, new in new }
            // Of a region that left the file nothing is kept.
            regions = regions.filter { name, _ in fleet.regions.contains { $0.name == name } }
        }
        return wrong
    }

    public var page: String { Self.schema.show(self).page + "\n" }
}
