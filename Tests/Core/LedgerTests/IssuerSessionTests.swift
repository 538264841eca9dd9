// A node's session with a root that is the real machine: what is said twice, what gets no answer, what a restart has to say,
// and what ends a session.
import Ledger
import Testing
import Units

/// The side of the node: the session, and what its effects came to.
struct TestNode {
    var session: IssuerSession
    var opened: [AccountIndex: AccountName] = [:]
    var granted: [AccountIndex: Micros] = [:]
    var leasedUntil: Instant?
    /// Bills of its own that came elsewhere.
    var bills: [ReservationKey: Micros] = [:]
    let number: LedgerSession

    init(_ number: UInt64, _ replay: LedgerReplay = LedgerReplay(), at now: Instant) {
        self.number = LedgerSession(number)
        let opening = replay.opening(for: LedgerSession(number), at: now, grace: .seconds(1))
        let names = Dictionary(
            uniqueKeysWithValues: replay.names.sorted().enumerated().map {
                ($1, AccountIndex(UInt32($0)))
            })
        session = IssuerSession(
            opening, replay, session: LedgerSession(number), names: names,
            limits: IssuerSession.Limits(lifetime: .seconds(30), aheadSeconds: 10), seed: 7, at: now)
    }

    mutating func tell(_ event: IssuerEvent, at now: Instant) {
        var effects: [IssuerEffect] = []
        session.handle(event, at: now, &effects)
        follow(effects)
    }

    mutating func follow(_ effects: [IssuerEffect]) {
        for effect in effects {
            switch effect {
            case .open(let account, let name, _): opened[account] = name
            case .close(let account): opened[account] = nil
            case .grant(let account, let upTo, _): granted[account] = upTo
            case .lease(let sentAt, let length): leasedUntil = sentAt + length
            case .bill(let key, _, let amount, _): bills[key] = amount
            }
        }
    }

    /// One exchange, as far as anything is to be said. Answers whether there was.
    @discardableResult
    mutating func exchange(_ root: inout TestRoot, at now: Instant, lost: Bool = false) -> Bool {
        let sayings = session.next(at: now)
        guard !sayings.isEmpty else { return false }
        let words = root.hear(sayings, at: now)
        guard !lost else {
            session.unanswered(at: now)
            return true
        }
        var effects: [IssuerEffect] = []
        session.answered(words, at: now, &effects)
        follow(effects)
        return true
    }

    /// Until nothing is to be said; time goes on by a second each time.
    mutating func talk(_ root: inout TestRoot, at now: inout Instant) {
        for _ in 0..<8 {
            now = now + .seconds(1)
            exchange(&root, at: now)
            for account in opened.keys { session.noted(account) }
        }
    }
}

func terms(_ campaigns: [String], currency: CurrencyCode = .usd) -> [CampaignTerms] {
    campaigns.map {
        CampaignTerms(
            campaign: $0, lifetime: .zero, daily: nil, dayStartsAtMinutes: 0, highest: Micros(10),
            currency: currency)
    }
}

@Suite struct IssuerSessionTests {
    private static let start = Instant(nanoseconds: 1_000_000_000_000)

    /// A session that is live, on one account with this budget.
    private static func live(budget: Int64 = 1_000) -> (TestRoot, TestNode, Instant) {
        var now = start
        var root = TestRoot(at: now)
        root.order("a", budget: budget, at: now)
        var node = TestNode(50, at: now)
        node.tell(.termsChanged(terms(["a"])), at: now)
        node.tell(.renewalAsked(sentAt: now), at: now)
        node.talk(&root, at: &now)
        return (root, node, now)
    }

    @Test func asksForNothingBeforeANameIsDurable() {
        var now = Self.start
        var root = TestRoot(at: now)
        root.order("a", budget: 1_000, at: now)
        var node = TestNode(50, at: now)
        node.tell(.termsChanged(terms(["a"])), at: now)
        node.tell(.requested(AccountIndex(0), upTo: Micros(100)), at: now)
        for _ in 0..<5 {
            now = now + .seconds(1)
            node.exchange(&root, at: now)
        }
        #expect(node.opened[AccountIndex(0)]?.campaign == "a")
        #expect(node.session.phase == .waiting && root.machine.book?.children.isEmpty == true)
        node.session.noted(AccountIndex(0))
        node.tell(.renewalAsked(sentAt: now), at: now)
        node.talk(&root, at: &now)
        #expect(node.session.phase == .live)
        #expect(node.granted[AccountIndex(0)] == Micros(100))
        #expect(node.leasedUntil != nil)
        #expect(root.machine.book?.leaves.map(\.key.node) == [LedgerSession(50)])
    }

