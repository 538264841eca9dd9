// What is asked of a fleet: its hosts with their places in the file, what regions carry, and addresses that are free.

extension FleetFile {
    /// A host and where the file has it.
    public struct Place: Sendable {
        public let region: Int
        public let index: Int
        public let host: Host

        var path: String { "regions[\(region)].hosts[\(index)]" }
    }

    public var places: [Place] {
        regions.enumerated().flatMap { region, one in
            one.hosts.enumerated().map { Place(region: region, index: $0, host: $1) }
        }
    }

    /// How many requests a region answers in a second, by its nodes' cores and the measured cost of one.
    public struct Capacity: Sendable {
        public let region: String
        public let cores: Int
        public let perSecond: Int
    }

    /// Of the regions that take traffic and have nodes.
    public func capacities(of environment: Environment) -> [Capacity] {
        regions.compactMap { region in
            guard region.environment == environment.name, !region.isLeaving else { return nil }
            let cores = region.hosts.reduce(0) { $0 + ($1.roles.contains(.node) ? $1.cores : 0) }
            guard cores > 0 else { return nil }
            // A core has a million microseconds in a second, of which `load` percent may be used.
            let perSecond = cores * environment.load * 10_000 / environment.decisionMicroseconds
            return Capacity(region: region.name, cores: cores, perSecond: perSecond)
        }
    }

    /// A network of this size that nobody has, behind this one.
    func freeNetwork(like network: IPv4Network) -> IPv4Network? {
        var candidate = network.next
        // No more networks than the file can have regions, and the mesh, lie in the way one after another.
        for _ in 0..<4_096 {
            guard let one = candidate else { return nil }
            if !one.overlaps(mesh.network), !regions.contains(where: { $0.network.overlaps(one) }) {
                return one
            }
            candidate = one.next
        }
        return nil
    }
}
