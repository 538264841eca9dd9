// A compiled linear model: the sections behind those of the head are the bases and the weights, as Floats.

enum LinearSection: Int {
    case bases = 2, weights
}

enum LinearCompiler {
    static func compile(_ model: LinearModel) -> [UInt8] {
        var writer = CompiledWriter(.linear)
        ModelHead(
            format: .xgBoost, featureCount: model.featureCount, outputCount: model.outputCount,
            transform: model.transform, featureNames: model.featureNames
        ).write(to: &writer)
        writer.add(model.bases)
        writer.add(model.weights)
        return writer.finish()
    }
}

/// The same in memory.
@safe struct CompiledLinear: @unchecked Sendable {
    private let bases: UnsafeBufferPointer<Float>
    private let weights: UnsafeBufferPointer<Float>

    init(_ file: CompiledFile, _ head: ModelHead) throws(CompiledRefused) {
        guard file.sectionCount == LinearSection.weights.rawValue + 1 else {
            throw file.refused("\(file.sectionCount) sections")
        }
        unsafe bases = file.numbers(LinearSection.bases.rawValue, Float.self)
        unsafe weights = file.numbers(LinearSection.weights.rawValue, Float.self)
        guard unsafe bases.count == head.outputCount,
            unsafe weights.count == head.featureCount * head.outputCount
        else { throw file.refused("weights for another number of features") }
    }

    /// The raw scores of one row; a value that is missing adds nothing.
    func score(_ head: ModelHead, into scores: UnsafeMutablePointer<Double>, _ value: (Int) -> Float) {
        for output in 0..<head.outputCount {
            var sum = unsafe bases[output]
            for feature in 0..<head.featureCount {
                let value = value(feature)
                if value.isNaN { continue }
                let product = unsafe value * weights[feature * head.outputCount + output]
                sum += product
            }
            unsafe scores[output] = Double(sum)
        }
    }
}
