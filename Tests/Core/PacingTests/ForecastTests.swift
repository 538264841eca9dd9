// What a forecast makes of weeks of hours: it learns them, and neither surges nor holes move it far.
import Pacing
import Testing
import Units

@Suite struct ForecastTests {
    /// Weeks of a day's shape, without noise.
    private func learned(weeks: Int, base: Double = 1_000) -> Forecast {
        var forecast = Forecast(regions: 1, inventories: 2)
        for hour in 0..<weeks * HourOfWeek.count {
            for inventory in 0..<2 {
                forecast.observe(
                    region: 0, inventory: inventory, hour: HourOfWeek(hour % HourOfWeek.count),
                    requests: Int64(Self.shape(hour, base)) * Int64(inventory + 1))
            }
        }
        return forecast
    }

    private static func shape(_ hour: Int, _ base: Double) -> Double {
        base * (1 + 0.5 * Double((hour % 24) - 12) / 12)
    }

    private func expected(_ forecast: Forecast, _ hour: Int, inventory: Int = 0) -> Double {
        forecast.requests(region: 0, inventory: inventory, hour: HourOfWeek(hour))
    }

    @Test func whatRepeatsIsLearned() {
        let forecast = learned(weeks: 3)
        for hour in stride(from: 0, to: 168, by: 5) {
            for inventory in 0..<2 {
                let mean = Self.shape(hour, 1_000) * Double(inventory + 1)
                #expect(abs(expected(forecast, hour, inventory: inventory) / mean - 1) < 0.01, "hour \(hour)")
            }
        }
    }

    @Test func aTenfoldSurgeMovesAnHourAsAThirdDoes() {
        var surged = learned(weeks: 4)
        surged.observe(region: 0, inventory: 0, hour: HourOfWeek(20), requests: 13_330 * 10)
        let moved = expected(surged, 20) / expected(learned(weeks: 4), 20)
        #expect(moved > 1 && moved < 1.25, "moved \(moved)")
        // The hours beside it are as they were.
        #expect(abs(expected(surged, 40) / expected(learned(weeks: 4), 40) - 1) < 0.001)
    }

    @Test(arguments: [(requests: 0, covered: 1.0), (10, 1.0), (500, 0.1)])
    func aHoleIsNoQuietHour(_ hole: (requests: Int64, covered: Double)) {
        var forecast = learned(weeks: 2)
        let before = expected(forecast, 30)
        forecast.observe(
            region: 0, inventory: 0, hour: HourOfWeek(30), requests: hole.requests, covered: hole.covered)
        #expect(expected(forecast, 30) == before)
    }

    @Test func trafficThatHasGoneIsBelievedInTheEnd() {
        var forecast = learned(weeks: 2)
        let before = expected(forecast, 30)
        for _ in 0..<12 { forecast.observe(region: 0, inventory: 0, hour: HourOfWeek(30), requests: 1) }
        #expect(expected(forecast, 30) < before / 3)
    }

    @Test func aPartOfAnHourCountsForWhatItWas() {
        var forecast = learned(weeks: 2)
        let before = expected(forecast, 30)
        forecast.observe(
            region: 0, inventory: 0, hour: HourOfWeek(30), requests: Int64(before / 2), covered: 0.5)
        #expect(abs(expected(forecast, 30) / before - 1) < 0.01)
    }

    @Test func anHourNeverSeenIsLikeTheSameHourOfOtherDays() {
        var forecast = Forecast(regions: 1, inventories: 1)
        for hour in 0..<24 {
            forecast.observe(
                region: 0, inventory: 0, hour: HourOfWeek(hour), requests: Int64(100 * (hour + 1)))
        }
        let friday = forecast.requests(region: 0, inventory: 0, hour: HourOfWeek(4 * 24 + 9))
        #expect(abs(friday - 1_000) < 1)
        #expect(!Forecast(regions: 1, inventories: 1).isKnown(region: 0, inventory: 0))
    }

    @Test func whatARegionRunsAheadByFadesWithinADay() {
        var forecast = learned(weeks: 4)
        for hour in 0..<12 {
            for inventory in 0..<2 {
                let usual = Self.shape(hour, 1_000) * Double(inventory + 1)
                forecast.observe(
                    region: 0, inventory: inventory, hour: HourOfWeek(hour), requests: Int64(usual * 1.1))
            }
        }
        let hour = HourOfWeek(50)
        let near = forecast.requests(region: 0, inventory: 0, hour: hour, hoursAhead: 1)
        let far = forecast.requests(region: 0, inventory: 0, hour: hour, hoursAhead: 72)
        let usual = Self.shape(50, 1_000)
        #expect(near / usual > 1.05 && near / usual < 1.15)
        #expect(abs(far / usual - 1) < 0.02)
    }

    @Test func weeksStartOnMondays() {
        // 2024-01-01 was a Monday.
        #expect(HourOfWeek(Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)).number == 0)
        #expect(HourOfWeek(Instant(nanoseconds: (1_704_067_200 - 1) * 1_000_000_000)).number == 167)
        #expect(HourOfWeek(Instant(nanoseconds: -1)).number == 3 * 24 - 1)
    }
}
