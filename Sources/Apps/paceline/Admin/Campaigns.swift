// `paceline campaign`: the campaigns that the coordinators publish, looked at, created, paused and resumed.
import Commands
import Documents
import HTTP

enum Campaigns {
    private static let id = Parameter.argument("ID", WordKind.text, "The campaign, by its id in the catalog.")
    static let file = Parameter.argument(
        "FILE", WordKind.file,
        "A JSON file with the campaign, or with all that belongs to it; - for standard input.")
    private static let advertiser = Parameter.option(
        "advertiser", WordKind.text, "Only this advertiser's campaigns.")

    static let command = Command(
        "campaign", "Works on the campaigns that coordinators publish.",
        subcommands: [list, show, create, CampaignForecast.command, pauses(true), pauses(false)])

    // MARK: Looking

    private static let list = Command(
        "list", "Lists the campaigns.",
        discussion: "Any coordinator answers. The version is the one in which each was changed last.",
        parameters: [advertiser] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline campaign list")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            var after = ""
            var rows: [[String]] = [["id", "version", "advertiser", "state", "start", "end", "budget", ""]]
            while true {
                let filter = call[advertiser].map { "&advertiser=\(escaped($0))" } ?? ""
                let page = try client.demand(
                    .get, "/api/v1/campaigns?limit=1000&after=\(escaped(after))\(filter)")
                for one in page["campaigns"]?.elements ?? [] {
                    guard let document = one["document"] else { continue }
                    if call[Status.json] { output.print(one) }
                    rows.append(row(document, one["version"]?.text ?? ""))
                }
                guard let next = page["next"]?.text else { break }
                after = next
            }
            if !call[Status.json] { for line in aligned(rows, left: rows[0].count) { output.print(line) } }
            return .ok
        }
    }

    private static func row(_ document: JSONTree, _ version: String) -> [String] {
        func text(_ key: String) -> String { document[key]?.text ?? "-" }
        return [
            text("id"), version, text("advertiser"), document["paused"]?.flag == true ? "paused" : "active",
            document["flight"]?["start"]?.text ?? "-", document["flight"]?["end"]?.text ?? "-",
            text("lifetimeBudget"), document["currency"]?.text ?? "USD",
        ]
    }

    private static let show = Command(
        "show", "Shows one campaign.",
        discussion: "Its document as it is in the catalog, with its line items; and with --json its version.",
        parameters: [id] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline campaign show aurora-launch")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let name = escaped(call[id])
            let campaign = try client.demand(.get, "/api/v1/campaigns/\(name)")
            let items = try client.demand(.get, "/api/v1/lineItems?limit=1000&campaign=\(name)")
            let documents = (items["lineItems"]?.elements ?? []).compactMap { $0["document"] }
            if call[Status.json] {
                output.print([
                    "version": campaign.etag.map { .string($0) } ?? .null, "campaign": campaign.tree,
                    "lineItems": .array(documents),
                ])
            } else {
                output.print(campaign.tree.page)
                for one in documents {
                    let isPaused = one["paused"]?.flag == true
                    output.print("line item \(one["id"]?.text ?? "-")\(isPaused ? ", paused" : "")")
                }
            }
            return .ok
        }
    }

    // MARK: Changing

    private static let create = Command(
        "create", "Creates a campaign, and publishes the catalog with it.",
        discussion: """
            The file has the campaign alone, or is like a file of a catalog's directory, with the creatives and line \
            items beside it: {"campaigns": […], "creatives": […], "lineItems": […]}. All of it is published together; \
            what is there already is refused.
            """,
        parameters: [file, ScheduledCommands.at] + AdminClient.parameters,
        examples: AdminClient.unreached("echo '{\"id\": \"a\"}' | paceline campaign create -")
    ) { call, output throws(Failure) in
        let tree = try read(call[file])
        let campaigns = tree["campaigns"]?.elements ?? []
        return try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(.post, ScheduledCommands.path("/api/v1/catalog/add", call), tree)
            if ScheduledCommands.say(answer, call, &output) {
                return .ok
            } else if call[Status.json] {
                output.print(answer.tree)
            } else {
                for one in campaigns {
                    output.print(
                        "\(one["id"]?.text ?? "-"): created in version \(answer["published"]?.text ?? "-")")
                }
            }
            return .ok
        }
    }

    /// A file with a campaign alone, or with all that belongs to some.
    static func read(_ path: String) throws(Failure) -> JSONTree {
        let name = InputFile.displayName(path)
        let bytes = try InputFile.read(path, limit: 16 * 1024 * 1024)
        var tree: JSONTree
        do { tree = try JSONTree(reading: bytes) } catch { throw Failure("\(name): \(error)") }
        if tree["id"] != nil { tree = ["campaigns": [tree]] }
        guard let campaigns = tree["campaigns"]?.elements, !campaigns.isEmpty else {
            throw Failure(
                "\(name): found no campaign; allowed a campaign with its id, or {\"campaigns\": […]}")
        }
        return tree
    }

    private static func pauses(_ pauses: Bool) -> Command {
        let name = pauses ? "pause" : "resume"
        return Command(
            name, pauses ? "Pauses a campaign." : "Resumes a campaign.",
            discussion: pauses
                ? "Nothing of it wins from when the nodes have the version that is published with this."
                : "Its line items that are paused themselves stay so.",
            parameters: [id, ScheduledCommands.at] + AdminClient.parameters,
            examples: AdminClient.unreached("paceline campaign \(name) aurora-launch")
        ) { call, output throws(Failure) in
            try AdminClient.run(call, &output) { client, output throws(Failure) in
                let answer = try client.demand(
                    .post, ScheduledCommands.path("/api/v1/catalog/\(name)", call),
                    ["campaign": .string(call[id])])
                if ScheduledCommands.say(answer, call, &output) {
                    return .ok
                } else if call[Status.json] {
                    output.print(answer.tree)
                } else {
                    let isChanged = answer["isChanged"]?.flag == true
                    let word = pauses ? "paused" : "resumed"
                    output.print(
                        isChanged
                            ? "\(call[id]): \(word) in version \(answer["published"]?.text ?? "-")"
                            : "\(call[id]): is \(pauses ? "paused" : "active") already")
                }
                return .ok
            }
        }
    }
}
