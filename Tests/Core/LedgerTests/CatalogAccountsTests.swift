// The accounts that a catalog's campaigns need: when they are ordered, that each is ordered once, and whose word stands.
import Ledger
import Testing
import Units

@Suite struct CatalogAccountsTests {
    /// 2026-11-28, noon in UTC.
    private let noon = Instant(nanoseconds: 1_795_867_200 * 1_000_000_000)
    private let always = (start: Instant(nanoseconds: 0), end: Instant.distantFuture)

    private func campaign(
        _ name: String = "a", lifetime: Int64 = 100, daily: Int64? = nil, minutes: Int = 0,
        from start: Instant? = nil, to end: Instant? = nil
    ) -> CampaignFunding {
        let terms = CampaignTerms(
            campaign: name, lifetime: Micros(lifetime * 1_000_000),
            daily: daily.map { Micros($0 * 1_000_000) },
            dayStartsAtMinutes: minutes, highest: Micros(50_000))
        return CampaignFunding(terms, from: start ?? always.start, to: end ?? always.end)
    }

    private func machine(_ campaigns: [CampaignFunding], said: [AccountName: String] = [:]) -> CatalogAccounts
    {
        var machine = CatalogAccounts(said: said)
        machine.changed(campaigns)
        return machine
    }

    private func days(_ orders: [AccountOrder]) -> [String] { orders.map { $0.name.day?.date ?? "-" } }

    @Test func aCampaignGetsItsLifetimeAndItsDaysBeforeTheyBegin() {
        let orders = machine([campaign(daily: 10)]).orders(at: noon) { _ in nil }
        #expect(days(orders) == ["-", "2026-11-28", "2026-11-29", "2026-11-30"])
        #expect(orders[0].parent == nil && orders[0].budget == Micros(100_000_000))
        for order in orders.dropFirst() {
            #expect(order.parent == AccountName(campaign: "a") && order.budget == Micros(10_000_000))
        }
        #expect(Set(orders.map(\.operation.key)).count == orders.count)
        #expect(orders.allSatisfy { $0.version == nil && !$0.isPaused })
    }

    @Test(arguments: [
        // Where days begin at 7 pm of UTC's day before, noon is still that day; where they begin at 5 am after, too.
        (300, "2026-11-28"), (-300, "2026-11-28"), (840, "2026-11-29"), (-840, "2026-11-27"),
    ])
    func aDayIsTheCampaignsOwn(_ minutes: Int, _ first: String) {
        let orders = machine([campaign(daily: 10, minutes: minutes)]).orders(at: noon) { _ in nil }
        #expect(days(orders)[1] == first)
    }

    @Test func nothingIsOpenedOutsideAFlight() {
        let day = Interval.seconds(86_400)
        let cases: [(from: Instant, to: Instant, [String])] = [
            (noon + day + day + day, .distantFuture, []),
            (noon + day, .distantFuture, ["-", "2026-11-29", "2026-11-30", "2026-12-01"]),
            (always.start, noon - day, []),
            (always.start, noon + .seconds(3_600), ["-", "2026-11-28"]),
        ]
        for (from, to, wanted) in cases {
            let one = campaign(daily: 10, from: from, to: to)
            #expect(days(machine([one]).orders(at: noon) { _ in nil }) == wanted)
        }
    }

    @Test func anOrderIsGivenOnceAndAgainWhenTheCatalogChanges() {
        var machine = machine([campaign()])
        let first = machine.orders(at: noon) { _ in nil }
        #expect(first.count == 1)
        machine.answered(first[0], .ordered(AccountIndex(0), version: 1, isNew: true))
        let standing = AccountStanding(version: 7, isPaused: true, hasEnded: false)
        #expect(machine.orders(at: noon) { _ in standing } == [])
        machine.changed([campaign(lifetime: 50)])
        let second = machine.orders(at: noon) { _ in standing }
        #expect(second.count == 1 && second[0].budget == Micros(50_000_000))
        #expect(second[0].version == 7 && second[0].operation.key != first[0].operation.key)
        // What an operator has stopped stays so.
        #expect(second[0].isPaused)
        machine.answered(second[0], .ordered(AccountIndex(0), version: 8, isNew: false))
        // Back again is a change too.
        machine.changed([campaign()])
        #expect(machine.orders(at: noon) { _ in standing }.count == 1)
    }

    @Test func anOperatorsChangeStandsWhoeverLeads() {
        let first = machine([campaign()]).orders(at: noon) { _ in nil }[0]
        let name = CatalogAccounts.account(first.operation.who)
        #expect(name == first.name)
        // The next leader finds what the catalog said last, and the account with another budget.
        let next = machine([campaign()], said: [first.name: first.operation.request])
        #expect(
            next.orders(at: noon) { _ in AccountStanding(version: 3, isPaused: false, hasEnded: false) } == []
        )
    }

    @Test func whatIsRefusedIsNotAskedAgain() {
        var machine = machine([campaign()])
        let order = machine.orders(at: noon) { _ in nil }[0]
        machine.answered(order, .refusedOrder(.otherVersion(4)))
        #expect(machine.orders(at: noon) { _ in nil }.count == 1)
        machine.answered(order, .refusedOrder(.otherCurrency))
        #expect(machine.orders(at: noon) { _ in nil } == [])
        #expect(machine.refused[order.name]?.reason == .otherCurrency)
        machine.changed([campaign()])
        #expect(machine.orders(at: noon) { _ in nil }.count == 1)
    }

    @Test func onlyTheCatalogsWordsAreItsOwn() {
        let names = [
            AccountName(campaign: "a"), AccountName(campaign: "a", day: BudgetDay(date: "2026-11-28")),
        ]
        for name in names { #expect(CatalogAccounts.account(CatalogAccounts.who(name)) == name) }
        for other in ["", "spiffe://fleet/operator", "catalog a", "catalog a 2026-13-01", "somebody a -"] {
            #expect(CatalogAccounts.account(other) == nil)
        }
    }

    @Test func aLargeCatalogIsOrderedInPieces() {
        let all = (0..<1_000).map { campaign("c\($0)", daily: 10) }
        var machine = machine(all)
        var count = 0
        var rounds = 0
        while true {
            let orders = machine.orders(at: noon) { _ in nil }
            if orders.isEmpty { break }
            // A campaign's accounts stay together, so that a day never comes before its lifetime.
            #expect(orders.count < CatalogAccounts.ordersMost + 4)
            for order in orders {
                machine.answered(order, .ordered(AccountIndex(0), version: 1, isNew: true))
            }
            count += orders.count
            rounds += 1
        }
        #expect(count == 4_000 && rounds > 10)
    }
}
