// Whether somebody reached the notices' addresses throughout, against every proof that there was; and what a shard's holder makes of it.
import Testing
import Units

@testable import Ledger

@Suite struct NoticeReachTests {
    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: (1_000 + seconds) * 1_000_000_000) }

    /// By all proofs: each gap from the beginning on, up to the first proof that is not before the end.
    private func isUnbroken(_ proofs: [Int64], _ begin: Int64, _ end: Int64, gap: Int64) -> Bool {
        var before = begin
        for proof in proofs where proof >= begin {
            if proof - before > gap { return false }
            if proof >= end { return true }
            before = proof
        }
        return false
    }

    @Test func nothingIsFreeThatNobodyReachedThroughout() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Randomness(seed: seed)
        var seen: Set<NoticeReach.Verdict> = []
        for _ in 0..<20_000 {
            let gap = Int64(random.next(in: 1...8))
            var (proofs, time): ([Int64], Int64) = ([], 0)
            while time < 100 {
                time += Int64(random.next(in: 0...(random.next(below: 6) == 0 ? 14 : 4)))
                proofs.append(time)
            }
            let begin = Int64(random.next(in: 0...60))
            let end = begin + Int64(random.next(in: 1...30))
            var reach = NoticeReach()
            // Judged from its end on at each second, as a shard does, until it is decided.
            var now: Int64 = 0
            var verdict = NoticeReach.Verdict.wait
            while verdict == .wait, now < 200 {
                for proof in proofs where proof == now { reach.note(at(proof), gap: .seconds(gap)) }
                if now >= end {
                    verdict = reach.verdict(from: at(begin), to: at(end), at: at(now), gap: .seconds(gap))
                }
                now += 1
            }
            let isFree = isUnbroken(proofs, begin, end, gap: gap)
            #expect(
                verdict == (isFree ? .free : .keep), "seed \(seed): \(proofs) \(begin)...\(end) gap \(gap)")
            seen.insert(verdict)
        }
        #expect(seen == [.free, .keep])
    }

    @Test func whatIsKnownBeforeHandIsNoProofOfATimeToCome() {
        #expect(NoticeReach(since: at(5), last: at(4), at: at(9)).last == nil)
        #expect(NoticeReach(since: at(5), last: at(10), at: at(9)).last == nil)
        #expect(NoticeReach(since: at(5), last: at(8), at: at(9)).last == at(8))
    }

    // MARK: The holder

    private static let account = AccountIndex(0)
    private static let name = AccountName(campaign: "a")
    private static let limits: ShardLimits = {
        var limits = ShardLimits()
        limits.grace = .seconds(5)
        limits.reservations = 64
        limits.reach = ReachLimits(gap: .seconds(3), hold: .seconds(10), lastBill: .seconds(60))
        return limits
    }()

    private func desk() -> ShardDesk {
        var desk = ShardDesk(Self.limits)
        desk.fund(Self.account, 100_000)
        _ = desk.authorise(Self.account, 10)
        desk.settleDown()
        return desk
    }

    /// A second after the other; somebody comes in each that is not among those.
    private func pass(_ seconds: Int, _ desk: inout ShardDesk, unreached: ClosedRange<Int>? = nil) {
        for second in 0..<seconds {
            desk.now = desk.now + .seconds(1)
            if unreached?.contains(second) != true { desk.tell(.reached(at: desk.now)) }
            desk.tell(.turned)
            desk.synchronise()
        }
    }

    @Test func whatWasReachedThroughoutIsFreeAtItsTime() throws {
        var desk = desk()
        pass(2, &desk)
        let one = try #require(desk.authorise(Self.account, 10, for: .seconds(10)).reservation)
        pass(14, &desk)
        #expect(desk.report(Self.account).open == Micros(10))
        pass(2, &desk)
        #expect(desk.report(Self.account).open == .zero && desk.holder.kept == 0)
        #expect(desk.settle(one.key, 10).record?.late == Micros(10), "its bill is late")
    }

    @Test(arguments: [0...6, 4...9, 10...40])
    func whatNobodyReachedIsKeptUntilTheLastBill(_ unreached: ClosedRange<Int>) throws {
        var desk = desk()
        pass(2, &desk)
        let one = try #require(desk.authorise(Self.account, 10, for: .seconds(10)).reservation)
        let other = try #require(desk.authorise(Self.account, 7, for: .seconds(10)).reservation)
        let third = try #require(desk.authorise(Self.account, 5, for: .seconds(10)).reservation)
        pass(50, &desk, unreached: unreached)
        #expect(desk.holder.kept == 3)
        #expect(desk.settle(one.key, 10).record?.paid == Micros(10), "its bill came after all")
        #expect(desk.holder.kept == 2)
        desk.isFull = true
        _ = desk.release(third.key)
        desk.isFull = false
        pass(1, &desk)
        #expect(desk.holder.kept == 2, "the journal did not take that it is free")
        // What is behind it is judged all the same.
        let later = try #require(desk.authorise(Self.account, 3, for: .seconds(1)).reservation)
        pass(8, &desk)
        #expect(desk.report(Self.account).open == Micros(12) && desk.holder.kept == 2)
        #expect(desk.settle(later.key, 3).record?.late == Micros(3))
        pass(10, &desk)
        #expect(desk.holder.kept == 2)
        pass(2, &desk)
        #expect(desk.report(Self.account).open == .zero && desk.holder.kept == 0)
        #expect(desk.settle(other.key, 7).record?.late == Micros(7), "nothing is kept for it any longer")
    }

    @Test func aStartKeepsWhatTheOneBeforeKept() throws {
        var desk = desk()
        pass(2, &desk)
        let one = try #require(desk.authorise(Self.account, 10, for: .seconds(10)).reservation)
        let other = try #require(desk.authorise(Self.account, 7, for: .seconds(10)).reservation)
        pass(20, &desk, unreached: 3...19)
        #expect(desk.holder.kept == 2)
        let names = [Self.account: Self.name]
        let replay = desk.replay(names: names)
        let session = LedgerSession(8)
        let opening = replay.opening(for: session, at: desk.now, grace: .seconds(5))
        var next = ShardDesk(session: 8, Self.limits)
        next.now = desk.now
        next.holder.adopt(
            open: opening.open.map { $0.former(of: Self.account) }, settled: opening.settled, doubts: [],
            recorded: opening.recorded)
        next.fund(Self.account, 1_000)
        pass(20, &next)
        #expect(next.holder.kept == 2, "that somebody comes now says nothing of before")
        #expect(next.settle(one.key, 10).record?.paid == Micros(10))
        #expect(next.holder.kept == 1)
        // Ten and sixty seconds from its beginning.
        pass(27, &next)
        #expect(next.holder.kept == 1)
        pass(5, &next)
        #expect(next.holder.kept == 0)
        #expect(next.settle(other.key, 7).record?.late == Micros(7))
    }

    // MARK: What is kept holds up nobody

    private func limits(kept: Int) -> ShardLimits {
        var limits = Self.limits
        limits.kept = kept
        return limits
    }

    /// Ads go on while nobody comes for a while, and after: they are sold as long as the ring has room for those whose time is not over.
    @Test func whatIsKeptLeavesTheRing() throws {
        var desk = ShardDesk(limits(kept: 4_096))
        desk.fund(Self.account, 100_000_000)
        _ = desk.authorise(Self.account, 10)
        desk.settleDown()
        // Three in a second, each held for two seconds and a grace of five: about twenty-four of sixty-four.
        var (made, crowded, keptMost) = ([ReservationKey](), 0, 0)
        for second in 0..<300 {
            desk.now = desk.now + .seconds(1)
            desk.tell(.fenceMoved(to: desk.now + .seconds(600)))
            if !(50..<80).contains(second) { desk.tell(.reached(at: desk.now)) }
            for _ in 0..<3 {
                switch desk.authorise(Self.account, 10, for: .seconds(2)) {
                case .reserved(let one): made.append(one.key)
                case .refused(let why): crowded += why == .crowded ? 1 : 0
                }
            }
            desk.tell(.turned)
            desk.synchronise()
            keptMost = max(keptMost, desk.holder.kept)
        }
        #expect(crowded == 0, "what is kept stands in nobody's way")
        #expect(keptMost > 64, "more than the ring has places for: \(keptMost)")
        #expect(desk.holder.kept == 0 && made.count > 850)
        #expect(desk.report(Self.account).open <= Micros(10 * 30))
    }

    /// Settled by its own key long after the ring has given its place to another.
    @Test func whatIsKeptIsBilledOnceByItsKey() throws {
        var desk = ShardDesk(limits(kept: 4_096))
        desk.fund(Self.account, 100_000_000)
        _ = desk.authorise(Self.account, 10)
        desk.settleDown()
        let firsts = try (0..<3).map { _ in
            try #require(desk.authorise(Self.account, 10, for: .seconds(2)).reservation)
        }
        pass(8, &desk, unreached: 0...7)
        #expect(desk.holder.kept == 3)
        pass(10, &desk)
        for _ in 0..<30 {
            for _ in 0..<4 {
                _ = try #require(desk.authorise(Self.account, 10, for: .seconds(1)).reservation)
            }
            pass(1, &desk)
        }
        #expect(desk.holder.kept == 3, "and the ring has been round")
        desk.isFull = true
        _ = desk.settle(firsts[0].key, 10)
        _ = desk.release(firsts[1].key)
        #expect(desk.holder.kept == 3, "the journal took neither")
        desk.isFull = false
        #expect(desk.settle(firsts[0].key, 7).record?.paid == Micros(7))
        #expect(desk.settle(firsts[0].key, 7) == .duplicate)
        #expect(desk.release(firsts[1].key) != .unknown && desk.release(firsts[1].key) == .nothing)
        #expect(desk.settle(firsts[1].key, 4).record?.late == Micros(4), "it came after all")
        #expect(desk.holder.kept == 1)
        // At its last bill's time the journal takes nothing; it is let go when it does.
        desk.isFull = true
        pass(30, &desk)
        #expect(desk.holder.kept == 1)
        desk.isFull = false
        pass(3, &desk)
        #expect(desk.holder.kept == 0)
    }

    /// Where as many are kept as there may be, the next waits in the ring: nothing is let go for want of room.
    @Test func beyondItsBoundNothingIsLetGo() throws {
        var desk = ShardDesk(limits(kept: 5))
        desk.fund(Self.account, 100_000)
        _ = desk.authorise(Self.account, 10)
        desk.settleDown()
        var made: [ReservationKey] = []
        for _ in 0..<12 {
            made.append(try #require(desk.authorise(Self.account, 10, for: .seconds(2)).reservation).key)
            desk.settleDown()
        }
        pass(20, &desk, unreached: 0...15)
        #expect(desk.holder.kept == 5 && desk.report(Self.account).open >= Micros(120))
        #expect(desk.settle(made[11], 10).record?.paid == Micros(10), "it waits, and its bill is paid")
        for key in made[..<3] { #expect(desk.settle(key, 10).record?.paid == Micros(10)) }
        pass(3, &desk)
        #expect(desk.holder.kept == 5, "there is room for three more")
        var last = Authorisation.refused(.closed)
        for _ in 0..<64 {
            last = desk.authorise(Self.account, 10, for: .seconds(2))
            desk.settleDown()
        }
        #expect(last == .refused(.crowded))
        // Two and sixty seconds from the beginning all are over.
        pass(60, &desk)
        #expect(desk.holder.kept == 0)
        desk.tell(.fenceMoved(to: desk.now + .seconds(600)))
        desk.settleDown()
        #expect(desk.authorise(Self.account, 10, for: .seconds(2)) != .refused(.crowded))
    }

    /// What an earlier start held for longer says nothing of what this one holds.
    @Test func ownOnesCountFromTheirOwnHold() throws {
        var limits = Self.limits
        limits.reach = ReachLimits(
            gap: .seconds(3), hold: .seconds(10), formerHold: .seconds(600), lastBill: .seconds(60))
        var desk = ShardDesk(session: 8, limits)
        let former = FormerReservation(
            key: ReservationKey(session: LedgerSession(7), shard: 0, sequence: 0), account: Self.account,
            amount: Micros(5), expires: desk.now + .seconds(30))
        desk.holder.adopt(open: [former], settled: [], doubts: [], recorded: [:])
        desk.fund(Self.account, 100_000)
        _ = desk.authorise(Self.account, 10)
        desk.settleDown()
        pass(15, &desk)
        _ = try #require(desk.authorise(Self.account, 7, for: .seconds(10)).reservation)
        pass(22, &desk)
        #expect(desk.holder.kept == 1 && desk.report(Self.account).open == .zero, "the former one alone")
        desk.isFull = true
        _ = desk.settle(former.key, 5)
        #expect(desk.holder.kept == 1, "it is kept as before")
        desk.isFull = false
        #expect(desk.settle(former.key, 5).record?.paid == Micros(5) && desk.holder.kept == 0)
    }

    @Test func whoNeedsNoAddressIsAskedForNone() throws {
        var limits = Self.limits
        limits.reach = nil
        var desk = ShardDesk(limits)
        desk.fund(Self.account, 100_000)
        _ = desk.authorise(Self.account, 10)
        desk.settleDown()
        _ = try #require(desk.authorise(Self.account, 10, for: .seconds(10)).reservation)
        pass(16, &desk, unreached: 0...15)
        #expect(desk.report(Self.account).open == .zero)
    }
}
