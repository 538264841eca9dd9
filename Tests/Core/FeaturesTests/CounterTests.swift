// A counter of forty bytes against the list of all impressions.
import Foundation
import Testing
import Units

@testable import Features

/// Seeds of the property tests: more with PACELINE_LONG=1; one that fails is printed, and goes here.
enum Seeds {
    static let all: [UInt64] = {
        let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"
        return Array(1...(isLong ? 2_000 : 60)) + [UInt64.random(in: 0 ... .max)]
    }()
}

@Suite struct CounterTests {
    /// Pauses of seconds, minutes, hours or days, in the order of time but for some that come late.
    private func stream(_ random: inout Randomness) -> [UInt32] {
        var now: UInt32 = 1_700_000_000
        let unit: UInt32 = [1, 60, 3_600, 86_400][random.next(in: 0...3)]
        return (0..<random.next(in: 1...120)).map { _ in
            now += UInt32(random.next(in: 0...20)) * unit + UInt32(random.next(in: 0...3))
            let late = random.next(below: 10) == 0 ? UInt32(random.next(in: 0...50)) * unit : 0
            return now - late
        }
    }

    @Test(arguments: Seeds.all)
    func aCapIsNeverOverlookedAndUpToNineIsExact(_ seed: UInt64) {
        var random = Randomness(seed: seed)
        var cell = CounterCell(EntityNumber(rawValue: 7))
        var seen: [UInt32] = []
        for second in stream(&random) {
            cell.add(CountedSecond(rawValue: second))
            seen.append(second)
            let newest = seen.max() ?? 0
            for _ in 0..<8 {
                let window = UInt32(1) << UInt32(random.next(in: 5...24)) + UInt32(random.next(in: 0...100))
                let start = newest > window ? newest - window : 0
                let told = cell.count(since: CountedSecond(rawValue: start))
                let exact = seen.count { $0 >= start }
                #expect(told >= exact, "seed \(seed): \(told) for \(exact) in \(window) s of \(seen)")
                // Rounding makes a pause shorter by a 2,048th, and there are as many as impressions.
                let slack = 1 + window / 1_024
                let within = seen.count { $0 + slack >= start }
                let small = CounterCell.exactMost
                #expect(
                    min(told, small) <= min(within, small),
                    "seed \(seed): \(told) for at most \(within) in \(window) s of \(seen)")
            }
            #expect(cell.life == UInt32(seen.count), "seed \(seed)")
        }
    }

    @Test func fifteenAreExactAndMoreAreToldTooLate() {
        var cell = CounterCell(EntityNumber(rawValue: 7))
        let start: UInt32 = 1_700_000_000
        for hour in 0..<15 { cell.add(CountedSecond(rawValue: start + UInt32(hour) * 3_600)) }
        for hour in 0..<15 {
            // The rounding of a pause of an hour is a second.
            let since = CountedSecond(rawValue: start + UInt32(hour) * 3_600 + 20)
            #expect(cell.count(since: since) == 14 - hour)
        }
        for hour in 15..<30 { cell.add(CountedSecond(rawValue: start + UInt32(hour) * 3_600)) }
        #expect(cell.life == 30)
        for hour in 0..<30 {
            let told = cell.count(since: CountedSecond(rawValue: start + UInt32(hour) * 3_600))
            #expect(told >= 30 - hour && told <= 30)
            if 30 - hour <= CounterCell.exactMost { #expect(told == 30 - hour) }
        }
    }

    /// How much is lost to heaps where caps are larger than what is exact: what is shown to a viewer who comes by at
    /// random, beside what the cap would allow.
    @Test(arguments: [
        (12, 1, 1_800, 0.9), (20, 1, 1_800, 0.75), (20, 7, 3_600, 0.9), (30, 30, 7_200, 0.95),
        (100, 30, 3_600, 0.95), (1_000, 30, 600, 0.7),
    ])
    func largeCapsHoldEarlyByLittle(_ cap: Int, _ days: Int, _ pause: Int, _ least: Double) {
        var random = Randomness(seed: 3)
        var cell = CounterCell(EntityNumber(rawValue: 7))
        var (shown, ideal): ([UInt32], [UInt32]) = ([], [])
        let window = UInt32(days) * 86_400
        var now: UInt32 = 1_700_000_000
        while now < 1_700_000_000 + 120 * 86_400 {
            now += UInt32(random.next(in: 1...2 * pause))
            let start = now - window
            if ideal.reversed().prefix(while: { $0 >= start }).count < cap { ideal.append(now) }
            guard cell.count(since: CountedSecond(rawValue: start)) < cap else { continue }
            #expect(shown.reversed().prefix { $0 >= start }.count < cap)
            cell.add(CountedSecond(rawValue: now))
            shown.append(now)
        }
        let share = Double(shown.count) / Double(ideal.count)
        #expect(share >= least && share <= 1.01, "\(cap) in \(days) days: \(share)")
    }

    @Test func whatNoWindowReachesIsOnlyInTheNumberOfAll() {
        var cell = CounterCell(EntityNumber(rawValue: 7))
        cell.add(CountedSecond(rawValue: 1_600_000_000))
        cell.add(CountedSecond(rawValue: 1_700_000_000))
        #expect(cell.count(since: CountedSecond(rawValue: 0)) == 1)
        #expect(cell.life == 2)
        // One that comes a year late is not lost either.
        cell.add(CountedSecond(rawValue: 1_600_000_001))
        #expect(cell.count(since: CountedSecond(rawValue: 0)) == 1)
        #expect(cell.life == 3)
    }

    @Test func pausesAreNeverRoundedUp() {
        var pause: UInt32 = 0
        while pause <= CounterCell.longestWindow {
            let read = CounterCell.seconds(CounterCell.code(pause))
            #expect(read <= pause && pause - read <= pause / 2_048)
            pause = pause < 5_000 ? pause + 1 : pause + pause / 97
        }
        #expect(CounterCell.code(CounterCell.longestWindow) != UInt16.max)
    }

    @Test func cellsAndBlocksHaveTheirSize() {
        #expect(MemoryLayout<CounterCell>.size == CounterCell.byteCount)
        #expect(MemoryLayout<CounterBlock>.size == 128)
        #expect(MemoryLayout<CounterBlock>.offset(of: \.cells) == CounterBlock.cellsOffset)
        #expect(MemoryLayout<HoldRow>.size <= 256)
    }
}
