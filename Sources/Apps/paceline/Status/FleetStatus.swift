// `paceline status --roster`, and how a fleet's picture is told to people and to programs.
import Commands
import Documents
import Fleet
import Kernel
import Units

enum FleetStatus {
    static func run(_ file: String, _ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let roster = try RosterInput.read(file)
        let isSecure = roster.members.contains { $0.admin.hasPrefix("https://") }
        let asking = try FleetAsking(
            roster, try Status.tlsContext(call, secure: isSecure), token: try AdminClient.token(call),
            within: .seconds(Int64(call[Status.timeout])))
        let picture = FleetPicture(roster, try asking.ask(), at: Kernel.wallNow())
        if call[Status.json] {
            output.print(picture.tree)
        } else {
            for line in picture.lines() { output.print(line) }
        }
        return picture.isWell ? .ok : .failed
    }
}

extension FleetPicture {
    func lines(since former: FleetPicture? = nil) -> [String] {
        let parts = [
            moneyLines, coordinatorLines, brokerLines, nodeLines(former), problemLines, budgetLines,
        ]
        return ["\(TimeText.utc(at).prefix(19))Z"] + parts.joined()
    }

    private var moneyLines: [String] {
        guard money.isKnown else { return ["money: nobody who answers knows of any budget"] }
        var lines: [String] = []
        for currency in money.currencies {
            let sum = money.sum(currency)
            let verdict = isMoneySafe ? "safe" : "NOT SAFE"
            var line = "money \(verdict): \(short(sum.spent)) spent and \(short(sum.held)) held"
            if sum.doubtful > .zero { line += " and \(short(sum.doubtful)) in doubt" }
            line += " of \(short(sum.budget)) \(currency)"
            if sum.late > .zero { line += "; \(short(sum.late)) billed too late, beside it" }
            lines.append(line)
        }
        if let source = money.source {
            lines.append("  by the ledger's root, as \(source) has it")
        } else {
            lines.append(
                "  by what the nodes and brokers that answer hold and remember, against the nodes' catalogs: no coordinator has the balances. "
                    + "No more than what is held can be spent before one does.")
        }
        for one in money.unsafe {
            lines.append(
                "  \(one.name): \(short(one.committed)) committed of \(short(one.budget)) \(one.currency): its budget was "
                    + "cut below that, or this is an alarm: paceline ledger verify")
        }
        if refusals > 0 {
            lines.append("  ALARM: nodes or brokers were refused \(refusals) times by their issuer")
        }
        return lines
    }

    private var coordinatorLines: [String] {
        let all = members.filter { $0.role == .coordinator }
        guard !all.isEmpty else { return [] }
        let words = all.map { one in
            if !one.answers { return "\(one.name) DOWN" }
            if one.leads { return "\(one.name) leads (epoch \(one.epoch ?? "?"))" }
            return one.isReady ? "\(one.name) follows" : "\(one.name) NOT READY: \(one.problems[0])"
        }
        var lines = ["coordinators: " + words.joined(separator: ", ")]
        if leader == nil {
            lines.append("  nobody leads: nodes go on with what they hold, until their leases end")
        }
        for one in all {
            if let problem = one.catalogProblem {
                lines.append("  \(one.name): the catalog is refused: \(problem)")
            }
            lines += one.notices.map { "  \(one.name): \($0)" }
        }
        return lines
    }

    private static func state(_ one: Member) -> String {
        one.isReady ? "ready" : one.answers ? "NOT READY" : "DOWN"
    }

    private static func lease(_ one: Member) -> String {
        one.counts?.leaseSeconds.map { $0 < 0 ? "OVER" : "\(Int($0)) s" } ?? "-"
    }

    private var brokerLines: [String] {
        let all = members.filter { $0.role == .broker }
        guard !all.isEmpty else { return [] }
        let rows = all.map { one in
            [one.region ?? "-", one.name, Self.state(one)]
                + (one.broker.map { ["\($0.nodes)", short($0.granted), short($0.free)] } ?? ["-", "-", "-"])
                + [Self.lease(one)]
        }
        return aligned([["region", "broker", "state", "nodes", "granted", "free", "lease"]] + rows, left: 3)
    }

