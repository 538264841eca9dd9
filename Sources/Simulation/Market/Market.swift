// A market before anybody acts in it: its traffic, its campaigns, what the forecast makes of the weeks before, and the
// plan that follows.
internal import Numerics
public import Pacing
internal import Units

public struct Market: Sendable {
    public let shape: MarketShape
    let traffic: MarketTraffic
    let demand: MarketDemand
    public let forecast: Forecast
    public let supply: Supply
    public let plans: [CampaignPlan]
    /// Where prices start: at no pacing.
    let firstTheta: Double

    public var campaigns: [MarketCampaign] { demand.campaigns }

    /// Two weeks of hours are seen before the flight starts.
    static let weeksBefore = 2

    public init(_ shape: MarketShape, firstTheta: Double = 0) {
        self.shape = shape
        self.firstTheta = firstTheta
        traffic = MarketTraffic(shape, tables: MarketTables())
        demand = MarketDemand(shape, traffic)
        var forecast = Forecast(regions: shape.regions.count, inventories: shape.inventories.count)
        var draws = Randomness(seed: shape.seed &* 13 &+ 1)
        for hour in 0..<Self.weeksBefore * HourOfWeek.count {
            let second = Double(hour) * 3_600 + 1_800
            for (region, one) in shape.regions.enumerated() {
                // What the forecast is off by.
                let off = region == 0 ? 1 - shape.bias : 1 + shape.bias
                let mood = Double.exp(
                    0.08 * (draws.nextUnit() + draws.nextUnit() + draws.nextUnit() - 1.5) * 2)
                for (inventory, kind) in shape.inventories.enumerated() {
                    let mean = 3_600 * MarketTraffic.usual(one, at: second) * kind.share * off * mood
                    forecast.observe(
                        region: region, inventory: inventory, hour: HourOfWeek(hour % HourOfWeek.count),
                        requests: Int64(MarketTraffic.poisson(mean, &draws)))
                }
            }
        }
        self.forecast = forecast
        supply = Supply(forecast, start: shape.start, end: shape.end)
        plans = Planner(supply).plan(demand.campaigns.map(\.pacing))
    }
}

extension Market {
    /// Every request that an ad would be billed for, with its floor and with whom it could go to: the whole of the
    /// program that `Hindsight` bounds, for markets that are small enough to look at.
    package func everyAssignment(_ body: (Double, [(campaign: Int, value: Double)]) -> Void) {
        var requests: [MarketRequest] = []
        for tick in 0..<Int(shape.seconds) * MarketRun.ticksPerSecond {
            let second = Double(tick / MarketRun.ticksPerSecond)
            let shares = traffic.shares(at: second)
            for region in shape.regions.indices {
                traffic.requests(
                    region, tick: tick, seconds: 1 / Double(MarketRun.ticksPerSecond),
                    rate: traffic.rate(region, at: second), shares: shares, &requests)
                for request in requests where request.isBilled {
                    var values: [(campaign: Int, value: Double)] = []
                    let entries = demand.entries[region * shape.inventories.count + request.inventory]
                    entries.forEach(of: request.audience) { entry in
                        let value = Double(entry.value * traffic.tables.values[request.draw(entry).value])
                        if value >= request.floor { values.append((Int(entry.campaign), value)) }
                    }
                    if !values.isEmpty { body(request.floor, values) }
                }
            }
        }
    }
}
