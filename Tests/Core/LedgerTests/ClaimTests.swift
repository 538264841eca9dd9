// Bills that come to another node than the one that set their money aside, with a root that is the real machine: counted once a key,
// said until nothing more is to be heard of them, and taken in by the journal of their own node.
import Ledger
import Testing
import Units

@Suite struct ClaimTests {
    private static let start = Instant(nanoseconds: 1_000_000_000_000)
    private static let account = AccountIndex(0)

    /// Two nodes of one root, of which the first has been granted 900 of 1,000.
    private struct Two {
        var root: TestRoot
        var holder: TestNode
        var other: TestNode
        var now = ClaimTests.start

        init() {
            root = TestRoot(at: now)
            root.order("a", budget: 1_000, at: now)
            holder = TestNode(50, at: now)
            other = TestNode(60, at: now)
            Self.live(&holder, &root, &now)
            Self.live(&other, &root, &now)
            holder.tell(.requested(ClaimTests.account, upTo: Micros(900)), at: now)
            holder.talk(&root, at: &now)
        }

        private static func live(_ node: inout TestNode, _ root: inout TestRoot, _ now: inout Instant) {
            node.tell(.termsChanged(terms(["a"])), at: now)
            node.tell(.renewalAsked(sentAt: now), at: now)
            node.talk(&root, at: &now)
        }

        func claim(_ sequence: UInt64, _ amount: Int64, of session: UInt64 = 50) -> Claim {
            Claim(
                key: ReservationKey(session: LedgerSession(session), shard: 0, sequence: sequence),
                account: ClaimTests.account, currency: .usd, reserved: Micros(10), amount: Micros(amount))
        }

        mutating func take(_ claim: Claim) { other.session.claimed(TakenClaim(claim, at: now)) }

        mutating func settle(_ sequence: UInt64, paid: Int64, late: Int64 = 0) {
            let key = ReservationKey(session: holder.number, shard: 0, sequence: sequence)
            holder.session.recorded(
                .settled(
                    SettlementRecord(
                        key: key, account: ClaimTests.account, reserved: Micros(10), paid: Micros(paid),
                        late: Micros(late))))
        }

        /// What is at the root: settled, late, and claims that no journal has taken in.
        var books: [Int64] {
            [
                root.places(0)?.settled.rawValue ?? -1, root.places(0)?.late.rawValue ?? -1,
                Int64(root.machine.book?.leaves.reduce(0) { $0 + $1.claims.count } ?? -1),
            ]
        }
    }

    @Test func aTokenNamesTheAccountByBothNumbers() {
        for (own, issuers) in [(0, 0), (65_535, 32_767), (3, 4_095)] as [(UInt32, UInt32)] {
            let account = TokenAccount(own: AccountIndex(own), issuers: AccountIndex(issuers))
            #expect(account.issuers == AccountIndex(issuers))
            #expect(TokenAccount(window: account.window) == account)
        }
        // As tokens were before, and of a node whose issuer is its own.
        let alone = TokenAccount(own: AccountIndex(70_000), issuers: nil)
        #expect(alone.window == 70_000 && TokenAccount(window: 70_000) == alone)
        // There is no room for these.
        for (own, issuers) in [(65_536, 1), (1, 32_768)] as [(UInt32, UInt32)] {
            let account = TokenAccount(own: AccountIndex(own), issuers: AccountIndex(issuers))
            #expect(account.issuers == nil && account.window == own)
        }
    }

    @Test func aClaimIsSaidUntilItsOwnNodeHasSpoken() {
        var two = Two()
        two.take(two.claim(3, 8))
        #expect(two.other.session.claims.standings.waiting == 1)
        two.other.exchange(&two.root, at: two.now, lost: true)
        two.other.talk(&two.root, at: &two.now)
        #expect(two.books == [8, 0, 1])
        // Counted, and kept, as the root may lose it with a tail.
        var standings = two.other.session.claims.standings
        #expect(standings.count == 1 && standings.waiting == 0 && standings.counted == 1)
        #expect(two.other.session.forgetClaims() == [])
        // Its own node hears of it with its next renewal, and takes it in.
        #expect(two.holder.bills == [:])
        two.now = two.now + .seconds(1)
        two.holder.tell(.renewalAsked(sentAt: two.now), at: two.now)
        two.holder.exchange(&two.root, at: two.now)
        #expect(two.holder.bills == [two.claim(3, 8).key: Micros(8)] && two.holder.leasedUntil != nil)
        two.settle(3, paid: 8)
        two.holder.talk(&two.root, at: &two.now)
        #expect(two.books == [8, 0, 0])
        for _ in 0..<40 {
            two.now = two.now + .seconds(2)
            two.other.exchange(&two.root, at: two.now)
        }
        standings = two.other.session.claims.standings
        #expect(standings.count == 0 && standings.acknowledged == 1 && standings.counted == 1)
        #expect(two.other.session.forgetClaims() == [two.claim(3, 8).key])
        #expect(two.other.session.refusals.isEmpty && two.holder.session.refusals.isEmpty)
    }

