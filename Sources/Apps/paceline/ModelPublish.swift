// `paceline model publish`, `canary`, `promote`, `rollback` and `versions`: models by the coordinators to the nodes.
import Commands
import DecisionJournal
import Documents
import HTTP

enum ModelPublish {
    private static let directory = Parameter.argument(
        "DIR", WordKind.file, "A directory that `paceline model pack` has sealed.")
    private static let version = Parameter.argument(
        "VERSION", WordKind.integer(1...Int(UInt32.max)),
        "The package, by its number in `paceline model versions`.")
    private static let promotes = Parameter.flag("promote", "Has everybody serve it at once.")
    private static let nodes = Parameter.option(
        "nodes", WordKind.list(of: .text),
        "Those that serve it first, by the names that their certificates end in, with commas.")
    private static let share = Parameter.option(
        "share", WordKind.integer(1...100),
        "Of each region so many in a hundred serve it first, at least one.")
    private static let note = Parameter.option("note", WordKind.text, "Why, for the list of versions.")

    static let commands = [publish, canary, promote, rollBack, versions]

    private static let publish = Command(
        "publish", "Sends a package of models to the coordinators.",
        discussion: """
            The directory is checked here first, as by paceline model check, with what its models take on this machine, and
            at the coordinator again, golden rows among all else. Nobody serves it before it is named by canary or promote.
            The same directory once more is the package that is there.
            """,
        parameters: [directory, promotes, note] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline model publish Examples/predictions")
    ) { call, output throws(Failure) in
        let bytes = try ModelPackage.bytes(of: ModelDirectory(call[directory]))
        return try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(.post, "/api/v1/models", package: bytes, note: call[note])
            let number = answer["version"]?.text ?? ""
            guard call[promotes] else {
                return say(
                    call, &output, answer, "package \(number): \(word(answer, "sent", "there already"))")
            }
            let turn = try client.demand(
                .post, "/api/v1/models/promote", ["version": answer["package"] ?? .null], note: call[note])
            return say(call, &output, turn, "package \(number): \(word(turn, "serves", "serves already"))")
        }
    }

    private static func word(_ answer: AdminAnswer, _ new: String, _ old: String) -> String {
        answer["isChanged"]?.flag == true ? new : old
    }

    private static let canary = Command(
        "canary", "Has some nodes serve a package before all others.",
        discussion: """
            One node of each region, of those that the coordinator has heard, unless others are named. The coordinator takes it
            back by itself where one of them refuses it, where it falls to lower tiers more than what all others serve, or where
            other things happen than it predicts; paceline model versions says why. It goes on until then, or until promote or
            rollback.
            """,
        parameters: [version, nodes, share, note] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline model canary 2 --nodes node-1")
    ) { call, output throws(Failure) in
        var more: [JSONTree.Member] = []
        if let nodes = call[nodes] { more = [.init("nodes", .array(nodes.map { .string($0) }))] }
        if let share = call[share] {
            more.append(.init("share", JSONTree(.number("\(Double(share) / 100)"))))
        }
        return try turn(call, &output, "canary", more) { "package \($0) serves at \($1)" }
    }

    private static let promote = Command(
        "promote", "Has everybody serve a package.",
        discussion: "A canary ends with it, whether it was this package or another one.",
        parameters: [version, note] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline model promote 2")
    ) { call, output throws(Failure) in
        try turn(call, &output, "promote", []) { number, _ in "package \(number) serves" }
    }

    private static let rollBack = Command(
        "rollback", "Has everybody serve a former package again.",
        discussion: """
            A canary ends with it. Named with the package that everybody serves already, that is all it does. The bytes of
            the newest 32 packages are there to go back to.
            """,
        parameters: [version, note] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline model rollback 1")
    ) { call, output throws(Failure) in
        try turn(call, &output, "rollback", []) { number, _ in "package \(number) serves again" }
    }

    private static func turn(
        _ call: Invocation, _ output: inout Output, _ word: String, _ more: [JSONTree.Member],
        _ said: (Int, String) -> String
    ) throws(Failure) -> Outcome {
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(
                .post, "/api/v1/models/\(word)",
                .object([.init("version", .number(call[version]))] + more), note: call[note])
            let names = (answer["nodes"]?.elements ?? []).compactMap(\.text).joined(separator: ", ")
            let text = said(call[version], names)
            return say(call, &output, answer, answer["isChanged"]?.flag == true ? text : "\(text) already")
        }
    }

    private static func say(
        _ call: Invocation, _ output: inout Output, _ answer: AdminAnswer, _ text: String
    ) -> Outcome {
        if call[Status.json] { output.print(answer.tree) } else { output.print(text) }
        return .ok
    }

    private static let versions = Command(
        "versions", "Lists the packages of models, and who serves them.",
        discussion: "The newest first, each with what became of it and why.",
        parameters: AdminClient.parameters,
        examples: AdminClient.unreached("paceline model versions")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let page = try client.demand(.get, "/api/v1/models/versions?limit=100")
            if call[Status.json] {
                output.print(page.tree)
                return .ok
            }
            for one in page["versions"]?.elements ?? [] { lines(one).forEach { output.print($0) } }
            return .ok
        }
    }

    private static func lines(_ one: JSONTree) -> [String] {
        func text(_ tree: JSONTree, _ key: String) -> String { tree[key]?.text ?? "" }
        let names = (one["nodes"]?.elements ?? []).compactMap(\.text).joined(separator: ", ")
        let serves =
            switch one["serves"]?.text {
            case "everybody": ", serves"
            case "canary": ", serves at \(names)"
            default: one["isKept"]?.flag == true ? "" : ", its bytes are gone"
            }
        let note = text(one, "note")
        let head =
            "package \(text(one, "version"))\(serves): models \(text(one["contents"] ?? .null, "models")), sent \(text(one, "at")) by \(text(one, "who"))"
            + (note.isEmpty ? "" : ": \(note)")
        let turns = (one["turns"]?.elements ?? []).map { turn in
            let why = text(turn, "note")
            return "  \(text(turn, "at")) \(text(turn, "what")) by \(text(turn, "who"))"
                + (why.isEmpty ? "" : ": \(why)")
        }
        return [head] + turns
    }
}
