// What is asked of models before any request is decided with them: that their features are the schema's, and that they
// say a number where nothing is known, and at the ends of what may be known.
internal import Features
internal import Inference

extension ServedModels {
    public func check() throws(ModelsRefused) {
        for model in models + shadows.map(\.served) {
            let planned = try PlannedModel(model, features)
            for end in ProbedEnd.allCases { try planned.probe(end, features) }
        }
    }
}

/// Rows that every set of models meets sooner or later.
private enum ProbedEnd: CaseIterable {
    case nothingKnown, lowest, highest

    /// Counts and sums of viewers and ads end well below it.
    private static let furthest: Float = 1e6

    func value(of feature: Feature) -> Float {
        switch (self, feature.kind) {
        case (.nothingKnown, _): feature.standIn?.value ?? .nan
        case (.lowest, .number): -Self.furthest
        case (.highest, .number): Self.furthest
        case (.lowest, _): 0
        case (.highest, .flag): 1
        case (.highest, .category): Float(feature.categories.count - 1)
        }
    }

    var sentence: String {
        switch self {
        case .nothingKnown: "where nothing is known"
        case .lowest: "where all features are at their lowest"
        case .highest: "where all features are at their highest"
        }
    }
}

extension PlannedModel {
    fileprivate func probe(_ end: ProbedEnd, _ features: CompiledFeatures) throws(ModelsRefused) {
        let model = served.model
        let row = columns.map { end.value(of: features.schema.features[Int($0)]) }
        var scratch = ModelScratch(for: model)
        var scores = [Double](repeating: 0, count: model.outputCount)
        var span = scores.mutableSpan
        model.score(row.span, into: &span, &scratch)
        guard scores.allSatisfy(\.isFinite) else {
            throw ModelsRefused(
                served, "the raw score \(scores[0]) \(end.sentence)",
                allowed: end == .nothingKnown
                    ? "a number: features that it cannot do without need a default in the schema"
                    : "a number")
        }
    }
}
