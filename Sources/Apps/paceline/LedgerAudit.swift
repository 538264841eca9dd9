// `paceline ledger audit`, `begin-audit` and `resolve`: whom the audit of the database's timeline waits for, and what two operators say
// for one that is silent.
import Commands
import Documents
import HTTP
import Units

enum LedgerAudit {
    private static let holder = Parameter.requiredOption(
        "holder", WordKind.text, "The holder that is silent, as the coordinators' settings name it.")
    private static let audit = Parameter.requiredOption(
        "audit", WordKind.text, "Which audit it is about: the number that `paceline ledger audit` shows.")
    private static let restIsZero = Parameter.flag(
        "rest-zero", "Of every other account that waits for it: nothing that the ledger does not know.")
    private static let amounts = Parameter.arguments(
        "CAMPAIGN[@DAY]=AMOUNT", WordKind.text, atLeastOne: false,
        "What it was granted of an account beyond what the ledger knows, in the account's currency.")

    static let show = Command(
        "audit", "Shows whom an audit waits for.",
        discussion: """
            An audit begins when the database is on a timeline that nobody has looked at, as behind a failover or a \
            restore: acknowledged writes may be missing, and nothing is granted until every holder has said what it \
            was granted. Any coordinator answers. Exits with 1 while somebody is waited for.
            """,
        parameters: AdminClient.parameters, examples: AdminClient.unreached("paceline ledger audit")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let tree = try client.demand(.get, "/api/v1/ledger/audit").tree
            let silent = names(tree["waitsFor"])
            if call[Status.json] {
                output.print(tree)
            } else {
                for line in lines(tree, silent) { output.print(line) }
            }
            return silent.isEmpty && tree["isLookedAt"]?.flag == true ? .ok : .failed
        }
    }

    private static func names(_ tree: JSONTree?) -> [String] { (tree?.elements ?? []).compactMap(\.text) }

    private static func lines(_ tree: JSONTree, _ silent: [String]) -> [String] {
        let mark = tree["audit"]?.text ?? "0"
        var lines = ["timeline \(tree["timeline"]?.text ?? "-"), audit \(mark == "0" ? "none" : mark)"]
        if tree["isLookedAt"]?.flag != true {
            lines.append("the database is on another timeline, and no coordinator has looked at it yet")
        }
        if silent.isEmpty {
            lines.append("nobody is waited for")
        } else {
            lines.append(
                "nothing is granted of \(tree["accounts"]?.text ?? "0") accounts: it waits for "
                    + silent.joined(separator: ", "))
        }
        let entered = names(tree["entered"])
        if !entered.isEmpty {
            lines.append("operators have said what these had: " + entered.joined(separator: ", "))
        }
        for one in tree["notTaken"]?.elements ?? [] {
            lines.append(
                "\(one["holder"]?.text ?? ""): what it says is not taken: \(one["cause"]?.text ?? "")")
        }
        let entries = tree["entries"]?.elements ?? []
        guard !entries.isEmpty else { return lines }
        let columns = ["at", "who", "holder", "campaign", "day", "amount"]
        return lines
            + aligned([columns] + entries.map { one in columns.map { one[$0]?.text ?? "-" } }, left: 5)
    }

    static let begin = Command(
        "begin-audit", "Begins an audit by hand.",
        discussion: """
            For who knows that the database lost writes and no timeline tells it: a copy of its files was put back, \
            or a dump. Nothing is granted until every holder has said what it was granted; bills are taken.
            """,
        parameters: AdminClient.parameters, examples: AdminClient.unreached("paceline ledger begin-audit")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let tree = try client.demand(.post, "/api/v1/ledger/audit").tree
            output.print(call[Status.json] ? tree.line : "audit \(tree["audit"]?.text ?? "") has begun")
            return .ok
        }
    }

    static let resolve = Command(
        "resolve", "Says what a silent holder was granted.",
        discussion: """
            For a holder that cannot answer an audit any more. Two operators, each with a token of their own or each with a \
            certificate of their own, say the same amounts; then these are in suspense, and the accounts wait for the holder no more. An amount that is too \
            small may be spent twice: it is all that the holder may have been granted since the state that the \
            database came back with. Exits with 1 until another one has said the same.
            """,
        parameters: [holder, audit, restIsZero, amounts] + AdminClient.parameters,
        examples: AdminClient.unreached(
            "paceline ledger resolve --holder broker-2 --audit 1795000000 aurora-launch=12.5")
    ) { call, output throws(Failure) in
        var said: [JSONTree] = []
        for word in call[amounts] { said.append(try amount(word)) }
        let body: JSONTree = [
            "holder": .string(call[holder]), "audit": .string(call[audit]), "amounts": .array(said),
            "restIsZero": .bool(call[restIsZero]),
        ]
        return try AdminClient.run(call, &output) { client, output throws(Failure) in
            let tree = try client.demand(.post, "/api/v1/ledger/audit/entries", body).tree
            let all = tree["amounts"]?.elements ?? []
            if call[Status.json] {
                output.print(tree)
            } else {
                let columns = ["campaign", "day", "amount", "standing"]
                let rows = all.map { one in columns.map { one[$0]?.text ?? "-" } }
                for line in aligned([columns] + rows, left: 2) { output.print(line) }
            }
            return all.allSatisfy { $0["standing"]?.text == "agreed" } ? .ok : .failed
        }
    }

    /// An account and an amount of it, as a word of a command line.
    static func amount(_ word: String) throws(Failure) -> JSONTree {
        guard let sign = word.lastIndex(of: "="), sign != word.startIndex,
            (try? Micros(decimal: String(word[word.index(after: sign)...]))) != nil
        else {
            throw Failure(
                "'\(word)' is no CAMPAIGN=AMOUNT or CAMPAIGN@DAY=AMOUNT, such as winter=12.5", .usage)
        }
        let name = word[..<sign].split(separator: "@", maxSplits: 1).map(String.init)
        var members: [JSONTree.Member] = [.init("campaign", .string(name[0]))]
        if name.count == 2 { members.append(.init("day", .string(name[1]))) }
        members.append(.init("amount", JSONTree(.number(String(word[word.index(after: sign)...])))))
        return .object(members)
    }
}
