// Plans: modes, days, who comes first, who gives way, and what is said of those that cannot deliver.
import Pacing
import Testing
import Units

@Suite struct PlannerTests {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    /// Two regions whose days are twelve hours apart, and two inventories.
    private func supply(hours: Int = 24, scale: Double = 1_000) -> Supply {
        var requests: [Double] = []
        for hour in 0..<hours {
            for region in 0..<2 {
                let day = (hour + 12 * region) % 24
                let busy = scale * Double(1 + (day < 12 ? day : 24 - day))
                requests += [busy, busy / 2]
            }
        }
        return Supply(
            regions: 2, inventories: 2, start: Self.start, end: Self.start + .seconds(Int64(hours) * 3_600),
            requests: requests)
    }

    private func campaign(
        _ id: String, dollars: Int64, hours: Int64 = 24, mode: PacingMode = .traffic,
        targeted: [Double] = [1, 1, 1, 1], affordable: [Double] = [1, 1, 1, 1], isGuaranteed: Bool = false,
        daily: Int64? = nil, reach: Double? = nil
    ) -> PacingCampaign {
        PacingCampaign(
            id: id, start: Self.start, end: Self.start + .seconds(hours * 3_600),
            budget: Micros(dollars * 1_000_000), daily: daily.map { Micros($0 * 1_000_000) }, mode: mode,
            isGuaranteed: isGuaranteed, price: Micros(10_000), targeted: targeted, affordable: affordable,
            reach: reach)
    }

    private func hourly(_ plan: CampaignPlan) -> [Int64] {
        zip(plan.curve.sums.dropFirst(), plan.curve.sums).map { $0.rawValue - $1.rawValue }
    }

    @Test(arguments: PacingMode.allCases)
    func everyModeSpendsTheBudgetInItsOwnShape(_ mode: PacingMode) {
        let plan = Planner(supply()).plan([campaign("a", dollars: 300, mode: mode, targeted: [1, 1, 0, 0])])[
            0]
        let hours = hourly(plan)
        #expect(abs(hours.reduce(0, +) - 300_000_000) <= 24)
        #expect(plan.deliverability.isDeliverable)
        switch mode {
        case .even: #expect(hours.allSatisfy { abs($0 - 12_500_000) < 10 })
        case .traffic:
            #expect(Double(hours[12]) / Double(hours[3]) > 3.2, "as many times as there is traffic")
        case .frontloaded:
            // The same traffic stands in hours 6 and 18.
            #expect(Double(hours[6]) / Double(hours[18]) > 1.5)
        case .asap:
            let first = hours.firstIndex { $0 == 0 } ?? 24
            #expect(first < 8 && hours[first...].allSatisfy { $0 == 0 })
        }
    }

    @Test func aRegionGetsWhatItsHoursHave() {
        let plan = Planner(supply()).plan([campaign("a", dollars: 300)])[0]
        let noon = Self.start + .seconds(12 * 3_600 + 1_800)
        #expect(plan.regions[0].rate(at: noon) > 4 * plan.regions[1].rate(at: noon))
        let sum = plan.regions.reduce(Micros.zero) { $0 + $1.total }
        #expect(abs((sum - plan.curve.total).rawValue) < 4)
    }

    @Test func daysAreHeldToTheirBudget() {
        let plan = Planner(supply(hours: 72)).plan([
            campaign("a", dollars: 300, hours: 72, mode: .asap, daily: 120)
        ])[0]
        for day in 0..<3 {
            let spent = plan.curve.sums[day * 24 + 24] - plan.curve.sums[day * 24]
            #expect(spent.rawValue <= 120_000_010, "day \(day)")
        }
        #expect(abs(plan.curve.total.rawValue - 300_000_000) < 100)
    }

    /// Days of the plan in which its flight has no part are no days to spend in.
    @Test func aFlightShorterThanThePlanHasItsOwnDays() {
        var short = campaign("a", dollars: 300, hours: 24, daily: 120)
        for (hours, most) in [(24, Int64(120)), (30, 240), (48, 240)] {
            short.end = short.start + .seconds(Int64(hours) * 3_600)
            let plan = Planner(supply(hours: 72)).plan([short])[0]
            #expect(plan.deliverability.limit == .budget, "\(hours) h: \(plan.deliverability)")
            #expect(plan.curve.total.rawValue <= most * 1_000_000 + 10)
            for day in 0..<3 {
                let spent = plan.curve.sums[day * 24 + 24] - plan.curve.sums[day * 24]
                #expect(spent.rawValue <= 120_000_010, "\(hours) h, day \(day)")
            }
        }
    }

