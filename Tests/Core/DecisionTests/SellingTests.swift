// What an ad is sold for: second prices and soft floors in our own auction, the deal's terms, and nothing of it
// where an exchange makes the price.
import Auction
import Catalog
import Decision
import Testing
import Units

/// One slot that `alpha` wins with 10, with who else is there and what is asked.
struct SaleCase: Sendable, CustomTestStringConvertible {
    var name: String
    var rivals: [Double] = []
    var floor = 0.0
    var soft: Double?
    var at = 2
    var priority = LineItem.Priority.open
    var price: Double
    var basis: AdSale.Basis

    var testDescription: String { name }

    static let all: [SaleCase] = [
        .init(name: "nobody else, no floor", price: 0, basis: .hardFloor),
        .init(name: "nobody else, a floor", floor: 3, price: 3, basis: .hardFloor),
        .init(name: "a next bid", rivals: [4, 6, 5], floor: 3, price: 6.01, basis: .nextBid),
        .init(name: "a next bid below the floor", rivals: [2], floor: 3, price: 3, basis: .hardFloor),
        .init(name: "a next bid as high", rivals: [10], price: 10, basis: .nextBid),
        .init(name: "above the soft floor", floor: 3, soft: 8, price: 8, basis: .softFloor),
        .init(
            name: "a next bid below the soft floor", rivals: [6], floor: 3, soft: 8, price: 8,
            basis: .softFloor),
        .init(
            name: "a next bid above the soft floor", rivals: [9], floor: 3, soft: 8, price: 9.01,
            basis: .nextBid),
        .init(
            name: "between the floors", rivals: [4], floor: 3, soft: 12, price: 10, basis: .belowSoftFloor),
        .init(name: "at the soft floor", floor: 3, soft: 10, price: 10, basis: .softFloor),
        .init(name: "at first price", rivals: [4], floor: 3, soft: 8, at: 1, price: 10, basis: .ownBid),
        .init(
            name: "guaranteed", rivals: [4], floor: 3, soft: 8, priority: .guaranteed, price: 10,
            basis: .agreed),
        .init(name: "a sponsorship", rivals: [4], priority: .sponsorship, price: 10, basis: .agreed),
    ]
}

@Suite struct SellingTests {
    private func market(_ one: SaleCase) -> SmallMarket {
        var market = SmallMarket(floor: one.floor, softFloor: one.soft)
        market.bidders = [.init(id: "alpha", advertiser: "a", bid: 10, priority: one.priority)]
        for (index, bid) in one.rivals.enumerated() {
            market.bidders.append(.init(id: "rival-\(index)", advertiser: "r\(index)", bid: bid))
        }
        return market
    }

    @Test(arguments: SaleCase.all) func aPlaceIsSold(_ one: SaleCase) throws {
        let sold = try market(one).sold(Asked(at: one.at))
        // Of two that bid as much either may win.
        let sale = try #require(sold.values.first)
        #expect(sold.count == 1 && (sold["alpha"] != nil || one.rivals.contains(10)))
        #expect(sale.price == cpm(one.price) && sale.basis == one.basis)
        #expect(sale.bid == cpm(10) && sale.floor == cpm(one.floor) && sale.softFloor == one.soft.map(cpm))
        // An exchange makes its own price, of what was bid.
        let bid = try #require(try market(one).sold(Asked(at: one.at), format: .openrtb).values.first)
        #expect(bid.price == cpm(10) && bid.bid == bid.price && bid.basis == .ownBid)
    }

    @Test func nobodyIsHisOwnRival() throws {
        var market = SmallMarket(floor: 1)
        market.bidders = [
            .init(id: "one", advertiser: "a", bid: 10), .init(id: "two", advertiser: "a", bid: 9),
            .init(id: "other", advertiser: "b", bid: 2),
        ]
        let sale = try #require(try market.sold(Asked())["one"])
        #expect(sale.price == cpm(2.01) && sale.rival != nil)
    }

    @Test func inventoryHasFloorsOfItsOwn() throws {
        var market = SmallMarket(floor: 1, softFloor: 4, inventoryFloor: 2)
        market.bidders = [.init(id: "one", advertiser: "a", bid: 10)]
        // The soft floor of the publisher holds where the inventory says none.
        let inherited = try #require(try market.sold(Asked(inventory: "app"))["one"])
        #expect(inherited.floor == cpm(2) && inherited.softFloor == cpm(4) && inherited.price == cpm(4))
        market.inventorySoftFloor = 7
        let own = try #require(try market.sold(Asked(inventory: "app"))["one"])
        #expect(own.softFloor == cpm(7) && own.price == cpm(7))
        let elsewhere = try #require(try market.sold(Asked())["one"])
        #expect(elsewhere.floor == cpm(1) && elsewhere.price == cpm(4))
    }

    @Test func theFloorPerSecondIsAFloor() throws {
        var market = SmallMarket()
        market.bidders = [.init(id: "one", advertiser: "a", bid: 10, seconds: 30)]
        let sale = try #require(try market.sold(Asked(perSecond: 0.2))["one"])
        #expect(sale.price == cpm(6) && sale.floor == cpm(6) && sale.basis == .hardFloor)
    }

