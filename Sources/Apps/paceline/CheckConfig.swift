// `paceline check-config`: everything that can be said about a settings file without starting anything, and
// the papers that go with it: its schema, its reference, an example.
import Commands
import Documents
import Settings

enum CheckConfig {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: false, "A settings file, or - for standard input.")
    static let onDisk = Parameter.flag(
        "files", "Also load the certificates and keys that the settings name, as the daemon would.")
    static let schema = Parameter.option(
        "schema", WordKind<Daemon>.choice("DAEMON"),
        "Print the JSON Schema of a daemon's settings, for editors.")
    static let example = Parameter.option(
        "example", WordKind<Daemon>.choice("DAEMON"), "Print a daemon's settings file with all defaults.")
    static let reference = Parameter.option(
        "reference", WordKind<Daemon>.choice("DAEMON"),
        "Print the reference of a daemon's settings, in Markdown.")
    static let json = Parameter.json

    static let command = Command(
        "check-config", "Checks a settings file without starting anything.",
        discussion: """
            The key `daemon` in the file says which daemon it is for. Everything that is wrong is reported,
            each with its line and column, what was found and what is allowed. With --json an accepted file
            is answered with every setting that would be in force, defaults included. Exits with 1 where a
            file is refused or could not be read.
            """,
        parameters: [files, onDisk, schema, example, reference, json],
        examples: [
            Example(
                "paceline check-config --example node > node.json",
                "Start a settings file from all its defaults."),
            Example(
                "paceline check-config node.json", "Check it.",
                prints: "node.json: ok, settings of paceline-node"),
            Example(
                "paceline check-config --json node.json > effective.json", "See what would be in force."),
            Example(
                "sed 's/headBytes/headByte/' node.json | paceline check-config -",
                "What is wrong is reported with its place, and the nearest key that is known.",
                outcome: .failed),
            Example("paceline check-config --schema node > node.schema.json", "Let your editor check too."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let documents = documents(call)
        guard documents.count + (call[files].isEmpty ? 0 : 1) == 1 else {
            throw Failure("either a FILE is needed, or one of --schema, --example and --reference", .usage)
        }
        for document in documents { output.write(document) }
        var outcome = Outcome.ok
        for path in call[files] where !check(path, call, &output) { outcome = .failed }
        return outcome
    }

    /// What is printed instead of a check.
    private static func documents(_ call: Invocation) -> [String] {
        let schemas = call[schema].map { $0.jsonSchema.page + "\n" }
        let examples = call[example].map { $0.exampleFile.page + "\n" }
        let references = call[reference].map(\.reference)
        return [schemas, examples, references].compactMap { $0 }
    }

    /// Whether the file is accepted.
    private static func check(_ path: String, _ call: Invocation, _ output: inout Output) -> Bool {
        guard let bytes = call.read(path, limit: SettingsFile.limitBytes, asJSON: call[json], &output)
        else { return false }
        let name = InputFile.displayName(path)
        let settings: DaemonSettings
        do {
            settings = try DaemonSettings(bytes)
        } catch {
            output.print(error, of: path, asJSON: call[json])
            return false
        }
        let problems = call[onDisk] ? problemsOnDisk(of: settings) : []
        if call[json] {
            output.print([
                "file": .string(path), "valid": .bool(problems.isEmpty),
                "daemon": .string(settings.daemon.rawValue), "settings": settings.effective,
                "problems": .array(problems.map { .string($0) }),
            ])
        } else if problems.isEmpty {
            output.print("\(name): ok, settings of paceline-\(settings.daemon.rawValue)")
        } else {
            for problem in problems { output.print("\(name): \(problem)") }
        }
        return problems.isEmpty
    }

    /// What is wrong on this machine with the files that the settings name.
    private static func problemsOnDisk(of settings: DaemonSettings) -> [String] {
        settings.certificates.compactMap { path, tls in tls.problemOnDisk.map { "\(path): \($0)" } }
    }
}
