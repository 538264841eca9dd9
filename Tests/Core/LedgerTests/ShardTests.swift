// A shard's money: spent only under durable marks, settled once, back only when no crash can take that back.
import AllocationCounter
import Ledger
import Testing
import Units

private let account = AccountIndex(0)

@Suite struct ShardTests {
    @Test func spendsOnlyUnderADurableMark() throws {
        var desk = ShardDesk()
        desk.fund(account, 100)
        #expect(desk.authorise(account, 10) == .refused(.unmarked), "nothing was drawn yet")
        desk.tell(.turned)
        guard case .mark(let mark) = desk.journal.last?.record else {
            Issue.record("no mark was written")
            return
        }
        #expect(mark.amount == Micros(10), "a chunk is one highest price at least, and no more at first")
        #expect(desk.authorise(account, 10) == .refused(.unmarked), "its mark is not durable")
        #expect(desk.awaitsMark(account) == true)
        #expect(desk.awaitsMark(AccountIndex(1)) == false, "nobody knows it")
        desk.synchronise()
        #expect(desk.awaitsMark(account) == false)
        let reservation = try #require(desk.authorise(account, 10).reservation)
        #expect(reservation.mark == 1)
        #expect(desk.authorise(account, 10) == .refused(.unmarked), "the chunk is used up")
        #expect(desk.awaitsMark(account) == true)
        desk.tell(.closed(account))
        #expect(desk.awaitsMark(account) == false, "nobody spends from it any more")
    }

    @Test func aMarkSeenBehindTheFenceIsNotUsed() {
        var desk = ShardDesk()
        desk.fund(account, 1_000)
        _ = desk.authorise(account, 10)
        desk.tell(.turned)
        desk.now = desk.now + .seconds(600)
        desk.synchronise()
        #expect(desk.authorise(account, 10) == .refused(.unmarked))
        desk.tell(.fenceMoved(to: desk.now + .seconds(1)))
        #expect(desk.authorise(account, 10).reservation != nil, "the same session's lease was renewed")
    }

