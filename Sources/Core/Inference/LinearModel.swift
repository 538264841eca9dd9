// A sum of weighted features: XGBoost's gblinear. Everything is added as Floats, in the features' order.

public struct LinearModel: Equatable, Sendable {
    public var featureCount: Int
    public var featureNames: [String]
    public var outputCount: Int
    /// What each output's sum starts from: its bias and then its base, added.
    public var bases: [Float]
    /// Feature by feature, the weight for each output.
    public var weights: [Float]
    public var transform: OutputTransform

    /// The raw scores of one row. A value that is missing adds nothing.
    public func rawScores(_ row: [Double]) -> [Double] {
        precondition(row.count == featureCount, "a row of \(row.count) values for \(featureCount) features")
        return (0..<outputCount).map { output in
            var sum = bases[output]
            for (feature, value) in row.enumerated() where !value.isNaN {
                let product = Float(value) * weights[feature * outputCount + output]
                sum += product
            }
            return Double(sum)
        }
    }
}