    @Test func aBillAtTwoNodesAndAtItsOwnCountsOnceInEitherOrder() {
        for settledFirst in [true, false] {
            var two = Two()
            if settledFirst {
                two.settle(3, paid: 8)
                two.holder.talk(&two.root, at: &two.now)
            }
            // At two shards of one node, and at another node.
            two.take(two.claim(3, 8))
            two.take(two.claim(3, 8))
            var third = TestNode(70, at: two.now)
            third.session.claimed(TakenClaim(two.claim(3, 8), at: two.now))
            two.other.talk(&two.root, at: &two.now)
            third.talk(&two.root, at: &two.now)
            #expect(two.books == [8, 0, settledFirst ? 0 : 1])
            two.settle(3, paid: 8)
            two.holder.talk(&two.root, at: &two.now)
            #expect(two.books == [8, 0, 0])
        }
    }

    /// Above what was set aside it is late billing; a session that is over pays from suspense, and from what was presumed spent.
    @Test func aClaimMovesMoneyOfASessionThatIsOver() {
        for seconds in [Int64(120), 4_000] {
            var two = Two()
            two.root.keep(at: two.now + .seconds(seconds))
            two.now = two.now + .seconds(seconds)
            let account = two.root.places(0)
            #expect((seconds > 3_600 ? account?.presumed : account?.suspense) == Micros(900))
            two.other.tell(.renewalAsked(sentAt: two.now), at: two.now)
            two.take(two.claim(3, 14))
            two.other.talk(&two.root, at: &two.now)
            #expect(two.books == [10, 4, 1])
            let after = two.root.places(0)
            #expect((seconds > 3_600 ? after?.presumed : after?.suspense) == Micros(890))
            // Behind the horizon nobody waits for another word.
            #expect(two.other.session.claims.standings.count == (seconds > 3_600 ? 0 : 1))
        }
    }

    @Test func whatTheRootDoesNotKnowIsRefusedAndGivenUpInTheEnd() {
        var two = Two()
        two.take(two.claim(3, 8, of: 51))
        two.take(two.claim(4, 100_000_000))
        two.other.talk(&two.root, at: &two.now)
        #expect(two.books == [0, 0, 0])
        var standings = two.other.session.claims.standings
        #expect(standings.waiting == 2 && standings.refused == 2 && standings.oldest != nil)
        #expect(two.other.session.refusals == [.unknownLeaf: 1, .beyondGranted: 1])
        for _ in 0..<20 {
            two.now = two.now + .seconds(5)
            two.other.exchange(&two.root, at: two.now)
        }
        standings = two.other.session.claims.standings
        #expect(standings.count == 0 && standings.givenUp == 2)
        #expect(two.other.session.forgetClaims().count == 2)
        #expect(two.other.session.refusals == [.unknownLeaf: 1, .beyondGranted: 1])
    }

    @Test func aStartSaysWhatItsJournalsKeep() throws {
        var two = Two()
        var balances = Balances()
        balances.replay.keepsEvidence = true
        #expect(balances.encoded()[8] == 3)
        for sequence in 0..<3 as Range<UInt64> {
            balances.replay.claimed(two.claim(sequence, 5), at: two.now + .seconds(Int64(sequence)))
        }
        // Twice in the journals, as its notice came to two shards.
        balances.replay.claimed(two.claim(1, 6), at: two.now + .seconds(9))
        let bytes = balances.encoded()
        #expect(bytes[8] == 4)
        var read = try Balances(bytes.span.raw)
        #expect(read.encoded() == bytes && read.replay.elsewhere == balances.replay.elsewhere)
        #expect(read.replay.elsewhere[two.claim(1, 5).key]?.claim.amount == Micros(5))
        let unknown = two.claim(9, 5).key
        #expect(read.replay.forget(claims: [two.claim(0, 5).key, unknown]) == [unknown])
        #expect(read.replay.elsewhere.count == 2)

        two.other = TestNode(61, read.replay, at: two.now)
        two.other.talk(&two.root, at: &two.now)
        #expect(two.books == [10, 0, 2])
    }

