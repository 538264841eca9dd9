// `paceline token`: who may ask coordinators what. The first one is made on a coordinator's machine, where none is asked for yet.
import Commands
import Documents
import HTTP

enum TokenCommands {
    private static let name = Parameter.argument(
        "NAME", WordKind.text, "Whose token it is: in the audit log it stands for them.")
    private static let role = Parameter.requiredOption(
        "role", WordKind.one(of: ["viewer", "operator", "trafficker", "admin"], "ROLE"),
        "What it may: viewer, operator, trafficker or admin, each all that those before it may.")
    private static let days = Parameter.option(
        "days", .integer(1...366), default: 90, "It is over after so many days.")

    static let command = Command(
        "token", "Makes, lists and revokes the tokens of operators.",
        subcommands: [create, list, revoke])

    private static let create = Command(
        "create", "Makes a token and shows it, this once.",
        discussion: """
            Before there is any token nobody needs one, and coordinators' listeners for operators are on loopback: the \
            first is made on a coordinator's machine, and must be an admin's. From then on everybody needs one for \
            /api/v1. Only its hash is kept; put it into a file of your own, which --token-file names.
            """,
        parameters: [name, role, days] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline token create alice --role admin")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(
                .post, "/api/v1/tokens",
                ["name": .string(call[name]), "role": .string(call[role]), "days": .number(call[days])])
            if call[Status.json] {
                output.print(answer.tree)
            } else {
                output.print(answer["token"]?.text ?? "-")
            }
            return .ok
        }
    }

    private static let list = Command(
        "list", "Lists the tokens, without what they are.",
        discussion: "Those that are over or revoked too. Any coordinator answers.",
        parameters: AdminClient.parameters, examples: AdminClient.unreached("paceline token list")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(.get, "/api/v1/tokens")
            if call[Status.json] {
                output.print(answer.tree)
                return .ok
            }
            for one in answer["tokens"]?.elements ?? [] {
                func text(_ key: String) -> String { one[key]?.text ?? "-" }
                let end = one["revokedAt"]?.text.map { "revoked \($0)" } ?? "until \(text("expiresAt"))"
                output.print("\(text("name"))  \(text("role"))  \(end)  made by \(text("madeBy"))")
            }
            return .ok
        }
    }

    private static let revoke = Command(
        "revoke", "Revokes a token.",
        discussion: """
            It is refused within a second, by every coordinator that reaches the database. Changes that it has sent with a time \
            are made all the same when that comes: how many wait is said, and paceline scheduled list --who lists them.
            """,
        parameters: [name] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline token revoke alice")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(.delete, "/api/v1/tokens/\(escaped(call[name]))")
            if call[Status.json] {
                output.print(answer.tree)
                return .ok
            }
            output.print("\(call[name]): revoked")
            if let waiting = answer["waiting"]?.text, waiting != "0" {
                output.print(
                    "scheduled changes that wait by this name and are made all the same: \(waiting); look at them with"
                )
                output.print(
                    "  paceline scheduled list --who '\(call[name])' --coordinator \(call[AdminClient.coordinator])"
                )
            }
            return .ok
        }
    }
}
