// What must hold of a fleet as a whole, each with what to write instead: names and addresses that are given once, and a
// placement in which no single failure stops money or traffic.
import Documents
import Units

enum FleetRules {
    static let all: [Rule<FleetFile>] = [
        Rule("Every environment, cloud and region has a name of its own, and every host.", check: names),
        Rule("What a region names is there.", check: references),
        Rule("No two networks overlap, the mesh's included.", check: networks),
        Rule(
            "A host's addresses lie in its region's network and in the mesh, and are its own.",
            check: addresses),
        Rule(
            "In a cloud, each zone has sixteenths of its region's network to itself, and the last is for balancers.",
            check: zones),
        Rule(
            "etcd has an odd number of members, three at least, over three clouds, and none has half of them.",
            check: etcd),
        Rule(
            "A synchronous standby of the database is outside the primary's cloud: databases are in two at least, three in all.",
            check: databases),
        Rule("Coordinators are two at least, in two clouds.", check: coordinators),
        Rule("A region with nodes has brokers in pairs, in two zones.", check: brokers),
        Rule("A host runs one daemon of ours: each has the port `admin`.", check: daemons),
        Rule("With any one region lost the others carry the peak.", check: capacity),
    ]

    private static func refuseRepeats(
        _ names: [(path: String, name: String)], _ what: String, _ objections: inout Objections
    ) {
        var first: [String: String] = [:]
        for (path, name) in names {
            if let other = first[name] {
                objections.refuse(
                    path, found: "\"\(name)\", which is \(other)'s",
                    allowed: "a name that no other \(what) has")
            } else {
                first[name] = path.split(separator: ".").dropLast().joined(separator: ".")
            }
        }
    }

    private static func names(_ fleet: FleetFile, _ objections: inout Objections) {
        refuseRepeats(
            fleet.environments.enumerated().map { ("environments[\($0)].name", $1.name) }, "environment",
            &objections)
        refuseRepeats(fleet.clouds.enumerated().map { ("clouds[\($0)].name", $1.name) }, "cloud", &objections)
        refuseRepeats(
            fleet.regions.enumerated().map { ("regions[\($0)].name", $1.name) }, "region", &objections)
        refuseRepeats(fleet.places.map { ("\($0.path).name", $0.host.name) }, "host", &objections)
        for place in fleet.places {
            for (at, role) in place.host.roles.enumerated() where place.host.roles[..<at].contains(role) {
                objections.refuse(
                    "\(place.path).roles[\(at)]", found: "\(role.rawValue) again", allowed: "each role once")
            }
        }
    }

    private static func references(_ fleet: FleetFile, _ objections: inout Objections) {
        let (environments, clouds) = (fleet.environments.map(\.name), fleet.clouds.map(\.name))
        for (at, region) in fleet.regions.enumerated() {
            if !environments.contains(region.environment) {
                objections.refuse(
                    "regions[\(at)].environment", found: "\"\(region.environment)\"",
                    allowed: environments.joined(separator: ", "))
            }
            if !clouds.contains(region.cloud) {
                objections.refuse(
                    "regions[\(at)].cloud", found: "\"\(region.cloud)\"",
                    allowed: clouds.joined(separator: ", "))
            }
        }
    }

    // MARK: Addresses

    private static func networks(_ fleet: FleetFile, _ objections: inout Objections) {
        for (at, region) in fleet.regions.enumerated() {
            if region.network.overlaps(fleet.mesh.network) {
                objections.refuse(
                    "regions[\(at)].network",
                    found: "\(region.network), which overlaps the mesh's \(fleet.mesh.network)",
                    allowed: fleet.freeNetwork(like: region.network).map { "a network of its own, as \($0)" }
                        ?? "a network of its own")
            }
            if let other = fleet.regions[..<at].first(where: { $0.network.overlaps(region.network) }) {
                objections.refuse(
                    "regions[\(at)].network",
                    found: "\(region.network), which overlaps \(other.name)'s \(other.network)",
                    allowed: fleet.freeNetwork(like: region.network).map { "a network of its own, as \($0)" }
                        ?? "a network of its own")
            }
        }
    }

    private static func addresses(_ fleet: FleetFile, _ objections: inout Objections) {
        var taken: [IPAddress: String] = [:]
        for place in fleet.places {
            let (network, host) = (fleet.regions[place.region].network, place.host)
            if !network.hasHost(host.address) {
                objections.refuse(
                    "\(place.path).address", found: "\(host.address)",
                    allowed: "an address of a host in \(network)")
            }
            if !fleet.mesh.network.hasHost(host.mesh) {
                objections.refuse(
                    "\(place.path).mesh", found: "\(host.mesh)",
                    allowed: "an address of a host in \(fleet.mesh.network)")
            }
            for (key, address) in [("address", host.address), ("mesh", host.mesh)] {
                if let other = taken.updateValue(host.name, forKey: address) {
                    objections.refuse(
                        "\(place.path).\(key)", found: "\(address), which is \(other)'s",
                        allowed: "an address of its own")
                }
            }
        }
    }

