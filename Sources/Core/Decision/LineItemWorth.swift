// What a line item may pay, before any request is known: for whoever sets money aside ahead of need.
public import Catalog
public import Units

extension DecisionSettings {
    /// The most that it bids for a thousand impressions, in its campaign's currency; nil where that is nothing.
    public func worth(ofLineItem row: Int, in snapshot: CatalogSnapshot) -> Micros? {
        let lineItem = snapshot.lineItemRow(row)
        return priors.worth(lineItem, snapshot.campaignRow(lineItem.campaign)).flatMap {
            $0 > .zero ? $0 : nil
        }
    }
}
