// `paceline model bench`: what a model costs on this machine, before it is published.
import Commands
import Inference
import Kernel
import Units

enum ModelBench {
    static let model = ModelInput.model
    static let batch = Parameter.option(
        "batch", .integer(1...100_000), default: 112, "How many rows are scored in one request.")
    static let shared = Parameter.option(
        "shared", .integer(0...EnsembleLimits.features), default: 0,
        "How many features, from the first on, are the request's own.")
    static let seconds = Parameter.option(
        "seconds", .integer(1...60), default: 1, "How long each row of the table is measured.")

    static let command = Command(
        "bench", "Measures what a model costs on this machine.",
        discussion: """
            Scores random rows by each set of instructions that this machine has, one request after the other on
            one core, and prints the median of what a row takes. What the request's own features decide is done
            once a request and counted in.
            """,
        parameters: [model, batch, shared, seconds],
        examples: [
            Example(
                "paceline model bench --model Examples/models/click.txt --shared 2",
                "Two features of five are the request's.")
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let model = try ModelInput.load(call[model])
        guard call[shared] <= model.featureCount else {
            throw Failure(
                "--shared: found \(call[shared]); allowed: up to the model's \(model.featureCount) features",
                .usage)
        }
        let variants = KernelVariant.allCases.filter(\.runs)
        for variant in variants {
            let time = measure(model, call, variant)
            let name = "\(variant)"
            output.print(
                name + String(repeating: " ", count: 12 - name.count)
                    + "\(time) ns per row, batches of \(call[batch])")
        }
        return .ok
    }

    private static func measure(_ model: Model, _ call: Invocation, _ variant: KernelVariant) -> Int {
        var random = Randomness(seed: 1)
        var scratch = ModelScratch(for: model, shared: Set(0..<call[shared]), variant: variant)
        let values = (0..<call[batch] * model.featureCount).map { _ in Float(random.nextUnit() * 4 - 2) }
        let request = Array(values.prefix(model.featureCount))
        var scores = [Double](repeating: 0, count: call[batch] * model.outputCount)
        var times: [Int64] = []
        let end = Kernel.monotonicNow().nanoseconds + Int64(call[seconds]) * 1_000_000_000
        repeat {
            let start = Kernel.monotonicNow().nanoseconds
            var target = scores.mutableSpan
            if call[shared] > 0 { model.prepare(request.span, &scratch) }
            model.score(values.span, into: &target, &scratch)
            times.append(Kernel.monotonicNow().nanoseconds - start)
        } while Kernel.monotonicNow().nanoseconds < end || times.count < 3
        return Int(times.sorted()[times.count / 2]) / call[batch]
    }
}
