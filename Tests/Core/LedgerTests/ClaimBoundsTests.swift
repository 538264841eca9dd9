// How many claims go round, and that they do: what one exchange carries is bounded, whoever lives hears of its own beside any number
// that nobody takes in, and a broker keeps those of its own nodes alone.
import Testing
import Units

@testable import Ledger

@Suite struct ClaimBoundsTests {
    private static let start = Instant(nanoseconds: 1_000_000_000_000)
    private static let session = LedgerSession(900)
    private let holder = HolderNumber(3)

    private func leaf(_ node: UInt64, of session: LedgerSession = ClaimBoundsTests.session) -> LeafKey {
        LeafKey(root: session, node: LedgerSession(node))
    }

    private func claim(_ node: UInt64, _ sequence: Int, account: UInt32 = 0) -> Claim {
        Claim(
            key: ReservationKey(session: LedgerSession(node), shard: 0, sequence: UInt64(sequence)),
            account: AccountIndex(account), currency: .usd, reserved: Micros(10), amount: Micros(1))
    }

    private func claims(_ node: UInt64, _ count: Int, account: UInt32 = 0) -> [RootCommand] {
        (0..<count).map {
            .book(.claimed(leaf(node), claim(node, $0 + 10_000 * Int(account), account: account)), by: nil)
        }
    }

    /// A session of these nodes, with money of two accounts.
    private func root(_ nodes: [UInt64]) -> TestRoot {
        var root = TestRoot(at: Self.start)
        for name in ["a", "b"] { root.order(name, budget: 10_000, at: Self.start) }
        var commands: [RootCommand] = [.open(start: 1, holder, candidate: Self.session)]
        commands += nodes.map { .book(.leafRegistered(leaf($0)), by: holder) }
        for account in 0..<2 as Range<UInt32> {
            commands.append(
                .book(.requested(Self.session, AccountIndex(account), upTo: Micros(5_000)), by: holder))
        }
        _ = root.run(commands, at: Self.start)
        root.machine.counts(Self.session, at: Self.start)
        return root
    }

    private func close(_ node: UInt64, account: UInt32 = 0) -> RootCommand {
        .book(
            .closed(leaf(node), Closing(account: AccountIndex(account), drawn: Micros(900), freed: .zero)),
            by: nil)
    }

    private func keys(_ effects: [BookEffect]) -> [ReservationKey] {
        var keys: [ReservationKey] = []
        for case .forwardClaim(_, let claim) in effects { keys.append(claim.key) }
        return keys
    }

    private func keys(_ answer: RootAnswer?) -> [ReservationKey] {
        switch answer {
        case .book(let effects), .telling(_, let effects): keys(effects)
        default: []
        }
    }

    // MARK: The root

