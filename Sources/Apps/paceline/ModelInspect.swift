// `paceline model inspect`: what a model is made of.
import Commands
import Documents
import Inference

enum ModelInspect {
    static let model = ModelInput.model
    static let json = Parameter.jsonLine

    static let command = Command(
        "inspect", "Shows what a model is made of.",
        discussion: """
            Its library, features and outputs, what becomes of its raw scores, how it is evaluated, how large it
            is compiled, and the name that its contents give it.
            """,
        parameters: [model, json],
        examples: [
            Example(
                "paceline model inspect --model Examples/models/click.txt", "Look at the demo's model.",
                prints: "format      LightGBM"),
            Example(
                "paceline model inspect --model Examples/models/price.json --json", "The same for programs."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let model = try ModelInput.load(call[model])
        let (head, summary) = (model.head, model.summary)
        let used = summary.featuresUsed.map { head.featureNames.isEmpty ? "\($0)" : head.featureNames[$0] }
        if call[json] {
            output.print([
                "format": .string(head.format.name), "features": .number(head.featureCount),
                "featuresUsed": .array(used.map { .string($0) }), "outputs": .number(head.outputCount),
                "transform": .string("\(head.transform)"), "trees": .number(summary.trees),
                "thresholds": .number(summary.thresholds), "evaluator": .string(summary.evaluator),
                "tableBytes": .number(summary.tableBytes), "bytes": .number(model.byteCount),
                "version": .string("\(model.version)"),
            ])
            return .ok
        }
        let shown =
            used.prefix(12).joined(separator: ", ") + (used.count > 12 ? " and \(used.count - 12) more" : "")
        let divided = head.transformDivisor == 1 ? "" : ", after division by \(Int(head.transformDivisor))"
        let rows = [
            ("format", head.format.name),
            ("features", "\(head.featureCount), of which \(used.count) are looked at: \(shown)"),
            ("outputs", "\(head.outputCount)"), ("transform", "\(head.transform)\(divided)"),
            ("trees", "\(summary.trees), with \(summary.thresholds) thresholds"),
            ("evaluator", summary.evaluator),
            ("compiled", "\(model.byteCount) bytes, \(summary.tableBytes) of them tables"),
            ("version", "\(model.version)"),
        ]
        for (name, value) in rows {
            output.print(name + String(repeating: " ", count: 12 - name.count) + value)
        }
        return .ok
    }
}