    @Test func atMostTwoChunksAreInDoubt() {
        var desk = ShardDesk()
        desk.fund(account, 1_000_000)
        var spent = 0
        for _ in 0..<200 {
            if desk.authorise(account, 10).reservation != nil { spent += 1 }
            desk.tell(.turned)
        }
        #expect(spent == 0, "without the disk nothing is spent")
        desk.synchronise()
        for _ in 0..<200 {
            if desk.authorise(account, 10).reservation != nil { spent += 1 }
            desk.tell(.turned)
        }
        let marks = desk.journal.filter { if case .mark = $0.record { true } else { false } }
        #expect(
            spent == 8 && marks.count == 2, "a third mark waits for the disk to know the first chunk's use")
    }

    @Test func chunksGrowToATenthOfASecond() {
        var desk = ShardDesk()
        desk.fund(account, 100_000_000)
        var refused = 0
        // 1,000 impressions a second, a disk that takes 5 ms.
        for millisecond in 0..<5_000 {
            desk.now = desk.now + .milliseconds(1)
            if desk.authorise(account, 10).reservation == nil, millisecond > 1_000 { refused += 1 }
            desk.tell(.turned)
            if millisecond % 5 == 0 { desk.synchronise() }
        }
        #expect(refused == 0)
        let amounts = desk.journal.compactMap { entry -> Int64? in
            if case .mark(let mark) = entry.record { mark.amount.rawValue } else { nil }
        }
        #expect(amounts.suffix(5).allSatisfy { (500...2_000).contains($0) }, "\(amounts.suffix(10))")
    }

    @Test func aBillSettlesOnceAndUpToWhatIsReserved() throws {
        var desk = ShardDesk()
        desk.fund(account, 1_000)
        _ = desk.authorise(account, 100)
        desk.settleDown()
        let first = try #require(desk.authorise(account, 100).reservation)
        #expect(desk.settle(first.key, 70).record?.paid == Micros(70))
        #expect(desk.settle(first.key, 70) == .duplicate)
        desk.settleDown()
        let second = try #require(desk.authorise(account, 100).reservation)
        let above = try #require(desk.settle(second.key, 130).record)
        #expect(above.paid == Micros(100) && above.late == Micros(30))
        desk.settleDown()
        let third = try #require(desk.authorise(account, 100).reservation)
        guard case .write = desk.release(third.key) else {
            Issue.record("not released")
            return
        }
        #expect(desk.release(third.key) == .nothing)
        let late = try #require(desk.settle(third.key, 40).record)
        #expect(late.paid == .zero && late.late == Micros(40))
        #expect(desk.settle(third.key, 40) == .duplicate)
        let report = desk.report(account)
        #expect(report.settled == Micros(170) && report.late == Micros(70) && report.open == .zero)
        let forged = ReservationKey(session: third.key.session, shard: 0, sequence: 99)
        #expect(desk.settle(forged, 1) == .unknown)
    }

    @Test func expiryFreesAfterTheGrace() throws {
        var desk = ShardDesk()
        desk.fund(account, 100)
        _ = desk.authorise(account, 100)
        desk.settleDown()
        let one = try #require(desk.authorise(account, 100, for: .seconds(10)).reservation)
        desk.now = one.expires + .seconds(59)
        desk.settleDown()
        #expect(desk.report(account).open == Micros(100))
        #expect(desk.authorise(account, 100).reservation == nil)
        desk.now = one.expires + .seconds(60)
        desk.settleDown()
        #expect(desk.report(account).open == .zero)
        #expect(desk.authorise(account, 100).reservation != nil, "freed money is drawn again")
        #expect(desk.settle(one.key, 50).record?.late == Micros(50), "a bill after all is late, and not lost")
    }

    @Test func theLastOfABudgetServesWhatItStillCan() {
        var desk = ShardDesk()
        desk.fund(account, 250, isLast: true)
        var spent = 0
        for _ in 0..<10 {
            if desk.authorise(account, 100).reservation != nil { spent += 100 }
            desk.settleDown()
        }
        #expect(spent == 200)
        #expect(desk.authorise(account, 100) == .refused(.exhausted))
        #expect(desk.authorise(account, 40).reservation != nil)
        #expect(desk.authorise(account, 40) == .refused(.exhausted))
    }

    @Test func idleMoneyGoesBackWhenTheDiskKnowsThatItIsIdle() throws {
        var desk = ShardDesk()
        desk.fund(account, 1_000)
        _ = desk.authorise(account, 100)
        desk.settleDown()
        let one = try #require(desk.authorise(account, 100).reservation)
        desk.settleDown()
        desk.tell(.recalled(account))
        desk.tell(.turned)
        #expect(desk.report(account).givenBack == .zero, "the closing is not durable")
        #expect(desk.settle(one.key, 10).record != nil, "what is open stays, and is settled meanwhile")
        desk.synchronise()
        #expect(desk.report(account).givenBack == Micros(900), "and what came free since then waits")
        desk.tell(.allowed(account, upTo: Micros(1_000), isLast: true))
        #expect(desk.authorise(account, 90) == .refused(.unmarked))
        desk.settleDown()
        #expect(desk.authorise(account, 90).reservation != nil)
    }

    @Test func anAccountThatIsClosedGivesEverythingBack() throws {
        var desk = ShardDesk()
        desk.fund(account, 1_000)
        _ = desk.authorise(account, 100)
        desk.settleDown()
        let one = try #require(desk.authorise(account, 100).reservation)
        desk.tell(.closed(account))
        #expect(desk.authorise(account, 100) == .refused(.closed))
        desk.settleDown(turns: 3)
        #expect(desk.report(account).givenBack == Micros(900))
        _ = desk.settle(one.key, 30)
        desk.settleDown(turns: 3)
        #expect(desk.report(account).givenBack == Micros(970) && desk.report(account).settled == Micros(30))
    }

    @Test func whatTheJournalRefusesHasNotHappened() throws {
        var desk = ShardDesk()
        desk.fund(account, 1_000)
        _ = desk.authorise(account, 100)
        desk.settleDown()
        let one = try #require(desk.authorise(account, 100).reservation)
        desk.settleDown()
        let before = desk.report(account)
        desk.isFull = true
        _ = desk.settle(one.key, 70)
        #expect(desk.report(account) == before)
        _ = desk.release(one.key)
        desk.now = one.expires + .seconds(60)
        desk.settleDown()
        #expect(desk.report(account) == before)
        #expect(desk.authorise(account, 50).reservation == nil)
        desk.isFull = false
        #expect(desk.settle(one.key, 70).record?.paid == Micros(70))
        #expect(desk.authorise(account, 50).reservation != nil)
    }

    @Test func moreThanItCanRememberIsRefused() {
        var limits = ShardLimits()
        limits.reservations = 4
        var desk = ShardDesk(limits)
        desk.fund(account, 1_000_000)
        var last = Authorisation.refused(.closed)
        for _ in 0..<40 {
            last = desk.authorise(account, 10)
            desk.settleDown()
        }
        #expect(last == .refused(.crowded))
        #expect(desk.report(account).open == Micros(40))
    }

    /// Of a session whose first reservations a crash took nobody knows how long they were held: the longest that there may be.
    @Test func aDoubtLastsForTheLongestHold() throws {
        var desk = ShardDesk()
        desk.fund(account, 1_000)
        _ = desk.authorise(account, 100)
        desk.settleDown()
        _ = try #require(desk.authorise(account, 100).reservation)
        let replay = desk.replay(losing: 1, names: [account: AccountName(campaign: "c")])
        let session = LedgerSession(UInt64(desk.now.nanoseconds))
        let opening = replay.opening(for: session, at: desk.now, grace: .seconds(60), hold: .seconds(90))
        let doubt = try #require(opening.doubts.first)
        #expect(opening.open.isEmpty && doubt.until >= desk.now + .seconds(150))
    }

    /// A crash takes what was not durable; the opening has the rest, and what is in doubt.
    @Test func aStartFindsWhatWasPromised() throws {
        var desk = ShardDesk()
        let name = AccountName(campaign: "c")
        desk.fund(account, 1_000)
        _ = desk.authorise(account, 100)
        desk.settleDown()
        let billed = try #require(desk.authorise(account, 100).reservation)
        desk.settleDown()
        let open = try #require(desk.authorise(account, 100).reservation)
        _ = desk.settle(billed.key, 60)
        desk.settleDown()
        let lost = try #require(desk.authorise(account, 100).reservation)
        let replay = desk.replay(losing: 1, names: [account: name])
        let session = LedgerSession(UInt64(desk.now.nanoseconds))
        let opening = replay.opening(for: session, at: desk.now, grace: .seconds(60))
        #expect(opening.totals[name]?.settled == Micros(60))
        #expect(opening.open.map(\.key) == [open.key])
        #expect(opening.settled == [billed.key])
        let doubt = try #require(opening.doubts.first)
        #expect(opening.doubts.count == 1 && doubt.amount >= lost.amount)
        let chunks = desk.journal.compactMap { entry -> Int64? in
            if case .mark(let mark) = entry.record { mark.amount.rawValue } else { nil }
        }
        #expect(doubt.amount.rawValue <= chunks.suffix(2).reduce(0, +), "two chunks at most")

        // The next session: the account has another number there.
        var next = ShardDesk(session: session.rawValue)
        next.now = desk.now
        let other = AccountIndex(3)
        next.fund(other, 0)
        next.holder.adopt(
            open: opening.open.map {
                FormerReservation(key: $0.key, account: other, amount: $0.amount, expires: $0.expires)
            }, settled: opening.settled,
            doubts: opening.doubts.map {
                Doubt(
                    key: DoubtKey(session: $0.writer.session, shard: $0.writer.shard, account: other),
                    amount: $0.amount, until: $0.until)
            }, recorded: opening.recorded)
        #expect(next.settle(billed.key, 60) == .duplicate)
        #expect(next.settle(open.key, 90).record?.paid == Micros(90))
        #expect(next.settle(open.key, 90) == .duplicate)
        #expect(next.settle(lost.key, 80) == .unknown)
        let claim = next.holder.settle(lost.key, Micros(80), unrecordedOf: other, reserved: lost.amount)
        #expect(claim.record?.paid == Micros(80) && claim.record?.late == .zero)
        let bill = try #require(claim.record)
        next.tell(.written(.settled(bill), at: 99))
        #expect(
            next.holder.settle(lost.key, Micros(80), unrecordedOf: other, reserved: lost.amount) == .duplicate
        )
        #expect(next.report(other).former.settled == Micros(170))
        next.now = doubt.until
        next.tell(.turned)
        #expect(next.report(other).former.presumed == doubt.amount - lost.amount)
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func authorisesWithoutAllocating() {
        var holder = ShardHolder(session: LedgerSession(1), shard: 0)
        var effects: [ShardEffect] = []
        effects.reserveCapacity(64)
        let now = Instant(nanoseconds: 0)
        holder.handle(.fenceMoved(to: .distantFuture), at: now, &effects)
        holder.handle(.opened(account, highest: .zero), at: now, &effects)
        holder.handle(.allowed(account, upTo: Micros(1_000_000_000), isLast: false), at: now, &effects)
        var number: UInt64 = 0
        var counted: UInt64 = 1
        for _ in 0..<3 {
            let before = allocations_of_thread()
            for _ in 0..<200 {
                if case .reserved(let one) = holder.authorise(account, Micros(10), expires: now) {
                    number += 1
                    holder.recorded(one, at: number)
                    if case .write(let record) = holder.settle(one.key, Micros(9)) {
                        number += 1
                        holder.handle(.written(.settled(record), at: number), at: now, &effects)
                    }
                }
                holder.handle(.turned, at: now, &effects)
                for index in effects.indices {
                    if case .write(let record) = effects[index] {
                        number += 1
                        holder.handle(.written(record, at: number), at: now, &effects)
                    }
                }
                effects.removeAll(keepingCapacity: true)
                holder.handle(.durable(upTo: number), at: now, &effects)
            }
            counted = allocations_of_thread() - before
        }
        #expect(counted == 0)
        #expect(number > 100)
    }

    @Test func aThousandImpressionsNeverCostMoreThanWasSetAside() {
        for (thousand, one) in [(0, 0), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (12_340_000, 12_340)] {
            #expect(ImpressionPrice.one(ofThousand: Micros(Int64(thousand))) == Micros(Int64(one)))
        }
        #expect(ImpressionPrice.paid(of: Micros(10), asked: Micros(5), bid: Micros(15)) == Micros(4))
        #expect(ImpressionPrice.paid(of: Micros(10), asked: Micros(15), bid: Micros(15)) == Micros(10))
        #expect(ImpressionPrice.paid(of: Micros(10), asked: Micros(30), bid: Micros(15)) == Micros(20))
        #expect(ImpressionPrice.paid(of: Micros(10), asked: Micros(5), bid: .zero) == nil)
    }

    @Test func daysStartWhereTheCampaignsDo() {
        let noon = Instant(nanoseconds: 1_700_049_600_000_000_000)
        for offset in [-840, -300, 0, 60, 840] {
            let day = BudgetDay(noon, startsAtMinutes: offset)
            let start = day.start(startsAtMinutes: offset)
            #expect(start <= noon && noon - start < .seconds(86_400))
            #expect(BudgetDay(start, startsAtMinutes: offset) == day)
            #expect(BudgetDay(start - Interval(nanoseconds: 1), startsAtMinutes: offset) < day)
        }
        #expect(BudgetDay(Instant(nanoseconds: -1), startsAtMinutes: 0).number == -1)
    }
}
