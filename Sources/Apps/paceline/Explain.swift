// `paceline explain`: why each ad of a recorded decision won, and what became of all others.
import Commands
import Decision
import DecisionJournal
import Documents
import HTTP
import Notices
import Units

enum Explain {
    static let id = Parameter.argument(
        "ID", WordKind.identifier,
        "What the answer carries: bidid, the id of one of its bids, or the adServingId of an ad.")
    static let journal = Parameter.option(
        "journal", WordKind.file,
        "A segment, a journal's directory, or the directory of a node's journals.")
    static let coordinator = Parameter.option(
        "coordinator", WordKind.serverURL,
        "A coordinator's listener for operators, which has all nodes asked, instead of a journal.")
    static let catalogs = Parameter.option(
        "catalogs", WordKind.file,
        "Where the node keeps its compiled catalogs; without it, the directory catalog beside the journal.")
    static let keys = Parameter.option(
        "keys", WordKind.file,
        "The node's key file, which signed its answers' notices; without it, notice-keys beside the journal.")
    static let json = Parameter.json

    static let command = Command(
        "explain", "Says why a recorded decision came out as it did.",
        discussion: """
            Finds the decision in the journal, makes it again with its own catalog, settings, time, seed and what
            budgets and counters said then, and prints how many line items each filter took and which reason
            the others had, which adds up to the catalog; the pods with every ad that competed; what was put
            aside. A decision whose request was not kept is told as far as its record goes.

            With --coordinator all nodes of the fleet are asked, which takes a few seconds, the role operator, and an entry in \
            the audit log. What it prints is shorter; --json has all of it.

            Exits with 1 where there is no such decision, or where it comes out otherwise now.
            """,
        parameters: [
            id, journal, coordinator, catalogs, keys, AdminClient.tokenFile, Status.certificate, Status.key,
            Status.authorities, Status.timeout, json,
        ],
        examples: [
            Example(
                "mkdir journal; paceline explain 00000000000004d2 --journal journal",
                "Ask for a decision that is not there.", outcome: .failed),
            Example(
                "mkdir -p journal; paceline explain 00000000000004d2 --journal journal --json",
                "The same for a program.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        if call[coordinator] != nil {
            guard call[journal] == nil else {
                throw Failure("--journal and --coordinator: one of them is to find the decision", .usage)
            }
            return try ask(call, &output)
        }
        guard let path = call[journal] else {
            throw Failure("where is the decision to be found? Name a --journal or a --coordinator", .usage)
        }
        let stores = call[catalogs].map { [$0] } ?? DecisionSearch.stores(besides: [path])
        let signing: NoticeKeys?
        if let path = call[keys] {
            signing = try NoticeKeyFile.read(path)
        } else {
            signing = try DecisionSearch.keys(besides: [path])
        }
        let makers = DecisionMakers(stores: stores, keys: signing)
        var complaints: [String] = []
        let found = try DecisionSearch.find(call[id], in: path, makers) { complaints.append($0) }
        for complaint in complaints { output.complain("\(call.path): \(complaint)") }
        guard let found else {
            if call[json] {
                output.print(["decision": .null])
            } else {
                output.print("\(path): no decision \(hexadecimal(call[id])), and no bid of one")
            }
            return .failed
        }
        let explanation = DecisionExplanation(found, makers)
        if call[json] {
            output.print(explanation.tree)
        } else {
            for line in explanation.lines { output.print(line) }
        }
        return explanation.isSame ? .ok : .failed
    }

    // MARK: A fleet

    /// As long as a coordinator waits for nodes, and some time on the way.
    private static let fleetSeconds = 15

    private static func ask(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let id = call[id]
        return try AdminClient.run(call, &output, secondsLeast: fleetSeconds) {
            client, output throws(Failure) in
            let answer = try client.ask(.get, "/api/v1/explain?id=\(hexadecimal(id))")
            if call[json] {
                output.print(answer.tree)
            } else if answer.isAccepted {
                for line in lines(answer) { output.print(line) }
            } else {
                for line in answer.refusal { output.print(line) }
                for node in answer["nodes"]?.elements ?? [] {
                    output.print("    \(node["node"]?.text ?? "-"): \(node["said"]?.text ?? "-")")
                }
            }
            let isSame = answer["explanation"]?["same"]?.flag ?? true
            return answer.isAccepted && isSame ? .ok : .failed
        }
    }

    private static func lines(_ answer: AdminAnswer) -> [String] {
        guard let one = answer["explanation"] else { return [] }
        func text(_ tree: JSONTree?, _ key: String) -> String { tree?[key]?.text ?? "-" }
        let way = one["explanation"]
        var lines = [
            "decision \(text(one, "decision")) at \(text(one, "at"))",
            "    by \(answer["answeredBy"]?.text ?? "-")",
            "    catalog \(text(one, "catalog")), settings \(text(one, "settings"))",
        ]
        if let why = one["notMadeAgain"]?.text { lines.append("    not made again: \(why)") }
        lines.append("")
        let rows = (way?["funnel"]?.elements ?? []).map {
            [text($0, "lineItems"), text($0, "filter"), text($0, "reason")]
        }
        lines += aligned([["line items", "filter", "why"]] + rows, left: 0)
        lines.append("")
        let ads = (one["ads"]?.elements ?? []).map {
            [
                text($0, "pod"), text($0, "price"), text($0, "seconds"), text($0, "lineItem"),
                text($0, "creative"),
            ]
        }
        lines += aligned([["pod", "price", "seconds", "line item", "creative"]] + ads, left: 0)
        return lines
    }
}
