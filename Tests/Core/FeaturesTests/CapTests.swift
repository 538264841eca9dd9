// Caps as decisions ask about them, against the plain list of what was shown.
import AllocationCounter
import Catalog
import Testing
import Units

@testable import Features

@Suite struct CapTests {
    private struct Shown {
        var user: UInt64
        var household: UInt64
        var lineItem: Int
        var creative: Int
        var second: UInt32
    }

    private static func small() -> FrequencyOptions {
        var options = FrequencyOptions()
        options.bytes = 4 << 20
        options.holdBytes = 1 << 20
        return options
    }

    private static func instant(_ second: UInt32) -> Instant {
        Instant(nanoseconds: Int64(second) * 1_000_000_000)
    }

    /// Whether every cap of the line item leaves room, by the list.
    private func mayBeShown(
        _ lineItem: Int, _ source: [FrequencyCapRow], _ all: [Shown], user: UInt64, household: UInt64,
        creative: Int, at now: UInt32, slack: UInt32
    ) -> Bool {
        source.allSatisfy { cap in
            let start = cap.windowMinutes.map { now > $0 * 60 + slack ? now - $0 * 60 - slack : 0 } ?? 0
            let count = all.count { one in
                guard one.second >= start else { return false }
                switch cap.subject {
                case FrequencyCapRow.user: return one.user == user && one.lineItem == lineItem
                case FrequencyCapRow.household: return one.household == household && one.lineItem == lineItem
                default: return one.user == user && one.creative == creative
                }
            }
            return count < cap.impressions
        }
    }

    /// Caps of the test are far below nine, so that the counters are exact to a second for a 2,048th of a pause.
    @Test(arguments: Seeds.all.prefix(20) + Seeds.all.suffix(1))
    func capsHoldExactly(_ seed: UInt64) throws {
        var random = Randomness(seed: seed)
        let numbers = try Capped.numbers(Capped.source(lineItems: 40, seed: seed))
        var counters = FrequencyCounters(Self.small())
        var all: [Shown] = []
        var now: UInt32 = 1_700_000_000
        var refused = 0
        for number in 0..<1_500 {
            now += UInt32(random.next(in: 0...(number % 50 == 0 ? 90_000 : 40)))
            let user = random.next(below: 4) + 1
            let household = user / 2 + 100
            let lineItem = random.next(in: 0...39)
            counters.begin(user: user, household: household, mayJournal: true, at: Self.instant(now))
            let told = counters.wouldShow(lineItem, numbers)
            let caps = numbers.snapshot.frequencyCaps(ofLineItem: lineItem).map {
                numbers.snapshot.capRow(at: $0)
            }
            let creative = numbers.ad(lineItem).creative
            let exact = mayBeShown(
                lineItem, caps, all, user: user, household: household, creative: creative, at: now, slack: 0)
            // A pause is at most 43,200 minutes, and its rounding a 2,048th of that.
            let strict = mayBeShown(
                lineItem, caps, all, user: user, household: household, creative: creative, at: now,
                slack: 1_300)
            #expect(!told || exact, "seed \(seed), \(number): shown beyond a cap")
            #expect(told || !strict, "seed \(seed), \(number): refused within all caps")
            refused += told ? 0 : 1
            if told {
                counters.show(lineItem, numbers, user: user, household: household, at: now)
                all.append(
                    Shown(
                        user: user, household: household, lineItem: lineItem, creative: creative, second: now)
                )
            }
        }
        #expect(refused > 100 && all.count > 200, "seed \(seed): \(refused) refused, \(all.count) shown")
    }

