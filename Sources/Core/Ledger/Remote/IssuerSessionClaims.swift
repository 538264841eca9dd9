// A node's part in bills that came to another node than the one that set their money aside: those that came here are said to the
// issuer, and those of this node's own ads that came elsewhere go into its own journal.
public import Units

extension IssuerSession {
    /// A bill of another node's ad that is durable in a journal.
    public mutating func claimed(_ taken: TakenClaim) { claims.take(taken) }

    /// Claims that need not be kept any longer.
    public mutating func forgetClaims() -> Set<ReservationKey> { claims.takeForgotten() }

    /// Of the accounts that this node has to do with, by the issuer's numbers.
    public var currencies: [AccountIndex: CurrencyCode] {
        accounts.reduce(into: [:]) { all, account in
            if let number = account.number { all[number] = account.foundCurrency }
        }
    }

    /// The issuer's number of an account, where it has one.
    public func issuersNumber(_ account: AccountIndex) -> AccountIndex? {
        account.row < accounts.count ? accounts[account.row].number : nil
    }

    /// The issuer has counted these for bills of this node's ads, which came elsewhere: the journal takes them in by their keys, and
    /// its word replaces theirs. Sums below zero are none. What it knows already changes nothing; an account that is not found yet waits, and is told again.
    func takeIn(_ words: [IssuerWord], _ effects: inout [IssuerEffect]) {
        for case .forward(_, let claim) in words where claim.amount >= .zero && claim.reserved >= .zero {
            guard let row = accounts.firstIndex(where: { $0.number == claim.account }) else { continue }
            effects.append(
                .bill(
                    claim.key, AccountIndex(UInt32(row)), claim.amount, reserved: claim.reserved))
        }
    }
}
