// What stands behind a value that a model is given.

/// Beside every value of a row, and counted in logs and metrics: a model that is given a default says less than one that
/// is given a value, and whoever looks at a decision must see which.
public enum FeatureCode: UInt8, CaseIterable, Sendable {
    /// As it was told, and young enough.
    case present = 0
    /// As it was told, but older than the schema wants it.
    case stale
    /// Nothing is known, or it is too old to count; the schema's default stands in for it.
    case defaulted
    /// Nothing is known, and the schema has no default: the value is NaN.
    case missing
    /// The viewer's permissions do not let it be read; the schema's default stands in for it, or NaN.
    case forbidden
}
