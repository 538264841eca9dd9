// A shard's part in bills that come to another node than the one that set their money aside: it writes them down for the account's
// issuer, and gives its own ads' tokens what another node needs to do so.
import Ledger
import Units

extension ShardMoney {
    /// A bill of another node's ad goes to the account's issuer, which knows whose it is. Answers the record that has to be durable
    /// before whoever billed is told that it was taken; nil where it has to be told again.
    func claim(_ claim: Claim) -> UInt64? {
        guard !isResting, ledger.takesClaims else { return nil }
        let now = ledger.clock.now
        guard let number = journal.append(claim, at: now) else { return nil }
        claimsAhead.append((number, TakenClaim(claim, at: now)))
        return number
    }

    /// Which of the issuer's accounts a bill of another node's ad is for, and in which currency: as the issuer has it, or else by the
    /// catalog. Nil where its token does not say so, or this node has nothing to do with that issuer.
    func claimed(_ window: UInt32, _ currency: CurrencyCode?) -> (account: AccountIndex, CurrencyCode)? {
        guard ledger.remote != nil, let account = TokenAccount(window: window).issuers else { return nil }
        return (ledger.currency(ofIssuers: account) ?? currency).map { (account, $0) }
    }

    /// The account's numbers are known, before anything is set aside of it.
    func keep(_ account: TokenAccount) {
        let missing = account.own.row + 1 - windows.count
        if missing > 0 { windows += (0..<missing).map { UInt32(windows.count + $0) } }
        windows[account.own.row] = account.window
    }

    /// What a token says of the account.
    func window(_ account: AccountIndex) -> UInt32 {
        account.row < windows.count ? windows[account.row] : account.rawValue
    }
}
