// What LightGBM's objective makes of raw scores. A model says it in one line: `binary sigmoid:1`, `regression
// sqrt`.

enum LightGBMObjective {
    /// A model without the line was trained with an objective of its owner's, whose scores stay as they are.
    static func transform(_ line: ModelLines.Line) throws(ModelRefused) -> OutputTransform {
        let words = line.words.map { String(decoding: $0, as: UTF8.self) }
        guard let name = words.first else { return .identity }
        switch name {
        case "regression", "regression_l1", "huber", "fair", "quantile", "mape":
            return words.contains("sqrt") ? .signedSquare : .identity
        case "lambdarank", "rank_xendcg", "custom", "none": return .identity
        case "binary", "multiclassova": return .sigmoid(steepness: try steepness(words, line))
        case "cross_entropy": return .sigmoid(steepness: 1)
        case "cross_entropy_lambda": return .softplus
        case "multiclass": return .softmax
        case "poisson", "gamma", "tweedie": return .exponential
        default:
            throw line.refused(
                "'\(name.prefix(40))'",
                "regression, regression_l1, huber, fair, quantile, mape, poisson, gamma, tweedie, binary, multiclass, "
                    + "multiclassova, cross_entropy, cross_entropy_lambda, lambdarank, rank_xendcg, custom")
        }
    }

    private static func steepness(_ words: [String], _ line: ModelLines.Line) throws(ModelRefused) -> Double {
        guard let word = words.first(where: { $0.hasPrefix("sigmoid:") }) else { return 1 }
        let text = Array(word.utf8.dropFirst("sigmoid:".utf8.count))
        guard let value = DecimalText.double(text[...]), value > 0, value.isFinite else {
            throw line.refused("'\(word.prefix(40))'", "sigmoid: and a number above zero")
        }
        return value
    }
}