    @Test func aClosingWaitsForItsOwnAccountsClaimsAndNamesAFew() {
        var root = root([70])
        _ = root.run(claims(70, 100) + claims(70, 1, account: 1), at: Self.start)
        let now = Self.start + .seconds(120)
        root.keep(at: now)
        var named: [ReservationKey] = []
        for _ in 0..<2 {
            let answer = root.run([close(70)], at: now)[0]
            guard case .book(let effects) = answer else { return #expect(Bool(false), "\(answer)") }
            #expect(effects.last == .refuse(.behindClaims, LedgerSession(70)))
            #expect(keys(effects).count == 64)
            named += keys(effects)
        }
        // The other account's are not among them.
        #expect(Set(named) == Set((0..<100).map { claim(70, $0).key }))
        // It waits for none of the first one's.
        let block = SettlementBlock(
            account: AccountIndex(1), shard: 0, number: 10_000 >> 6, mask: 1 << (10_000 & 63),
            paid: Micros(1), late: .zero)
        _ = root.run([.book(.settled(leaf(70), block), by: nil)], at: now)
        let closed = root.run([close(70, account: 1)], at: now)[0]
        guard case .book(let effects) = closed, case .acknowledgeClosing? = effects.first else {
            return #expect(Bool(false), "\(closed)")
        }
    }

    @Test func anExchangeOfClosingsStaysSmall() {
        let nodes = Array(70..<170 as Range<UInt64>)
        var root = root(nodes)
        for node in nodes { _ = root.run(claims(node, 40), at: Self.start) }
        let now = Self.start + .seconds(120)
        root.keep(at: now)
        let answers = root.run(nodes.map { close($0) }, at: now)
        #expect(answers.reduce(0) { $0 + keys($1).count } == 512)
        for (answer, node) in zip(answers, nodes) {
            guard case .book(let effects) = answer else { return #expect(Bool(false), "\(answer)") }
            #expect(effects.last == .refuse(.behindClaims, LedgerSession(node)))
        }
        // Of the next one nothing was taken away.
        #expect(keys(root.run([close(70)], at: now)[0]).count == 40)
    }

    @Test func claimsOfALostNodeKeepNobodysBack() {
        var root = root([70, 71, 72])
        _ = root.run(claims(70, 300) + claims(71, 1) + claims(72, 2), at: Self.start)
        let others = [claim(71, 0).key, claim(72, 0).key, claim(72, 1).key]
        var lost: Set<ReservationKey> = []
        for id in 1...2 as ClosedRange<UInt64> {
            let request = RenewalChain.Request(id: id, nonce: id - 1, sentAt: Self.start)
            let answer = root.run(
                [.book(.renewalAsked(Self.session, request, next: id), by: holder)], at: Self.start)[0]
            let named = keys(answer)
            #expect(named.count == 256 && Set(others).isSubset(of: named), "\(id)")
            lost.formUnion(named.filter { $0.session == LedgerSession(70) })
        }
        #expect(lost.count == 300)
    }

    /// More node sessions than one renewal names.
    @Test func everyNodeSessionHasItsTurn() {
        let nodes = Array(1_000..<1_400 as Range<UInt64>)
        var root = root(nodes)
        for node in nodes { _ = root.run(claims(node, 3), at: Self.start) }
        var named: Set<LedgerSession> = []
        for id in 1...2 as ClosedRange<UInt64> {
            let request = RenewalChain.Request(id: id, nonce: id - 1, sentAt: Self.start)
            let answer = root.run(
                [.book(.renewalAsked(Self.session, request, next: id), by: holder)], at: Self.start)[0]
            named.formUnion(keys(answer).map(\.session))
        }
        #expect(named.count == 400)
    }

    // MARK: A broker

    private struct Region {
        var root = TestRoot(at: ClaimBoundsTests.start)
        var broker: TestBroker
        var now = ClaimBoundsTests.start
        private var renewals: UInt64 = 0

        /// A broker with these nodes, each with money of both accounts.
        init(_ nodes: [UInt64]) throws {
            broker = try TestBroker(start: 5_000, at: now)
            for name in ["a", "b"] { root.order(name, budget: 100_000, at: now) }
            turn(4)
            for name in ["a", "b"] { _ = say(.find(AccountName(campaign: name), .usd)) }
            for node in nodes {
                let key = LeafKey(root: LedgerSession(node), node: LedgerSession(node))
                _ = say(.book(.leafRegistered(key), by: HolderNumber(1)))
            }
            turn(1)
            for _ in 0..<2 {
                for node in nodes {
                    for account in 0..<2 as Range<UInt32> {
                        let want = BookEvent.requested(
                            LedgerSession(node), AccountIndex(account), upTo: Micros(1_000))
                        _ = say(.book(want, by: HolderNumber(1)))
                    }
                }
                turn(1)
            }
        }

        mutating func turn(_ count: Int) {
            for _ in 0..<count {
                broker.exchange(&root, at: now)
                now = now + .seconds(1)
            }
        }

        mutating func say(_ commands: RootCommand...) -> [RootAnswer] {
            broker.desk.take(commands, at: now) ?? []
        }

        /// The first one in the broker's book, which numbers them as it finds them.
        var account: GrantBook.Account? {
            broker.desk.byNumber[AccountIndex(0)].flatMap { broker.desk.ledger?.book.accounts[$0] }
        }

        mutating func renew(_ node: UInt64) -> RootAnswer? {
            renewals += 1
            let request = RenewalChain.Request(id: renewals, nonce: renewals - 1, sentAt: now)
            return say(
                .book(
                    .renewalAsked(LedgerSession(node), request, next: renewals), by: HolderNumber(1))
            )
            .first
        }
    }

    @Test func aBrokersLiveNodeHearsBesideALostOnesThousands() throws {
        var region = try Region([70, 77])
        _ = region.root.run(claims(70, 600) + claims(77, 1), at: region.now)
        region.turn(22)
        #expect(keys(region.renew(77)) == [claim(77, 0).key])
        // A list that does not name all takes nothing away; one that does, does.
        var seen: Set<ReservationKey> = []
        for _ in 0..<4 {
            region.turn(22)
            #expect(keys(region.renew(77)) == [claim(77, 0).key])
            seen.formUnion(region.broker.desk.heard[LedgerSession(70)].map { Array($0.keys) } ?? [])
        }
        #expect(seen.count == 600)
        // Of one exchange a node is told once, and of some; of the next ones the rest.
        var told: Set<ReservationKey> = []
        for _ in 0..<3 {
            let answers = region.say(close(70), close(70, account: 1))
            let named = answers.map { keys($0) }
            #expect(named[0].count == 256 && named[1].isEmpty)
            told.formUnion(named[0])
        }
        #expect(told.count == 600)
        #expect(region.say(close(77), close(77, account: 1)).map { keys($0).count } == [1, 0])
        let blocks = (0..<10).map {
            SettlementBlock(
                account: AccountIndex(0), shard: 0, number: UInt32($0),
                mask: $0 == 9 ? (1 << 24) - 1 : .max, paid: Micros($0 == 9 ? 24 : 64), late: .zero)
        }
        _ = region.root.run(blocks.map { .book(.settled(leaf(70), $0), by: nil) }, at: region.now)
        region.turn(22)
        #expect(region.broker.desk.heard.keys.sorted() == [LedgerSession(77)])
    }

    @Test func aBrokerThatKeepsAllItMayStillHears() throws {
        var region = try Region([70, 77])
        let leased = IssuerWord.leased(Self.session, request: 1, .seconds(60), next: 1)
        for round in 0..<40 {
            var words = (0..<255).map { IssuerWord.forward(leaf(70), claim(70, 255 * round + $0)) }
            words.append(.forward(leaf(77), claim(77, round)))
            region.broker.desk.hearRenewal(words + [leased])
            let heard = region.broker.desk.heard
            #expect(heard[LedgerSession(77)]?[claim(77, round).key] != nil, "\(round)")
            #expect(heard.values.reduce(0) { $0 + $1.count } <= 4_096)
        }
    }

    @Test func aBrokerKeepsClaimsOfItsOwnNodesAlone() throws {
        var region = try Region([77])
        // Of another broker's node: it came to one of this region's.
        _ = region.root.run(
            [
                .open(start: 1, holder, candidate: Self.session),
                .book(.leafRegistered(leaf(50)), by: holder),
                .book(.requested(Self.session, AccountIndex(0), upTo: Micros(1_000)), by: holder),
            ], at: region.now)
        region.root.machine.counts(Self.session, at: region.now)
        for node in [50, 77] as [UInt64] {
            let told = BookEvent.claimed(leaf(node), claim(node, 1))
            _ = region.say(.book(told, by: nil))
            region.turn(1)
            #expect(region.say(.book(told, by: nil)) == [.book([.forwardClaim(leaf(node), claim(node, 1))])])
        }
        #expect(region.broker.desk.heard.keys.sorted() == [LedgerSession(77)])
        // Its closing is carried here, so that it is told here.
        region.now = region.now + .seconds(5)
        _ = region.say(close(50))
        region.turn(1)
        #expect(keys(region.say(close(50)).first).isEmpty)
        // Its session ends with its lease.
        for _ in 0..<70 {
            region.turn(1)
            _ = region.say(close(50))
        }
        #expect(keys(region.say(close(50)).first) == [claim(50, 1).key])
        let block = SettlementBlock(
            account: AccountIndex(0), shard: 0, number: 0, mask: 2, paid: Micros(1), late: .zero)
        _ = region.root.run([.book(.settled(leaf(50), block), by: nil)], at: region.now)
        for _ in 0..<3 {
            _ = region.say(close(50))
            region.turn(1)
        }
        #expect(region.broker.desk.heard[LedgerSession(50)] == nil)
        // What the root has acknowledged nobody is told of.
        _ = region.root.run([.book(.settled(leaf(77), block), by: nil)], at: region.now)
        let told = BookEvent.claimed(leaf(77), claim(77, 1))
        for _ in 0..<2 {
            _ = region.say(.book(told, by: nil))
            region.turn(1)
        }
        #expect(region.broker.desk.heard == [:])
    }

    /// Its rows do not say which claims are in them, so that its book counts none: the node's block comes to it.
    @Test func aBrokersRestartCountsAClaimOnce() throws {
        var region = try Region([77])
        for _ in 0..<2 {
            _ = region.say(.book(.claimed(leaf(77), claim(77, 1)), by: nil))
            region.turn(1)
        }
        #expect(region.root.places(0)?.settled == Micros(1))
        // Nor is anything free by a closing that does not know of it yet.
        let granted = region.account?.granted
        region.broker = try region.broker.killed(at: region.now)
        for _ in 0..<2 {
            _ = region.say(.book(.claimed(leaf(77), claim(77, 1)), by: nil))
            region.turn(1)
        }
        #expect(region.account?.granted == granted)
        let block = SettlementBlock(
            account: AccountIndex(0), shard: 0, number: 0, mask: 2, paid: Micros(1), late: .zero)
        _ = region.say(.book(.settled(leaf(77), block), by: nil))
        region.turn(1)
        #expect(region.account?.settled == Micros(1))
        #expect(region.root.places(0)?.settled == Micros(1))
        #expect(region.broker.desk.refusals == [:])
    }

    @Test func aClosingFreesNothingAtABrokerThatHasClaimsForIt() throws {
        var region = try Region([77])
        _ = region.root.run(claims(77, 1), at: region.now)
        // The node's lease here ends, and this session's is renewed.
        region.turn(40)
        let suspense = try #require(region.account?.suspense)
        #expect(suspense > .zero)
        func close(_ freed: Int64) -> RootCommand {
            let closing = Closing(account: AccountIndex(0), drawn: Micros(20), freed: Micros(freed))
            return .book(.closed(leaf(77), closing), by: nil)
        }
        _ = region.say(close(20))
        #expect(region.account?.suspense == suspense)
        // Nor before another start has heard of them.
        region.broker = try region.broker.killed(at: region.now)
        _ = region.say(close(20))
        #expect(region.broker.desk.heard == [:] && region.account?.suspense == suspense)
        region.turn(22)
        _ = region.say(close(20))
        #expect(region.broker.desk.heard.count == 1 && region.account?.suspense == suspense)
        // Its journal has taken the bill in.
        let block = SettlementBlock(
            account: AccountIndex(0), shard: 0, number: 0, mask: 1, paid: Micros(1), late: .zero)
        _ = region.say(.book(.settled(leaf(77), block), by: nil), close(10))
        #expect(region.account?.suspense == Micros(9))
    }

    // MARK: A node

    @Test func aRefusalIsTheFirstHoweverOldTheBillIs() {
        var claims = NodeClaims(LedgerReplay(), lifetime: .seconds(30))
        let one = claim(50, 3)
        claims.take(TakenClaim(one, at: Self.start))
        // Nobody answers for an hour.
        var now = Self.start + .seconds(3_600)
        #expect(claims.next(9, at: now) == [one])
        claims.heard(one.key, .refused(.unknownLeaf), at: now)
        now = now + .seconds(20)
        #expect(claims.next(9, at: now) == [one])
        claims.heard(one.key, .refused(.unknownLeaf), at: now)
        now = now + .seconds(11)
        #expect(claims.next(9, at: now) == [] && claims.standings.givenUp == 1)
        // One that has been counted since begins anew.
        claims.take(TakenClaim(one, at: Self.start))
        claims.heard(one.key, .refused(.unknownLeaf), at: now)
        claims.heard(one.key, .forward(leaf(50), one), at: now)
        now = now + .seconds(31)
        claims.heard(one.key, .refused(.unknownLeaf), at: now)
        #expect(claims.next(9, at: now) == [one] && claims.standings.givenUp == 1)
    }

    @Test(arguments: [IssuerWord.taken, nil, .refused(.elsewhere)])
    func whatIsOnItsWayIsSaidMoreSeldom(_ word: IssuerWord?) {
        var claims = NodeClaims(LedgerReplay(), lifetime: .seconds(30))
        let one = claim(50, 3)
        claims.take(TakenClaim(one, at: Self.start))
        var said: [Int64] = []
        for tick in 0..<80 {
            let now = Self.start + .milliseconds(500 * Int64(tick))
            guard !claims.next(9, at: now).isEmpty else { continue }
            said.append(Int64(tick))
            claims.heard(one.key, word, at: now)
        }
        // After half a second, one, two, four, and then every eight.
        #expect(said == [0, 1, 3, 7, 15, 31, 47, 63, 79])
    }

    @Test func aSumBelowZeroIsNoBill() {
        let now = Self.start
        var root = TestRoot(at: now)
        root.order("a", budget: 1_000, at: now)
        var node = TestNode(50, at: now)
        var time = now
        node.tell(.termsChanged(terms(["a"])), at: now)
        node.talk(&root, at: &time)
        for (amount, reserved) in [(-1, 10), (8, -10), (8, 10)] as [(Int64, Int64)] {
            var one = claim(50, 3)
            one.amount = Micros(amount)
            one.reserved = Micros(reserved)
            var effects: [IssuerEffect] = []
            node.session.takeIn([.forward(leaf(50), one)], &effects)
            #expect(effects.count == (amount > 0 && reserved > 0 ? 1 : 0), "\(amount) of \(reserved)")
        }
    }
}
