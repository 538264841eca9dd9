// `paceline catalog import`: a directory's catalog becomes what the coordinators publish.
import Catalog
import Commands
import Documents
import HTTP
import JSON
import Kernel

enum CatalogImport {
    static let path = Parameter.argument(
        "PATH", WordKind.file, "A directory with a catalog's .json files, or a snapshot.")
    static let isSeed = Parameter.flag("if-empty", "Only where nothing has been published yet.")
    static let note = Parameter.option("note", WordKind.text, "Why, for the list of versions.")

    static let command = Command(
        "import", "Publishes a directory's catalog through a coordinator.",
        discussion: """
            The whole catalog becomes what the directory says, and what is not in it goes. It is checked here first, as \
            by paceline catalog check, and there again; what is refused changes nothing. The same catalog once more \
            publishes nothing. With --at it is made then where nobody has published anything in between, and is refused \
            otherwise.
            """,
        parameters: [path, isSeed, note, ScheduledCommands.at] + AdminClient.parameters,
        examples: [
            Example(
                "paceline catalog import Examples/catalog --coordinator http://127.0.0.1:1",
                "Nobody listens there.", outcome: .failed,
                prints: "http://127.0.0.1:1: no connection; is the server running and reachable?")
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let file = try CatalogInput.file(call[path])
        return try AdminClient.run(call, &output) { client, output throws(Failure) in
            let newest = try client.demand(.get, "/api/v1/catalog/versions?limit=1")["versions"]?.elements
                .first
            if call[isSeed], let version = newest?["version"]?.text {
                return say(call, &output, version, isChanged: false, "there already")
            }
            let version = newest?["version"]?.text
            let answer = try client.demand(
                .post, ScheduledCommands.path("/api/v1/catalog/import", call), file,
                ifMatch: version.map { "\"\($0)\"" },
                ifNoneMatch: version == nil ? "*" : nil, note: call[note])
            if ScheduledCommands.say(answer, call, &output) { return .ok }
            if answer["isChanged"]?.flag == false {
                return say(call, &output, answer["published"]?.text ?? "", isChanged: false, "the same")
            }
            return say(call, &output, answer["published"]?.text ?? "", isChanged: true, "published")
        }
    }

    private static func say(
        _ call: Invocation, _ output: inout Output, _ version: String, isChanged: Bool, _ word: String
    ) -> Outcome {
        if call[Status.json] {
            output.print(["version": .string(version), "isChanged": .bool(isChanged)])
        } else {
            output.print("version \(version): \(word)")
        }
        return .ok
    }
}

extension CatalogInput {
    /// A catalog in either form as one file, which has passed its check.
    fileprivate static func file(_ path: String) throws(Failure) -> JSONTree {
        let source = try source(path)
        guard try form(of: path) == .directory else {
            return .object(
                EntityKind.allCases.map { kind in
                    .init(kind.rawValue, .array(source.trees(kind).map(\.tree)))
                })
        }
        let files = try trees(path)
        return .object(
            EntityKind.allCases.map { kind in
                .init(kind.rawValue, .array(files.flatMap { $0[kind.rawValue]?.elements ?? [] }))
            })
    }

    /// Its files as people wrote them: what is sent has no defaults that they did not write.
    private static func trees(_ directory: String) throws(Failure) -> [JSONTree] {
        do {
            return try Kernel.entries(of: directory).filter { $0.hasSuffix(".json") }.map {
                try JSONTree(
                    reading: try Kernel.contents(
                        of: "\(directory)/\($0)", limit: CatalogReading.mostFileBytes))
            }
        } catch {
            throw Failure("\(directory): was read, and could not be read again: \(error)")
        }
    }
}
