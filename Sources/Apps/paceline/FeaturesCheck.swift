// `paceline features check`: whether a file is a schema of features, and the schema of such files.
import Commands
import Documents
import Features
import Units

enum FeaturesCheck {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: false, "Schemas of features.")
    static let schema = Parameter.flag("schema", "Print the JSON Schema of such a file, for editors.")

    static let command = Command(
        "check", "Checks schemas of features.",
        discussion: """
            Everything that is wrong is reported: each with its file, line and column, the path in the file, what
            was found and what is allowed. Of one that is accepted, how many features it has, how many bytes a
            profile takes, and its fingerprint, which model packages name. Exits with 1 where one is refused.
            """,
        parameters: [files, schema],
        examples: [
            Example(
                "paceline features check Examples/features/schema.json", "Check the demo.",
                prints: "Examples/features/schema.json: ok, demo version 1, 8 features"),
            Example(
                "sed 's/freshSeconds/freshSecs/' Examples/features/schema.json > bad.json; "
                    + "paceline features check bad.json",
                "What is wrong, and what was meant.", outcome: .failed),
            Example(
                "paceline features check --schema > features.schema.json",
                "Let your editor check as you type."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard call[files].isEmpty == call[schema] else {
            throw Failure("either a FILE is needed, or --schema", .usage)
        }
        if call[schema] { output.print(CompiledFeatures.jsonSchema.page) }
        var outcome = Outcome.ok
        for path in call[files] {
            let features: CompiledFeatures
            do {
                features = try FeaturesInput.features(path)
            } catch {
                output.print(error.message)
                outcome = .failed
                continue
            }
            let schema = features.schema
            output.print(
                "\(path): ok, \(schema.name) version \(schema.version), \(schema.features.count) features")
            output.print("  fingerprint \(hexadecimal(features.fingerprint))")
            for entity in FeatureEntity.stored where features.layout(of: entity).bytes > 0 {
                output.print("  \(entity.rawValue): \(features.layout(of: entity).bytes) bytes a profile")
            }
        }
        return outcome
    }
}
