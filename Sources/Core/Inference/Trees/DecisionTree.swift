// One tree, as all readers give it. Values that go left and right are said by the nodes; a row ends in
// exactly one leaf.

public struct DecisionTree: Equatable, Sendable {
    /// The root first; none where the tree is a single leaf.
    public var nodes: [TreeNode]
    /// What the leaves add: as many values for each leaf as the ensemble's `leafWidth`.
    public var leafValues: [Double]
    /// LightGBM's linear leaves: one for each leaf, or none at all.
    public var linearLeaves: [LinearLeaf]
    /// The output to which the first value of a leaf is added; further ones go to the outputs behind it.
    public var output: Int

    public init(
        nodes: [TreeNode], leafValues: [Double], linearLeaves: [LinearLeaf] = [], output: Int = 0
    ) {
        self.nodes = nodes
        self.leafValues = leafValues
        self.linearLeaves = linearLeaves
        self.output = output
    }
}

/// Where a row that reaches a node goes on.
public enum TreeChild: Equatable, Sendable {
    case node(Int)
    case leaf(Int)
}

public struct TreeNode: Equatable, Sendable {
    public var feature: Int
    public var split: TreeSplit
    /// What counts as missing here, and where it goes.
    public var missing: MissingValues
    public var missingGoesLeft: Bool
    public var left: TreeChild
    public var right: TreeChild

    public init(
        feature: Int, split: TreeSplit, missing: MissingValues, missingGoesLeft: Bool, left: TreeChild,
        right: TreeChild
    ) {
        self.feature = feature
        self.split = split
        self.missing = missing
        self.missingGoesLeft = missingGoesLeft
        self.left = left
        self.right = right
    }
}

/// What goes left of what is not missing.
public enum TreeSplit: Equatable, Sendable {
    /// Values up to and with the threshold.
    case atMost(Double)
    /// Values below the threshold.
    case below(Double)
    /// Categories in this set of the ensemble's; every other value goes right.
    case isIn(set: Int)
}

public enum MissingValues: Equatable, Sendable {
    /// Nothing is: NaN is compared as if it were zero. Of a category, NaN is none and goes right.
    case nothing
    /// NaN, and what is no further from zero than 1e-35 as a Float.
    case zeroOrNaN
    case nan

    /// LightGBM's `kZeroThreshold`, a Float that it widens.
    public static let zeroBound = Double(1e-35 as Float)
}

/// LightGBM's leaf that is a line: `constant + Σ coefficient · feature`, added in this order. Where one of
/// its features is NaN, the leaf's plain value is taken.
public struct LinearLeaf: Equatable, Sendable {
    public var constant: Double
    public var features: [Int]
    public var coefficients: [Double]

    public init(constant: Double, features: [Int], coefficients: [Double]) {
        self.constant = constant
        self.features = features
        self.coefficients = coefficients
    }
}

/// Categories by their numbers, as a set of bits.
public struct CategorySet: Hashable, Sendable {
    /// Bit `c % 32` of word `c / 32` says whether category `c` is in.
    public var words: [UInt32]

    public init(words: [UInt32]) { self.words = words }

    public func contains(_ category: Int) -> Bool {
        category >= 0 && category / 32 < words.count && words[category / 32] >> UInt32(category % 32) & 1 == 1
    }
}

/// Which number of a row is which category.
public enum CategoryRule: Equatable, Sendable {
    /// LightGBM's: what is left of the number without its decimals, so that −0.5 is category 0; NaN and below
    /// zero is none.
    case truncated
    /// XGBoost's: the same from zero up to 2^24; below zero, −0.5 too, is none.
    case nonnegative
    /// CatBoost's, whose categories are texts: whole numbers from zero up stand for their digits, all else is
    /// none.
    case whole
}
