// A broker between a root that is the real machine and nodes that say what they like: what is killed goes on from its rows, and
// nodes never hold more than the root has granted.
import Ledger
import Testing
import Units

/// A broker whose journal is a list of records, of which a kill takes what is not durable yet.
struct TestBroker {
    var desk: BrokerDesk
    private(set) var durable: [[UInt8]] = []
    private var accepted: [[UInt8]] = []
    private let start: UInt64

    static func limits() -> BrokerDesk.Limits {
        var limits = BrokerLimits(window: .seconds(20), reserve: .zero, idle: .seconds(3))
        limits.aheadSeconds = 5
        return BrokerDesk.Limits(broker: limits)
    }

    init(start: UInt64, _ records: [[UInt8]] = [], boot: UInt64 = 1, ahead: Interval = .zero, at now: Instant)
        throws
    {
        var memory = BrokerMemory()
        for record in records { memory.take(try BrokerRows(record.span.raw)) }
        desk = try BrokerDesk(
            memory, start: start, boot: boot, limits: Self.limits(), seed: start, wall: now + ahead, at: now)
        self.start = start
        durable = records
    }

    mutating func keep() {
        let rows = desk.takeTouched()
        if !rows.isEmpty { accepted.append(rows.encoded()) }
    }

    mutating func commit() {
        durable += accepted
        accepted.removeAll()
    }

    /// All rows again; nothing before them is needed.
    mutating func writeAll() {
        keep()
        commit()
        durable = desk.pieces(of: 3).map { $0.encoded() }
    }

    /// - Parameter ahead: what the wall clock has gained on the one that counts leases.
    func killed(at now: Instant, boot: UInt64 = 1, ahead: Interval = .zero) throws -> TestBroker {
        try TestBroker(start: start + 1_000, durable, boot: boot, ahead: ahead, at: now)
    }

    /// One exchange with the root, where there is anything to say.
    mutating func exchange(_ root: inout TestRoot, at now: Instant, lost: Bool = false) {
        desk.turn(wall: now, at: now)
        keep()
        commit()
        let sayings = desk.next(at: now)
        guard !sayings.isEmpty else { return }
        let words = root.hear(sayings, at: now)
        if lost { desk.unanswered(at: now) } else { desk.answered(words, at: now) }
        keep()
    }
}

@Suite struct BrokerDeskTests {
    private static let begin = Instant(nanoseconds: 1_000_000_000_000)
    private let holder = HolderNumber(1)
    private let node = LedgerSession(77)

    private func ask(_ event: BookEvent) -> RootCommand { .book(event, by: holder) }

