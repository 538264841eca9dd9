// What was counted is not counted again, compared with a set that never forgets.
import Notices
import Testing
import Units

@Suite struct MemoryTests {
    private func notice(_ random: inout Randomness, sequences: UInt64, expires: Instant) -> Notice {
        var notice = Notice()
        notice.session = 1 + random.next(below: 3)
        notice.sequence = random.next(below: sequences)
        notice.shard = UInt8(random.next(below: 2))
        notice.ad = UInt8(random.next(below: 2))
        notice.expires = expires
        return notice
    }

    @Test func countsEachEventOnce() {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = Randomness(seed: seed)
        var memory = NoticeMemory(ads: 10_000)
        var known: Set<[UInt64]> = []
        for _ in 0..<20_000 {
            let notice = notice(&random, sequences: 500, expires: Sample.now + .seconds(60))
            let event = NoticeEvent.allCases[random.next(in: 0...NoticeEvent.count - 1)]
            let isNew = known.insert([
                notice.session, notice.sequence, UInt64(notice.shard), UInt64(notice.ad),
                UInt64(event.rawValue),
            ]).inserted
            #expect(
                memory.count(event, of: notice, at: Sample.now) == (isNew ? .first : .duplicate),
                "seed \(seed)")
        }
        let used = memory.used
        #expect(used <= 6_000 && used > 5_000)
    }

    /// Without money all reservations are number zero of session zero: the decision tells ads apart.
    @Test func tellsDecisionsApartWithoutReservations() {
        var memory = NoticeMemory(ads: 64)
        for decision in [UInt64(7), 8] {
            var notice = Notice()
            notice.decision = decision
            notice.expires = Sample.now + .seconds(60)
            #expect(memory.count(.imp, of: notice, at: Sample.now) == .first)
            #expect(memory.count(.imp, of: notice, at: Sample.now) == .duplicate)
        }
    }

    @Test func fillsNearlyWholeAndThenCountsNothingNew() {
        var random = Randomness(seed: 4)
        var memory = NoticeMemory(ads: 1 << 14)
        let capacity = memory.capacity
        var counted: [Notice] = []
        var refused: [Notice] = []
        for sequence in 0..<UInt64(2 * capacity) {
            var notice = notice(&random, sequences: 1, expires: Sample.now + .seconds(60))
            notice.sequence = sequence
            switch memory.count(.imp, of: notice, at: Sample.now) {
            case .first: counted.append(notice)
            case .full: refused.append(notice)
            case .duplicate: Issue.record("nothing came twice")
            }
        }
        #expect(counted.count * 100 >= capacity * 99, "\(counted.count) of \(capacity)")
        // The first of them were counted, and still are known.
        #expect(counted.count - 1 > capacity * 9 / 10)
        for notice in counted { #expect(memory.count(.imp, of: notice, at: Sample.now) == .duplicate) }
        for notice in counted.prefix(100) {
            #expect(memory.count(.click, of: notice, at: Sample.now) == .first)
        }
        for notice in refused.prefix(100) {
            #expect(memory.count(.imp, of: notice, at: Sample.now) == .full)
        }
        // When their tokens are over, their rows are free.
        let later = Sample.now + .seconds(61)
        for notice in refused.prefix(1_000) {
            let fresh = changed(notice) { $0.expires = later + .seconds(60) }
            #expect(memory.count(.imp, of: fresh, at: later) == .first)
            #expect(memory.count(.imp, of: fresh, at: later) == .duplicate)
        }
    }
}
