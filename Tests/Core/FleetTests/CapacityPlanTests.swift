// A plan carries its peak with a region lost, and a node fewer in each region would not.
import Fleet
import Testing

@Suite struct CapacityPlanTests {
    @Test func theFormulaInNumbers() {
        let plan = CapacityPlan(
            peakPerSecond: 200_000, decisionMicroseconds: 65, load: 60, regions: 3, coresPerNode: 16)
        #expect(plan.busyCores == 13)
        #expect(plan.coresForPeak == 22)
        #expect(plan.coresPerRegion == 11)
        #expect(plan.nodesPerRegion == 1)
        #expect(plan.nodes == 3)
    }

    @Test func itCarriesThePeakAndOneFewerWouldNot() {
        for peak in [1_000, 37_501, 1_000_000, 99_999_999] {
            for regions in [2, 3, 7] {
                for cost in [1, 40, 65, 1_234] {
                    let plan = CapacityPlan(
                        peakPerSecond: peak, decisionMicroseconds: cost, load: 60, regions: regions,
                        coresPerNode: 8)
                    #expect(plan.carriesWithOneLost >= peak - regions)
                    let fewer = (plan.nodesPerRegion - 1) * (regions - 1) * 8 * 60 * 10_000 / cost
                    #expect(fewer < peak)
                }
            }
        }
    }
}
