// The counters of many subjects against a dictionary, and what becomes of them when memory is used up.
import Testing
import Units

@testable import Features

@Suite struct TableTests {
    private struct Seen: Hashable {
        var subject: UInt64
        var entity: UInt32
    }

    @Test(arguments: Seeds.all.prefix(20) + Seeds.all.suffix(1))
    func findsWhatWasCounted(_ seed: UInt64) {
        var random = Randomness(seed: seed)
        var table = FrequencyTable(bytes: 4 << 20)
        var naive: [Seen: UInt32] = [:]
        var look = FrequencyLook()
        // Some subjects in one set, so that sets are more than half full.
        var subjects: [UInt64] = []
        for number in UInt64(0)..<300 {
            subjects.append(number < 36 && number % 3 == 0 ? number << 40 | 1 : random.next() | 1)
        }
        for number in 0..<6_000 {
            let seen = Seen(
                subject: subjects[random.next(in: 0...(number % 2 == 0 ? 9 : 299))],
                entity: UInt32(random.next(in: 1...60)))
            naive[seen, default: 0] += 1
            table.count(
                seen.subject, EntityNumber(rawValue: seen.entity), at: CountedSecond(rawValue: UInt32(number))
            )
        }
        #expect(table.tally.subjectsForgotten == 0, "seed \(seed)")
        for subject in subjects {
            table.read(subject, into: &look)
            for entity in UInt32(1)...60 {
                let told = look.impressions(of: EntityNumber(rawValue: entity), since: nil)
                let exact = Int(naive[Seen(subject: subject, entity: entity)] ?? 0)
                #expect(told == exact, "seed \(seed), \(subject) and \(entity)")
            }
        }
        table.read(2, into: &look)
        #expect(look.impressions(of: EntityNumber(rawValue: 1), since: nil) == 0)
    }

    @Test(arguments: Seeds.all.prefix(8) + Seeds.all.suffix(1))
    func aFullTableForgetsTheLeastRecentAndSaysSo(_ seed: UInt64) {
        var random = Randomness(seed: seed)
        var table = FrequencyTable(bytes: FrequencyTable.bytesLeast)
        var newest: [UInt64: UInt32] = [:]
        for number in UInt32(1)...30_000 {
            let subject = random.next(below: 3_000) + 1
            // A key is a hash.
            var mixer = SplitMix64(state: subject)
            let key = mixer.next() | 1
            table.count(
                key, EntityNumber(rawValue: UInt32(random.next(in: 1...12))),
                at: CountedSecond(rawValue: number))
            newest[key] = number
            #expect(table.tally.blocksUsed <= table.tally.blocks, "seed \(seed)")
        }
        let tally = table.tally
        #expect(tally.subjectsForgotten > 1_000 && tally.forgottenAfterSeconds > 0, "seed \(seed)")
        #expect(tally.subjects <= tally.subjectsMost)
        var look = FrequencyLook()
        var known = 0
        var (kept, lost): ([UInt32], [UInt32]) = ([], [])
        for (key, second) in newest {
            table.read(key, into: &look)
            let any = (UInt32(1)...12).contains {
                look.impressions(of: EntityNumber(rawValue: $0), since: nil) > 0
            }
            if any { kept.append(second) } else { lost.append(second) }
            known += any ? 1 : 0
        }
        #expect(known == tally.subjects, "seed \(seed)")
        // The oldest of some thirty goes: who is kept was seen later than who is not, by far and on average.
        let (late, early) = (
            kept.reduce(0) { $0 + Int($1) } / kept.count, lost.reduce(0) { $0 + Int($1) } / lost.count
        )
        #expect(late > early, "seed \(seed)")
        #expect(
            (newest.values.max() ?? 0) - (lost.max() ?? 0) > 0, "seed \(seed): the last one counted is there")
    }

    @Test func oneSubjectDoesNotTakeAllMemory() {
        var table = FrequencyTable(bytes: FrequencyTable.bytesLeast)
        for number in UInt32(1)...2_000 {
            table.count(9, EntityNumber(rawValue: number), at: CountedSecond(rawValue: number))
        }
        #expect(table.tally.countersDisplaced == 2_000 - FrequencyTable.countersMost)
        #expect(table.tally.blocksUsed == FrequencyTable.countersMost / 3)
        var look = FrequencyLook()
        table.read(9, into: &look)
        // The counters that stood still for longest made room.
        #expect(look.impressions(of: EntityNumber(rawValue: 2_000), since: nil) == 1)
        #expect(look.impressions(of: EntityNumber(rawValue: 1), since: nil) == 0)
        #expect(look.impressions(of: EntityNumber(rawValue: 1_746), since: nil) == 1)
    }

    @Test func nobodyIsNotCounted() {
        var table = FrequencyTable(bytes: FrequencyTable.bytesLeast)
        table.count(0, EntityNumber(rawValue: 1), at: CountedSecond(rawValue: 5))
        #expect(table.tally.subjects == 0)
    }
}