    /// Its own node comes back: what it has to say of the session that is over waits until it has taken the bill in.
    @Test func aClosingWaitsForClaimsAndIsToldThem() {
        var two = Two()
        two.take(two.claim(3, 8))
        two.other.talk(&two.root, at: &two.now)
        let (key, account) = (two.claim(3, 8).key, Self.account)
        let writer = ShardSession(session: two.holder.number, shard: 0)
        var replay = LedgerReplay()
        replay.keepsEvidence = true
        replay.opened(account, AccountName(campaign: "a"), by: writer)
        replay.take(
            .mark(DrawMark(account: account, number: 1, amount: Micros(100), drawn: Micros(100))), by: writer,
            at: two.now)
        replay.take(
            .reserved(
                Reservation(
                    key: key, account: account, mark: 1, amount: Micros(10), expires: two.now + .seconds(500))
            ),
            by: writer, at: two.now)
        var next = TestNode(80, replay, at: two.now)
        next.tell(.termsChanged(terms(["a"])), at: two.now)
        for _ in 0..<30 {
            two.now = two.now + .seconds(5)
            next.tell(.renewalAsked(sentAt: two.now), at: two.now)
            next.exchange(&two.root, at: two.now)
        }
        #expect(next.bills == [key: Micros(8)] && two.books == [8, 0, 1])
        #expect(next.session.openEvidence > 0 && next.session.refusals.isEmpty)
        next.session.recorded(
            .settled(
                SettlementRecord(
                    key: key, account: account, reserved: Micros(10), paid: Micros(8), late: .zero)))
        for _ in 0..<4 {
            two.now = two.now + .seconds(8)
            next.exchange(&two.root, at: two.now)
        }
        #expect(two.books == [8, 0, 0])
        // What was in doubt of the mark.
        #expect(two.root.places(0)?.suspense == Micros(90))
        #expect(next.session.openEvidence == 0 && next.session.refusals.isEmpty)
    }

    /// A broker carries claims to the root, and what came of them back to its own nodes.
    @Test func aBrokerCarriesClaimsBothWays() throws {
        var now = Self.start
        var root = TestRoot(at: now)
        root.order("a", budget: 1_000, at: now)
        let holder = HolderNumber(1)
        let node = LedgerSession(77)
        let key = LeafKey(root: LedgerSession(0), node: node)
        var brokers = [try TestBroker(start: 5_000, at: now), try TestBroker(start: 6_000, at: now)]
        func ask(_ event: BookEvent) -> RootCommand { .book(event, by: holder) }
        func turn() {
            for at in brokers.indices { brokers[at].exchange(&root, at: now) }
            now = now + .seconds(1)
        }
        func say(_ broker: Int, _ event: BookEvent) -> RootAnswer? {
            brokers[broker].desk.take([ask(event)], at: now)?.first
        }
        for _ in 0..<4 { turn() }
        _ = brokers[0].desk.take([.find(AccountName(campaign: "a"), .usd)], at: now)
        _ = say(0, .leafRegistered(LeafKey(root: node, node: node)))
        turn()
        _ = say(0, .requested(node, Self.account, upTo: Micros(100)))
        turn()
        let claim = Claim(
            key: ReservationKey(session: node, shard: 0, sequence: 65), account: Self.account, currency: .usd,
            reserved: Micros(10), amount: Micros(8))
        // It comes to a node of the other broker's region.
        #expect(say(1, .claimed(key, claim)) == .taken)
        turn()
        #expect(say(1, .claimed(key, claim)) == .book([.forwardClaim(key, claim)]))
        #expect(root.places(0)?.settled == Micros(8))
        // The node's own broker hears of it when it renews, and tells the node when that does.
        func renewal(_ id: UInt64, _ nonce: UInt64) -> RootAnswer? {
            say(0, .renewalAsked(node, RenewalChain.Request(id: id, nonce: nonce, sentAt: now), next: id))
        }
        guard case .leased? = renewal(1, 0) else { return #expect(Bool(false), "nothing is known yet") }
        for _ in 0..<20 { turn() }
        guard case .telling(.leased, let told)? = renewal(2, 1) else {
            return #expect(Bool(false), "the node is not told")
        }
        #expect(told == [.forwardClaim(key, claim)])
        // Also where it has ended and only its closings are said.
        let closing = BookEvent.closed(
            key, Closing(account: Self.account, drawn: Micros(20), freed: Micros(5)))
        #expect(
            say(0, closing)
                == .telling(.book([.refuse(.beforeTheFence, node)]), [.forwardClaim(key, claim)]))
        // Its journal has it: nobody is told any more, and it counts once.
        let block = SettlementBlock(
            account: Self.account, shard: 0, number: 1, mask: 2, paid: Micros(8), late: .zero)
        _ = say(0, .settled(key, block))
        turn()
        turn()
        #expect(root.places(0)?.settled == Micros(8))
        #expect(root.machine.book?.leaves.allSatisfy { $0.claims.isEmpty } == true)
        guard case .leased? = renewal(3, 2) else { return #expect(Bool(false), "it is told again") }
        _ = say(1, .claimed(key, claim))
        turn()
        #expect(say(1, .claimed(key, claim)) == .book([.acknowledgeClaim(key, claim.key)]))
        // An unknown session's is refused with the root's reason.
        let foreign = LeafKey(root: LedgerSession(0), node: LedgerSession(1))
        var other = claim
        other.key = ReservationKey(session: foreign.node, shard: 0, sequence: 1)
        _ = say(1, .claimed(foreign, other))
        turn()
        #expect(say(1, .claimed(foreign, other)) == .refused(.unknownLeaf, foreign.node))
    }
}
