// A stage of its own between what a model says and what it is worth: from a score to a probability that
// holds. It is fitted elsewhere, on what happened after decisions, and comes as a file that people can read.
import Numerics

public enum Calibrator: Equatable, Sendable {
    /// Straight lines between points, flat outside of them. Both ascend; places never repeat.
    case isotonic(scores: [Double], probabilities: [Double])
    /// 1 / (1 + e^-(slope · score + intercept)).
    case platt(slope: Double, intercept: Double)
    /// 1 / (1 + e^-(a · log p − b · log(1 − p) + c)), for scores that are probabilities (Kull, Silva Filho,
    /// Flach).
    case beta(a: Double, b: Double, c: Double)
    /// One value from each edge up to the next: one fewer than there are edges. Scores outside are of the
    /// nearest bin.
    case binned(edges: [Double], probabilities: [Double])

    /// As many points or bins as a calibrator may have: finer than any data tell, and still in the nearest
    /// cache.
    public static let pointsMost = 4_096

    /// The probability for a score. What is no number stays so.
    public func probability(of score: Double) -> Double {
        if score.isNaN { return score }
        switch self {
        case .isotonic(let scores, let probabilities): return Self.line(through: scores, probabilities, score)
        case .platt(let slope, let intercept): return .sigmoid(slope * score + intercept)
        case .beta(let a, let b, let c):
            // Nothing is certain: at the very ends the logarithms would be infinite.
            let p = min(max(score, 0x1p-52), 1 - 0x1p-52)
            return .sigmoid(a * .log(p) - b * .log1p(-p) + c)
        case .binned(let edges, let probabilities):
            let bin = Self.count(edges, notAbove: score) - 1
            return probabilities[min(max(bin, 0), probabilities.count - 1)]
        }
    }

    /// The same in place, for all candidates of a request.
    public func replace(_ scores: inout MutableSpan<Double>) {
        for index in scores.indices { scores[index] = probability(of: scores[index]) }
    }

    private static func line(through scores: [Double], _ probabilities: [Double], _ score: Double) -> Double {
        let above = count(scores, notAbove: score)
        if above == 0 { return probabilities[0] }
        if above == scores.count { return probabilities[above - 1] }
        let (x0, x1) = (scores[above - 1], scores[above])
        let (y0, y1) = (probabilities[above - 1], probabilities[above])
        return (y1 - y0) / (x1 - x0) * (score - x0) + y0
    }

    /// How many of the ascending numbers are not above this one.
    private static func count(_ numbers: [Double], notAbove number: Double) -> Int {
        var (low, high) = (0, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
