// `paceline model check`: whether models can be served, and what is wrong where they cannot.
import Commands
import Decision
import DecisionJournal
import Documents
import Features
import Inference
import Kernel
import Units

enum ModelCheck {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: true,
        "A model of LightGBM, XGBoost, CatBoost or ONNX, or a compiled one; or a directory with models.json.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks that models can be read, compiled and served.",
        discussion: """
            Which library a model is of is told by what is in the file. A model that was cut off or damaged,
            that goes in circles, or that has what is not supported is refused with the place and the reason.
            Of a compiled one, its format, its checksum and every number that is used as a place are looked at.
            A directory is read as a node reads it: sums of its files, golden rows, and what its models take here.
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
            Example(
                "paceline model check Examples/predictions", "All models that a node would serve."),
            Example("paceline model check --json Examples/models/price.json", "The same for programs."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        var outcome = Outcome.ok
        for path in call[files] {
            let isDirectory = (try? Kernel.isDirectory(path)) ?? false
            let isFine = isDirectory ? checkAll(path, call, &output) : check(path, call, &output)
            if !isFine { outcome = .failed }
        }
        return outcome
    }

    private static func checkAll(_ path: String, _ call: Invocation, _ output: inout Output) -> Bool {
        do {
            let served = try ModelDirectory(path).served
            let schema = served.features.schema
            if call[json] {
                output.print([
                    "file": .string(path), "valid": true, "version": .string(hexadecimal(served.version)),
                    "schema": .string("\(schema.name) \(schema.version)"),
                    "models": .array(
                        served.models.map { model in
                            [
                                "goal": .string("\(model.goal)"), "tier": .string("\(model.tier)"),
                                "version": .string(hexadecimal(model.version)),
                                "nanosecondsPerCandidate": model.cost.map { .number($0.nanoseconds) }
                                    ?? .null,
                            ]
                        }),
                ])
                return true
            }
            output.print(
                "\(path): ok, \(served.models.count) models over \(schema.name) \(schema.version), version \(hexadecimal(served.version))"
            )
            for model in served.models {
                let cost = model.cost.map { ", \($0.nanoseconds) ns a candidate" } ?? ""
                output.print("  \(model.goal.name): \(model.tier), \(model.model.head.line)\(cost)")
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
