// For how much of the node's traffic each campaign could compete: what its shards have counted, kept by the hour, and told with the
// campaign's statement.
import Decision
import Pacing
import Units

/// Used by the pacing's thread only.
struct PlacesSeen {
    private var counts: PlaceCounts

    init(at now: Instant) { counts = PlaceCounts(kinds: OfferedPlaces.kinds, at: now) }

    /// - Parameter places: the campaigns' among the shards' cells, in their order.
    mutating func count(
        _ pacing: NodePacing, _ campaigns: [PacedCampaign], _ places: [Int], at now: Instant
    ) {
        let counted = pacing.kinds([NodePacing.allRequests] + places)
        counts.count(
            PlaceCounts.Offered(requests: pacing.sampled, places: counted[0].targeted),
            zip(campaigns, counted.dropFirst()).map { campaign, arrivals in
                PlaceCounts.Sighting(
                    id: campaign.terms.id, arrivals: arrivals, runs: campaign.runs(at: now),
                    eligibility: campaign.eligibility)
            }, at: now)
    }

    /// Of a statement whose supply is all that the node expects, what of it is for the campaign.
    func tell(_ statement: inout PaceStatement, of campaign: PacedCampaign, at now: Instant) {
        let view = counts.view(of: campaign.terms.id)
        statement.runs = campaign.runs(at: now)
        statement.isGuess = view.isGuess
        statement.isUsualDay = view.isUsual(statement.supply, from: now)
        (statement.shares, statement.affordable) = (view.shares, view.affordable)
        statement.seesDay = view.seesDay
        statement.supply = view.supply(statement.supply, from: now)
    }

    /// Of all places, those of the day to come; nil where nobody knows.
    func supply(_ day: [Double]) -> PaceSupply? { counts.supply(day) }
}
