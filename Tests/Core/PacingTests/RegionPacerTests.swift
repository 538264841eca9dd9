// A region that paces by itself, under a clock that runs as fast as the test: spend follows the plan, a surge does not
// break it, a start and a change of terms go on from what is left, and who cannot keep up is said.
import Pacing
import Testing
import Units

/// A node with one campaign after another: requests come, some are let through, and some of those are billed.
private struct Region: ~Copyable {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    static let price = Micros(10_000)
    var pacer: RegionPacer
    var sights: [PacedSight]
    /// What each has spent, after each second.
    var spent: [[Int64]]
    var draws = Randomness(seed: 5)
    var second: Int64 = 0
    let terms: [PacedTerms]
    let week: WeekOfSupply
    /// Of what is bid, the share that is billed.
    var won = 1.0

    init(_ terms: [PacedTerms], forecast: Forecast? = nil) {
        self.terms = terms
        pacer = RegionPacer(terms, at: Self.start)
        week = WeekOfSupply(forecast, from: Self.start)
        sights = terms.map { one in
            var sight = PacedSight()
            sight.left = one.lifetime
            return sight
        }
        spent = terms.map { _ in [] }
    }

    mutating func run(seconds: Int, rate: (Int64) -> Int) {
        for _ in 0..<seconds {
            for place in terms.indices {
                let authorised = sights[place].authorised
                for _ in 0..<rate(second) {
                    sights[place].arrivals += 1
                    let soFar = sights[place].authorised - authorised
                    let isUndrawn = soFar < pacer.openings[place]
                    if isUndrawn { sights[place].undrawn += 1 }
                    let lot = UInt32(truncatingIfNeeded: draws.next())
                    let isHarmless = pacer.atRisk(place).map { soFar < pacer.openings[place] + $0 } ?? true
                    let share = isHarmless ? pacer.shares[place] : 0
                    guard isUndrawn || share == .max || lot < share,
                        sights[place].left - sights[place].open >= Self.price
                    else { continue }
                    sights[place].authorised += Self.price
                    guard draws.nextUnit() < won else { continue }
                    sights[place].settled += Self.price
                    sights[place].left -= Self.price
                }
                spent[place].append(sights[place].settled.rawValue)
            }
            second += 1
            let sights = sights
            pacer.turn({ sights[$0] }, week: week, at: Self.start + .seconds(second))
        }
    }

    static func terms(
        _ mode: PacingMode, id: String = "one", dollars: Double, seconds: Int64
    ) -> PacedTerms {
        PacedTerms(
            id: id, start: start, end: start + .seconds(seconds), mode: mode,
            lifetime: Micros(Int64(dollars * 1_000_000)), daily: nil, price: price)
    }

    /// The largest distance from an even line, of the budget, once a minute has passed.
    func distance(_ place: Int, seconds: Int) -> Double {
        let budget = Double(terms[place].lifetime.rawValue)
        return spent[place].enumerated().dropFirst(60).map { second, sum in
            abs(Double(sum) / budget - Double(second + 1) / Double(seconds))
        }.max() ?? 0
    }
}

@Suite struct RegionPacerTests {
    @Test func evenKeepsToItsLineAndWhoIsInAHurryDoesNot() {
        // A day, with twenty times the requests that it takes.
        var region = Region([
            Region.terms(.even, id: "even", dollars: 864, seconds: 86_400),
            Region.terms(.asap, id: "asap", dollars: 864, seconds: 86_400),
        ])
        region.run(seconds: 86_400) { _ in 20 }
        #expect(region.distance(0, seconds: 86_400) < 0.005, "\(region.distance(0, seconds: 86_400))")
        #expect(abs(Double(region.spent[0].last ?? 0) / 864e6 - 1) < 0.005)
        // 20 cents a second: seventy-two minutes.
        #expect(region.spent[1][4_500] == 864_000_000)
    }

    @Test func aTenfoldSurgeIsThrottledAndWhatIsNotWonIsMadeGood() {
        var region = Region([Region.terms(.even, dollars: 432, seconds: 43_200)])
        region.won = 0.3
        region.run(seconds: 43_200) { $0 >= 20_000 && $0 < 20_900 ? 200 : 20 }
        #expect(region.distance(0, seconds: 43_200) < 0.02, "\(region.distance(0, seconds: 43_200))")
        #expect(abs(Double(region.spent[0].last ?? 0) / 432e6 - 1) < 0.01)
    }

    @Test func aShortFlightIsPacedFromItsFirstSecond() {
        var region = Region([Region.terms(.even, dollars: 30, seconds: 300)])
        region.run(seconds: 300) { _ in 400 }
        #expect(region.distance(0, seconds: 300) < 0.04, "\(region.distance(0, seconds: 300))")
    }

