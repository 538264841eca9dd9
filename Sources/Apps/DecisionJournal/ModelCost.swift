// What a model takes on this machine, measured before it serves.
import Inference
import Kernel
public import Units

public struct ModelCost: Sendable, CustomStringConvertible {
    /// As many as a decision scores for one goal at most, unless its settings say otherwise.
    public static let candidates = 64

    /// What so many candidates take, when nobody else wants the core.
    public let batch: Interval

    /// The first times fill caches and teach the branch predictor; the best of the others is what the model needs, not what
    /// the system's other work took of it.
    private static let warmUps = 8
    private static let times = 32

    /// Takes some milliseconds. No feature is the request's own, which is the dearest case.
    init(of model: Model) {
        var random = Randomness(seed: 1)
        var scratch = ModelScratch(for: model)
        let values = (0..<Self.candidates * model.featureCount).map { _ in Float(random.nextUnit() * 4 - 2) }
        var scores = [Double](repeating: 0, count: Self.candidates * model.outputCount)
        var best = Int64.max
        for time in 0..<Self.warmUps + Self.times {
            let start = Kernel.monotonicNow()
            var span = scores.mutableSpan
            model.score(values.span, into: &span, &scratch)
            let took = (Kernel.monotonicNow() - start).nanoseconds
            if time >= Self.warmUps { best = min(best, took) }
        }
        batch = Interval(nanoseconds: best)
    }

    var one: Interval { Interval(nanoseconds: max(batch.nanoseconds / Int64(Self.candidates), 1)) }

    public var description: String {
        "\((batch.nanoseconds + 999) / 1_000) µs for \(Self.candidates) candidates"
    }
}
