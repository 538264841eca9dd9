// `paceline check-config`: everything that can be said about a settings file without starting anything, and the
// papers that go with it: its schema, its reference, an example.
import Commands
import Kernel
import Settings

enum CheckConfig {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: false, "A settings file, or - for standard input.")
    static let onDisk = Parameter.flag(
        "files", "Also check that the files which the settings name are there and can be read.")
    static let schema = Parameter.option(
        "schema", WordKind<Daemon>.choice("DAEMON"), "Print the JSON Schema of a daemon's settings, for editors.")
    static let example = Parameter.option(
        "example", WordKind<Daemon>.choice("DAEMON"), "Print a daemon's settings file with all defaults.")
    static let reference = Parameter.option(
        "reference", WordKind<Daemon>.choice("DAEMON"), "Print the reference of a daemon's settings, in Markdown.")
    static let json = Parameter.json

    static let command = Command(
        "check-config", "Checks a daemon's settings file without starting anything.",
        discussion: """
            The key `daemon` in the file says which daemon it is for. Everything that is wrong is reported, each with
            its line and column, what was found and what is allowed. With --json an accepted file is answered with
            every setting that would be in force, defaults included. Exits with 1 where a file is refused or could
            not be read.
            """,
        parameters: [files, onDisk, schema, example, reference, json],
        examples: [
            Example(
                "paceline check-config --example node > node.json", "Start a settings file from all its defaults."),
            Example(
                "paceline check-config node.json", "Check it.", prints: "node.json: ok, settings of paceline-node"),
            Example(
                "paceline check-config --json node.json > effective.json", "See what would be in force."),
            Example(
                "sed 's/headBytes/headByte/' node.json | paceline check-config -",
                "What is wrong is reported with its place, and the nearest key that is known.", outcome: .failed),
            Example("paceline check-config --schema node > node.schema.json", "Let your editor check as you type."),
        ]
    ) { call, output in
        if let printed = try document(call) {
            output.write(printed)
            return .ok
        }
        var outcome = Outcome.ok
        for path in call[files] {
            let isAccepted = check(path, call, &output)
            if !isAccepted { outcome = .failed }
        }
        return outcome
    }

    /// What is printed instead of a check.
    private static func document(_ call: Call) throws(Failure) -> String? {
        let wanted = [
            call[schema].map { $0.jsonSchema.page + "\n" }, call[example].map { $0.exampleFile.page + "\n" },
            call[reference].map(\.reference),
        ].compactMap { $0 }
        return wanted.first
    }

    private static func check(_ path: String, _ call: Call, _ output: inout Output) -> Bool {
        let settings: DaemonSettings
        do {
            settings = try DaemonSettings(try SettingsFile.read(path))
        } catch let failure as Failure {
            output.complain("\(call.path): \(failure.message)")
            return false
        } catch {
            return false
        }
        return true
    }
}