    @Test func whatGotNoAnswerIsSaidAgainAndCountsOnce() {
        var (root, node, now) = Self.live()
        node.tell(.requested(AccountIndex(0), upTo: Micros(300)), at: now)
        for lost in [true, true, false] {
            now = now + .seconds(3)
            node.exchange(&root, at: now, lost: lost)
        }
        #expect(node.granted[AccountIndex(0)] == Micros(300))
        #expect(root.places(0)?.granted == Micros(300))
        var report = HolderReport(account: AccountIndex(0))
        report.returned = Micros(50)
        node.tell(.reported(report), at: now)
        for lost in [true, false, false] {
            now = now + .seconds(3)
            node.exchange(&root, at: now, lost: lost)
        }
        #expect(root.places(0)?.granted == Micros(250))
    }

    /// It was granted, and the answer was lost: what the node never heard of goes back with the rest before it has given back all.
    @Test func whatWasGrantedWithoutAnAnswerGoesBackAtTheEnd() {
        var (root, node, now) = Self.live()
        node.tell(.requested(AccountIndex(0), upTo: Micros(300)), at: now)
        now = now + .seconds(3)
        node.exchange(&root, at: now, lost: true)
        #expect(root.places(0)?.granted == Micros(300))
        node.tell(.termsChanged([]), at: now)
        #expect(!node.session.hasGivenBack)
        node.talk(&root, at: &now)
        #expect(node.session.hasGivenBack)
        #expect(root.places(0)?.granted == .zero)
    }

    /// What is spent in ten seconds is kept, is there when nobody answers, and goes back when nothing is spent.
    @Test func keepsMoneyForTheTimeInWhichNobodyAnswers() {
        var (root, node, now) = Self.live(budget: 100_000)
        let account = AccountIndex(0)
        var upTo = Micros.zero
        for _ in 0..<40 {
            upTo += Micros(100)
            now = now + .seconds(1)
            node.tell(.requested(account, upTo: upTo), at: now)
            node.tell(.turned, at: now)
            node.tell(.renewalAsked(sentAt: now), at: now)
            node.exchange(&root, at: now)
        }
        let granted = root.places(0)?.granted ?? .zero
        #expect(granted >= upTo + Micros(500) && granted <= upTo + Micros(1_100), "\(granted), \(upTo)")
        // Nobody answers for five seconds.
        for _ in 0..<4 {
            upTo += Micros(100)
            now = now + .seconds(1)
            node.tell(.requested(account, upTo: upTo), at: now)
            #expect(node.granted[account] == upTo)
        }
        for _ in 0..<60 {
            now = now + .seconds(1)
            node.tell(.turned, at: now)
            node.tell(.renewalAsked(sentAt: now), at: now)
            node.exchange(&root, at: now)
        }
        let left = root.places(0)?.granted ?? .zero
        #expect(left <= upTo + Micros(100), "\(left), \(upTo)")
        #expect(node.session.refusals.isEmpty)
    }

    /// Who loses its issuer in its first seconds has money for as long as anybody else.
    @Test func keepsAsMuchInItsFirstSeconds() {
        var (root, node, now) = Self.live(budget: 100_000)
        var upTo = Micros.zero
        for _ in 0..<4 {
            upTo += Micros(100)
            now = now + .seconds(1)
            node.tell(.requested(AccountIndex(0), upTo: upTo), at: now)
            node.exchange(&root, at: now)
            node.tell(.turned, at: now)
        }
        now = now + .seconds(1)
        node.exchange(&root, at: now)
        let granted = root.places(0)?.granted ?? .zero
        #expect(granted >= upTo + Micros(900) && granted <= upTo + Micros(1_100), "\(granted), \(upTo)")
    }

    /// A grant that was asked for before the end has to come back too.
    @Test func anEndWaitsForWhatIsOnItsWay() {
        var (root, node, now) = Self.live()
        node.tell(.requested(AccountIndex(0), upTo: Micros(300)), at: now)
        let sayings = node.session.next(at: now)
        node.tell(.termsChanged([]), at: now)
        #expect(!node.session.hasGivenBack)
        var effects: [IssuerEffect] = []
        node.session.answered(root.hear(sayings, at: now), at: now, &effects)
        node.follow(effects)
        // The holder was closed before it heard of this, and gives all of it back.
        var report = HolderReport(account: AccountIndex(0))
        report.returned = node.granted[AccountIndex(0)] ?? .zero
        node.tell(.reported(report), at: now)
        #expect(!node.session.hasGivenBack)
        node.exchange(&root, at: now)
        #expect(node.session.hasGivenBack && root.places(0)?.granted == .zero)
    }

