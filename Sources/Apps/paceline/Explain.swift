// `paceline explain`: why each ad of a recorded decision won, and what became of all others.
import Commands
import Decision
import DecisionJournal
import Documents
import Notices
import Units

enum Explain {
    static let id = Parameter.argument(
        "ID", WordKind.identifier,
        "What the answer carries: bidid, the id of one of its bids, or the adServingId of an ad.")
    static let journal = Parameter.requiredOption(
        "journal", WordKind.file,
        "A segment, a journal's directory, or the directory of a node's journals.")
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

            Exits with 1 where there is no such decision, or where it comes out otherwise now.
            """,
        parameters: [id, journal, catalogs, keys, json],
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
        let path = call[journal]
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
}
