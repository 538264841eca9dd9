// How a campaign's money is to be spread over its flight.

public enum PacingMode: String, CaseIterable, Sendable {
    /// The same in every hour, whatever the traffic.
    case even
    /// As traffic comes: an hour with twice the supply gets twice the money. The price of the budget stays the same
    /// all day, so this spends on the best impressions.
    case traffic
    /// As traffic comes, but the start of the flight gets three times what its end gets.
    case frontloaded
    /// As fast as it goes.
    case asap

    /// How much an hour wants, by the supply that the campaign could buy in it and by how much of the flight has
    /// passed at its middle. Only the ratios between hours count. `asap` takes hours in their order instead.
    func weight(supply: Double, hour: Double, elapsed: Double) -> Double {
        switch self {
        case .even: hour
        case .traffic, .asap: supply
        // A straight line from 1.5 to 0.5: the mean stays one.
        case .frontloaded: supply * (1.5 - elapsed)
        }
    }
}
