// `paceline ledger`: the root's balances, movements and doubts, as a coordinator has them in its database.
import Commands
import Documents
import HTTP

enum Ledger {
    private static let campaign = Parameter.option(
        "campaign", WordKind.text, "Only this campaign, by its id in the catalog.")
    private static let limit = Parameter.option(
        "limit", .integer(1...1_000), default: 100, "At most so many of them.")

    static let command = Command(
        "ledger", "Looks into the ledger's root: what is granted and spent.",
        subcommands: [
            part(
                "balance", "Shows where each account's money is.",
                "The five places of an account add up to its budget and its overhang; a day's account is funded by its campaign's.",
                "accounts", [campaign],
                [
                    "campaign", "day", "currency", "budget", "overhang", "free", "granted", "settled",
                    "suspense",
                    "presumedSpent", "late",
                ]
            ) { "/api/v1/ledger/accounts?list=1\(filter($0))" },
            part(
                "movements", "Shows the last movements of money between places.",
                "Each is both sides of an entry: an amount leaves one place of an account for another.",
                "movements", [campaign, limit],
                ["at", "campaign", "day", "from", "to", "amount", "currency", "key"]
            ) { "/api/v1/ledger/movements?limit=\($0[limit])\(filter($0))" },
            part(
                "suspense", "Shows what waits for evidence of ended sessions.",
                "What no evidence resolves within the horizon is presumed spent, which evidence still reverses. Claims are bills that came to other nodes: they are counted, and the journals of their own nodes have not spoken of them yet.",
                "accounts", [],
                [
                    "campaign", "day", "currency", "suspense", "presumedSpent", "claims", "claimed",
                    "oldestClaim",
                ]
            ) { _ in "/api/v1/ledger/suspense" },
            LedgerBudget.command,
            verify,
            LedgerAudit.show,
            LedgerAudit.begin,
            LedgerAudit.resolve,
            LedgerReconcile.command,
        ])

    private static func filter(_ call: Invocation) -> String {
        call[campaign].map { "&campaign=\(escaped($0))" } ?? ""
    }

    private static func part(
        _ name: String, _ summary: String, _ discussion: String, _ list: String,
        _ parameters: [any CommandParameter], _ columns: [String],
        _ path: @escaping @Sendable (Invocation) -> String
    ) -> Command {
        Command(
            name, summary,
            discussion: "\(discussion) Any coordinator answers, whichever leads, from what is committed.",
            parameters: parameters + AdminClient.parameters,
            examples: [
                Example(
                    "paceline ledger \(name) --coordinator http://127.0.0.1:1", "Nobody listens there.",
                    outcome: .failed,
                    prints: "http://127.0.0.1:1: no connection; is the server running and reachable?")
            ]
        ) { call, output throws(Failure) in
            try run(call, &output, path(call)) { tree, output in
                for line in table(members(tree, list), columns) { output.print(line) }
                return .ok
            }
        }
    }

    private static let verify = Command(
        "verify", "Compares the balances with all movements.",
        discussion: """
            The database does it, in one statement over all movements: minutes where there are many millions. Exits \
            with 1 where an account says otherwise than its movements, which is an alarm.
            """,
        parameters: AdminClient.parameters,
        examples: [
            Example(
                "paceline ledger verify --coordinator http://127.0.0.1:1", "Nobody listens there.",
                outcome: .failed)
        ]
    ) { call, output throws(Failure) in
        try run(call, &output, "/api/v1/ledger/verify") { tree, output in
            let wrong = members(tree, "imbalances")
            output.print(
                "\(text(tree, "accounts")) accounts, \(text(tree, "movements")) movements: "
                    + (wrong.isEmpty ? "they agree" : "\(wrong.count) balances say otherwise"))
            if wrong.isEmpty { return .ok }
            for line in table(wrong, ["account", "place", "says", "comesTo"]) { output.print(line) }
            return .failed
        }
    }

    private static func run(
        _ call: Invocation, _ output: inout Output, _ path: String,
        _ show: (JSONTree, inout Output) -> Outcome
    ) throws(Failure) -> Outcome {
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let tree = try client.demand(.get, path).tree
            guard call[Status.json] else { return show(tree, &output) }
            output.print(tree)
            return members(tree, "imbalances").isEmpty ? .ok : .failed
        }
    }

    // MARK: Trees as tables

    private static func value(_ tree: JSONTree, _ key: String) -> JSONTree? {
        guard case .object(let members) = tree.content else { return nil }
        return members.first { $0.key == key }?.value
    }

    private static func members(_ tree: JSONTree, _ key: String) -> [JSONTree] {
        guard case .array(let all)? = value(tree, key)?.content else { return [] }
        return all
    }

    private static func text(_ tree: JSONTree, _ key: String) -> String {
        switch value(tree, key)?.content {
        case .string(let text), .number(let text): text
        case .bool(let value): "\(value)"
        case .null, nil, .object, .array: "-"
        }
    }

    /// Columns as wide as what is in them; numbers to the right.
    private static func table(_ all: [JSONTree], _ columns: [String]) -> [String] {
        let rows = [columns] + all.map { one in columns.map { text(one, $0) } }
        let widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                let isNumber = all.contains {
                    if case .number? = value($0, columns[column])?.content { true } else { false }
                }
                return isNumber ? padding + text : text + padding
            }.joined(separator: "  ")
        }
    }
}
