// Regions of a simulated fleet as its leader sees them: traffic leaves one that fails on both signals, and comes back by and by.
import Fleet
import Ledger
import Units

extension World {
    static var regionLimits: RegionLimits {
        var limits = RegionLimits()
        // A run is some minutes long: everything takes a fifth of its time.
        limits.suspectFor = .seconds(2)
        limits.drainFor = .seconds(5)
        limits.steadyFor = .seconds(8)
        limits.rejoinFor = .seconds(12)
        return limits
    }

    /// The leader looks at every region: is it reached from outside, and do its brokers renew?
    func watchRegions(_ coordinator: Int, _ time: Instant) {
        for region in regions.indices {
            let first = region * shape.nodesPerRegion
            let answers = (first..<first + shape.nodesPerRegion).contains {
                nodes[$0].isUp && nodes[$0].pausedUntil <= now
                    && !network.isCut(firstNode + $0, coordinator, at: now)
            }
            let renews = servingBrokers(region).contains {
                brokers[$0].isUp && brokers[$0].pausedUntil <= now
                    && !network.isCut(firstBroker + $0, coordinator, at: now)
                    && now - brokers[$0].heardAt < 8_000_000_000
            }
            let others = regions.indices.filter { $0 != region }
            let spare = others.reduce(0) { $0 + regions[$1].share }
            for event in [RegionEvent.probed(answers), .renewed(renews), .turned] {
                tellRegion(region, event, time, spare)
            }
        }
    }

    func tellRegion(_ region: Int, _ event: RegionEvent, _ time: Instant, _ spare: Int) {
        let before = regions[region].state
        var effects: [RegionEffect] = []
        regions[region].handle(event, at: time, spare: spare, &effects)
        for case .alert(let alert) in effects { coverage.note(alert) }
        if regions[region].state != before {
            if let move = RegionMove(from: before, to: regions[region].state) {
                coverage.note(move)
            } else {
                violate("12: region \(region) goes from \(before) to \(regions[region].state)")
            }
            note("region \(region) is \(regions[region].state)")
        }
        let sum = regions.reduce(0) { $0 + $1.share }
        // Whoever is drained leaves what the others have no room for.
        if sum < 1_000 { violate("12: the regions carry \(sum) thousandths of one region together") }
    }
}