    @Test func settlementsCountOnceHoweverOftenTheyAreSaid() {
        var (root, node, now) = Self.live()
        node.tell(.requested(AccountIndex(0), upTo: Micros(900)), at: now)
        node.talk(&root, at: &now)
        for sequence in 0..<80 {
            let key = ReservationKey(session: node.number, shard: 0, sequence: UInt64(sequence))
            let record = SettlementRecord(
                key: key, account: AccountIndex(0), reserved: Micros(10), paid: Micros(7), late: .zero)
            node.session.recorded(.settled(record))
            if sequence % 3 == 0 {
                now = now + .seconds(3)
                node.exchange(&root, at: now, lost: sequence % 2 == 0)
            }
        }
        node.talk(&root, at: &now)
        #expect(root.places(0)?.settled == Micros(560))
        #expect(node.session.openEvidence == 0 && node.session.refusals.isEmpty)
        // Acknowledged, and its reservations long over, the first block is forgotten; the second may still grow.
        now = now + .seconds(40)
        _ = node.session.forget(at: now)
        now = now + .seconds(40)
        let forgotten = node.session.forget(at: now)
        #expect(forgotten.map(\.block.number) == [0])
        #expect(forgotten.first?.block.mask == .max)
    }

    @Test func aRestartClosesWhatItsJournalsSay() {
        var (root, node, now) = Self.live()
        node.tell(.requested(AccountIndex(0), upTo: Micros(400)), at: now)
        node.talk(&root, at: &now)
        // What the journal of that session holds: a mark of 100, two reservations of 10, one billed at 7.
        let writer = ShardSession(session: node.number, shard: 0)
        var replay = LedgerReplay()
        replay.keepsEvidence = true
        replay.opened(AccountIndex(0), AccountName(campaign: "a"), by: writer)
        replay.take(
            .mark(DrawMark(account: AccountIndex(0), number: 1, amount: Micros(100), drawn: Micros(100))),
            by: writer, at: now)
        for sequence in 0..<2 {
            replay.take(
                .reserved(
                    Reservation(
                        key: ReservationKey(session: node.number, shard: 0, sequence: UInt64(sequence)),
                        account: AccountIndex(0), mark: 1, amount: Micros(10), expires: now + .seconds(5))),
                by: writer, at: now)
        }
        let billed = SettlementRecord(
            key: ReservationKey(session: node.number, shard: 0, sequence: 0), account: AccountIndex(0),
            reserved: Micros(10), paid: Micros(7), late: .zero)
        replay.take(.settled(billed), by: writer, at: now)

        var next = TestNode(60, replay, at: now)
        next.tell(.termsChanged(terms(["a"])), at: now)
        next.talk(&root, at: &now)
        // The settlement counts at once; the closing waits for the fence.
        #expect(root.places(0)?.settled == Micros(7))
        #expect(root.places(0)?.granted == Micros(393))
        #expect(next.session.openEvidence > 0)
        for _ in 0..<30 {
            now = now + .seconds(5)
            next.tell(.renewalAsked(sentAt: now), at: now)
            next.exchange(&root, at: now)
        }
        // Drawn and neither freed nor settled: one reservation, and what was in doubt of the mark.
        #expect(root.places(0)?.suspense == Micros(90))
        #expect(root.places(0)?.settled == Micros(7))
        #expect(next.session.openEvidence == 0)
        // The other reservation is over.
        next.session.recorded(
            .released(
                ReleaseRecord(
                    key: ReservationKey(session: node.number, shard: 0, sequence: 1),
                    account: AccountIndex(0), amount: Micros(10), cause: .expired)))
        for _ in 0..<3 {
            now = now + .seconds(5)
            next.tell(.renewalAsked(sentAt: now), at: now)
            next.exchange(&root, at: now)
        }
        #expect(root.places(0)?.suspense == Micros(80))
        #expect(next.session.acknowledged == [node.number])
    }

    @Test func anAccountThatIsNotThereHasNoMoneyAndSaysSo() {
        var now = Self.start
        var root = TestRoot(at: now)
        root.order("b", budget: 10, currency: CurrencyCode("EUR")!, at: now)
        var node = TestNode(50, at: now)
        node.tell(.termsChanged(terms(["a", "b"])), at: now)
        node.talk(&root, at: &now)
        #expect(node.opened.isEmpty)
        #expect(node.session.money().map(\.trouble) == [.noAccount, .otherCurrency])
        // An operator opens it: it is found without a restart.
        root.order("a", budget: 1_000, at: now)
        node.talk(&root, at: &now)
        #expect(node.opened.values.map(\.campaign) == ["a"])
        #expect(node.session.money().map(\.trouble) == [nil, .otherCurrency])
    }