    /// Whoever comes first is served, until what that costs could be seen in the plan: at any speed.
    @Test(arguments: [1, 20, 5_000]) func aStartIsBoundedByMoneyAndNotByTime(rate: Int) {
        // An impression in ten seconds; half a hundredth of the day's plan are 43 of them.
        var region = Region([Region.terms(.even, dollars: 86.4, seconds: 86_400)])
        region.run(seconds: 1) { _ in 0 }
        region.run(seconds: 90) { _ in rate }
        let impressions = region.spent[0].map { $0 / Region.price.rawValue }
        let served = min(rate * 40, 43)
        #expect(impressions[1 + (served - 1) / rate] >= served, "\(impressions)")
        // On top of it what tokens keep, and what the plan says meanwhile.
        #expect(impressions[60] <= 43 + 10 + 2 * 6, "\(impressions)")
        // The traffic is known then: nobody waits for a share to climb.
        if rate == 20 { #expect(impressions[90] > impressions[60], "\(impressions)") }
    }

    @Test func trafficFollowsTheForecast() {
        // The second half of the day has three times the requests of the first.
        var forecast = Forecast(regions: 1, inventories: 1)
        for week in 0..<2 {
            for hour in 0..<HourOfWeek.count {
                _ = week
                forecast.observe(
                    region: 0, inventory: 0, hour: HourOfWeek(hour),
                    requests: hour % 24 < 12 ? 36_000 : 108_000)
            }
        }
        var region = Region([Region.terms(.traffic, dollars: 864, seconds: 86_400)], forecast: forecast)
        region.run(seconds: 86_400) { $0 < 43_200 ? 10 : 30 }
        let half = Double(region.spent[0][43_199]) / 864e6
        #expect(abs(half - 0.25) < 0.02, "\(half)")
    }

    @Test func aDaysBudgetHoldsAndTheNextDayGetsItsOwn() {
        var one = Region.terms(.even, dollars: 1_000, seconds: 4 * 86_400)
        one.daily = Micros(200_000_000)
        var region = Region([one])
        for day in 0..<2 {
            region.sights[0].leftToday = Micros(200_000_000)
            region.sights[0].dayEnd = Region.start + .seconds(Int64(day + 1) * 86_400)
            let before = region.spent[0].last ?? 0
            region.run(seconds: 86_400) { _ in 20 }
            let spent = Double((region.spent[0].last ?? 0) - before)
            #expect(abs(spent / 200e6 - 1) < 0.01, "day \(day): \(spent)")
        }
    }

    @Test func otherTermsGoOnFromWhatIsLeft() {
        let before = Region.terms(.even, dollars: 400, seconds: 40_000)
        var region = Region([before])
        region.run(seconds: 20_000) { _ in 20 }
        var after = before
        after.lifetime = Micros(300_000_000)
        region.sights[0].left -= Micros(100_000_000)
        region.pacer.replace([after], at: Region.start + .seconds(region.second))
        region.run(seconds: 10_000) { _ in 20 }
        // 200 were spent; of the 100 that are left, half.
        let spent = Double(region.spent[0].last ?? 0) / 1e6
        #expect(abs(spent - 250) < 5, "\(spent)")
    }

    /// Until a coordinator's first word a node spends what the campaign would meanwhile, as far as that is little of it, or a few
    /// impressions of a small one.
    @Test(arguments: [
        (86_400, nil, 86_400, 30), (86_400, nil, 100, 432), (86_400, 43_200, 999, 15), (20, nil, 86_400, 0.1),
    ])
    func whatIsSpentBeforeAnyPlan(_ lifetime: Double, _ daily: Double?, _ seconds: Int64, _ most: Double) {
        var terms = Region.terms(.even, dollars: lifetime, seconds: seconds)
        terms.daily = daily.map { Micros(Int64($0 * 1_000_000)) }
        var pacer = RegionPacer([terms], .directed, at: Region.start)
        let week = WeekOfSupply(nil, from: Region.start)
        pacer.turn({ _ in PacedSight() }, week: week, at: Region.start + .seconds(1))
        #expect(abs(Double(pacer.openings[0].rawValue) / 1_000_000 - most) < 0.001 && pacer.shares[0] == 0)
    }

    @Test func whoCannotKeepUpIsSaid() {
        var region = Region([Region.terms(.even, dollars: 864, seconds: 86_400)])
        // A third of what it would take.
        region.run(seconds: 10_000) { $0 % 3 == 0 ? 1 : 0 }
        #expect(region.pacer.standing.behind == 1)
        #expect(region.pacer.shares[0] == .max)
    }

    @Test func aForecastComesBackFromItsBytesOrNotAtAll() {
        var forecast = Forecast(regions: 1, inventories: 2)
        for hour in 0..<400 {
            forecast.observe(
                region: 0, inventory: hour % 2, hour: HourOfWeek(hour % 168),
                requests: Int64(1_000 + hour * 7))
        }
        let bytes = forecast.encoded()
        func read(_ bytes: [UInt8], _ regions: Int, _ inventories: Int) -> Forecast? {
            Forecast(bytes.span.bytes, regions: regions, inventories: inventories)
        }
        #expect(read(bytes, 1, 2)?.encoded() == bytes)
        #expect(read(bytes, 2, 1) == nil)
        for at in stride(from: 0, to: bytes.count, by: 13) {
            var damaged = bytes
            damaged[at] ^= 1
            #expect(read(damaged, 1, 2) == nil, "byte \(at)")
        }
        #expect(read(Array(bytes.dropLast()), 1, 2) == nil)
    }
}