    private func oneCap(
        _ by: FrequencyCap.Subject, _ impressions: Int, minutes: Int?
    ) throws -> (numbers: EntityNumbers, lineItem: Int) {
        var source = Capped.source(lineItems: 10, seed: 3)
        for index in source.lineItems.indices { source.lineItems[index].frequencyCaps = [] }
        var cap = FrequencyCap()
        (cap.by, cap.impressions, cap.windowMinutes) = (by, impressions, minutes)
        source.lineItems[4].frequencyCaps = [cap]
        let numbers = try Capped.numbers(source)
        return (numbers, try #require(numbers.row(ofLineItem: source.lineItems[4].id)))
    }

    @Test func saysWhichCapHolds() throws {
        let (numbers, lineItem) = try oneCap(.user, 3, minutes: 1_440)
        var counters = FrequencyCounters(Self.small())
        for second in UInt32(0)..<3 {
            counters.show(lineItem, numbers, user: 5, household: 6, at: 1_700_000_000 + second)
        }
        counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(1_700_000_010))
        #expect(counters.heldCap(ofLineItem: lineItem, numbers)?.sentence == "3 of 3 by user in 1440 min")
        // A day later the first one no longer counts.
        counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(1_700_086_401))
        #expect(counters.heldCap(ofLineItem: lineItem, numbers) == nil)
        counters.begin(user: 7, household: 6, mayJournal: true, at: Self.instant(1_700_000_010))
        #expect(counters.heldCap(ofLineItem: lineItem, numbers) == nil)
    }

    @Test func promisesCountUntilTheyAreReportedOrOver() throws {
        let (numbers, lineItem) = try oneCap(.household, 2, minutes: nil)
        var counters = FrequencyCounters(Self.small())
        let ad = numbers.ad(lineItem)
        let start: UInt32 = 1_700_000_000
        for _ in 0..<2 {
            counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(start))
            let held = counters.promise(
                creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
            #expect(held == nil && counters.promiseCount == 1)
        }
        // A third break before either was seen.
        counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(start + 5))
        #expect(counters.heldCap(ofLineItem: lineItem, numbers)?.count == 2)
        // One is shown and still counts, now for good; the other is never reported.
        counters.show(lineItem, numbers, user: 5, household: 6, at: start + 20)
        counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(start + 30))
        #expect(counters.heldCap(ofLineItem: lineItem, numbers)?.count == 2)
        let over = start + counters.options.holdSeconds + 1
        counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(over))
        #expect(counters.heldCap(ofLineItem: lineItem, numbers) == nil)
        // Within one decision a promise counts too, and can be taken back.
        let first = counters.promise(
            creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
        let second = counters.promise(
            creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
        #expect(first == nil && second?.reason == .reached)
        counters.takeBack(creative: ad.creative, lineItem: lineItem, numbers)
        #expect(counters.promiseCount == 0)
        let third = counters.promise(
            creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
        #expect(third == nil)
    }

    @Test func whoHasTwentyPromisesGetsNoMore() throws {
        let (numbers, lineItem) = try oneCap(.user, 1_000, minutes: 60)
        var counters = FrequencyCounters(Self.small())
        let ad = numbers.ad(lineItem)
        counters.begin(user: 5, household: nil, mayJournal: true, at: Self.instant(1_700_000_000))
        for _ in 0..<FrequencyHolds.holdsMost {
            let held = counters.promise(
                creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
            #expect(held == nil)
        }
        let held = counters.promise(
            creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
        #expect(held?.reason == .promises && counters.promised.tally.lost == 0)
    }

    /// Promises of other line items count for none of a line item's caps, and yet take the room of its own promise.
    @Test(arguments: [FrequencyCap.Subject.user, .household, .creative])
    func promisesOfOtherLineItemsOnlyTakeRoom(_ subject: FrequencyCap.Subject) throws {
        let (numbers, lineItem) = try oneCap(subject, 1, minutes: 60)
        var counters = FrequencyCounters(Self.small())
        let second = CountedSecond(rawValue: 1_700_000_000)
        for number in 0..<UInt32(FrequencyHolds.holdsMost) {
            counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(second.rawValue))
            #expect(counters.heldCap(ofLineItem: lineItem, numbers) == nil)
            counters.take(
                FrequencyEvent(
                    .held, user: 5, household: 6, lineItem: EntityNumber(rawValue: 1 << 20 | number * 27),
                    creative: EntityNumber(rawValue: 1 << 21 | number), advertiser: EntityNumber(rawValue: 3),
                    at: second, until: second.later(by: 100), mayJournal: true))
        }
        counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(second.rawValue))
        #expect(counters.heldCap(ofLineItem: lineItem, numbers)?.reason == .promises)
    }

    @Test func aFullSetOfPromisesSaysWhatItLost() {
        var holds = FrequencyHolds(bytes: FrequencyHolds.bytesLeast)
        for subject in UInt64(1)...1_000 {
            var mixer = SplitMix64(state: subject)
            holds.add(
                mixer.next(), EntityNumber(rawValue: 1), EntityNumber(rawValue: 2),
                until: CountedSecond(rawValue: 100 + UInt32(subject)), at: CountedSecond(rawValue: 50))
        }
        let room = FrequencyHolds.bytesLeast / FrequencyHolds.bytesPerSubject
        #expect(holds.tally.lost >= 1_000 - room && holds.tally.lost < 1_000)
        // What is over makes room without a loss.
        let lost = holds.tally.lost
        for subject in UInt64(2_001)...2_010 {
            var mixer = SplitMix64(state: subject)
            holds.add(
                mixer.next(), EntityNumber(rawValue: 1), EntityNumber(rawValue: 2),
                until: CountedSecond(rawValue: 9_000), at: CountedSecond(rawValue: 5_000))
        }
        #expect(holds.tally.lost == lost)
    }

    @Test func aViewerByWhomNothingCanBeCountedIsAsTheSettingsSay() throws {
        let (numbers, lineItem) = try oneCap(.user, 1, minutes: 60)
        var options = Self.small()
        var open = FrequencyCounters(options)
        open.begin(user: nil, household: 6, mayJournal: false, at: Self.instant(1_700_000_000))
        #expect(open.heldCap(ofLineItem: lineItem, numbers) == nil)
        options.showsUncountable = false
        var strict = FrequencyCounters(options)
        strict.begin(user: nil, household: 6, mayJournal: false, at: Self.instant(1_700_000_000))
        #expect(strict.heldCap(ofLineItem: lineItem, numbers)?.reason == .uncountable)
    }

    @Test func aNewCatalogGoesOnWithTheCounts() throws {
        let (numbers, lineItem) = try oneCap(.user, 1, minutes: 60)
        let id = numbers.snapshot.id(.lineItems, at: lineItem)
        var counters = FrequencyCounters(Self.small())
        counters.show(lineItem, numbers, user: 5, household: 0, at: 1_700_000_000)
        // The same line item among others, in another row, with another cap.
        var source = Capped.source(lineItems: 200, seed: 3)
        let index = try #require(source.lineItems.firstIndex { $0.id == id })
        var cap = FrequencyCap()
        (cap.by, cap.impressions, cap.windowMinutes) = (.user, 1, 10)
        source.lineItems[index].frequencyCaps = [cap]
        let other = try Capped.numbers(source)
        let row = try #require(other.row(ofLineItem: id))
        #expect(row != lineItem)
        counters.begin(user: 5, household: nil, mayJournal: true, at: Self.instant(1_700_000_100))
        #expect(counters.heldCap(ofLineItem: row, other)?.count == 1)
    }

    @Test func tellsWhatWasSeenInEarlierBreaks() throws {
        let numbers = try Capped.numbers(Capped.source(lineItems: 40, seed: 2))
        var counters = FrequencyCounters(Self.small())
        let start: UInt32 = 1_700_000_000
        // The first line item has no caps.
        let ad = numbers.ad(0)
        let known = { (counters: inout FrequencyCounters, creative: Int, at: UInt32) in
            counters.begin(user: 5, household: nil, mayJournal: true, at: Self.instant(at))
            return counters.known(
                creative: creative, lineItem: ad.lineItem, advertiser: ad.advertiser, numbers)
        }
        #expect(known(&counters, ad.creative, start) == .unseen)
        counters.show(ad.lineItem, numbers, user: 5, household: 0, at: start)
        #expect(known(&counters, ad.creative, start + 60) == .creativeSeen)
        let creatives = numbers.snapshot.lineItemRow(ad.lineItem).creatives
        if creatives.count > 1 {
            let another = numbers.snapshot.creative(inList: creatives.lowerBound + 1)
            #expect(known(&counters, another, start + 60) == .advertiserSeen)
        }
        #expect(known(&counters, ad.creative, start + counters.options.sessionSeconds + 1) == .unseen)
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func asksAndCountsWithoutAllocating() throws {
        let numbers = try Capped.numbers(Capped.source(lineItems: 200, seed: 2))
        var counters = FrequencyCounters(Self.small())
        var counted: UInt64 = 1
        // The first round may still set up what lasts.
        for _ in 0..<3 {
            let before = allocations_of_thread()
            for lineItem in 0..<200 {
                let second = UInt32(1_700_000_000 + lineItem)
                counters.begin(user: 5, household: 6, mayJournal: true, at: Self.instant(second))
                let ad = numbers.ad(lineItem)
                _ = counters.heldCap(ofLineItem: lineItem, numbers)
                _ = counters.known(
                    creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
                _ = counters.promise(
                    creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers)
                counters.show(lineItem, numbers, user: 5, household: 6, at: second)
            }
            counted = allocations_of_thread() - before
        }
        #expect(counted == 0)
    }
}
