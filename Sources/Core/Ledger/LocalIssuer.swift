// The issuer of a node that stands alone: its accounts are the campaigns of its catalog, its memory what the journals
// gave it at the start. It gives to one holder, in the same process. A fleet has another one, in Postgres, behind the
// same words.
public import Units

/// One for each start. Events in, effects out.
///
/// An account goes through: open (it is granted from) → closed (its day is over, or its campaign has gone; what comes
/// back is free to the campaign) → open again, where the campaign comes back on the same day.
///
/// A campaign's days are funded from its lifetime budget as they are granted: what is free belongs to the lifetime,
/// so at a day's end nothing needs to be carried over but is simply there, and what comes back later comes back to it.
public struct LocalIssuer {
    public let session: LedgerSession
    /// How long a holder may go on without a word of its issuer.
    public let lease: Interval

    struct Account {
        let name: AccountName
        let campaign: Int
        var isOpen = false
        /// The counters of this session.
        var granted = Micros.zero
        var settled = Micros.zero
        var returned = Micros.zero
        var late = Micros.zero
        var former = FormerSums()
        /// What earlier sessions came to, and left waiting.
        var before = AccountTotals()
        var waiting = Micros.zero
        var wanted = Micros.zero
        /// The holder knows that there is no more.
        var isLastTold = false

        var places: Places {
            var places = Places()
            places.granted = granted - settled - returned
            places.settled = before.settled + settled + former.settled
            places.suspense = waiting - former.settled - former.freed - former.presumed
            places.presumed = before.presumed + former.presumed
            places.late = before.late + late + former.late
            return places
        }
    }

    struct Campaign {
        let id: String
        var terms: CampaignTerms?
        /// The account that is spent from.
        var current: Int?
        var accounts: [Int] = []
        /// Days of which nothing is open any more.
        var past = AccountTotals()
    }

    var accounts: [Account] = []
    var campaigns: [Campaign] = []
    var rows: [String: Int] = [:]
    private var nextDay = Instant(nanoseconds: .min)

    public init(_ opening: LedgerOpening, session: LedgerSession, lease: Interval) {
        self.session = session
        self.lease = lease
        var waiting: [AccountName: Micros] = [:]
        for one in opening.open { waiting[one.name, default: .zero] += one.amount }
        for doubt in opening.doubts { waiting[doubt.name, default: .zero] += doubt.amount }
        let names = Set(opening.totals.keys).union(waiting.keys).sorted()
        for (index, name) in names.enumerated() {
            let totals = opening.totals[name] ?? AccountTotals()
            let isLatest = index + 1 == names.count || names[index + 1].campaign != name.campaign
            if waiting[name] == nil, name.day != nil, !isLatest {
                let row = row(name.campaign)
                campaigns[row].past.settled += totals.settled
                campaigns[row].past.presumed += totals.presumed
                campaigns[row].past.late += totals.late
            } else {
                let account = account(name)
                accounts[account].before = totals
                accounts[account].waiting = waiting[name] ?? .zero
            }
        }
    }

    /// The accounts that earlier sessions' money belongs to, by this session's numbers.
    public var names: [AccountName: AccountIndex] {
        Dictionary(
            uniqueKeysWithValues: accounts.enumerated().map { ($1.name, AccountIndex(UInt32($0))) })
    }

    public mutating func handle(_ event: IssuerEvent, at now: Instant, _ effects: inout [IssuerEffect]) {
        switch event {
        case .termsChanged(let terms): change(terms, now, &effects)
        case .requested(let account, let upTo):
            guard account.row < accounts.count else { return }
            accounts[account.row].wanted = max(accounts[account.row].wanted, upTo)
            serve(account.row, &effects)
        case .reported(let report): take(report, &effects)
        case .renewalAsked(let sentAt): effects.append(.lease(sentAt: sentAt, for: lease))
        case .turned: startDays(now, &effects)
        }
    }

    private mutating func account(_ name: AccountName) -> Int {
        let campaign = row(name.campaign)
        if let known = campaigns[campaign].accounts.first(where: { accounts[$0].name == name }) {
            return known
        }
        accounts.append(Account(name: name, campaign: campaign))
        campaigns[campaign].accounts.append(accounts.count - 1)
        return accounts.count - 1
    }

    private mutating func row(_ campaign: String) -> Int {
        if let row = rows[campaign] { return row }
        rows[campaign] = campaigns.count
        campaigns.append(Campaign(id: campaign))
        return campaigns.count - 1
    }

    // MARK: Terms and days