    @Test(
        arguments: [
            // How the catalog and the request sell the deal, its soft floor, and the price of one who bids 10 on it.
            (Deal.Auction.fixed, nil, nil, 5, AdSale.Basis.fixed),
            (.firstPrice, nil, nil, 10, .ownBid),
            (.secondPrice, nil, nil, 6.01, .nextBid),
            (.secondPrice, nil, 8, 8, .softFloor),
            (.secondPrice, nil, 12, 10, .belowSoftFloor),
            // What the request says goes before the catalog, the price that was agreed on too.
            (.secondPrice, 3, 8, 4, .fixed), (.secondPrice, 1, nil, 10, .ownBid),
            (.fixed, 2, nil, 6.01, .nextBid),
        ] as [(Deal.Auction, Int?, Double?, Double, AdSale.Basis)])
    func aDealHasItsTerms(
        _ auction: Deal.Auction, _ at: Int?, _ soft: Double?, _ price: Double, _ basis: AdSale.Basis
    ) throws {
        var market = SmallMarket(floor: 1)
        market.deal = (floor: 5, softFloor: soft, auction: auction)
        market.bidders = [
            .init(id: "one", advertiser: "a", bid: 10, wantsDeal: true),
            .init(id: "open", advertiser: "b", bid: 6),
        ]
        let asked = Asked(deal: (floor: 4, at: at))
        let sale = try #require(try market.sold(asked)["one"])
        #expect(sale.price == cpm(price) && sale.basis == basis && sale.floor == cpm(at == 3 ? 4 : 5))
        // An exchange is told the bid, or the fixed price.
        let bid = try #require(try market.sold(asked, format: .openrtb)["one"])
        #expect(bid.price == (basis == .fixed ? cpm(price) : cpm(10)))
    }

    @Test func whatTheViewerSawCostsMore() throws {
        struct Seen: DecisionState {
            mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
            mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
            mutating func standing(
                ofCreative creative: Int, lineItem: Int, advertiser: Int
            ) -> CreativeStanding { advertiser == 0 ? .creativeSeen : .unseen }
            mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
            mutating func release(_ reservation: Reservation) {}
        }
        var market = SmallMarket()
        market.bidders = [
            .init(id: "one", advertiser: "a", bid: 10), .init(id: "other", advertiser: "b", bid: 4),
        ]
        var decider = Decider(try market.snapshot())
        let bytes = Array(Asked().json.utf8)
        var state = Seen()
        _ = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 1, format: .vast, state: &state, explains: true)
        let made = decider.report
        let won = try #require(made?.pods.first?.candidates.first { $0.sale != nil })
        // Worth half of 10, it stays before the other's 4 with 8 and more.
        #expect(won.lineItem == "one" && won.value == cpm(5) && won.price == cpm(8.01))
    }

    /// In breaks of all kinds: never above the own bid nor below the floor, and for one slot what the bids say.
    @Test func pricesStayWithinBidsAndFloors() throws {
        for seed in UInt64(0)..<400 {
            var random = Randomness(seed: seed)
            func amount(_ range: ClosedRange<Int>) -> Double { Double(random.next(in: range)) / 10 }
            var market = SmallMarket(floor: amount(0...40))
            if random.next(in: 0...1) == 0 { market.softFloor = market.floor + amount(1...60) }
            for number in 0..<random.next(in: 1...9) {
                market.bidders.append(
                    .init(
                        id: "l\(number)", advertiser: "a\(random.next(in: 0...3))", bid: amount(1...150),
                        seconds: [15, 30][random.next(in: 0...1)],
                        priority: random.next(in: 0...9) == 0 ? .guaranteed : .open))
            }
            var asked = Asked(at: random.next(in: 1...2), floor: amount(0...40), perSecond: amount(0...2))
            if random.next(in: 0...1) == 0 { asked.pod = (random.next(in: 15...90), random.next(in: 1...5)) }
            let sold = try market.sold(asked)
            for (name, sale) in sold {
                let bidder = try #require(market.bidders.first { $0.id == name })
                #expect(sale.bid == cpm(bidder.bid) && sale.price <= sale.bid, "seed \(seed)")
                let floor = max(market.floor, asked.floor, asked.perSecond * Double(bidder.seconds))
                #expect(sale.floor == cpm(floor) && sale.price >= sale.floor, "seed \(seed)")
                if let soft = market.softFloor, asked.at == 2, bidder.priority == .open {
                    #expect(sale.price >= min(sale.bid, cpm(soft)), "seed \(seed)")
                }
                guard asked.pod == nil, asked.at == 2, bidder.priority == .open else { continue }
                let next = market.bidders.filter {
                    $0.advertiser != bidder.advertiser
                        && $0.bid >= max(market.floor, asked.floor, asked.perSecond * Double($0.seconds))
                }.map(\.bid).max()
                let expected = Clearing(.secondPrice).price(
                    bid: sale.bid, next: next.map(cpm),
                    floors: Floors(hard: sale.floor, soft: market.softFloor.map(cpm)))
                #expect(sale.price == expected, "seed \(seed)")
            }
        }
    }
}
