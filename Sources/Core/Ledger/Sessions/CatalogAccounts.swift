// Which accounts a catalog's campaigns need at the root, and the orders that open and change them.
public import Units

/// What a catalog says of one campaign's money, and when it may be spent.
public struct CampaignFunding: Hashable, Sendable {
    public var terms: CampaignTerms
    public var start: Instant
    public var end: Instant

    public init(_ terms: CampaignTerms, from start: Instant, to end: Instant) {
        self.terms = terms
        self.start = start
        self.end = end
    }
}

/// How an account stands in the leader's book.
public struct AccountStanding: Hashable, Sendable {
    public var version: UInt64
    public var isPaused: Bool
    public var hasEnded: Bool

    public init(version: UInt64, isPaused: Bool, hasEnded: Bool) {
        self.version = version
        self.isPaused = isPaused
        self.hasEnded = hasEnded
    }
}

/// Opens a campaign's lifetime account when its flight begins, and each of its days before it does; changes an account
/// where the catalog says something else than it said last. So an operator's change stands until the catalog changes,
/// whoever leads meanwhile: what the catalog said last is kept in the database beside the operator's changes. An account whose
/// campaign has gone from the catalog stays as it is.
///
/// Used by one leader for as long as it leads, and made anew by the next one.
public struct CatalogAccounts: Sendable {
    /// Of one transaction: orders are statements of their own.
    public static let ordersMost = 256
    /// A node of another time zone asks for tomorrow's account up to fourteen hours before UTC's tomorrow, and a coordinator
    /// may be away for a while.
    public static let daysAhead: Int32 = 2

    private var campaigns: [CampaignFunding] = []
    private var said: [AccountName: String]
    /// What the ledger did not take, and why. It is not ordered again before the catalog says something else.
    public private(set) var refused: [AccountName: (request: String, reason: OrderRefusal)] = [:]

    /// - Parameter said: the last request of each account that came from a catalog.
    public init(said: [AccountName: String]) { self.said = said }

    public mutating func changed(_ campaigns: [CampaignFunding]) {
        self.campaigns = campaigns
        refused = [:]
    }

    /// Whose change an order is, as the database has it: one word for each account.
    public static func who(_ name: AccountName) -> String {
        "\(author) \(name.campaign) \(name.day?.date ?? "-")"
    }
    public static let author = "catalog"

    /// The account of such a word; nil where it is somebody else's change.
    public static func account(_ who: String) -> AccountName? {
        let words = who.split(separator: " ")
        guard words.count == 3, words[0] == author else { return nil }
        if words[2] == "-" { return AccountName(campaign: String(words[1])) }
        return BudgetDay(date: String(words[2])).map { AccountName(campaign: String(words[1]), day: $0) }
    }

    /// What is to be ordered now, a campaign's lifetime before its days.
    public func orders(
        at now: Instant, _ standing: (AccountName) -> AccountStanding?
    ) -> [AccountOrder] {
        var orders: [AccountOrder] = []
        for one in campaigns where orders.count < Self.ordersMost {
            guard now + .seconds(86_400 * Int64(Self.daysAhead)) >= one.start, now < one.end else { continue }
            let terms = one.terms
            let lifetime = AccountName(campaign: terms.campaign)
            order(lifetime, terms.lifetime, terms, standing, &orders)
            guard let daily = terms.daily else { continue }
            let today = BudgetDay(max(now, one.start), startsAtMinutes: terms.dayStartsAtMinutes)
            for number in today.number...today.number + Self.daysAhead {
                let day = BudgetDay(number: number)
                guard day.start(startsAtMinutes: terms.dayStartsAtMinutes) < one.end else { break }
                order(AccountName(campaign: terms.campaign, day: day), daily, terms, standing, &orders)
            }
        }
        return orders
    }

    private func order(
        _ name: AccountName, _ budget: Micros, _ terms: CampaignTerms,
        _ standing: (AccountName) -> AccountStanding?, _ orders: inout [AccountOrder]
    ) {
        let request = "budget \(budget) \(terms.currency) highest \(terms.highest)"
        guard said[name] != request, refused[name]?.request != request else { return }
        let found = standing(name)
        var order = AccountOrder(
            name: name, currency: terms.currency,
            parent: name.day == nil ? nil : AccountName(campaign: name.campaign), budget: budget,
            highest: terms.highest, version: found?.version,
            operation: OperationRecord(
                key: "\(Self.who(name)) \(found?.version ?? 0)", who: Self.who(name), request: request))
        // What an operator has stopped stays so.
        order.isPaused = found?.isPaused ?? false
        order.hasEnded = found?.hasEnded ?? false
        orders.append(order)
    }

    /// What became of an order whose transaction is acknowledged. One that met another version or
    /// an audit is ordered again.
    public mutating func answered(_ order: AccountOrder, _ answer: RootAnswer) {
        switch answer {
        case .ordered: said[order.name] = order.operation.request
        case .refusedOrder(.otherVersion), .refusedOrder(.audited): break
        case .refusedOrder(let reason): refused[order.name] = (order.operation.request, reason)
        default: break
        }
    }
}

extension RootLedger {
    /// Nil where there is no such account, or this process does not lead.
    public func standing(_ name: AccountName) -> AccountStanding? {
        guard let index = names[name], let account = book?.accounts[index.row] else { return nil }
        return AccountStanding(
            version: labels[index.row].version, isPaused: account.isPaused, hasEnded: account.hasEnded)
    }
}