    private mutating func change(
        _ terms: [CampaignTerms], _ now: Instant, _ effects: inout [IssuerEffect]
    ) {
        var isListed = [Bool](repeating: false, count: campaigns.count)
        for term in terms {
            let row = row(term.campaign)
            if row < isListed.count { isListed[row] = true }
            campaigns[row].terms = term
            turnTo(account(name(term, now)), row, &effects)
            if let current = campaigns[row].current { serve(current, &effects) }
        }
        for row in isListed.indices where !isListed[row] {
            campaigns[row].terms = nil
            if let current = campaigns[row].current { close(current, &effects) }
            campaigns[row].current = nil
        }
        // Another campaign's day may end first.
        nextDay = now
        startDays(now, &effects)
    }

    private func name(_ terms: CampaignTerms, _ now: Instant) -> AccountName {
        let last = rows[terms.campaign].flatMap { campaigns[$0].current.flatMap { accounts[$0].name.day } }
        return terms.account(at: now, notBefore: last)
    }

    private mutating func turnTo(_ account: Int, _ row: Int, _ effects: inout [IssuerEffect]) {
        guard let terms = campaigns[row].terms else { return }
        if let current = campaigns[row].current, current != account { close(current, &effects) }
        campaigns[row].current = account
        accounts[account].isOpen = true
        // Also where it is open already: its line items may have become dearer.
        effects.append(
            .open(AccountIndex(UInt32(account)), accounts[account].name, highest: terms.highest))
    }

    private mutating func close(_ account: Int, _ effects: inout [IssuerEffect]) {
        guard accounts[account].isOpen else { return }
        accounts[account].isOpen = false
        accounts[account].wanted = .zero
        accounts[account].isLastTold = false
        effects.append(.close(AccountIndex(UInt32(account))))
    }

    /// Where a campaign's day has ended, its next one starts.
    private mutating func startDays(_ now: Instant, _ effects: inout [IssuerEffect]) {
        guard now >= nextDay else { return }
        nextDay = .distantFuture
        for row in campaigns.indices {
            guard let terms = campaigns[row].terms, terms.daily != nil else { continue }
            let name = name(terms, now)
            if let current = campaigns[row].current, accounts[current].name != name {
                turnTo(account(name), row, &effects)
            }
            let next = BudgetDay(number: (name.day?.number ?? 0) + 1)
            nextDay = min(nextDay, next.start(startsAtMinutes: terms.dayStartsAtMinutes))
        }
    }

    // MARK: Granting

    /// What may still be granted from an account: of its own day, and of the campaign's whole life.
    func grantable(_ account: Int) -> Micros {
        let campaign = campaigns[accounts[account].campaign]
        guard accounts[account].isOpen, let terms = campaign.terms else { return .zero }
        let left = terms.lifetime - committed(campaign)
        guard let daily = terms.daily else { return max(left, .zero) }
        return max(min(left, daily - accounts[account].places.committed), .zero)
    }

    private func committed(_ campaign: Campaign) -> Micros {
        campaign.accounts.reduce(campaign.past.settled + campaign.past.presumed) {
            $0 + accounts[$1].places.committed
        }
    }

    private mutating func serve(_ account: Int, _ effects: inout [IssuerEffect]) {
        guard accounts[account].isOpen else { return }
        let missing = accounts[account].wanted - accounts[account].granted
        guard missing > .zero else { return }
        let given = min(missing, grantable(account))
        accounts[account].granted += given
        let isLast = given < missing
        guard given > .zero || isLast != accounts[account].isLastTold else { return }
        accounts[account].isLastTold = isLast
        effects.append(
            .grant(AccountIndex(UInt32(account)), upTo: accounts[account].granted, isLast: isLast))
    }

    /// The larger of each counter wins; an earlier report that comes late changes nothing.
    private mutating func take(_ report: HolderReport, _ effects: inout [IssuerEffect]) {
        guard report.account.row < accounts.count else { return }
        let row = report.account.row
        if report.returned > accounts[row].returned {
            // What it had asked for and not got it wants no longer: granted again, it would come back again.
            accounts[row].wanted = min(accounts[row].wanted, accounts[row].granted)
            accounts[row].isLastTold = false
        }
        accounts[row].settled = max(accounts[row].settled, report.settled)
        accounts[row].returned = max(accounts[row].returned, report.returned)
        accounts[row].late = max(accounts[row].late, report.late)
        accounts[row].former = accounts[row].former.larger(report.former)
        // Whatever became free may be granted to the campaign's day, be it from an earlier one.
        if let current = campaigns[accounts[row].campaign].current { serve(current, &effects) }
    }
}

extension FormerSums {
    func larger(_ other: FormerSums) -> FormerSums {
        var sums = self
        sums.settled = max(settled, other.settled)
        sums.freed = max(freed, other.freed)
        sums.presumed = max(presumed, other.presumed)
        sums.late = max(late, other.late)
        return sums
    }
}
