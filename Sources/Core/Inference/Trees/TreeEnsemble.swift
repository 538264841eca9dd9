// Trees that are added up, as all readers give them: what a format means is said here with nothing left to
// know of the format. The order of every sum is part of the meaning.

public struct TreeEnsemble: Equatable, Sendable {
    /// How wide a number is while it is compared or added.
    public enum Precision: UInt8, Sendable { case single, double }

    public var format: ModelFormat
    public var featureCount: Int
    /// One for each feature, or none at all.
    public var featureNames: [String] = []
    /// Values of a row are rounded to this before they are compared.
    public var inputs: Precision
    /// Whether a value that is no further from zero than `MissingValues.zeroBound` is zero: LightGBM drops
    /// such values from a row before it looks at them.
    public var tinyIsZero = false
    /// Leaves are added in this; where it is single, leaf values and bases are Floats.
    public var sums: Precision
    public var outputCount: Int
    /// How many values a leaf has.
    public var leafWidth = 1
    /// What each output's sum starts from.
    public var bases: [Double]
    /// In the order in which their leaves are added.
    public var trees: [DecisionTree] = []
    public var categorySets: [CategorySet] = []
    public var categoryRule = CategoryRule.truncated

    // What becomes of a sum, in this order: divided, multiplied, added to.
    public var divisor = 1.0
    public var scale = 1.0
    /// One for each output, or none at all.
    public var offsets: [Double] = []

    /// What the raw score is divided by before the transform: the iterations of a random forest, whose raw
    /// score is a sum.
    public var transformDivisor = 1.0
    public var transform = OutputTransform.identity

    public init(
        format: ModelFormat, featureCount: Int, inputs: Precision, sums: Precision, outputCount: Int,
        bases: [Double]? = nil
    ) {
        self.format = format
        self.featureCount = featureCount
        self.inputs = inputs
        self.sums = sums
        self.outputCount = outputCount
        self.bases = bases ?? [Double](repeating: 0, count: outputCount)
    }
}
