// Who may see a line item, as an expression over what a request says of the viewer and the content.

/// An expression that holds of a request or does not. A value that the request does not carry is no value:
/// `country: [USA]` does not hold of a request without a country, and `not` of it does.
public indirect enum Targeting: Equatable, Sendable {
    case all([Targeting])
    case any([Targeting])
    case not(Targeting)
    /// The request has one of these values.
    case values(Dimension, [String])
    /// The viewer is in one of these circles.
    case radius([Circle])
    /// The viewer's clock shows one of these times.
    case daypart(WeekMask)

    /// Holds of every request.
    public static let everyone = Targeting.all([])
}
