// What may be wrong between an exchange's record and the ledger, by name.

public struct Discrepancy: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, CaseIterable, Sendable {
        // Money.
        /// An account has more out and spent than its budget.
        case overspent
        /// Exchanges were acknowledged more of a campaign than its budget and what is booked beside it as late.
        case billedBeyondBudget
        // Settlements.
        /// A node took the bill, and the ledger has no settlement of it.
        case settlementLost
        /// One reservation is settled in two places.
        case settledTwice
        /// A settlement of which no exchange knows.
        case settledUntold
        /// What settlements come to is not what their exchanges were asked.
        case otherAmount
        /// The money is another campaign's than the ad was.
        case otherCampaign
        /// A node said no, and the ledger counts it.
        case refusedAndSettled
        // The exchange's own record.
        /// A bill that was told and of which nothing became.
        case unresolved
        /// Two things became of one bill.
        case resolvedTwice
        // The ledger's own sums.
        /// An account says otherwise than its movements.
        case unbalanced
        /// A movement is there twice.
        case movedTwice
        /// A movement that no batch of its coordinator wrote.
        case movedOutsideBatches
        /// What an account has out and settled is not what its sessions have.
        case sessionsDisagree
        /// What sessions settled is not what their nodes did, or those not what their settlements say.
        case nodesDisagree
        // Between two readings of the ledger.
        /// A settlement that was there earlier is not there any more.
        case settlementVanished
        // Delivery.
        /// A region did not sell again within its bound behind a fault.
        case deliveryLate
    }

    public var kind: Kind
    public var what: String

    init(_ kind: Kind, _ what: String) { (self.kind, self.what) = (kind, what) }

    public var description: String { "\(kind.rawValue): \(what)" }
}
