// Another region: the hosts of one that is there, with names and addresses of their own.
internal import Units

/// Why a region cannot be added.
public struct RegionNotAdded: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
}

extension FleetFile {
    /// - Parameters:
    ///   - like: the region whose hosts it has: as many, of the same sizes and cores.
    ///   - zones: what its location calls the zones, in the order of the other's; the other's own where it is empty.
    public func adding(
        region name: String, cloud: String, location: String, like: String, zones: [String] = []
    ) throws(RegionNotAdded) -> FleetFile {
        func refusal(_ found: String, _ allowed: String) -> RegionNotAdded {
            RegionNotAdded(description: "found \(found); allowed \(allowed)")
        }
        guard FleetName.isOne(name) else {
            throw refusal("\"\(name)\" as its name", "a-z, 0-9 and -, starting with a letter")
        }
        guard let model = regions.first(where: { $0.name == like }) else {
            throw refusal("\"\(like)\" as what it is like", regions.map(\.name).joined(separator: ", "))
        }
        guard let target = clouds.first(where: { $0.name == cloud }) else {
            throw refusal("\"\(cloud)\" as its cloud", clouds.map(\.name).joined(separator: ", "))
        }
        guard !regions.contains(where: { $0.name == name }) else {
            throw refusal("\"\(name)\" as its name, which is there", "a name that no other region has")
        }
        guard let network = freeNetwork(like: model.network) else {
            throw refusal(
                "no network of \(model.network.bits) bits that is free behind \(model.network)",
                "smaller networks")
        }
        if target.kind != clouds.first(where: { $0.name == model.cloud })?.kind {
            throw refusal(
                "\"\(like)\", which is of another kind of cloud: its sizes mean nothing in \(cloud)",
                "one of "
                    + regions.filter { region in
                        clouds.contains { $0.name == region.cloud && $0.kind == target.kind }
                    }.map(\.name).joined(separator: ", "))
        }
        let known = model.hosts.map(\.zone).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        guard zones.isEmpty || zones.count == known.count else {
            throw refusal("\(zones.count) zones", "\(known.count), for \(known.joined(separator: ", "))")
        }
        var region = model
        (region.name, region.cloud, region.location) = (name, cloud, location)
        (region.network, region.isLeaving) = (network, false)
        var meshAddresses = Set(places.map(\.host.mesh))
        region.hosts = []
        for (at, old) in model.hosts.enumerated() {
            var host = old
            // What keeps a majority is placed by hand: a region more changes no quorum.
            host.roles.removeAll {
                $0 == .etcd || $0 == .database || $0 == .coordinator || $0 == .observability
            }
            if host.roles.isEmpty { continue }
            host.name = hostName(old.name, of: model.name, at, in: name)
            guard let address = model.network.moved(old.address, to: network) else {
                throw refusal("\(old.address) of \(old.name)", "an address of a host in \(model.network)")
            }
            host.address = address
            guard let mesh = self.mesh.network.free(besides: meshAddresses) else {
                throw refusal(
                    "no free address in the mesh's \(self.mesh.network)", "a larger network of the mesh")
            }
            meshAddresses.insert(mesh)
            host.mesh = mesh
            if !zones.isEmpty, let at = known.firstIndex(of: old.zone) { host.zone = zones[at] }
            region.hosts.append(host)
        }
        guard !region.hosts.isEmpty else {
            throw refusal("\"\(like)\", whose hosts serve no traffic", "a region with nodes and brokers")
        }
        var file = self
        file.regions.append(region)
        return file
    }

    /// The other's name with this region's in place of its region's, or the region's and a number.
    private func hostName(_ old: String, of model: String, _ at: Int, in name: String) -> String {
        if old.hasPrefix(model + "-") { return name + old.dropFirst(model.count) }
        return "\(name)-\(at + 1)"
    }
}
