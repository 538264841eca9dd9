// What a node that holds money of the root itself says to an audit.
internal import Units

extension IssuerSession {
    /// What this node can be made to pay for: all that its live session was granted, and of earlier ones, which spend no more, what
    /// came under marks.
    func presentation(to mark: UInt32) -> [HolderPresentation] {
        var all = evidence.sums.map { session, sums in
            HolderPresentation(
                mark: mark, session: nil, start: session.rawValue,
                sums: sums.compactMap { account, drawn in
                    account.row < accounts.count
                        ? sum(accounts[account.row], granted: drawn, returned: .zero) : nil
                }, nodes: [session], renewal: nil)
        }
        switch phase {
        case .registering, .live:
            let place = chain.place
            all.append(
                HolderPresentation(
                    mark: mark, session: upper, start: session.rawValue,
                    sums: accounts.compactMap { sum($0, granted: $0.ahead.granted, returned: $0.back) },
                    nodes: phase == .live ? [session] : [],
                    renewal: RenewalChain.Request(
                        id: place.id, nonce: place.nonce, sentAt: Instant(nanoseconds: 0))))
        case .waiting, .opening, .over: break
        }
        return all
    }

    /// Nil where the issuer never had the account.
    private func sum(
        _ account: Account, granted: Micros, returned: Micros
    ) -> HolderPresentation.Sum? {
        guard let number = account.number, let currency = account.foundCurrency else { return nil }
        return HolderPresentation.Sum(
            account.name, number: number, currency: currency, granted: granted, returned: returned)
    }
}
