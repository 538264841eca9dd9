// Who leads: what one process may do by what it has seen of the row.
import Ledger
import Testing
import Units

@Suite struct LeadershipTests {
    private static func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }
    private static func row(_ epoch: UInt64, _ renewals: UInt64) -> LeadershipRow {
        LeadershipRow(epoch: Epoch(epoch), renewals: renewals)
    }
    private static let new = Leadership(length: .seconds(6), renewal: .milliseconds(1_500))

    /// A leader that took over at 10 s.
    private static var leader: Leadership {
        var one = new
        _ = one.saw(row(3, 8), at: at(0))
        _ = one.saw(row(3, 8), at: at(10_000))
        _ = one.committed(sentAt: at(10_000), at: at(10_010))
        return one
    }

    @Test func takesOverOnlyFromARowThatStoodStill() {
        var one = Self.new
        #expect(one.saw(Self.row(3, 8), at: Self.at(0)) == nil)
        #expect(one.saw(Self.row(3, 8), at: Self.at(6_119)) == nil)
        // A renewal, though much later: the wait begins anew.
        #expect(one.saw(Self.row(3, 9), at: Self.at(9_000)) == nil)
        #expect(one.saw(Self.row(3, 9), at: Self.at(15_119)) == nil)
        #expect(one.saw(Self.row(3, 9), at: Self.at(15_120)) == Self.row(3, 9))
        #expect(one.epoch == Epoch(4))
        #expect(one.isClaiming && !one.isLeader && !one.leads(at: Self.at(15_120)))
        // It has claimed: reading goes on, and claims nothing else.
        #expect(one.saw(Self.row(3, 9), at: Self.at(40_000)) == nil)
    }

    @Test func waitsLongerThanAnyLeaseOnTheRowLasts() {
        // The former leader's clock is as slow as its margin allows, and this one's as fast.
        let former = Self.leader
        let length = 6_000 - 60
        #expect(former.leads(at: Self.at(Int64(10_000 + length - 1))))
        #expect(!former.leads(at: Self.at(Int64(10_000 + length))))
        #expect(Double(Self.new.wait.nanoseconds) / 1.01 > Double(length) * 1e6 * 1.01)
    }

    @Test func leadsByItsRenewalsAsTheyWereSent() {
        var one = Self.leader
        #expect(one.leads(at: Self.at(15_939)) && !one.leads(at: Self.at(15_940)))
        #expect(one.isRenewalDue(at: Self.at(11_499)) == false)
        #expect(one.isRenewalDue(at: Self.at(11_500)) == true)
        #expect(one.isRenewalDue(at: Self.at(11_501)) == false)
        // The answer comes long after; it counts from when it was sent.
        #expect(one.committed(sentAt: Self.at(11_500), at: Self.at(15_000)) == false)
        #expect(one.leads(at: Self.at(17_439)) && !one.leads(at: Self.at(17_440)))
        // An older one that comes late takes nothing away.
        _ = one.committed(sentAt: Self.at(10_500), at: Self.at(15_100))
        #expect(one.leads(at: Self.at(17_439)))
        // Behind its lease it has its epoch still, and a renewal that commits makes it lead again; but another one may have led
        // meanwhile, and gone with a lost tail. So it is where the renewal was sent in time, and its answer came behind that.
        #expect(one.isLeader)
        #expect(one.committed(sentAt: Self.at(20_000), at: Self.at(20_001)) == true)
        #expect(one.leads(at: Self.at(20_001)))
        #expect(one.committed(sentAt: Self.at(21_500), at: Self.at(26_000)) == true)
    }

    @Test func whoLostItWatchesAnew() {
        var one = Self.leader
        one.lost()
        #expect(!one.isLeader && !one.leads(at: Self.at(10_001)))
        // A late answer makes no leader of who follows.
        #expect(one.committed(sentAt: Self.at(11_000), at: Self.at(11_001)) == false)
        #expect(!one.leads(at: Self.at(11_001)))
        #expect(one.saw(Self.row(5, 1), at: Self.at(12_000)) == nil)
        #expect(one.saw(Self.row(5, 1), at: Self.at(18_120)) == Self.row(5, 1))
        #expect(one.epoch == Epoch(6))
    }

    /// Whoever led while it did not may have given leases, and have gone with a lost tail: none is counted out before its time.
    @Test func aRootThatLapsedCountsEveryLeaseAnew() throws {
        var now = Self.at(1_000_000)
        var root = TestRoot(at: now)
        let holder = root.holder
        let opened = root.run([.open(start: 1, holder, candidate: LedgerSession(7))], at: now)
        #expect(opened == [.opened(LedgerSession(7), epoch: root.machine.epoch)])
        root.machine.counts(LedgerSession(7), at: now)
        func isFenced() -> Bool? { root.machine.book?.children.first?.isFenced }
        // Kept each second, it is fenced when its lease has run out.
        var kept = root
        kept.keep(at: now + .seconds(61))
        #expect(kept.machine.book?.children.first?.isFenced == true)
        now = now + .seconds(61)
        root.turn(at: now)
        #expect(isFenced() == false && root.machine.leads(at: now))
        root.keep(at: now + .seconds(59))
        #expect(isFenced() == false)
        root.keep(at: now + .seconds(61))
        #expect(isFenced() == true)
    }

    /// A horizon that was reached and is not said yet, as a batch is full, is said by who leads on after a lapse.
    @Test func aLapseForgetsNoHorizon() {
        let opened = Self.at(1_000_000)
        var root = TestRoot(at: opened)
        _ = root.run([.open(start: 1, root.holder, candidate: LedgerSession(7))], at: opened)
        root.machine.counts(LedgerSession(7), at: opened)
        root.keep(at: opened + .seconds(3_660))
        #expect(root.machine.book?.children.first?.isPresumed == false)
        let reached = opened + .seconds(3_662)
        let many = Array(repeating: RootCommand.find(AccountName(campaign: "none"), nil), count: 2_048)
        for _ in 0..<2 {
            let isTaken = root.machine.ask(many, ticket: 7, at: reached)
            #expect(isTaken)
        }
        let batch = root.machine.next(at: reached)
        #expect(batch != nil)
        _ = root.machine.acknowledged(at: reached + .seconds(20))
        root.keep(at: reached + .seconds(21))
        #expect(root.machine.book?.children.first?.isPresumed == true)
    }
}
