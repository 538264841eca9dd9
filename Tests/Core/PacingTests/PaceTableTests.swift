// A node's pacing table: what it lets through, what its prices do, and that nothing of it allocates.
import AllocationCounter
import Pacing
import Testing
import Units

@Suite struct PaceTableTests {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    static let price = Micros(10_000)

    /// A day of so many units of money, evenly.
    private func curve(_ dollars: Double) -> SpendCurve {
        SpendCurve(
            start: Self.start, end: Self.start + .seconds(86_400),
            hourly: Array(repeating: dollars * 1e6 / 24, count: 24))
    }

    private func table(_ dollars: Double, isPaced: Bool = true, theta: Double = 0) -> PaceTable {
        var table = PaceTable(campaigns: 2, at: Self.start)
        table.planned(
            0, curve: curve(dollars), choice: [], plan: 1, isPaced: isPaced, isGuaranteed: false,
            theta: theta, shown: 1,
            price: Self.price, at: Self.start)
        return table
    }

    /// Requests come at a rate, each worth something; one is bought where it is let through and worth its price.
    /// Gives the money spent by second.
    private func drive(
        _ table: inout PaceTable, from: Int, seconds: Int, rate: (Int) -> Int, _ draws: inout Randomness,
        each: (Int, inout PaceTable) -> Void = { _, _ in }
    ) -> [Int64] {
        var spent: [Int64] = []
        for second in from..<from + seconds {
            var sum: Int64 = 0
            for _ in 0..<rate(second) {
                guard table.admits(0, UInt32(truncatingIfNeeded: draws.next())) else { continue }
                // Values from a half to twice the price, the higher the rarer: spend falls as the price rises.
                let value = 0.5 + draws.nextUnit() * draws.nextUnit() * 3.5
                guard value >= table.price(0) else { continue }
                table.spent(0, Self.price)
                table.settled(0, Self.price, of: Self.price)
                sum += Self.price.rawValue
            }
            spent.append(sum)
            table.turn(at: Self.start + .seconds(Int64(second) + 1))
            each(second, &table)
        }
        return spent
    }

    @Test func aDayIsSpentByPlanWithNobodyToAsk() {
        var table = table(400)
        var draws = Randomness(seed: 3)
        // Traffic that doubles at noon, which no plan knew.
        let spent = drive(&table, from: 0, seconds: 86_400, rate: { $0 < 43_200 ? 3 : 6 }, &draws)
        var (sum, worst) = (Int64(0), 0.0)
        for (second, amount) in spent.enumerated() {
            sum += amount
            let planned = Double(second + 1) / 86_400 * 400e6
            worst = max(worst, abs(Double(sum) - planned) / 400e6)
        }
        #expect(abs(Double(sum) / 400e6 - 1) < 0.005, "spent \(sum)")
        #expect(worst < 0.02, "strayed by \(worst)")
    }

    @Test func tenTimesTheTrafficWithinASecondDoesNotSpendTenTimes() {
        var table = table(400)
        var draws = Randomness(seed: 4)
        _ = drive(&table, from: 0, seconds: 7_200, rate: { _ in 3 }, &draws)
        let calm = drive(&table, from: 7_200, seconds: 600, rate: { _ in 3 }, &draws).reduce(0, +)
        let surge = drive(&table, from: 7_800, seconds: 600, rate: { _ in 30 }, &draws)
        let first = surge[..<60].reduce(0, +)
        #expect(first < calm / 10 * 3, "the first minute spent \(first), a calm one \(calm / 10)")
        #expect(surge.reduce(0, +) < calm * 2)
        // What is bought of the surge is its best, after a while, and not any part of it.
        #expect(table.price(0) > 1.2)
        #expect(table.report(of: 0).admitted > 0.5)
    }

    @Test func asFastAsItGoesIsNotHeld() {
        var table = table(400, isPaced: false, theta: -4)
        var draws = Randomness(seed: 5)
        let spent = drive(&table, from: 0, seconds: 60, rate: { _ in 50 }, &draws).reduce(0, +)
        #expect(spent == 50 * 60 * Self.price.rawValue)
    }

    @Test func theSameDrawGivesTheSameAnswer() {
        var table = table(400)
        var draws = Randomness(seed: 6)
        _ = drive(&table, from: 0, seconds: 300, rate: { _ in 400 }, &draws)
        let uniforms: [UInt32] = [0, 0x10_0000, 0x1000_0000, 0x8000_0000, .max - 1]
        for uniform in uniforms {
            let first = table.admits(0, uniform)
            #expect(table.admits(0, uniform) == first)
        }
        #expect(table.report(of: 0).admitted < 1, "a surge is held")
    }

    @Test func directivesMayComeTwiceLateAndOutOfOrder() {
        var draws = Randomness(seed: 7)
        func told(_ orders: [PaceDirective], _ draws: inout Randomness) -> (Double, PaceReport) {
            var table = table(400)
            _ = drive(&table, from: 0, seconds: 100, rate: { _ in 3 }, &draws)
            for order in orders { table.directed(order) }
            _ = drive(&table, from: 100, seconds: 1, rate: { _ in 0 }, &draws)
            return (table.price(0), table.report(of: 0))
        }
        var early = PaceReport()
        early.at = Self.start + .seconds(50)
        var late = early
        late.at = Self.start + .seconds(90)
        let old = PaceDirective(campaign: 0, plan: 1, theta: -1, scale: 0.5, ahead: 0, answers: early)
        let new = PaceDirective(campaign: 0, plan: 1, theta: 1, scale: 1, ahead: 0, answers: late)
        let other = PaceDirective(campaign: 0, plan: 2, theta: 3, scale: 9, ahead: 0, answers: late)
        let lost = PaceDirective(campaign: 77, plan: 1, theta: 3, scale: 9, ahead: 0, answers: late)
        var results: [Double] = []
        for orders in [[old, new], [new, old], [new, new, old, other, lost], [new]] {
            var same = draws
            results.append(told(orders, &same).0)
        }
        #expect(Set(results).count == 1, "\(results)")
        _ = draws.next()
    }

    @Test func aNewPlanGoesOnFromWhatWasSpent() {
        var table = table(400)
        var draws = Randomness(seed: 8)
        _ = drive(&table, from: 0, seconds: 600, rate: { _ in 5 }, &draws)
        // Reserved under the old plan, billed under the new one.
        table.spent(0, Micros(50_000))
        table.planned(
            0, curve: curve(100), choice: [], plan: 2, isPaced: true, isGuaranteed: false, theta: 0, shown: 1,
            price: Self.price, at: Self.start + .seconds(600))
        #expect(table.report(of: 0).spent == .zero && table.report(of: 0).target == .zero)
        table.settled(0, Micros(50_000), of: Micros(50_000))
        #expect(table.report(of: 0).spent == .zero)
        table.spent(0, Self.price)
        #expect(table.report(of: 0).spent.rawValue > 0)
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func theRequestPathAllocatesNothing() {
        var table = table(400)
        var draws = Randomness(seed: 9)
        _ = drive(&table, from: 0, seconds: 10, rate: { _ in 100 }, &draws)
        let before = allocations_of_thread()
        for _ in 0..<10_000 where table.admits(0, UInt32(truncatingIfNeeded: draws.next())) {
            if table.price(0) < 2 { table.spent(0, Self.price) }
            table.settled(0, Self.price, of: Self.price)
            table.freed(0, .zero)
        }
        let allocated = allocations_of_thread() - before
        #expect(allocated == 0)
    }
}
