// Counters made again from what a journal holds: impressions, and counters that were written in rounds.
import Testing
import Units

@testable import Features

@Suite struct ReplayTests {
    private func event(_ user: UInt64, _ lineItem: UInt32, _ second: UInt32) -> FrequencyEvent {
        FrequencyEvent(
            .shown, user: user, household: user % 7 + 1_000, lineItem: EntityNumber(rawValue: lineItem),
            creative: EntityNumber(rawValue: lineItem + 500),
            advertiser: EntityNumber(rawValue: lineItem + 900),
            at: CountedSecond(rawValue: second), until: CountedSecond(rawValue: 0), mayJournal: true)
    }

    private enum Record {
        case impression(FrequencyEvent)
        case counter(KeptCounter)
    }

    /// Impressions on three shards, counters written in rounds by the first, the oldest segments removed: whatever
    /// the order of the journals, no count is lower than it was, and hardly one is higher.
    @Test(arguments: Seeds.all.prefix(20) + Seeds.all.suffix(1))
    func aStartKnowsWhatWasKnown(_ seed: UInt64) {
        var random = Randomness(seed: seed)
        var table = FrequencyTable(bytes: 1 << 20)
        var journals: [[(second: UInt32, record: Record)]] = [[], [], []]
        var now: UInt32 = 1_700_000_000
        var users: Set<UInt64> = []
        var roundBegan: [UInt32] = []
        for _ in 0..<6 {
            roundBegan.append(now)
            for set in 0..<table.setCount {
                table.visit(set: set, asOf: CountedSecond(rawValue: now)) {
                    journals[0].append((now, .counter($0)))
                }
                // Rounds take a while; what is shown meanwhile is not in the moment of a counter.
                if random.next(below: 16) == 0 {
                    now += 10
                    let one = event(random.next(below: 40) + 1, UInt32(random.next(in: 1...6)), now)
                    users.insert(one.user)
                    table.count(one)
                    journals[random.next(in: 0...2)].append((now, .impression(one)))
                    now += 10
                }
            }
            for _ in 0..<random.next(in: 0...120) {
                now += UInt32(random.next(in: 10...4_000))
                let one = event(random.next(below: 40) + 1, UInt32(random.next(in: 1...6)), now)
                users.insert(one.user)
                table.count(one)
                journals[random.next(in: 0...2)].append((now, .impression(one)))
            }
            now += 100
        }
        // The last whole round began here; retention keeps everything since.
        let kept = roundBegan[roundBegan.count - 1 - random.next(in: 0...2)]
        var replay = FrequencyReplay(bytes: 1 << 20)
        for journal in journals.shuffled(using: &random) {
            for (second, record) in journal where second >= kept {
                switch record {
                case .impression(let one): replay.take(one)
                case .counter(let counter): replay.take(counter)
                }
            }
        }
        let again = FrequencyTable(copying: replay.table)
        var before = FrequencyLook()
        var after = FrequencyLook()
        var (sum, over) = (0, 0)
        for subject in users.union(users.map { $0 % 7 + 1_000 }) {
            table.read(subject, into: &before)
            again.read(subject, into: &after)
            for entity in [0, 500, 900].flatMap({ first in (1...6).map { UInt32(first + $0) } }) {
                let number = EntityNumber(rawValue: entity)
                for window in [nil, 3_600, 86_400, 2_000_000] as [UInt32?] {
                    let start = window.map { CountedSecond(rawValue: now - $0) }
                    let was = before.impressions(of: number, since: start)
                    let told = after.impressions(of: number, since: start)
                    // Heaps may come out otherwise, where more than nine are asked for.
                    let isExact = window == nil || was <= CounterCell.exactMost
                    if told < was, isExact {
                        Issue.record("seed \(seed): \(told) of \(was), \(subject), \(entity)")
                    }
                    if isExact { (sum, over) = (sum + was, over + told - was) }
                }
            }
        }
        // A pause is rounded, so that one may seem to have been counted after a round that it is in.
        #expect(over * 200 <= sum, "seed \(seed): \(over) of \(sum) too many")
    }

    @Test func whatMayNotBeWrittenStaysInMemory() {
        var table = FrequencyTable(bytes: FrequencyTable.bytesLeast)
        var one = event(5, 1, 1_700_000_000)
        one.mayJournal = false
        table.count(one)
        table.count(event(6, 1, 1_700_000_000))
        var written: Set<UInt64> = []
        for set in 0..<table.setCount {
            table.visit(set: set, asOf: CountedSecond(rawValue: 1_700_000_001)) { written.insert($0.subject) }
        }
        #expect(written.sorted() == [6, 1_006])
    }

    @Test func aCounterFromAnywhereBreaksNothing() {
        var random = Randomness(seed: 4)
        var replay = FrequencyReplay(bytes: FrequencyTable.bytesLeast)
        for _ in 0..<2_000 {
            var words = InlineArray<14, UInt16>(repeating: 0)
            for index in words.indices { words[index] = UInt16(truncatingIfNeeded: random.next()) }
            replay.take(
                KeptCounter(
                    subject: random.next(below: 9),
                    entity: EntityNumber(rawValue: UInt32(random.next(in: 0...3))),
                    asOf: CountedSecond(rawValue: UInt32(truncatingIfNeeded: random.next())),
                    newest: CountedSecond(rawValue: UInt32(truncatingIfNeeded: random.next())),
                    life: UInt32(truncatingIfNeeded: random.next()), hasHeaps: random.next(below: 2) == 0,
                    words: words))
            replay.take(event(random.next(below: 9), 1, UInt32(truncatingIfNeeded: random.next())))
        }
        #expect(replay.table.tally.blocksUsed > 0)
    }
}
