// A root whose database came back without its last writes, with a real broker: nothing is granted before everybody has said what it
// was granted, and then the books have it all.
import Testing
import Units

@testable import Ledger

@Suite struct RootAuditTests {
    private static let begin = Instant(nanoseconds: 1_000_000_000_000)
    private static let wall: UInt32 = 1_795_000_000
    private let node = LedgerSession(77)
    private let other = HolderNumber(4)

    /// Two holders are in the roster: the broker, and one that never had anything.
    private func root(_ budget: Int64 = 1_000) -> TestRoot {
        var root = TestRoot(at: Self.begin, holders: HolderNumber(3).bit | other.bit)
        root.order("a", budget: budget, at: Self.begin)
        return root
    }

    private func desk(_ memory: BrokerMemory = BrokerMemory(), start: UInt64 = 5_000, at now: Instant) throws
        -> BrokerDesk
    {
        try BrokerDesk(
            memory, start: start, boot: 1,
            limits: .init(broker: .init(window: .seconds(20), reserve: .zero, idle: .seconds(300))),
            seed: 1, wall: now, at: now)
    }

    /// One exchange, where there is anything to say; what came with it.
    @discardableResult
    private func exchange(
        _ desk: inout BrokerDesk, _ root: inout TestRoot, _ now: inout Instant
    ) -> [IssuerSaying] {
        now = now + .seconds(3)
        desk.turn(wall: now, at: now)
        let sayings = desk.next(at: now)
        guard !sayings.isEmpty else { return [] }
        let words = root.hear(sayings, at: now)
        desk.answered(words, audit: root.machine.auditCall(for: root.holder), at: now)
        return sayings
    }

    private func ask(_ desk: inout BrokerDesk, _ event: BookEvent, at now: Instant) -> RootAnswer? {
        desk.take([.book(event, by: HolderNumber(1))], at: now)?.first
    }

    /// All rows as a database has them.
    private func content(_ root: TestRoot, line: UInt32) throws -> RootContent {
        let machine = root.machine
        let book = try #require(machine.book)
        var content = RootContent()
        content.rows = book.rows
        content.labels = machine.labels
        content.starts = book.children.map { machine.startOf[$0.session] ?? 0 }
        content.timeline = DatabaseTimeline(system: 0, line: line)
        content.audit = machine.audit
        content.wallSeconds = Self.wall
        // Of this process's batches all are there, but for who says otherwise.
        content.number = 1 << 40
        return content
    }

    /// The database comes back as it was, on this timeline.
    private func lose(
        _ root: inout TestRoot, to content: RootContent, line: UInt32, isWhole: Bool? = nil, at now: Instant
    ) throws {
        var content = content
        content.timeline.line = line
        root.keep(at: now)
        _ = root.machine.mismatched()
        try root.machine.loaded(content, isWhole: isWhole, at: now)
        root.turn(at: now)
    }

    /// A broker with a node that was granted so much.
    private func live(_ root: inout TestRoot, _ amount: Int64, _ now: inout Instant) throws -> BrokerDesk {
        var desk = try desk(at: now)
        for _ in 0..<3 { exchange(&desk, &root, &now) }
        let key = LeafKey(root: node, node: node)
        _ = desk.take([.find(AccountName(campaign: "a"), .usd)], at: now)
        _ = ask(&desk, .leafRegistered(key), at: now)
        exchange(&desk, &root, &now)
        #expect(ask(&desk, .leafRegistered(key), at: now) == .book([.registered(key)]))
        try grant(&desk, &root, amount, &now)
        return desk
    }

