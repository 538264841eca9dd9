// What a broker says of its money, as far as a fleet's picture needs it.
import Documents
import Units

struct BrokerMoney {
    /// By campaign, over its days.
    struct Share {
        let campaign: String
        /// With its nodes, and with those of them whose lease has run out.
        var granted = Micros.zero
        /// With none of them.
        var free = Micros.zero
    }

    var shares: [Share] = []
    /// Those that hold a lease of it.
    var nodes = 0

    var granted: Micros { shares.reduce(.zero) { $0 + $1.granted } }
    var free: Micros { shares.reduce(.zero) { $0 + $1.free } }

    /// Nil where that is not what `GET /v1/broker` answers.
    init?(_ body: [UInt8]) {
        guard let tree = try? JSONTree(reading: body), let accounts = tree["accounts"],
            let all = tree["nodes"]
        else { return nil }
        nodes = all.elements.count { $0["state"]?.text == "open" }
        for account in accounts.elements {
            guard let campaign = account["campaign"]?.text else { return nil }
            if !shares.contains(where: { $0.campaign == campaign }) {
                shares.append(Share(campaign: campaign))
            }
            for index in shares.indices where shares[index].campaign == campaign {
                shares[index].granted += account.amount("granted") + account.amount("suspense")
                shares[index].free += account.amount("free")
            }
        }
    }
}

extension FleetMoney {
    /// Adds what the brokers of a region hold. What their nodes have of it the nodes have said; where one of those does not
    /// answer, its brokers still know. Without any node's word nobody knows what a campaign may spend.
    mutating func add(_ brokers: [BrokerMoney], nodesSaid: FleetMoney, areAllHeard: Bool) {
        for index in campaigns.indices {
            let name = campaigns[index].name
            let shares = brokers.flatMap { $0.shares.filter { $0.campaign == name } }
            campaigns[index].held += shares.reduce(.zero) { $0 + $1.free }
            guard !areAllHeard else { continue }
            let said = nodesSaid.campaigns.first { $0.name == name }
            let granted = shares.reduce(Micros.zero) { $0 + $1.granted }
            let isTold = (said?.held ?? .zero) + (said?.doubtful ?? .zero)
            campaigns[index].held += max(granted - isTold, .zero)
        }
    }
}
