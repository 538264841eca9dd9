// `paceline model check`: whether models can be served, and what is wrong where they cannot.
import Commands
import Documents
import Inference

enum ModelCheck {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: true,
        "A model of LightGBM, XGBoost, CatBoost or ONNX, or a compiled one.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks that models can be read, compiled and served.",
        discussion: """
            Which library a model is of is told by what is in the file. A model that was cut off or damaged,
            that goes in circles, or that has what is not supported is refused with the place and the reason.
            Of a compiled one, its format, its checksum and every number that is used as a place are looked at.
            Exits with 1 where one is refused.
            """,
        parameters: [files, json],
        examples: [
            Example(
                "cp Examples/models/click.txt .; paceline model check click.txt", "Check before you publish.",
                prints: "click.txt: ok, LightGBM, 5 features, 1 output, 8 trees by bits of 32"
            ),
            Example(
                "head -c 2000 Examples/models/click.txt > cut.txt; paceline model check cut.txt",
                "A file that was cut off is refused.", outcome: .failed),
            Example("paceline model check --json Examples/models/price.json", "The same for programs."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        var outcome = Outcome.ok
        for path in call[files] where !check(path, call, &output) { outcome = .failed }
        return outcome
    }

    private static func check(_ path: String, _ call: Invocation, _ output: inout Output) -> Bool {
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