    private func grant(
        _ desk: inout BrokerDesk, _ root: inout TestRoot, _ amount: Int64, _ now: inout Instant
    ) throws {
        let event = BookEvent.requested(node, AccountIndex(0), upTo: Micros(amount))
        _ = ask(&desk, event, at: now)
        exchange(&desk, &root, &now)
        guard case .book(let effects)? = ask(&desk, event, at: now) else { return }
        #expect(
            effects == [.grant(node, AccountIndex(0), upTo: Micros(amount), isLast: false)], "\(effects)")
    }

    private func request(_ root: inout TestRoot, _ amount: Int64, by holder: HolderNumber, at now: Instant)
        -> Micros?
    {
        let session = LedgerSession(4_000 + UInt64(holder.rawValue))
        let answers = root.run(
            [
                .open(start: 9, holder, candidate: session),
                .book(.requested(session, AccountIndex(0), upTo: Micros(amount)), by: holder),
            ], at: now)
        guard case .book(let effects)? = answers.last, case .grant(_, _, let upTo, _)? = effects.first else {
            return nil
        }
        return upTo
    }

    @Test func whatATailTookIsPresentedBeforeAnythingIsGranted() throws {
        var now = Self.begin
        var root = root()
        var desk = try live(&root, 100, &now)
        let kept = try content(root, line: 1)
        try grant(&desk, &root, 700, &now)
        try lose(&root, to: kept, line: 2, at: now)
        #expect(root.places(0)?.granted == Micros(100))
        #expect(root.machine.audit.missing == HolderNumber(3).bit | other.bit)
        #expect(root.machine.audit.mark == Self.wall)
        #expect(request(&root, 900, by: other, at: now) == .zero)
        // It looks, and then says it.
        exchange(&desk, &root, &now)
        let said = exchange(&desk, &root, &now)
        #expect(said.contains { if case .present = $0 { true } else { false } }, "\(said)")
        #expect(root.places(0)?.granted == Micros(700))
        #expect(root.machine.audit.missing == other.bit)
        #expect(request(&root, 900, by: other, at: now) == .zero)
        #expect(root.run([.presented(mark: Self.wall, other)], at: now) == [.presented(mark: Self.wall)])
        #expect(request(&root, 900, by: other, at: now) == Micros(300))
        #expect(root.machine.book?.imbalance == nil)
    }

    /// Who keeps numbers of batches knows that a promoted database has them all: it is not audited, and the next one is.
    @Test func aDatabaseThatLacksNothingIsNotAudited() throws {
        var now = Self.begin
        var root = root()
        _ = try live(&root, 100, &now)
        try lose(&root, to: try content(root, line: 1), line: 2, isWhole: true, at: now)
        #expect(root.machine.audit == TimelineAudit(DatabaseTimeline(system: 0, line: 2)))
        #expect(request(&root, 900, by: other, at: now) == Micros(900))
        try lose(&root, to: try content(root, line: 2), line: 3, at: now)
        #expect(root.machine.audit.missing == HolderNumber(3).bit | other.bit)
        #expect(request(&root, 950, by: other, at: now) == Micros(900))
    }

    /// What this process was acknowledged is missing, and it takes over again: its claim is not taken for what is missing.
    @Test func aProcessThatLeadsAgainFindsThatItsBatchesAreGone() throws {
        let now = Self.begin
        var root = root()
        var kept = try content(root, line: 0)
        kept.number = 2
        for name in ["b", "c"] { root.order(name, budget: 10, at: now) }
        _ = root.machine.lost()
        let row = LeadershipRow(epoch: root.machine.epoch, renewals: 9)
        root.machine.saw(row, at: now)
        root.machine.saw(row, at: now + .seconds(60))
        let claim = try #require(root.machine.inFlight)
        #expect(claim.claim != nil && claim.number == 0)
        _ = root.machine.acknowledged(at: now + .seconds(60))
        try root.machine.loaded(kept, isWhole: true, at: now + .seconds(60))
        root.turn(at: now + .seconds(60))
        #expect(root.machine.audit.missing == HolderNumber(3).bit | other.bit)
    }

    /// A loading that took longer than the lease: the first batch is a renewal alone, and says that what was found is not there yet.
    @Test func aRenewalAloneDoesNotStandForWhatWasFound() throws {
        var now = Self.begin
        var root = root()
        let kept = try content(root, line: 2)
        _ = root.machine.mismatched()
        now = now + .seconds(60)
        try root.machine.loaded(kept, isWhole: false, at: now)
        let first = root.machine.next(at: now)
        #expect(first?.renews == true && first?.audit == nil && first?.isLooked == false)
        _ = root.machine.acknowledged(at: now)
        let second = root.machine.next(at: now)
        #expect(second?.audit?.missing == HolderNumber(3).bit | other.bit && second?.isLooked == true)
    }

    /// A dump that was put back is on the same timeline, and lacks numbers.
    @Test func aDatabaseThatLacksNumbersIsAuditedOnItsOwnTimeline() throws {
        var now = Self.begin
        var root = root()
        _ = try live(&root, 100, &now)
        try lose(&root, to: try content(root, line: 0), line: 0, isWhole: true, at: now)
        #expect(root.machine.audit.missing == 0)
        try lose(&root, to: try content(root, line: 0), line: 0, isWhole: false, at: now)
        #expect(root.machine.audit.missing == HolderNumber(3).bit | other.bit)
    }

    /// What holders have been granted beyond the tables, nobody knows yet: a cut is not said to come to too little.
    @Test func whatACutComesToIsNotSaidDuringAnAudit() throws {
        var now = Self.begin
        var root = root()
        var desk = try live(&root, 100, &now)
        let kept = try content(root, line: 1)
        try grant(&desk, &root, 700, &now)
        try lose(&root, to: kept, line: 2, at: now)
        func order(_ campaign: String) -> AccountOrder {
            let name = AccountName(campaign: campaign)
            let version = root.machine.account(name).flatMap { root.machine.label($0)?.version }
            return AccountOrder(
                name: name, currency: .usd, parent: nil, budget: Micros(50), highest: Micros(10),
                version: version, operation: OperationRecord(key: "cut", who: "test", request: "cut"))
        }
        for _ in 0..<3 {
            #expect(root.machine.outlook(of: order("a")) == .refused(.audited))
            #expect(root.machine.outlook(of: order("b")) == .refused(.audited))
            #expect(root.machine.outlook(of: AccountIndex(0), with: Micros(50)) == nil)
            exchange(&desk, &root, &now)
        }
        _ = root.run([.presented(mark: Self.wall, other)], at: now)
        guard case .taken(let cut)? = root.machine.outlook(of: order("a")) else {
            return #expect(Bool(false), "the audit is over")
        }
        #expect(cut.stillBillable == Micros(700) && cut.overhang == Micros(650))
    }

    /// A lifetime account's sums are those of its windows too.
    @Test func aLifetimeIsAuditedWithItsWindows() {
        var book = GrantBook([
            GrantBook.Account(currency: .usd, highest: Micros(1)),
            GrantBook.Account(parent: AccountIndex(0), currency: .usd, highest: Micros(1)),
            GrantBook.Account(currency: .usd, highest: Micros(1)),
        ])
        book.accounts[1].missing = 4
        #expect((0..<3).map { book.isAudited(AccountIndex($0)) } == [true, true, false])
    }

    /// Its renewals were lost as well, and are not taken for a clone's.
    @Test func theSessionThatWasLostGoesOn() throws {
        var now = Self.begin
        var root = root()
        let kept = try content(root, line: 1)
        var desk = try live(&root, 700, &now)
        let session = try #require(desk.ledger?.session)
        try lose(&root, to: kept, line: 2, at: now)
        for _ in 0..<3 { exchange(&desk, &root, &now) }
        _ = root.run([.presented(mark: Self.wall, other)], at: now)
        #expect(root.machine.audit.missing == 0)
        #expect(root.places(0)?.granted == Micros(700))
        for _ in 0..<30 { exchange(&desk, &root, &now) }
        #expect(desk.ledger?.session == session && desk.serves(at: now))
        #expect(desk.sessionsLost == 0 && desk.refusals == [:], "\(desk.refusals)")
        let child = try #require(root.machine.book?.child(session))
        #expect(root.machine.book?.children[child].isCloned == false)
        #expect(root.machine.book?.leaf(LeafKey(root: session, node: node)) != nil)
        // Its lease is counted from there, so that it ends where nobody renews it.
        now = now + .seconds(120)
        root.keep(at: now)
        #expect(root.machine.book?.children[child].isFenced == true)
        #expect(root.places(0)?.suspense == Micros(700))
    }

    /// A grant of the timeline before counts for nothing behind the presentation.
    @Test func anOldPromiseIsNotTaken() throws {
        var now = Self.begin
        var root = root()
        var desk = try live(&root, 100, &now)
        let kept = try content(root, line: 1)
        try lose(&root, to: kept, line: 2, at: now)
        for _ in 0..<2 { exchange(&desk, &root, &now) }
        _ = ask(&desk, .requested(node, AccountIndex(0), upTo: Micros(300)), at: now)
        now = now + .seconds(3)
        let sayings = desk.next(at: now)
        let session = try #require(desk.ledger?.session)
        let words: [[IssuerWord]] = sayings.map {
            guard case .request(_, let account, let upTo) = $0 else { return [] }
            return [.granted(session, account, upTo: upTo, isLast: false)]
        }
        #expect(words.contains { !$0.isEmpty })
        desk.answered(words, audit: AuditCall(mark: 0, isAsked: false), at: now)
        #expect(desk.ledger?.presentation(AccountIndex(0)).granted == Micros(100))
    }

    /// A session that has ended is presented as well, by another start that reads it in its journal.
    @Test func formerSessionsArePresented() throws {
        var now = Self.begin
        var root = root()
        let kept = try content(root, line: 1)
        var first = try live(&root, 600, &now)
        var memory = BrokerMemory()
        for piece in first.pieces(of: 100) { memory.take(try BrokerRows(piece.encoded().span.bytes)) }
        let session = try #require(first.ledger?.session)
        // The root ends it, and the broker begins another one.
        now = now + .seconds(120)
        root.keep(at: now)
        for _ in 0..<8 {
            exchange(&first, &root, &now)
            let touched = first.takeTouched()
            if !touched.isEmpty { memory.take(try BrokerRows(touched.encoded().span.bytes)) }
        }
        #expect(first.sessionsLost == 1)
        #expect(first.formerSessions.map(\.session) == [session])
        #expect(memory.former == first.formerSessions)
        var image = BrokerMemory()
        for piece in first.pieces(of: 1) { image.take(try BrokerRows(piece.encoded().span.bytes)) }
        #expect(image.former == first.formerSessions)
        var second = try desk(memory, start: 9_000, at: now)
        try lose(&root, to: kept, line: 2, at: now)
        for _ in 0..<3 { exchange(&second, &root, &now) }
        _ = root.run([.presented(mark: Self.wall, other)], at: now)
        #expect(root.places(0)?.granted == Micros(600))
        #expect(request(&root, 900, by: other, at: now) == Micros(400))
        // Its node is none of the session behind it.
        #expect(
            ask(&second, .leafRegistered(LeafKey(root: node, node: node)), at: now)
                == .refused(.fenced, node))
    }

    @Test func aSilentHolderIsStoodInForByTwo() throws {
        var now = Self.begin
        var root = root()
        var desk = try live(&root, 100, &now)
        let kept = try content(root, line: 1)
        try grant(&desk, &root, 700, &now)
        try lose(&root, to: kept, line: 2, at: now)
        _ = root.run([.presented(mark: Self.wall, other)], at: now)
        func enter(_ who: String, _ amount: Int64, mark: UInt32 = Self.wall) -> RootAnswer? {
            let entry = AuditEntry(
                mark: mark, holder: HolderNumber(3),
                amounts: [.init(AccountName(campaign: "a"), Micros(amount))], restIsZero: false,
                candidate: LedgerSession(8_000 + UInt64(amount)), who: who)
            return root.run([.enter(entry)], at: now).first
        }
        func standing(_ answer: RootAnswer?) -> EnteredAmount.Standing? {
            if case .entered(let all)? = answer { all.first?.standing } else { nil }
        }
        #expect(enter("ann", 600, mark: 7) == .refusedEntry(.notAsked(mark: Self.wall)))
        #expect(enter("ann", 1_001) == .refusedEntry(.tooMuch(AccountName(campaign: "a"))))
        #expect(standing(enter("ann", 600)) == .waits)
        // The same person twice is not two.
        #expect(standing(enter("ann", 600)) == .waits)
        // And nobody knows whose certificate it is that somebody shows: hers, perhaps.
        #expect(standing(enter("spiffe://f/people/ann", 600)) == .waits)
        #expect(standing(enter("bob", 500)) == .differs)
        #expect(request(&root, 900, by: other, at: now) == .zero)
        #expect(standing(enter("bob", 600)) == .agreed)
        #expect(root.places(0)?.suspense == Micros(600))
        #expect(request(&root, 900, by: other, at: now) == Micros(300))
        #expect(root.machine.book?.imbalance == nil)
        // It comes back: what it presents counts beside that, on the safe side.
        #expect(root.machine.auditCall(for: HolderNumber(3)).isAsked)
        for _ in 0..<2 { exchange(&desk, &root, &now) }
        #expect(!root.machine.auditCall(for: HolderNumber(3)).isAsked)
        #expect(root.places(0)?.granted == Micros(1_000))
        #expect(root.places(0)?.unassigned == Micros(-600))
        #expect(root.machine.book?.imbalance == nil)
    }

    @Test func aTokenAndACertificateAreNotTwo() {
        let certificates = ["spiffe://f/people/ann", "spiffe://f/people/bob", "certificate ann.example"]
        for one in certificates + ["ann", "bob"] {
            for other in certificates + ["ann", "bob"] {
                let isOfOneKind = certificates.contains(one) == certificates.contains(other)
                #expect(OperatorName.areTwo(one, other) == (one != other && isOfOneKind), "\(one), \(other)")
            }
        }
    }

    /// The tail took accounts: they get their numbers back before anything else does.
    @Test func accountsKeepTheirNumbers() throws {
        var now = Self.begin
        var root = root()
        let kept = try content(root, line: 1)
        for name in ["b", "c"] { root.order(name, budget: 500, at: now) }
        var desk = try live(&root, 100, &now)
        _ = desk.take([.find(AccountName(campaign: "c"), .usd)], at: now)
        for _ in 0..<2 { exchange(&desk, &root, &now) }
        try lose(&root, to: kept, line: 2, at: now)
        for _ in 0..<3 { exchange(&desk, &root, &now) }
        #expect(root.machine.audit.missing & HolderNumber(3).bit != 0)
        #expect(root.machine.auditTroubles[HolderNumber(3)]?.contains("account 2") == true)
        // Another name may not take the number, and waits.
        root.order("d", budget: 500, at: now)
        #expect(root.machine.account(AccountName(campaign: "d")) == nil)
        root.order("c", budget: 500, at: now)
        #expect(root.machine.account(AccountName(campaign: "c")) == AccountIndex(2))
        for _ in 0..<3 { exchange(&desk, &root, &now) }
        #expect(root.machine.audit.missing == other.bit)
        _ = root.run([.presented(mark: Self.wall, other)], at: now)
        root.order("d", budget: 500, at: now)
        #expect(root.machine.account(AccountName(campaign: "d")) == AccountIndex(3))
        #expect(root.machine.book?.imbalance == nil)
    }

    /// The same timeline without what this process was acknowledged: a copy of the files was put back.
    @Test func aProcessMissesItsOwnBatches() throws {
        var now = Self.begin
        var root = root()
        var kept = try content(root, line: 0)
        kept.number = 1
        _ = try live(&root, 100, &now)
        try lose(&root, to: kept, line: 0, at: now)
        #expect(root.machine.audit.missing != 0)
        #expect(request(&root, 900, by: other, at: now) == .zero)
    }
}
