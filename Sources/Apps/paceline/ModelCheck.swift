// `paceline model check`: whether models can be served, and what is wrong where they cannot.
import Commands
import Decision
import DecisionJournal
import Documents
import Inference
import Kernel
import Units

enum ModelCheck {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: false,
        "A model of LightGBM, XGBoost, CatBoost or ONNX, a compiled one, or a directory with models.json.")
    static let schema = Parameter.flag("schema", "Print the JSON Schema of models.json, for editors.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks that models can be read, compiled and served.",
        discussion: """
            Which library a model is of is told by what is in the file. A model that was cut off or damaged,
            that goes in circles, or that has what is not supported is refused with the place and the reason.
            Of a compiled one, its format, its checksum and every number that is used as a place are looked at.
            Of a directory everything that a node looks at before it serves: checksums, the schema, columns, golden
            rows, scores that are no numbers, and what each model takes here.
            Exits with 1 where one is refused.
            """,
        parameters: [files, schema, json],
        examples: [
            Example(
                "cp Examples/models/click.txt .; paceline model check click.txt", "Check before you publish.",
                prints: "click.txt: ok, LightGBM, 5 features, 1 output, 8 trees by bits of 32"
            ),
            Example(
                "head -c 2000 Examples/models/click.txt > cut.txt; paceline model check cut.txt",
                "A file that was cut off is refused.", outcome: .failed),
            Example(
                "paceline model check Examples/predictions", "All of what a node would serve.",
                prints:
                    "Examples/predictions: ok, 3 models over predictions version 2, sealed"
            ),
            Example("paceline model check --json Examples/models/price.json", "The same for programs."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard call[files].isEmpty == call[schema] else {
            throw Failure("either a FILE is needed, or --schema", .usage)
        }
        if call[schema] { output.print(ModelDirectory.jsonSchema.page) }
        var outcome = Outcome.ok
        for path in call[files] where !check(path, call, &output) { outcome = .failed }
        return outcome
    }

    private static func checkDirectory(_ path: String, _ call: Invocation, _ output: inout Output) -> Bool {
        do {
            let directory = try ModelDirectory(path)
            if call[json] {
                output.print([
                    "file": .string(path), "valid": true,
                    "version": .string(hexadecimal(directory.served.version)),
                    "models": .number(directory.served.models.count),
                    "shadows": .number(directory.served.shadows.count), "sealed": .bool(directory.isSealed),
                ])
            } else {
                output.print(directory.page(path))
            }
            return true
        } catch {
            if call[json] {
                output.print(["file": .string(path), "valid": false, "problem": .string(error.message)])
            } else {
                output.print(error.message)
            }
            return false
        }
    }

    private static func check(_ path: String, _ call: Invocation, _ output: inout Output) -> Bool {
        if (try? Kernel.isDirectory(path)) == true { return checkDirectory(path, call, &output) }
        guard let bytes = call.read(path, limit: ModelInput.limitBytes, asJSON: call[json], &output) else {
            return false
        }
        do {
            let model = try ModelInput.model(bytes)
            let summary = model.summary
            if call[json] {
                output.print([
                    "file": .string(path), "valid": true, "format": .string(model.head.format.name),
                    "features": .number(model.featureCount), "outputs": .number(model.outputCount),
                    "trees": .number(summary.trees), "evaluator": .string(summary.evaluator),
                    "version": .string("\(model.version)"),
                ])
            } else {
                output.print("\(InputFile.displayName(path)): ok, \(model.head.line), \(summary.line)")
            }
            return true
        } catch {
            if call[json] {
                output.print(["file": .string(path), "valid": false, "problem": .string(error.reason)])
            } else {
                output.print("\(InputFile.displayName(path)): \(error.reason)")
            }
            return false
        }
    }
}