    /// A subnet of AWS lies in one zone, and balancers of Google's want a subnet of their own: Terraform cuts both out of
    /// the region's network in sixteenths.
    private static func zones(_ fleet: FleetFile, _ objections: inout Objections) {
        for (at, region) in fleet.regions.enumerated() {
            guard let cloud = fleet.clouds.first(where: { $0.name == region.cloud }), cloud.kind != .bare
            else {
                continue
            }
            var owners: [Int: String] = [:]
            for (index, host) in region.hosts.enumerated() where region.network.hasHost(host.address) {
                let path = "regions[\(at)].hosts[\(index)].address"
                guard let part = region.network.sixteenth(of: host.address) else {
                    objections.refuse(
                        "regions[\(at)].network", found: "\(region.network)",
                        allowed: "a network of at most 26 bits")
                    break
                }
                if part == 15 {
                    objections.refuse(
                        path, found: "\(host.address), in the last sixteenth of \(region.network)",
                        allowed: "one of the others: the last is for balancers")
                } else if let owner = owners[part], owner != host.zone {
                    objections.refuse(
                        path, found: "\(host.address), in a sixteenth of \(region.network) that \(owner) has",
                        allowed: "an address in a sixteenth that \(host.zone) has to itself")
                } else {
                    owners[part] = host.zone
                }
            }
        }
    }

    // MARK: Placement

    /// What is wrong with the hosts of a role, told for each environment: how many there are, and in which clouds.
    private static func place(
        _ role: FleetFile.Role, _ fleet: FleetFile, _ objections: inout Objections, allowed: String,
        wrong: (_ count: Int, _ clouds: [String: Int]) -> String?
    ) {
        for (at, environment) in fleet.environments.enumerated() {
            let hosts = fleet.places.filter {
                fleet.regions[$0.region].environment == environment.name && $0.host.roles.contains(role)
            }
            let clouds = hosts.reduce(into: [:]) { $0[fleet.regions[$1.region].cloud, default: 0] += 1 }
            if let found = wrong(hosts.count, clouds) {
                objections.refuse("environments[\(at)]", found: found, allowed: allowed)
            }
        }
    }

    private static func list(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.value) in \($0.key)" }.joined(separator: ", ")
    }

    private static func etcd(_ fleet: FleetFile, _ objections: inout Objections) {
        place(
            .etcd, fleet, &objections,
            allowed:
                "3 or 5 members over three clouds, so that a majority outlives any of them: give the role etcd to a host in another cloud"
        ) { count, clouds in
            if count < 3 || count % 2 == 0 { return "\(count) hosts with the role etcd" }
            let isSpread = clouds.count >= 3 && clouds.values.allSatisfy { 2 * $0 <= count }
            return isSpread ? nil : "etcd with \(list(clouds))"
        }
    }

    private static func databases(_ fleet: FleetFile, _ objections: inout Objections) {
        place(
            .database, fleet, &objections,
            allowed:
                "three at least over two clouds, so that an acknowledged movement of money outlives a cloud: give the role database to a host in another cloud"
        ) { count, clouds in
            if count >= 3, clouds.count >= 2 { return nil }
            return count == 0 ? "no database" : "databases: \(list(clouds))"
        }
    }

    private static func coordinators(_ fleet: FleetFile, _ objections: inout Objections) {
        place(
            .coordinator, fleet, &objections,
            allowed:
                "two at least in two clouds, so that another takes over: give the role coordinator to a host in another cloud"
        ) { count, clouds in
            if clouds.count >= 2 { return nil }
            return count == 0 ? "no coordinator" : "coordinators: \(list(clouds))"
        }
    }

    private static func brokers(_ fleet: FleetFile, _ objections: inout Objections) {
        for (at, region) in fleet.regions.enumerated()
        where region.hosts.contains(where: { $0.roles.contains(.node) }) {
            let brokers = region.hosts.filter { $0.roles.contains(.broker) }
            guard brokers.count == 2, brokers[0].zone != brokers[1].zone else {
                let zones = brokers.map(\.zone).sorted().joined(separator: ", ")
                objections.refuse(
                    "regions[\(at)].hosts",
                    found: "\(brokers.count) brokers" + (brokers.isEmpty ? "" : " in \(zones)"),
                    allowed:
                        "two, in two zones: one issues, and the other has a little money of its own to go on with"
                )
                continue
            }
        }
    }

    private static func daemons(_ fleet: FleetFile, _ objections: inout Objections) {
        for (at, region) in fleet.regions.enumerated() {
            for (index, host) in region.hosts.enumerated() {
                let ours = host.roles.filter { [.node, .broker, .coordinator].contains($0) }
                guard ours.count > 1 else { continue }
                objections.refuse(
                    "regions[\(at)].hosts[\(index)].roles",
                    found: ours.map(\.rawValue).joined(separator: " and "),
                    allowed: "one of them: each listens for operators on the port `admin`")
            }
        }
    }

    private static func capacity(_ fleet: FleetFile, _ objections: inout Objections) {
        for (at, environment) in fleet.environments.enumerated() {
            let capacities = fleet.capacities(of: environment)
            guard let largest = capacities.max(by: { $0.perSecond < $1.perSecond }) else {
                objections.refuse(
                    "environments[\(at)]", found: "no region that serves it",
                    allowed: "a region with this environment and nodes, or none of this name")
                continue
            }
            let left = capacities.reduce(0) { $0 + $1.perSecond } - largest.perSecond
            guard left < environment.peakRequestsPerSecond else { continue }
            // One core answers so many.
            let core = max(environment.load * 10_000 / environment.decisionMicroseconds, 1)
            let missing = (environment.peakRequestsPerSecond - left + core - 1) / core
            objections.refuse(
                "environments[\(at)].peakRequestsPerSecond",
                found:
                    "\(environment.peakRequestsPerSecond), and without \(largest.region) the others answer \(left)",
                allowed:
                    "what is left without any one region: \(missing) more cores of nodes outside \(largest.region), or another region"
            )
        }
    }
}
