// From raw scores to predictions, by our own exp and log: the same on every machine.
import Numerics

extension OutputTransform {
    /// Turns one row's raw scores into its predictions.
    public func apply(to scores: inout MutableSpan<Double>) {
        switch self {
        case .identity: break
        case .sigmoid(let steepness):
            for place in scores.indices { scores[place] = .sigmoid(steepness * scores[place]) }
        case .exponential: for place in scores.indices { scores[place] = .exp(scores[place]) }
        case .signedSquare:
            for place in scores.indices {
                let square = scores[place] * scores[place]
                scores[place] = scores[place] < 0 ? -square : square
            }
        case .softplus:
            // log(1 + e^s) is s + log(1 + e^-s), which does not overflow.
            for place in scores.indices {
                let score = scores[place]
                scores[place] = max(score, 0) + .log1p(.exp(-score.magnitude))
            }
        case .step: for place in scores.indices { scores[place] = scores[place] > 0 ? 1 : 0 }
        case .softmax: softmax(&scores)
        case .largest:
            var best = 0
            for place in scores.indices where scores[place] > scores[best] { best = place }
            for place in scores.indices { scores[place] = Double(best) }
        }
    }

    private func softmax(_ scores: inout MutableSpan<Double>) {
        var most = -Double.infinity
        for place in scores.indices { most = max(most, scores[place]) }
        var sum = 0.0
        for place in scores.indices {
            scores[place] = .exp(scores[place] - most)
            sum += scores[place]
        }
        for place in scores.indices { scores[place] /= sum }
    }
}

extension ModelHead {
    /// Turns one row's raw scores into its predictions.
    public func predict(_ scores: inout MutableSpan<Double>) {
        if transformDivisor != 1 { for place in scores.indices { scores[place] /= transformDivisor } }
        transform.apply(to: &scores)
    }
}
