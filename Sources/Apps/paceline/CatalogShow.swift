// `paceline catalog show`: what is in a catalog, as its files would say it.
import Catalog
import Commands
import Documents

enum CatalogShow {
    static let words = Parameter.arguments(
        "PATH", WordKind.file, atLeastOne: true,
        "A snapshot or a directory, then the kind of thing to show, and its id.")
    static let json = Parameter.json

    static let command = Command(
        "show", "Shows what is in a catalog.",
        discussion: """
            With a PATH alone: how many things of each kind there are. With a kind as well (advertisers,
            campaigns, lineItems, creatives, publishers, inventory, deals or blockLists): the id and the name
            of each. With an id too: the whole thing, with its defaults. Exits with 1 where there is none.
            """,
        parameters: [words, json],
        examples: [
            Example(
                "paceline catalog compile Examples/catalog --output demo.catalog; paceline catalog show demo.catalog",
                "See how much there is."),
            Example(
                "paceline catalog show demo.catalog campaigns", "List the campaigns.",
                prints: "aurora-launch  Aurora EV launch, connected TV"),
            Example("paceline catalog show demo.catalog lineItems aurora-sports-live", "See one line item."),
            Example("paceline catalog show --json Examples/catalog deals", "A directory will do as well."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let words = call[words]
        if words.count > 3 { throw Failure("unexpected argument '\(words[3])'", .usage) }
        let kind: EntityKind? = try words.count > 1 ? kind(words[1]) : nil
        let source = try CatalogInput.source(words[0])
        guard let kind else {
            let counts = EntityKind.allCases.map { ($0.rawValue, source.trees($0).count) }
            if call[json] {
                output.print(.object(counts.map { .init($0.0, .number($0.1)) }))
            } else {
                for (name, count) in counts { output.print("\(count) \(name)") }
            }
            return .ok
        }
        let all = source.trees(kind).sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        guard words.count == 3 else {
            for (id, tree) in all {
                if call[json] {
                    output.print(tree)
                } else {
                    output.print(id + (tree.name.map { "  \($0)" } ?? ""))
                }
            }
            return .ok
        }
        guard let one = all.first(where: { $0.id == words[2] }) else {
            let near = nearestName(to: words[2], among: all.map(\.id)).map { "; did you mean '\($0)'?" } ?? ""
            throw Failure("\(words[0]): no '\(words[2])' among its \(all.count) \(kind.rawValue)\(near)")
        }
        output.print(call[json] ? one.tree.line : one.tree.page)
        return .ok
    }

    private static func kind(_ word: String) throws(Failure) -> EntityKind {
        if let kind = EntityKind(rawValue: word) { return kind }
        let all = EntityKind.allCases.map(\.rawValue)
        let near = nearestName(to: word, among: all).map { "; did you mean '\($0)'?" } ?? ""
        throw Failure("found the kind '\(word)'; allowed: \(all.joined(separator: ", "))\(near)", .usage)
    }
}

extension JSONTree {
    /// What a thing's `name` says.
    fileprivate var name: String? {
        guard case .object(let members) = content,
            case .string(let name)? = members.first(where: { $0.key == "name" })?.value.content
        else { return nil }
        return name
    }
}
