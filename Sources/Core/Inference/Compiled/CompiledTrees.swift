// The sections of compiled trees, behind those of the head. A change of these lists is a new version of the
// format.

enum TreesSection: Int, CaseIterable {
    /// `TreesWord` after the other, 64 bits each.
    case words = 2
    /// The structures of CSIMD's kernels: columns of thresholds, and what blocks use of them.
    case columns, uses
    /// Thresholds in blocks of sixteen; the doubles are left out where inputs are Floats.
    case floatThresholds, doubleThresholds
    /// Columns of categories: feature, slot, where its codes start, how many there are, and the code of what
    /// is missing.
    case categories, categoryCodes
    /// For each block: `BlockWord` after the other, 64 bits each.
    case blocks
    /// Of each use, its column's slot is its column; which feature that is.
    case slotFeatures
    case positions, nodes, table
    case leaves, outputs, bases, offsets
    /// Linear leaves: for each place of a leaf where its terms start, its constant; then features and
    /// coefficients.
    case linearStarts, linearConstants, linearFeatures, linearCoefficients
    case steps, roots, bits
}

enum TreesWord: Int, CaseIterable {
    case inputs, sums, leafWidth, divisor, scale, isWalk, tinyIsZero, categoryRule, maskBytes, slots, trees
    case hasCategories
}

enum BlockWord: Int, CaseIterable {
    case trees, rowBytes, useStart, useCount, usesWithRows, positionStart, nodeStart, tableStart
}

/// A column of categories as it stands in its section: five words.
enum CategoryWord: Int, CaseIterable {
    case feature, slot, codeStart, codeCount, missingCode
}
