// A fleet at one moment, made of what its members have answered.
import Commands
import Documents
import Fleet
import HTTP
import JSON
import Units

struct FleetPicture {
    struct Member {
        let role: Roster.Role
        let name: String
        let region: String?
        /// Empty where it is ready.
        var problems: [String] = []
        /// What somebody should look at although it is ready.
        var notices: [String] = []
        /// It answered at all.
        var answers = false
        var leads = false
        var epoch: String?
        var catalogProblem: String?
        /// Of a broker those of its lease and refusals.
        var counts: NodeCounts?
        var broker: BrokerMoney?

        var isReady: Bool { answers && problems.isEmpty }
    }

    let at: Instant
    var members: [Member] = []
    var money = FleetMoney()

    init(_ roster: Roster, _ answers: [[FleetAsking.Answer]], at now: Instant) {
        at = now
        for (member, said) in zip(roster.members, answers) { add(member, said) }
        if !money.isKnown { addWithoutRoot(roster, answers) }
    }

    /// What nodes hold and remember, and what brokers hold that no node has.
    private mutating func addWithoutRoot(_ roster: Roster, _ answers: [[FleetAsking.Answer]]) {
        let all = Array(zip(roster.members, answers))
        let budgets = { (region: String?) in
            all.filter { $0.0.role == .node && (region == nil || $0.0.region == region) }.map { $0.1[2].body }
        }
        for case let body? in budgets(nil) { money.add(budgets: body) }
        for region in roster.regions {
            var said = FleetMoney()
            for case let body? in budgets(region) { said.add(budgets: body) }
            money.add(
                members.filter { $0.region == region }.compactMap(\.broker), nodesSaid: said,
                areAllHeard: !budgets(region).contains { $0 == nil })
        }
    }

    private mutating func add(_ member: Roster.Member, _ said: [FleetAsking.Answer]) {
        var one = Member(role: member.role, name: member.name, region: member.region)
        switch said[0] {
        case .none(let why): one.problems = [why]
        case .came(let response):
            one.answers = true
            one.problems = Self.reasons(response)
            one.notices = Self.notices(response)
        }
        switch member.role {
        case .coordinator:
            if let body = said[1].body, let tree = try? JSONTree(reading: body) {
                one.leads = tree["leads"]?.flag ?? false
                one.epoch = tree["epoch"]?.text
                one.catalogProblem = tree["catalog"]?["problem"]?.text
            }
            if !money.isKnown, let body = said[2].body,
                let known = FleetMoney(accounts: body, from: member.name)
            {
                money = known
            }
        case .broker:
            one.counts = said[1].body.map { NodeCounts($0) }
            one.broker = said[2].body.flatMap { BrokerMoney($0) }
        case .node: one.counts = said[1].body.map { NodeCounts($0) }
        }
        members.append(one)
    }

    private static func reasons(_ response: ClientResponse) -> [String] {
        if response.status == 200 { return [] }
        let tree = try? JSONTree(reading: response.body)
        let reasons = (tree?["reasons"]?.elements ?? []).map {
            "\($0["part"]?.text ?? "part"): \($0["reason"]?.text ?? "not ready")"
        }
        return reasons.isEmpty ? ["GET /readyz got \(response.status)"] : reasons
    }

    private static func notices(_ response: ClientResponse) -> [String] {
        let tree = try? JSONTree(reading: response.body)
        return (tree?["notices"]?.elements ?? []).map {
            "\($0["part"]?.text ?? "part"): \($0["notice"]?.text ?? "")"
        }
    }

    // MARK: What operators ask first

    var down: [Member] { members.filter { !$0.isReady } }
    var leader: Member? { members.first { $0.leads } }
    var hasCoordinators: Bool { members.contains { $0.role == .coordinator } }
    /// What a node or a broker was refused by its issuer is a protocol that one of them breaks.
    var refusals: Int { members.reduce(0) { $0 + ($1.counts?.refusals ?? 0) } }
    /// As far as is known.
    var isMoneySafe: Bool { money.isKnown && money.unsafe.isEmpty && refusals == 0 }
    var isWell: Bool { isMoneySafe && down.isEmpty && (leader != nil || !hasCoordinators) }
}

/// What a node's metrics say that concerns the fleet.
struct NodeCounts {
    /// Requests that were decided, or turned away for load.
    var breaks = 0
    var ads = 0
    var bills = 0
    var late = 0
    var refusals = 0
    var fenced = 0
    /// Until when it may spend without a word of its issuer; nil where it has none.
    var leaseSeconds: Double?
    /// In units of the campaigns' currencies, which a demo has one of.
    var settled = 0.0
    var held = 0.0

    init(_ text: [UInt8]) {
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...])
            else { continue }
            let name = line.prefix { $0 != "{" && $0 != " " }
            let count = Int(exactly: value.rounded()) ?? 0
            switch name {
            case "paceline_decisions_total": breaks += count
            case "paceline_ads_total": ads += count
            case "paceline_settlements_total":
                if line.contains(#"late="yes""#) { late += count } else { bills += count }
            case "paceline_issuer_refusals": refusals += count
            case "paceline_issuer_lease_seconds": leaseSeconds = value
            case "paceline_budget_refusals_total":
                if line.contains(#"reason="fenced""#) { fenced += count }
            case "paceline_budget_units":
                if line.contains(#"place="settled""#) { settled += value }
                if line.contains(#"place="granted""#) { held += value }
            default: break
            }
        }
    }
}