    @Test func guaranteedComeFirst() {
        // Both want nearly all of the second inventory of the first region.
        let only = [0.0, 1, 0, 0]
        let plans = Planner(supply()).plan([
            campaign("open", dollars: 700, targeted: only),
            campaign("promised", dollars: 700, targeted: only, isGuaranteed: true),
        ])
        #expect(plans[1].deliverability.isDeliverable)
        #expect(plans[0].deliverability.limit == .competition)
        #expect(plans[0].deliverability.expected < Micros(200_000_000))
    }

    @Test func whoCanGoElsewhereMakesRoom() {
        let plans = Planner(supply()).plan([
            campaign("narrow", dollars: 600, targeted: [0, 1, 0, 0]),
            campaign("wide", dollars: 2_000),
        ])
        #expect(plans[0].deliverability.isDeliverable, "\(plans[0].deliverability.sentence)")
        #expect(plans[1].deliverability.isDeliverable, "\(plans[1].deliverability.sentence)")
    }

    @Test func whoCompeteGiveWayAlike() {
        let only = [0.0, 1, 0, 0]
        let plans = Planner(supply()).plan((0..<3).map { campaign("c\($0)", dollars: 500, targeted: only) })
        let expected = plans.map { Double($0.deliverability.expected.rawValue) }
        #expect(expected.max()! / expected.min()! < 1.01)
        #expect(plans.allSatisfy { $0.deliverability.limit == .competition })
    }

    @Test(arguments: [
        (PacingCampaign.cannot(.targeting), Deliverability.Limit.targeting),
        (PacingCampaign.cannot(.floors), .floors), (PacingCampaign.cannot(.frequency), .frequency),
        (PacingCampaign.cannot(.budget), .budget),
    ])
    func whatStandsInTheWayIsNamed(_ campaign: PacingCampaign, _ limit: Deliverability.Limit) {
        let verdict = Planner(supply()).plan([campaign])[0].deliverability
        #expect(verdict.limit == limit, "\(verdict.sentence)")
        #expect(verdict.sentence.contains(limit.rawValue))
        #expect(verdict.expected < verdict.wanted)
    }

    @Test func nothingToBuyIsPlannedEvenlyAndSaid() {
        let plan = Planner(supply(scale: 0)).plan([campaign("a", dollars: 10)])[0]
        #expect(plan.deliverability.limit == .targeting && plan.deliverability.expected == .zero)
        #expect(plan.curve.total == Micros(10_000_000))
    }

    @Test func aForecastBecomesSupplyBetweenItsHours() {
        var forecast = Forecast(regions: 1, inventories: 1)
        for hour in 0..<168 {
            forecast.observe(
                region: 0, inventory: 0, hour: HourOfWeek(hour), requests: hour == 5 ? 3_000 : 1_000)
        }
        let half = Supply(
            forecast, start: Self.start + .seconds(4 * 3_600 + 1_800), end: Self.start + .seconds(7 * 3_600))
        #expect(half.hours == 3)
        #expect(abs(half.at(0, 0, 0) - 2_000) < 10 && abs(half.at(1, 0, 0) - 2_000) < 10)
        #expect(abs(half.at(2, 0, 0) - 500) < 5, "the last is half an hour")
    }
}

extension PacingCampaign {
    /// Wants 1,000 units, and is kept from them by one bound.
    static func cannot(_ limit: Deliverability.Limit) -> PacingCampaign {
        PacingCampaign(
            id: "x", start: PlannerTests.start, end: PlannerTests.start + .seconds(86_400),
            budget: Micros(1_000_000_000), daily: limit == .budget ? Micros(200_000_000) : nil,
            mode: .traffic,
            price: Micros(10_000), targeted: Array(repeating: limit == .targeting ? 0.05 : 1, count: 4),
            affordable: Array(repeating: limit == .floors ? 0.05 : 1, count: 4),
            reach: limit == .frequency ? 30_000 : nil)
    }
}
