// The coordinator's pacer: one price for all regions, parts that follow what regions can spend, and messages that may
// be lost.
import Pacing
import Testing
import Units

@Suite struct FlightPacerTests {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    private func pacer() -> FlightPacer {
        let supply = Supply(
            regions: 2, inventories: 1, start: Self.start, end: Self.start + .seconds(86_400),
            requests: Array(repeating: 10_000, count: 48))
        let campaign = PacingCampaign(
            id: "a", start: Self.start, end: Self.start + .seconds(86_400), budget: Micros(200_000_000),
            mode: .traffic, price: Micros(10_000), targeted: [1, 1], affordable: [1, 1])
        return FlightPacer(plans: Planner(supply).plan([campaign]), regions: 2, theta: 0)
    }

    private func report(_ dollars: Double, at second: Int64, admitted: Double = 1) -> PaceReport {
        var report = PaceReport()
        report.spent = Micros(Int64(dollars * 1e6))
        report.at = Self.start + .seconds(second)
        report.admitted = admitted
        return report
    }

    /// Regions spend so much of their half of the plan; the last directives come back.
    private func drive(_ pacer: inout FlightPacer, to second: Int64, _ shares: [Double]) -> [PaceDirective] {
        var orders: [PaceDirective] = []
        for now in stride(from: Int64(5), through: second, by: 5) {
            for (region, share) in shares.enumerated() {
                pacer.reported(
                    report(100 * share * Double(now) / 86_400, at: now), campaign: 0, region: region, plan: 0)
            }
            orders = pacer.direct(0, at: Self.start + .seconds(now))
        }
        return orders
    }

    @Test func pricesFollowTheDistanceFromThePlan() {
        var (ahead, behind) = (pacer(), pacer())
        let high = drive(&ahead, to: 3_600, [1.5, 1.5])[0].theta
        let low = drive(&behind, to: 3_600, [0.5, 0.5])[0].theta
        #expect(high > 0.3 && low < -0.3, "\(high), \(low)")
    }

    @Test func partsFollowWhatRegionsSpendAndAddUp() {
        var pacer = pacer()
        let orders = drive(&pacer, to: 7_200, [1.6, 0.4])
        #expect(orders[0].scale > 1.4 && orders[1].scale < 0.6)
        #expect(abs(orders[0].scale + orders[1].scale - 2) < 0.01)
        #expect(orders[0].theta == orders[1].theta, "one price everywhere")
    }

    @Test func whatALostRegionWasToSpendGoesToTheOthers() {
        var pacer = pacer()
        _ = drive(&pacer, to: 3_600, [1, 1])
        pacer.lost(0)
        let orders = pacer.direct(0, at: Self.start + .seconds(3_605))
        #expect(orders[0].scale == 0 && orders[1].scale > 1.9)
        pacer.rejoined(0)
        #expect(
            pacer.spent(0, at: Self.start + .seconds(3_605)) >= Micros(8_000_000), "what it spent stays spent"
        )
        let back = pacer.direct(0, at: Self.start + .seconds(3_610))
        #expect(back[0].scale > 0.5 && back[1].scale < 1.5)
    }

    @Test func aSilentRegionIsTakenToFollowItsPlan() {
        var pacer = pacer()
        _ = drive(&pacer, to: 3_600, [1, 1])
        let known = pacer.spent(0, at: Self.start + .seconds(3_600))
        pacer.reported(report(100.0 / 12, at: 7_200), campaign: 0, region: 0, plan: 0)
        let later = pacer.spent(0, at: Self.start + .seconds(7_200))
        let more = Double((later - known).rawValue)
        // An hour of both halves.
        let planned = 200e6 / 24
        #expect(abs(more / planned - 1) < 0.02)
    }

    @Test func olderReportsAndThoseOfOtherPlansChangeNothing() {
        var pacer = pacer()
        _ = drive(&pacer, to: 3_600, [1, 1])
        let before = pacer.spent(0, at: Self.start + .seconds(3_600))
        pacer.reported(report(0, at: 100), campaign: 0, region: 0, plan: 0)
        pacer.reported(report(90, at: 3_599), campaign: 0, region: 0, plan: 9)
        #expect(pacer.spent(0, at: Self.start + .seconds(3_600)) == before)
    }

    @Test func whoFallsBehindAtTheLeastPriceCannotDeliver() {
        var (hopeless, slow) = (pacer(), pacer())
        var first: Int64?
        for second in stride(from: Int64(300), through: 14_400, by: 300) {
            _ = drive(&hopeless, to: second, [0.3, 0.3])
            if first == nil, hopeless.cannotDeliver(0, at: Self.start + .seconds(second)) { first = second }
        }
        _ = drive(&slow, to: 14_400, [0.97, 1.01])
        #expect(first != nil && first! < 7_200, "first said after \(first ?? -1) s")
        #expect(!slow.cannotDeliver(0, at: Self.start + .seconds(14_400)))
    }
}