    private func nodeLines(_ former: FleetPicture?) -> [String] {
        var rows = [["region", "node", "state", "breaks", "ads", "bills", "billed", "held", "lease"]]
        if former != nil { rows[0][3...5] = ["breaks/s", "ads/s", "bills/s"] }
        for one in members where one.role == .node {
            var row = [one.region ?? "-", one.name, Self.state(one)]
            if let counts = one.counts {
                let before = former?.members.first { $0.name == one.name }?.counts
                let rates = former.map { counts.rates(since: before, seconds: at - $0.at) }
                row += rates ?? ["\(counts.breaks)", "\(counts.ads)", "\(counts.bills)"]
                row += [fixed(counts.settled), fixed(counts.held)]
            } else {
                row += [String](repeating: "-", count: 5)
            }
            rows.append(row + [Self.lease(one)])
        }
        return aligned(rows, left: 3)
    }

    private var problemLines: [String] {
        let others = members.filter { $0.role != .coordinator }
        return others.flatMap { one in
            (one.isReady ? [] : one.problems).map { "  \(one.name): \($0)" }
                + one.notices.map { "  \(one.name): \($0)" }
        }
    }

    private var budgetLines: [String] {
        let shown = (money.campaigns + money.days).filter { !$0.isIdle }.sorted { $0.name < $1.name }
        guard !shown.isEmpty else { return [] }
        let rows =
            [["budget", "of", "spent", "held", "in doubt", "late"]]
            + shown.map {
                [
                    $0.name, "\(short($0.budget)) \($0.currency)", short($0.spent), short($0.held),
                    short($0.doubtful), short($0.late),
                ]
            }
        return aligned(rows, left: 1)
    }

    private func short(_ amount: Micros) -> String { fixed(Double(amount.rawValue) / Double(Micros.perUnit)) }

    /// With two decimals, as money is read.
    private func fixed(_ value: Double) -> String {
        let cents = Int((abs(value) * 100).rounded())
        let rest = cents % 100
        return (value < 0 && cents > 0 ? "-" : "") + "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    // MARK: For programs

    var tree: JSONTree {
        .object([
            .init("at", .string(TimeText.utc(at))), .init("isWell", .bool(isWell)),
            .init("isMoneySafe", .bool(isMoneySafe)),
            .init("moneyFrom", money.source.map { .string($0) } ?? .null),
            .init("leader", leader.map { .string($0.name) } ?? .null),
            .init("epoch", leader?.epoch.map { .string($0) } ?? .null),
            .init("down", .array(down.map { .string($0.name) })),
            .init("issuerRefusals", .number(refusals)),
            .init("members", .array(members.map(\.tree))),
            .init("budgets", .array((money.campaigns + money.days).map(\.tree))),
        ])
    }
}

extension FleetPicture.Member {
    var tree: JSONTree {
        var members: [JSONTree.Member] = [
            .init("role", .string(role.rawValue)), .init("name", .string(name)),
            .init("region", region.map { .string($0) } ?? .null), .init("ready", .bool(isReady)),
            .init("problems", .array(problems.map { .string($0) })),
            .init("notices", .array(notices.map { .string($0) })),
        ]
        if role == .coordinator { members.append(.init("leads", .bool(leads))) }
        if let broker {
            members += [
                .init("nodes", .number(broker.nodes)),
                .init("granted", JSONTree(.number("\(broker.granted)"))),
                .init("free", JSONTree(.number("\(broker.free)"))),
            ]
        }
        if let counts, role == .node {
            members += [
                .init("breaks", .number(counts.breaks)), .init("ads", .number(counts.ads)),
                .init("bills", .number(counts.bills)), .init("late", .number(counts.late)),
                .init("billed", JSONTree(.number("\(counts.settled)"))),
                .init("held", JSONTree(.number("\(counts.held)"))),
            ]
        }
        if let counts {
            members.append(
                .init("leaseSeconds", counts.leaseSeconds.map { JSONTree(.number("\($0)")) } ?? .null))
        }
        return .object(members)
    }
}

extension FleetMoney.Budget {
    var tree: JSONTree {
        [
            "name": .string(name), "currency": .string(currency), "budget": JSONTree(.number("\(budget)")),
            "spent": JSONTree(.number("\(spent)")), "held": JSONTree(.number("\(held)")),
            "inDoubt": JSONTree(.number("\(doubtful)")), "late": JSONTree(.number("\(late)")),
            "isSafe": .bool(isSafe),
        ]
    }
}

extension NodeCounts {
    /// Breaks, ads and bills a second; one that began anew meanwhile has none yet.
    func rates(since former: NodeCounts?, seconds: Interval) -> [String] {
        guard let former, breaks >= former.breaks, seconds > .zero else { return ["-", "-", "-"] }
        let span = Double(seconds.nanoseconds) / 1e9
        return [breaks - former.breaks, ads - former.ads, bills - former.bills].map {
            let tenths = Int((Double(max($0, 0)) / span * 10).rounded())
            return "\(tenths / 10).\(tenths % 10)"
        }
    }
}