    /// That of a campaign which was just published is opened within a moment.
    @Test func anAccountThatIsNotThereIsAskedForEverMoreSeldom() {
        var root = TestRoot(at: Self.start)
        var node = TestNode(50, at: Self.start)
        node.tell(.termsChanged(terms(["a"])), at: Self.start)
        var (now, asked) = (Self.start, [Int64]())
        while asked.count < 8 {
            if node.exchange(&root, at: now) { asked.append((now - Self.start).wholeMilliseconds) }
            now = now + .milliseconds(50)
        }
        #expect(asked == [0, 250, 750, 1_750, 3_750, 7_750, 12_750, 17_750])
    }

    @Test func aSessionThatTheRootFencedIsOver() {
        var (root, node, now) = Self.live()
        #expect(node.session.phase == .live)
        now = now + .seconds(120)
        root.keep(at: now)
        now = now + .seconds(1)
        node.tell(.renewalAsked(sentAt: now), at: now)
        node.talk(&root, at: &now)
        #expect(node.session.phase == .over(.fenced))
        #expect(!node.session.isGettingReady)
    }

    @Test func retriesAreSpreadAndBounded() {
        var node = TestNode(50, at: Self.start)
        node.tell(.termsChanged(terms(["a"])), at: Self.start)
        var now = Self.start
        var waits: [Int64] = []
        for _ in 0..<12 {
            let from = now
            while node.session.next(at: now).isEmpty { now = now + .milliseconds(1) }
            waits.append((now - from).wholeMilliseconds)
            node.session.unanswered(at: now)
        }
        #expect(waits[1] <= 50 && waits.max()! <= 2_000 && waits.last! >= 1_000, "\(waits)")
    }
}

@Suite struct EvidenceInBalancesTests {
    private static func replay(_ settlements: Int, keepsEvidence: Bool) -> LedgerReplay {
        let writer = ShardSession(session: LedgerSession(50), shard: 1)
        var replay = LedgerReplay()
        replay.keepsEvidence = keepsEvidence
        replay.opened(AccountIndex(4), AccountName(campaign: "a", day: BudgetDay(number: 9)), by: writer)
        for sequence in 0..<settlements {
            replay.take(
                .settled(
                    SettlementRecord(
                        key: ReservationKey(
                            session: writer.session, shard: 1, sequence: UInt64(sequence)),
                        account: AccountIndex(4), reserved: Micros(10), paid: Micros(7), late: Micros(1))),
                by: writer, at: Instant(nanoseconds: 5))
        }
        return replay
    }

    @Test func blocksComeBackFromTheDiskUntilTheIssuerHasThem() throws {
        var balances = Balances()
        balances.replay = Self.replay(100, keepsEvidence: true)
        let bytes = balances.encoded()
        var read = try Balances(bytes.span.raw)
        #expect(read.encoded() == bytes)
        // What the issuer has is forgotten; what has grown meanwhile is not.
        var now = Instant(nanoseconds: 1_000_000_000)
        var root = TestRoot(at: now)
        var node = TestNode(60, read.replay, at: now)
        #expect(node.session.openEvidence == 4)
        node.talk(&root, at: &now)
        let name = AccountName(campaign: "a", day: BudgetDay(number: 9))
        let whole = NodeEvidence.Forgotten(
            session: LedgerSession(50), name: name,
            block: SettlementBlock(account: AccountIndex(0), shard: 1, number: 0, mask: .max))
        let part = NodeEvidence.Forgotten(
            session: LedgerSession(50), name: name,
            block: SettlementBlock(account: AccountIndex(0), shard: 1, number: 1, mask: 3))
        #expect(read.replay.forget([whole, part], acknowledged: []) == [part])
        #expect(read.encoded().count == bytes.count - 40)
        // Cut or changed, they are refused.
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: NumbersRefusal.self) { try Balances(Array(bytes[..<length]).span.raw) }
        }
    }

    /// So that the program before this one reads it.
    @Test func withoutAnIssuerElsewhereTheyAreAsTheyWere() {
        var balances = Balances()
        balances.replay = Self.replay(3, keepsEvidence: false)
        #expect(balances.encoded()[8] == 2)
        balances.replay = Self.replay(3, keepsEvidence: true)
        #expect(balances.encoded()[8] == 3)
    }
}

@Suite struct BudgetDayTests {
    @Test func datesComeBackAsTheyWere() {
        for number in stride(from: Int32(0), to: 60_000, by: 17) {
            let day = BudgetDay(number: number)
            #expect(BudgetDay(date: day.date) == day, "\(number): \(day.date)")
        }
        #expect(BudgetDay(date: "2026-11-28")?.number == 20_785)
        #expect(BudgetDay(number: 20_785).date == "2026-11-28")
        for none in ["2026-02-30", "2026-13-01", "26-11-28", "2026-11-28 ", "1969-12-31", ""] {
            #expect(BudgetDay(date: none) == nil, "\(none)")
        }
    }
}
