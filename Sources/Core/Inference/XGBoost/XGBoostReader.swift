// Reads what XGBoost saves as JSON or UBJSON (versions 1 to 3): `gbtree` and `dart` as trees, `gblinear` as a
// linear model. Its old binary format has no marks to read it by, and was given up by its makers.

public enum XGBoostReader {
    /// The major versions whose files are known.
    private static let versions = 1...3

    public static func read(json bytes: [UInt8]) throws(ModelRefused) -> ModelContent {
        try read(ModelPlace(value: ModelValue(json: bytes, singles: true), path: ""))
    }

    public static func read(ubj bytes: [UInt8]) throws(ModelRefused) -> ModelContent {
        try read(ModelPlace(value: ModelValue(ubj: bytes), path: ""))
    }

    /// Whether a JSON document is such a model.
    static func recognises(_ document: ModelPlace) -> Bool { document.has("learner") }

    static func read(_ document: ModelPlace) throws(ModelRefused) -> ModelContent {
        let learner = try document.member("learner")
        let version = try document.member("version")
        guard let major = try version.wholes(nil, 0...1 << 16).first, versions.contains(major) else {
            throw version.refused("version \(versions.lowerBound) to \(versions.upperBound)")
        }
        let head = try XGBoostHead(learner)
        let booster = try learner.member("gradient_booster")
        let name = try booster.member("name")
        switch try name.text() {
        case "gbtree":
            return .trees(try XGBoostForest(head).ensemble(try booster.member("model"), weights: nil))
        case "dart":
            let weights = try booster.member("weight_drop")
            let model = try booster.member("gbtree").member("model")
            return .trees(try XGBoostForest(head).ensemble(model, weights: weights))
        case "gblinear": return .linear(try linear(head, try booster.member("model")))
        default: throw name.refused("gbtree, dart or gblinear")
        }
    }

    private static func linear(_ head: XGBoostHead, _ model: ModelPlace) throws(ModelRefused) -> LinearModel {
        let all = try model.member("weights").numbers((head.featureCount + 1) * head.outputCount).map {
            Float($0)
        }
        let weights = Array(all.prefix(head.featureCount * head.outputCount))
        return LinearModel(
            featureCount: head.featureCount, featureNames: head.featureNames, outputCount: head.outputCount,
            bases: zip(all.suffix(head.outputCount), head.bases).map { $0 + $1 }, weights: weights,
            transform: head.transform)
    }
}

/// What a model says beside its booster.
struct XGBoostHead {
    let featureCount: Int
    let featureNames: [String]
    let outputCount: Int
    /// The raw score that each output starts from.
    let bases: [Float]
    let transform: OutputTransform

    init(_ learner: ModelPlace) throws(ModelRefused) {
        let parameters = try learner.member("learner_model_param")
        featureCount = try parameters.member("num_feature").wholeInText(1...EnsembleLimits.features)
        let classes = try parameters.member("num_class").wholeInText(0...EnsembleLimits.outputs)
        if let targets = try parameters.optional("num_target") {
            guard try targets.wholeInText(0...EnsembleLimits.outputs) <= 1 else {
                throw targets.refused("one target: models of several are not supported")
            }
        }
        outputCount = max(classes, 1)
        let objective = try XGBoostObjective(try learner.member("objective").member("name"))
        transform = objective.transform
        let base = try parameters.member("base_score")
        let scores = try Self.scores(base)
        guard scores.count == 1 || scores.count == outputCount else {
            throw base.refused("one number, or one for each of \(outputCount) classes")
        }
        var bases: [Float] = []
        for score in scores { bases.append(try objective.margin(score, base)) }
        self.bases = bases.count == 1 ? Array(repeating: bases[0], count: outputCount) : bases
        var names: [String] = []
        if let list = try learner.optional("feature_names") {
            for name in try list.elements() { names.append(try name.text()) }
            guard names.isEmpty || names.count == featureCount else {
                throw list.refused("\(featureCount) names, or none")
            }
        }
        featureNames = names
    }

    /// `5E-1` up to version 3.0, and since then `[5.2E-1]` with one number for each output.
    private static func scores(_ place: ModelPlace) throws(ModelRefused) -> [Float] {
        var text = Substring(try place.text())
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        var scores: [Float] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let word = word.filter { $0 != " " }
            guard word.utf8.count <= 64, word.allSatisfy({ "0123456789.eE+-".contains($0) }),
                let score = Float(word),
                score.isFinite
            else { throw place.refused("a number, or several in brackets") }
            scores.append(score)
        }
        return scores
    }
}
