// `paceline fleet status|drain|restore|failover`: regions of the running fleet, looked at, taken out of service and put back.
import Commands
import Documents
import HTTP

enum FleetRotation {
    private static let region = Parameter.argument(
        "REGION", WordKind.text, "The region, by its name in the fleet file.")
    private static let dryRun = Parameter.flag("dry-run", "Say what it would come to, and change nothing.")
    private static let force = Parameter.flag(
        "force", "Also where the other regions have no room for it; the audit log keeps that.")
    private static let reason = Parameter.option(
        "reason", WordKind.text, "Why, for the audit log and whoever looks next.")

    static let commands = [status, change(.drain), change(.restore), change(.failover)]

    // MARK: Looking

    private static let status = Command(
        "status", "Shows where each region of the running fleet stands.",
        discussion: """
            Its state, how much of its traffic it is to get, what it answers and carries, what is seen of it from inside \
            (its brokers speak) and from outside (its probes are answered), and who wants what of it. Exit status 1 where \
            a region is not in service.
            """,
        parameters: AdminClient.parameters, examples: AdminClient.unreached("paceline fleet status")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(.get, "/api/v1/regions")
            let regions = answer["regions"]?.elements ?? []
            if call[Status.json] {
                output.print(answer.tree)
            } else if regions.isEmpty {
                output.print("the coordinator's settings name no regions")
            } else {
                var rows = [
                    ["region", "state", "share", "requests/s", "carries", "inside", "outside", "asked"]
                ]
                rows += regions.map(row)
                for line in aligned(rows, left: rows[0].count) { output.print(line) }
                let still = regions.filter { $0["movesByItself"]?.flag == false }.compactMap {
                    $0["region"]?.text
                }
                if !still.isEmpty {
                    output.print(
                        "\(still.joined(separator: ", ")): no probes in the coordinator's settings, so only operators move it"
                    )
                }
            }
            return regions.allSatisfy { $0["state"]?.text == "healthy" } ? .ok : .failed
        }
    }

    private static func row(_ one: JSONTree) -> [String] {
        func text(_ key: String) -> String { one[key]?.text ?? "-" }
        func signal(_ key: String, _ missing: String) -> String {
            one[key]?.flag.map { $0 ? "yes" : "no" } ?? missing
        }
        var asked = text("asked")
        if let who = one["who"]?.text {
            asked += " by \(who) at \(text("askedAt"))"
            if let why = one["why"]?.text { asked += ": \(why)" }
            if one["isForced"]?.flag == true { asked += " (forced)" }
        }
        let share = one["share"]?.text.flatMap { Int($0) }.map(percent) ?? "-"
        return [
            text("region"), text("state"), share, text("requestsPerSecond"), text("carries"),
            signal("inside", "-"), signal("outside", "no probe"), asked,
        ]
    }

    /// Of thousandths.
    private static func percent(_ share: Int) -> String {
        share % 10 == 0 ? "\(share / 10) %" : "\(share / 10).\(share % 10) %"
    }

    // MARK: Changing

    private enum Deed: String {
        case drain, restore, failover

        var summary: String {
            switch self {
            case .drain: "Takes a region out of service; what it has is finished."
            case .restore: "Puts a region back into service, by and by."
            case .failover: "Takes a region as lost at once."
            }
        }

        var discussion: String {
            switch self {
            case .drain:
                """
                Its nodes answer within a second that they are not ready, so that names and load balancers send traffic to \
                the others, whose plans take over its part. What still comes is answered, and bills count. Refused where the \
                others have no room for what it answers, but with --force.
                """
            case .restore:
                """
                It gets a first share at once where its brokers and probes have answered for long enough, and all of its \
                traffic by and by.
                """
            case .failover:
                """
                For a region that is gone: nothing waits for what it has under way. Its money stays where it is until its \
                leases are fenced and evidence says what became of it; nothing is reclaimed early. Refused where the others \
                have no room for what it answers, but with --force.
                """
            }
        }
    }

    private static func change(_ deed: Deed) -> Command {
        let own: [any CommandParameter] = deed == .restore ? [dryRun, reason] : [dryRun, force, reason]
        return Command(
            deed.rawValue, deed.summary, discussion: deed.discussion,
            parameters: [region] + own + AdminClient.parameters,
            examples: AdminClient.unreached("paceline fleet \(deed.rawValue) eu-west --dry-run")
        ) { call, output throws(Failure) in
            try AdminClient.run(call, &output) { client, output throws(Failure) in
                var body: [JSONTree.Member] = [.init("region", .string(call[region]))]
                if deed != .restore { body.append(.init("force", .bool(call[force]))) }
                let answer = try client.ask(
                    .post, "/api/v1/regions/\(deed.rawValue)\(call[dryRun] ? "?dryRun=1" : "")",
                    .object(body), note: call[reason])
                let isRefused =
                    !answer.isAccepted
                    || call[dryRun] && deed != .restore && !call[force]
                        && answer["isChanged"]?.flag == true && answer["effects"]?["fits"]?.flag == false
                if call[Status.json] {
                    output.print(answer.tree)
                } else {
                    for line in lines(answer, deed, call) { output.print(line) }
                }
                return isRefused ? .failed : .ok
            }
        }
    }

    private static func lines(_ answer: AdminAnswer, _ deed: Deed, _ call: Invocation) -> [String] {
        let name = call[region]
        guard answer.isAccepted else { return answer.refusal + numbers(answer.tree) }
        let done =
            switch deed {
            case .drain: "out of service"
            case .restore: "in service"
            case .failover: "taken as lost"
            }
        guard answer["isChanged"]?.flag == true else {
            return ["\(name): is asked to be \(done) already; version \(answer["version"]?.text ?? "-")"]
        }
        let effects = answer["effects"] ?? .null
        let head =
            call[dryRun]
            ? "\(name): would be asked to be \(done); nothing is changed"
            : "\(name): is asked to be \(done); version \(answer["version"]?.text ?? "-")"
        return [head] + numbers(effects) + money(effects, deed)
    }

    private static func numbers(_ effects: JSONTree) -> [String] {
        guard let others = effects["others"]?.elements else { return [] }
        let here = effects["requestsPerSecond"]?.text ?? "not counted yet"
        var lines = [
            "  it answers \(here) requests a second; the others have room for \(effects["spare"]?.text ?? "-")"
        ]
        for one in others {
            func text(_ key: String) -> String { one[key]?.text ?? "not counted yet" }
            lines.append(
                "  \(text("region")) takes \(text("takes")) a second, beside \(text("requestsPerSecond")) of \(text("carries"))"
            )
        }
        if effects["fits"]?.flag == false { lines.append("  the others could not carry it") }
        return lines
    }

    private static func money(_ effects: JSONTree, _ deed: Deed) -> [String] {
        guard deed != .restore else {
            return [
                "  all of its traffic within \(effects["takesSeconds"]?.text ?? "-") s of its first share"
            ]
        }
        let leased = (effects["leased"]?.elements ?? []).map {
            "\($0["amount"]?.text ?? "-") \($0["currency"]?.text ?? "")"
        }
        let amount = leased.isEmpty ? "nothing" : leased.joined(separator: ", ")
        return [
            "  \(amount) is leased there and not known to be spent: what is idle comes back while its brokers speak, else it waits for the fences, \(effects["leaseSeconds"]?.text ?? "-") s after the last renewal"
        ]
    }
}
