// A curve keeps each hour's sum, never falls, has no steps in its rate, and ends at its total.
import Pacing
import Testing
import Units

@Suite struct SpendCurveTests {
    private static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    private func curve(_ hourly: [Double], seconds: Int64? = nil) -> SpendCurve {
        SpendCurve(
            start: Self.start, end: Self.start + .seconds(seconds ?? Int64(hourly.count) * 3_600),
            hourly: hourly)
    }

    @Test(arguments: [
        [100.0], [0, 0, 10], [5e6, 8e6, 2e6, 9e6], [1, 1e9, 0, 1e9, 3], Array(repeating: 7e5, count: 48),
    ])
    func hoursKeepTheirSums(_ hourly: [Double]) {
        let curve = curve(hourly)
        var sum = 0.0
        for (hour, amount) in hourly.enumerated() {
            #expect(
                curve.spent(by: Self.start + .seconds(Int64(hour) * 3_600)).rawValue == Int64(sum.rounded()))
            sum += amount
        }
        #expect(curve.total.rawValue == Int64(sum.rounded()))
        #expect(curve.spent(by: curve.end) == curve.total && curve.spent(by: .distantFuture) == curve.total)
        #expect(curve.spent(by: Self.start - .seconds(5)) == .zero)
    }

    @Test func itNeverFalls() {
        var draws = Randomness(seed: 11)
        for round in 0..<50 {
            let curve = curve((0..<30).map { _ in draws.nextUnit() < 0.2 ? 0 : 1e6 * draws.nextUnit() })
            var last = Micros.zero
            for second in stride(from: Int64(0), through: 30 * 3_600, by: 97) {
                let now = curve.spent(by: Self.start + .seconds(second))
                #expect(now >= last, "round \(round), second \(second)")
                last = now
            }
        }
    }

    @Test func theRateIsTheSumsOwn() {
        let curve = curve([3.6e6, 7.2e6, 5e6, 6e6])
        for second in stride(from: Int64(0), to: 4 * 3_600 - 60, by: 60) {
            let now = Self.start + .seconds(second)
            let spent = Double((curve.spent(by: now + .seconds(60)) - curve.spent(by: now)).rawValue)
            let mean = (curve.rate(at: now) + curve.rate(at: now + .seconds(60))) / 2
            // The rate has a corner in an hour's middle and at its ends.
            #expect(abs(spent / 60 - mean) < 0.03 * mean, "second \(second)")
        }
    }

    @Test func theLastPartOfAnHourIsSpentByItsEnd() {
        let curve = curve([3.6e6, 1.8e6], seconds: 5_400)
        #expect(curve.spent(by: Self.start + .seconds(5_400)) == Micros(5_400_000))
        #expect(abs(curve.rate(at: Self.start + .seconds(4_500)) - 1_000) < 1)
    }
}
