// `paceline scheduled`: changes of the catalog that wait for their time, and what became of others.
import Catalog
import Commands
import Documents
import HTTP

enum ScheduledCommands {
    /// For every command that changes the catalog.
    static let at = Parameter.option(
        "at", WordKind.instant,
        "Make it then, and not now: an instant such as 2026-12-01T00:00:00Z, at most 366 days ahead.")

    private static let number = Parameter.argument(
        "NUMBER", .integer(1...Int.max), "The scheduled change, by its number.")
    private static let all = Parameter.flag("all", "Also those that are made, cancelled or dismissed.")
    private static let who = Parameter.option("who", WordKind.text, "Only those that they sent.")
    private static let limit = Parameter.option(
        "limit", .integer(1...1_000), default: 200,
        "Of those made, cancelled or dismissed at most so many each, the newest; what waits or was refused is listed whole."
    )
    private static let pageMost = 1_000

    static let command = Command(
        "scheduled", "Works on changes of the catalog that wait for their time.",
        subcommands: [list, show, cancel])

    /// What is to be asked instead, where a time is given.
    static func path(_ path: String, _ call: Invocation) -> String {
        call[at].map { "\(path)?at=\(escaped(Timestamp.text($0)))" } ?? path
    }

    /// What was answered to a change that waits for its time; false where it was made at once.
    static func say(_ answer: AdminAnswer, _ call: Invocation, _ output: inout Output) -> Bool {
        guard let number = answer["scheduled"]?.text else { return false }
        if call[Status.json] {
            output.print(answer.tree)
            return true
        }
        output.print("scheduled as \(number): \(answer["what"]?.text ?? "-") at \(answer["at"]?.text ?? "-")")
        if answer["isChanged"]?.flag == false {
            output.print("  as the catalog is now it would change nothing")
        }
        return true
    }

    private static let list = Command(
        "list", "Lists changes that wait, and those refused.",
        discussion: """
            In the order of their times. One that was refused when its time came stays in the list until somebody has looked and says so \
            with paceline scheduled cancel. Any coordinator answers. A change is made also where the token that sent it is revoked: \
            --who lists what waits by a name.
            """,
        parameters: [all, who, limit] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline scheduled list")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            var found: [JSONTree] = []
            let sender = call[who].map { "&who=\(escaped($0))" } ?? ""
            for (state, next) in [("waiting", "after"), ("refused", "before")] {
                var place = ""
                while true {
                    let page = try client.demand(
                        .get, "/api/v1/scheduled?state=\(state)&limit=\(pageMost)\(sender)\(place)")
                    found += page["scheduled"]?.elements ?? []
                    guard let last = page["next"]?.text else { break }
                    place = "&\(next)=\(last)"
                }
            }
            for state in call[all] ? ["made", "cancelled", "dismissed"] : [] {
                let page = try client.demand(
                    .get, "/api/v1/scheduled?state=\(state)&limit=\(call[limit])\(sender)")
                found += page["scheduled"]?.elements ?? []
            }
            func place(_ one: JSONTree) -> (String, Int) {
                (one["at"]?.text ?? "", one["number"]?.text.flatMap { Int($0) } ?? 0)
            }
            found.sort { place($0) < place($1) }
            if call[Status.json] {
                for one in found { output.print(one) }
                return .ok
            }
            let head = ["number", "at", "state", "what", "of", "by", ""]
            let rows = found.map { one in
                func text(_ key: String) -> String { one[key]?.text ?? "-" }
                let thing =
                    one["id"]?.text.map { "\(text("kind")) \($0)" }
                    ?? one["target"]?.text.map { "version \($0)" }
                return [
                    text("number"), text("at"), text("state"), text("what"), thing ?? "-", text("who"),
                    one["reason"]?["title"]?.text ?? one["note"]?.text ?? "",
                ]
            }
            for line in aligned([head] + rows, left: head.count) { output.print(line) }
            return .ok
        }
    }

    private static let show = Command(
        "show", "Shows one, with its body, and what became of it.",
        discussion:
            "lateMilliseconds says how long after its time it was made or refused; reason says why it was refused.",
        parameters: [number] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline scheduled show 7")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(.get, "/api/v1/scheduled/\(call[number])")
            output.print(call[Status.json] ? answer.tree.line : answer.tree.page)
            return .ok
        }
    }

    private static let cancel = Command(
        "cancel", "Takes back what waits, or dismisses a refused one.",
        discussion: "It takes the role that the change itself takes.",
        parameters: [number, CatalogImport.note] + AdminClient.parameters,
        examples: AdminClient.unreached("paceline scheduled cancel 7")
    ) { call, output throws(Failure) in
        try AdminClient.run(call, &output) { client, output throws(Failure) in
            let answer = try client.demand(
                .delete, "/api/v1/scheduled/\(call[number])", note: call[CatalogImport.note])
            if call[Status.json] {
                output.print(answer.tree)
            } else {
                let isChanged = answer["isChanged"]?.flag == true
                output.print(
                    "\(call[number]): \(isChanged ? "" : "is already ")\(answer["state"]?.text ?? "-")")
            }
            return .ok
        }
    }
}
