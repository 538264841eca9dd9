// `paceline ledger budget`: what another budget of an account would come to, and, when that was seen, the change.
import Commands
import Documents
import HTTP
import Units

enum LedgerBudget {
    private static let budget = Parameter.argument(
        "ACCOUNT=BUDGET", WordKind.text,
        "The account as CAMPAIGN or CAMPAIGN@DAY, and its budget in its currency.")
    private static let confirm = Parameter.flag(
        "confirm", "Changes it; without, only what it would come to is shown.")

    static let command = Command(
        "budget", "Shows what another budget would come to, and changes it.",
        discussion: """
            What holders have been granted, or is in suspense, may still be billed, however small the budget becomes: \
            the most that can still be spent is shown before anything is changed. What is missing then is overhang, which \
            whatever comes back pays first. All else of the account stays as it is.
            """,
        parameters: [budget, confirm] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline ledger budget aurora-launch=400")
    ) { call, output throws(Failure) in
        let said = try LedgerAudit.amount(call[budget])
        let name = said["campaign"]?.text ?? ""
        let day = said["day"]?.text
        let path = "/api/v1/ledger/accounts"
        return try AdminClient.run(call, &output) { client, output throws(Failure) in
            let query = "?campaign=\(escaped(name))" + (day.map { "&day=\(escaped($0))" } ?? "")
            let known = try client.demand(.get, path + query)
            var members: [JSONTree.Member] = [.init("campaign", .string(name))]
            if let day { members.append(.init("day", .string(day))) }
            members.append(.init("budget", said["amount"] ?? .null))
            for key in ["currency", "highest", "isPaused", "hasEnded"] {
                members.append(.init(key, known[key] ?? .null))
            }
            let order = JSONTree.object(members)
            let etag = known.etag.map { "\"\($0)\"" }
            let outlook = try client.demand(.put, path + "?dryRun=true", order, ifMatch: etag)
            let isChanged = call[confirm]
            let answer = try isChanged ? client.demand(.put, path, order, ifMatch: etag) : outlook
            if call[Status.json] {
                output.print(answer.tree)
            } else {
                for line in lines(known.tree, outlook.tree, isChanged) { output.print(line) }
            }
            return .ok
        }
    }

    private static func lines(_ known: JSONTree, _ outlook: JSONTree, _ isChanged: Bool) -> [String] {
        func text(_ key: String) -> String { outlook[key]?.text ?? "-" }
        let currency = text("currency")
        return [
            "\(text("campaign")): \(known["budget"]?.text ?? "-") → \(text("budget")) \(currency)",
            "  spent            \(text("spent"))",
            "  may be billed    \(text("stillBillable"))",
            "  the most in all  \(text("most"))",
            "  overhang         \(text("overhang"))",
            isChanged ? "changed" : "nothing is changed yet: say --confirm",
        ]
    }
}