    /// A broker with a lease, and a node of it.
    private func live(budget: Int64 = 10_000) throws -> (TestRoot, TestBroker, Instant) {
        var now = Self.begin
        var root = TestRoot(at: now)
        root.order("a", budget: budget, at: now)
        root.order("b", budget: budget, at: now)
        var broker = try TestBroker(start: 5_000, at: now)
        #expect(broker.desk.take([.open(start: 77, holder, candidate: node)], at: now) == nil)
        for _ in 0..<4 {
            now = now + .seconds(1)
            broker.exchange(&root, at: now)
        }
        let commands: [RootCommand] = [
            .find(AccountName(campaign: "a"), .usd), .find(AccountName(campaign: "none"), nil),
            ask(.leafRegistered(LeafKey(root: node, node: node))),
        ]
        #expect(broker.desk.take(commands, at: now) == [.taken, .taken, .taken])
        now = now + .seconds(1)
        broker.exchange(&root, at: now)
        #expect(
            broker.desk.take(commands, at: now) == [
                .found(AccountIndex(0), .usd, highest: Micros(10)), .notFound(.unknownAccount),
                .book([.registered(LeafKey(root: node, node: node))]),
            ])
        return (root, broker, now)
    }

    private func granted(_ answers: [RootAnswer]?) -> Micros? {
        for case .book(let effects) in answers ?? [] {
            for case .grant(_, _, let upTo, _) in effects { return upTo }
        }
        return nil
    }

    @Test func grantsWhatTheRootHasGranted() throws {
        var (root, broker, now) = try live()
        let request = ask(.requested(node, AccountIndex(0), upTo: Micros(100)))
        #expect(granted(broker.desk.take([request], at: now)) == .zero)
        broker.exchange(&root, at: now)
        #expect(granted(broker.desk.take([request], at: now)) == Micros(100))
        #expect(root.places(0)?.granted == Micros(100))
        // Its own number for it is the root's, and another holder does not speak for it.
        let other = RootCommand.book(
            .requested(node, AccountIndex(0), upTo: Micros(900)), by: HolderNumber(2))
        #expect(broker.desk.take([other], at: now) == [.refused(.unknownSession, node)])
        // A session that it does not have may be another broker's.
        let stranger = LedgerSession(78)
        #expect(
            broker.desk.take([ask(.requested(stranger, AccountIndex(0), upTo: Micros(1)))], at: now)
                == [.refused(.elsewhere, stranger)])
        now = now + .seconds(1)
        let renewal = RenewalChain.Request(id: 9, nonce: 0, sentAt: now)
        guard
            case .leased(node, request: 9, let length, next: 3)? = broker.desk.take(
                [ask(.renewalAsked(node, renewal, next: 3))], at: now)?.first
        else { return #expect(Bool(false), "no lease") }
        #expect(length == .seconds(20))
    }

    @Test func anAccountThatIsNotThereIsAskedForEverMoreSeldom() throws {
        var (root, broker, now) = try live()
        let (began, name) = (now, AccountName(campaign: "none"))
        var asked: [Int64] = []
        while asked.count < 6 {
            now = now + .milliseconds(50)
            _ = broker.desk.take([.find(name, nil)], at: now)
            broker.desk.turn(wall: now, at: now)
            let sayings = broker.desk.next(at: now)
            if sayings.contains(where: { if case .find(name, _) = $0 { true } else { false } }) {
                asked.append((now - began).wholeMilliseconds)
            }
            broker.desk.answered(root.hear(sayings, at: now), at: now)
        }
        // It was asked for once before.
        #expect(asked == [250, 750, 1_750, 3_750, 7_750, 12_750])
    }

    /// A grant that was asked for before the end goes back too, before the end.
    @Test func anEndWaitsForWhatIsOnItsWay() throws {
        var (root, broker, now) = try live()
        #expect(
            granted(broker.desk.take([ask(.requested(node, AccountIndex(0), upTo: Micros(100)))], at: now))
                == .zero)
        broker.desk.turn(wall: now, at: now)
        let sayings = broker.desk.next(at: now)
        broker.desk.leave(at: now)
        #expect(!broker.desk.hasGivenBack)
        broker.desk.answered(root.hear(sayings, at: now), at: now)
        #expect(root.places(0)?.granted == Micros(100) && !broker.desk.hasGivenBack)
        now = now + .seconds(1)
        broker.exchange(&root, at: now)
        #expect(root.places(0)?.granted == .zero && broker.desk.hasGivenBack)
    }

    @Test func evidenceIsAcknowledgedByTheRootAlone() throws {
        var (root, broker, now) = try live()
        let request = ask(.requested(node, AccountIndex(0), upTo: Micros(100)))
        _ = broker.desk.take([request], at: now)
        broker.exchange(&root, at: now)
        _ = broker.desk.take([request], at: now)
        let key = LeafKey(root: LedgerSession(0), node: node)
        let block = SettlementBlock(
            account: AccountIndex(0), shard: 0, number: 0, mask: 3, paid: Micros(20), late: .zero)
        #expect(broker.desk.take([ask(.settled(key, block))], at: now) == [.taken])
        broker.exchange(&root, at: now, lost: true)
        now = now + .seconds(2)
        #expect(broker.desk.take([ask(.settled(key, block))], at: now) == [.taken])
        // Killed: the node says it again, and the root counts it once.
        broker = try broker.killed(at: now)
        now = now + .seconds(1)
        broker.exchange(&root, at: now)
        #expect(broker.desk.take([ask(.settled(key, block))], at: now) == [.taken])
        broker.exchange(&root, at: now)
        #expect(
            broker.desk.take([ask(.settled(key, block))], at: now) == [.book([.acknowledgeBlock(key, block)])]
        )
        #expect(root.places(0)?.settled == Micros(20) && broker.desk.openEvidence == 0)
        // Of a node session of another broker, and of none.
        let foreign = LeafKey(root: LedgerSession(0), node: LedgerSession(1))
        #expect(broker.desk.take([ask(.settled(foreign, block))], at: now) == [.taken])
        broker.exchange(&root, at: now)
        #expect(
            broker.desk.take([ask(.settled(foreign, block))], at: now)
                == [.refused(.unknownLeaf, LedgerSession(0))])
    }

    @Test func aLeaseOfThisBootOutlastsAStartAndNoOther() throws {
        let (root, broker, now) = try live()
        _ = root
        #expect(try broker.killed(at: now + .seconds(5)).desk.serves(at: now + .seconds(5)))
        #expect(try !broker.killed(at: now, boot: 2).desk.serves(at: now))
        // The machine stood still, and so did the clock that counts the lease: the process that would have seen it is gone.
        #expect(try broker.killed(at: now, ahead: .milliseconds(50)).desk.serves(at: now))
        #expect(try !broker.killed(at: now, ahead: .seconds(90)).desk.serves(at: now))
        #expect(try !broker.killed(at: now, ahead: .seconds(-90)).desk.serves(at: now))
        #expect(try !broker.killed(at: now + .seconds(90)).desk.serves(at: now + .seconds(90)))
    }

    /// The root counts a lease from its answer, which a broker that was killed has not heard: asked again, it is as old as it was.
    @Test func aRenewalThatWasSentBeforeAStartIsNoYounger() throws {
        var (root, broker, now) = try live()
        now = now + .seconds(12)
        let sent = now
        broker.exchange(&root, at: now, lost: true)
        now = now + .seconds(30)
        var next = try broker.killed(at: now)
        next.exchange(&root, at: now)
        let fence = try #require(next.desk.ledger?.lease.fence)
        #expect(fence > sent + .seconds(55) && fence <= sent + .seconds(60))
        // Behind a boot nobody knows when that was: it gives nothing, and the next one does.
        var other = try broker.killed(at: now, boot: 2)
        other.exchange(&root, at: now)
        #expect(!other.desk.serves(at: now))
        now = now + .seconds(1)
        other.exchange(&root, at: now)
        #expect(other.desk.serves(at: now))
    }

    /// A second process on a copy of the journal, while the first one runs on: whoever asks second is found, and neither is renewed.
    @Test(arguments: [false, true]) func aCopyBesideItIsFoundOut(_ isSent: Bool) throws {
        var (root, broker, now) = try live()
        if isSent {
            // The copy is made with a renewal under way, which both say again.
            now = now + .seconds(12)
            broker.exchange(&root, at: now, lost: true)
        }
        var copy = try broker.killed(at: now)
        for _ in 0..<30 where copy.desk.sessionsCloned + broker.desk.sessionsCloned < 2 {
            now = now + .seconds(1)
            copy.exchange(&root, at: now)
            broker.exchange(&root, at: now)
        }
        #expect(copy.desk.sessionsCloned == 1 && broker.desk.sessionsCloned == 1)
        #expect(broker.desk.lost?.by == .cloned)
        let child = try #require(root.machine.book?.children.first)
        #expect(child.isCloned && broker.desk.lost?.session == child.session)
    }

    /// An older copy that begins later, also where it asks for what was answered long ago.
    @Test(arguments: [1, 3, 40]) func anOlderCopyIsFoundOut(_ renewals: Int) throws {
        var (root, broker, now) = try live()
        now = now + .seconds(12)
        broker.exchange(&root, at: now, lost: true)
        let records = broker.durable
        for _ in 0..<renewals * 11 {
            now = now + .seconds(1)
            broker.exchange(&root, at: now)
        }
        var copy = try TestBroker(start: 9_000, records, at: now)
        for _ in 0..<30 where copy.desk.sessionsCloned + broker.desk.sessionsCloned < 2 {
            now = now + .seconds(1)
            copy.exchange(&root, at: now)
            broker.exchange(&root, at: now)
        }
        #expect(copy.desk.sessionsCloned == 1 && broker.desk.sessionsCloned == 1)
    }

    /// Starts one after the other, each of which may lose what it said or what it was answered, are no clones; nor is what comes late
    /// from one of them.
    @Test(arguments: [UInt64](1...20)) func startsInARowAreNoClones(_ seed: UInt64) throws {
        var random = Randomness(seed: seed)
        var (root, broker, now) = try live()
        var said: [(at: Instant, sayings: [IssuerSaying])] = []
        for _ in 0..<200 {
            now = now + .seconds(Int64(random.next(below: 6)))
            switch random.next(below: 6) {
            case 0:
                broker.keep()
                broker = try broker.killed(at: now)
            case 1:
                // It said that, and was killed before it heard the answer.
                broker.desk.turn(wall: now, at: now)
                broker.keep()
                broker.commit()
                let sayings = broker.desk.next(at: now)
                said.append((now, sayings))
                if random.next(below: 2) == 0 { _ = root.hear(sayings, at: now) }
                broker = try broker.killed(at: now)
            case 2:
                // Nothing is under way for longer than a lease.
                let underWay = said.filter { now - $0.at < .seconds(60) }
                if let late = underWay.randomElement(using: &random) { _ = root.hear(late.sayings, at: now) }
            default: broker.exchange(&root, at: now, lost: random.next(below: 3) == 0)
            }
        }
        #expect(root.machine.book?.children.allSatisfy { !$0.isCloned } == true)
    }

    /// What it kept for the time without a root, another start keeps, until it knows that nobody takes it.
    @Test func aStartKeepsWhatTheOneBeforeItKept() throws {
        var (root, broker, now) = try live()
        var upTo: Int64 = 0
        func take(_ seconds: Int, _ each: Int64, _ broker: inout TestBroker, _ root: inout TestRoot) {
            for _ in 0..<seconds {
                now = now + .seconds(1)
                upTo += each
                let renewal = RenewalChain.Request(id: UInt64(upTo) | 1, nonce: 0, sentAt: now)
                _ = broker.desk.take(
                    [
                        ask(.requested(node, AccountIndex(0), upTo: Micros(upTo))),
                        ask(.renewalAsked(node, renewal, next: 0)),
                    ], at: now)
                broker.exchange(&root, at: now)
            }
        }
        take(40, 100, &broker, &root)
        broker.keep()
        broker.commit()
        let kept = broker.desk.money[0].account.unassigned
        #expect(kept >= Micros(250), "\(kept)")
        broker = try broker.killed(at: now)
        take(10, 0, &broker, &root)
        #expect(broker.desk.money[0].account.unassigned == kept)
        take(60, 0, &broker, &root)
        #expect(broker.desk.money[0].account.unassigned < Micros(100))
        #expect(root.machine.book?.imbalance == nil)
    }

    @Test func aSessionThatTheRootGaveUpIsFollowedByAnother() throws {
        var (root, broker, now) = try live()
        let request = ask(.requested(node, AccountIndex(0), upTo: Micros(100)))
        _ = broker.desk.take([request], at: now)
        broker.exchange(&root, at: now)
        let first = broker.desk.ledger?.session
        // Nobody speaks for longer than the root's lease.
        now = now + .seconds(100)
        for _ in 0..<6 {
            root.keep(at: now)
            broker.exchange(&root, at: now)
            now = now + .seconds(1)
        }
        #expect(broker.desk.ledger?.session != first && broker.desk.serves(at: now))
        // In order, and counted by itself: nobody has to look.
        #expect(broker.desk.sessionsLost == 1 && broker.desk.refusals.isEmpty, "\(broker.desk.refusals)")
        #expect(
            broker.desk.take([ask(.requested(node, AccountIndex(0), upTo: Micros(9)))], at: now)
                == [.refused(.fenced, node)])
        // Behind the fence the node's closing frees what the first one had, by way of the second.
        let key = LeafKey(root: LedgerSession(0), node: node)
        let closing = ask(.ended(key, accounts: []))
        #expect(root.places(0)?.suspense == Micros(100))
        #expect(broker.desk.take([closing], at: now) == [.taken])
        broker.exchange(&root, at: now)
        #expect(broker.desk.take([closing], at: now) == [.book([.acknowledgeEnd(key)])])
        #expect(root.places(0)?.suspense == .zero && root.machine.book?.imbalance == nil)
        // What is read back is the second session alone.
        broker.keep()
        broker.commit()
        let next = try broker.killed(at: now)
        #expect(next.desk.ledger?.session == broker.desk.ledger?.session)
        #expect(next.desk.ledger?.book.children.isEmpty == true)
    }

    @Test func rowsThatAreCutOrChangedAreRefused() throws {
        let (_, broker, _) = try live()
        let record = try #require(broker.durable.last { $0.count > 100 })
        for length in [0, 7, 40, record.count - 1] {
            #expect(throws: NumbersRefusal.self) { try BrokerRows(Array(record[..<length]).span.raw) }
        }
        #expect(throws: NumbersRefusal.self) { try BrokerRows((record + [0]).span.raw) }
    }

    /// Nodes ask, return, renew and settle; what is said is lost both ways; the broker is killed and loses what was not durable.
    @Test(arguments: [UInt64](1...60)) func nodesNeverHoldMoreThanTheRootGranted(_ seed: UInt64) throws {
        var random = Randomness(seed: seed)
        var now = Self.begin
        var root = TestRoot(at: now)
        root.order("a", budget: 2_000, at: now)
        root.order("b", budget: 50_000, at: now)
        var broker = try TestBroker(start: 10_000, at: now)
        let nodes = (1...3).map { LedgerSession($0) }
        /// By node and account, as the answers told them; what they gave back and settled; blocks of one key each.
        var told = [[Int64]](repeating: [0, 0], count: 3)
        var back = [[Int64]](repeating: [0, 0], count: 3)
        var paid = [[Int64]](repeating: [0, 0], count: 3)
        var blocks: [[SettlementBlock]] = [[], [], []]
        var renewals = (0..<3).map { RenewalChain(nonce: 0, firstID: 1 + UInt64($0)) }
        for _ in 0..<300 {
            now = now + .milliseconds(Int64(random.next(below: 900)))
            let at = Int(random.next(below: 3))
            let row = Int(random.next(below: 2))
            let (node, account) = (nodes[at], AccountIndex(UInt32(row)))
            let by = HolderNumber(UInt8(at))
            let spare = told[at][row] - back[at][row] - paid[at][row]
            var event: BookEvent?
            var settled: SettlementBlock?
            switch random.next(below: 12) {
            case 0: broker = try broker.killed(at: now)
            case 1: broker.writeAll()
            case 2: event = .leafRegistered(LeafKey(root: node, node: node))
            case 3...5:
                event = .requested(
                    node, account, upTo: Micros(told[at][row] + Int64(random.next(below: 300))))
            case 6 where spare > 0:
                back[at][row] += 1 + Int64(random.next(below: UInt64(spare)))
                event = .returned(node, account, Micros(back[at][row]))
            case 7 where spare > 0:
                let amount = 1 + Int64(random.next(below: UInt64(spare)))
                paid[at][row] += amount
                settled = SettlementBlock(
                    account: account, shard: 0, number: UInt32(blocks[at].count), mask: 1,
                    paid: Micros(amount), late: .zero)
            case 8: event = .renewalAsked(node, renewals[at].request(at: now), next: random.next() | 1)
            default: broker.exchange(&root, at: now, lost: random.next(below: 4) == 0)
            }
            if let settled { blocks[at].append(settled) }
            if event == nil, let block = blocks[at].randomElement(using: &random) {
                event = .settled(LeafKey(root: LedgerSession(0), node: node), block)
            }
            let commands: [RootCommand] =
                [.find(AccountName(campaign: ["a", "b"][row]), nil)]
                + (event.map { [.book($0, by: by)] } ?? [])
            let answers = broker.desk.take(commands, at: now)
            broker.keep()
            // An answer leaves when its rows are durable; otherwise it never does.
            guard random.next(below: 5) > 0 else { continue }
            broker.commit()
            if random.next(below: 5) > 0, let upTo = granted(answers) {
                told[at][row] = max(told[at][row], upTo.rawValue)
            }
            for case .leased(_, let id, _, let next) in answers ?? [] {
                _ = renewals[at].answered(id, next: next)
            }
            let session = broker.desk.ledger?.session ?? LedgerSession(0)
            for row in 0..<2 {
                let out = (0..<3).reduce(Int64(0)) { $0 + told[$1][row] - back[$1][row] }
                let known = root.machine.book?.granted(session, AccountIndex(UInt32(row))) ?? .zero
                let returned = root.machine.book?.returned(session, AccountIndex(UInt32(row))) ?? .zero
                #expect(out <= (known - returned).rawValue, "seed \(seed), account \(row)")
            }
            #expect(root.machine.book?.imbalance == nil && broker.desk.ledger?.book.imbalance == nil)
        }
        // What is read back is what it was.
        broker.writeAll()
        let again = try broker.killed(at: now)
        #expect(
            again.desk.ledger.map { Set($0.book.rows.cells) }
                == broker.desk.ledger.map { Set($0.book.rows.cells) },
            "seed \(seed)")
        #expect(broker.desk.refusals.isEmpty, "seed \(seed): \(broker.desk.refusals)")
        // Everything settled is at the root, once.
        for _ in 0..<30 {
            now = now + .milliseconds(300)
            broker.exchange(&root, at: now)
            for at in 0..<3 {
                let events = blocks[at].map {
                    BookEvent.settled(LeafKey(root: LedgerSession(0), node: nodes[at]), $0)
                }
                _ = broker.desk.take(events.map { .book($0, by: HolderNumber(UInt8(at))) }, at: now)
            }
        }
        let all = paid.reduce(Int64(0)) { $0 + $1[0] + $1[1] }
        #expect(
            (0..<2).reduce(Int64(0)) { $0 + (root.places($1)?.settled.rawValue ?? 0) } == all, "seed \(seed)")
    }
}
