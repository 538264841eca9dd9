// `paceline catalog diff`: what changed between two catalogs, by id.
import Catalog
import Commands
import Documents

enum CatalogDiff {
    static let before = Parameter.argument(
        "A", WordKind.file, "The catalog before: a snapshot or a directory.")
    static let after = Parameter.argument("B", WordKind.file, "The catalog after: a snapshot or a directory.")
    static let json = Parameter.json

    static let command = Command(
        "diff", "Shows what changed between two catalogs.",
        discussion: """
            A line for everything that came (+), went (-) or changed (~), by kind and id, and under it the keys
            that changed, before and after. Either side may be a directory or a snapshot, so that what is about
            to be published can be held against what is served. Exits with 0 whether or not there is a change.
            """,
        parameters: [before, after, json],
        examples: [
            Example(
                "cp -r Examples/catalog edited; "
                    + "sed -i 's/\"paused\": true/\"paused\": false/' edited/line-items.json; "
                    + "paceline catalog diff Examples/catalog edited",
                "See what an edit will do.", prints: "~ lineItems aurora-retarget"),
            Example(
                "paceline catalog diff Examples/catalog Examples/catalog", "Nothing changed, nothing said."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let sources = (try CatalogInput.source(call[before]), try CatalogInput.source(call[after]))
        for kind in EntityKind.allCases {
            for change in CatalogChange.changes(from: sources.0.trees(kind), to: sources.1.trees(kind)) {
                print(change, kind, json: call[json], &output)
            }
        }
        return .ok
    }

    private static func print(_ change: CatalogChange, _ kind: EntityKind, json: Bool, _ output: inout Output)
    {
        if json {
            let keys = change.keys.map { key in
                JSONTree.object([
                    .init("key", .string(key.key)), .init("before", key.before ?? .null),
                    .init("after", key.after ?? .null),
                ])
            }
            output.print([
                "kind": .string(kind.rawValue), "id": .string(change.id),
                "change": .string(change.what.rawValue),
                "keys": .array(keys),
            ])
            return
        }
        let mark =
            switch change.what {
            case .added: "+"
            case .removed: "-"
            case .changed: "~"
            }
        output.print("\(mark) \(kind.rawValue) \(change.id)")
        for key in change.keys {
            output.print("    \(key.key): \(key.before?.line ?? "nothing") → \(key.after?.line ?? "nothing")")
        }
    }
}
