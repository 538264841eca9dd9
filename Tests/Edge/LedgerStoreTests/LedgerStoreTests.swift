// A root's batches against a real Postgres: what was written is what is loaded, a batch that is sent again is there once, and
// who does not lead writes nothing.
import Foundation
import Glibc
import Kernel
import Ledger
import LedgerStore
import Postgres
import PostgresServer
import Synchronization
import Testing
import Units

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"))
struct LedgerStoreTests {
    /// One root process, driven by hand.
    private final class Process {
        let command: PostgresCommand
        let process: LedgerProcess
        var machine: RootLedger
        var now = Instant(nanoseconds: 0)

        init(_ number: UInt64, _ server: PostgresServer, holders: UInt64 = 0) throws {
            let place = try #require(SocketAddress(literal: "127.0.0.1", port: server.port))
            command = try PostgresCommand(
                PostgresOptions(place: .address(place), database: "postgres", user: "postgres"))
            process = LedgerProcess(number: number, name: "p\(number)", address: "none")
            var limits = RootLedger.Limits(
                leadership: .seconds(6), renewal: .seconds(3), lease: .seconds(60), horizon: .seconds(100))
            limits.holders = holders
            machine = RootLedger(limits)
            let folder = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../../Sources/Apps/paceline-coordinator/Migrations").standardized.path()
            let migrations = try Migration.read(folder)
            let result: Result<[String], MigrationFailure> = try command.wait { pool, done in
                MigrationRun.apply(migrations, to: pool, within: .seconds(20), done)
            }
            _ = try result.get()
        }

        func look() throws {
            let outcome = try command.run(LedgerStore.leader, within: .seconds(5))
            guard case .done(let found) = outcome else {
                throw PostgresServerFailure(description: "\(outcome)")
            }
            machine.saw(try #require(try LedgerStore.reading(found[0])).row, at: now)
        }

        func send(_ batch: RootBatch) throws -> PostgresOutcome {
            try command.run(
                LedgerStore.transaction(
                    batch, of: process, at: Instant(nanoseconds: 1_795_000_000_000_000_000 + now.nanoseconds)),
                within: .seconds(5))
        }

        /// A restarted server answers on the next connection.
        func again<Value>(_ body: () throws -> Value) throws -> Value {
            for _ in 0..<100 {
                if let value = try? body() { return value }
                usleep(50_000)
            }
            return try body()
        }

        func content() throws -> RootContent {
            let outcome = try command.run(LedgerStore.load(), within: .seconds(5))
            guard case .done(let found) = outcome else {
                throw PostgresServerFailure(description: "\(outcome)")
            }
            return try LedgerStore.content(found, of: process)
        }

        /// Takes over, and has the book.
        func lead() throws {
            try look()
            now = now + .seconds(10)
            try look()
            let claim = try #require(machine.inFlight)
            #expect(try send(claim).failure == nil)
            _ = machine.acknowledged(at: now)
            try machine.loaded(try content(), at: now)
        }

        func batch(of commands: [RootCommand]) throws -> RootBatch {
            let isTaken = machine.ask(commands, ticket: 1, at: now)
            #expect(isTaken)
            let batch = machine.next(at: now)
            return try #require(batch)
        }

        /// Asks, and sends what comes of it so often.
        func ask(_ commands: [RootCommand], times: Int = 1) throws -> [RootAnswer] {
            let batch = try batch(of: commands)
            for _ in 0..<times { #expect(try send(batch).failure == nil) }
            return machine.acknowledged(at: now).flatMap(\.answers)
        }
    }

    private static func order(_ campaign: String, _ day: Int32?, _ budget: Int64, _ version: UInt64?)
        -> RootCommand
    {
        .order(
            AccountOrder(
                name: AccountName(campaign: campaign, day: day.map { BudgetDay(number: $0) }), currency: .usd,
                parent: day == nil ? nil : AccountName(campaign: campaign), budget: Micros(budget),
                highest: Micros(10), version: version,
                operation: OperationRecord(
                    key: "\(campaign)/\(day ?? 0)/\(version ?? 0)", who: "test", request: "set")))
    }

    private static func rows(_ content: RootContent) -> [AnyHashable] {
        let rows = content.rows
        return [
            Set(rows.accounts), rows.sessions, Set(rows.cells), rows.leaves, Set(rows.leafCells),
            Set(rows.blocks),
            rows.claims, content.labels, content.starts,
        ]
    }

    /// A copy that was made the primary: also where it lacks nothing, nothing is written on it before the leader has looked at
    /// it, and then all accounts wait.
    @Test func anotherTimelineIsLookedAtFirst() throws {
        let server = try PostgresServer()
        let one = try Process(11, server, holders: 0b11)
        try one.lead()
        _ = try one.ask([Self.order("a", nil, 10_000, nil)])
        let first = try one.content()
        #expect(first.timeline == first.audit.timeline && first.timeline.line == 1)
        #expect(first.timeline.system != 0 && first.audit.mark == 0)
        try server.keepCopy()
        try server.putCopyBack()
        _ = try one.again { try one.content() }
        let batch = try one.batch(of: [Self.order("c", nil, 10_000, nil)])
        let failure = try #require(try one.send(batch).failure)
        guard case .otherTimeline = LedgerRefusal(failure) else {
            Issue.record("\(failure)")
            return
        }
        #expect(try one.content().labels.map(\.name.campaign) == ["a"])
        _ = one.machine.mismatched()
        let second = try one.content()
        #expect(second.timeline.line == 2 && second.audit.timeline == first.timeline)
        try one.machine.loaded(second, at: one.now)
        #expect(try one.ask([Self.order("c", nil, 10_000, nil)]) == [.refusedOrder(.audited)])
        let third = try one.content()
        #expect(third.audit == one.machine.audit && third.audit.timeline == third.timeline)
        #expect(third.audit.missing == 0b11 && third.audit.mark > 1_700_000_000)
        #expect(third.rows.accounts.map(\.account.missing) == [0b11])
        // What two say of one of them is there with their names.
        for who in ["ann", "bob"] {
            let entry = AuditEntry(
                mark: third.audit.mark, holder: HolderNumber(1),
                amounts: [.init(AccountName(campaign: "a"), Micros(500))], restIsZero: false,
                candidate: LedgerSession(1 << 50 | UInt64(who.utf8.first ?? 0)), who: who)
            _ = try one.ask([.enter(entry)], times: 2)
        }
        _ = try one.ask([.presented(mark: third.audit.mark, HolderNumber(0))])
        let last = try one.content()
        #expect(Self.rows(last) == Self.rows(try one.content()))
        #expect(last.audit.missing == 0 && last.audit.owed == 0b10)
        #expect(last.entries.map(\.who).sorted() == ["ann", "bob"])
        #expect(last.entries.count { $0.session != nil } == 1)
        #expect(last.rows.accounts.map(\.account.suspense) == [Micros(500)])
        #expect(try server.psql("select count(*) from paceline.imbalances").output == "0")
        let written = try server.psql(
            "select what || ' ' || who from paceline.audit where kind = 'ledger' order by ordinal")
        #expect(
            written.output.split(separator: "\n") == [
                "begin audit p11", "enter for a silent holder ann", "enter for a silent holder bob",
            ], "\(written)")
    }

    @Test func whatWasWrittenIsLoaded() throws {
        let server = try PostgresServer()
        let one = try Process(11, server)
        try one.lead()
        _ = try one.ask([
            Self.order("a", nil, 10_000, nil), Self.order("a", 20_000, 5_000, nil),
            Self.order("b", nil, 700, nil),
        ])
        let seed = UInt64.random(in: 1...UInt64.max)
        var random = Randomness(seed: seed)
        let broker = HolderNumber(3)
        var sessions: [LedgerSession] = []
        var masks: [UInt64: UInt64] = [:]
        for step in 0..<120 {
            var commands: [RootCommand] = []
            for _ in 0..<Int(random.next(in: 1...6)) {
                let account = AccountIndex(UInt32(random.next(below: 3)))
                let session = sessions.randomElement(using: &random)
                switch (random.next(below: 12), session) {
                case (0, _), (_, nil):
                    let session = LedgerSession(UInt64(step) << 16 | random.next(below: 65_536) | 1 << 40)
                    commands.append(.open(start: session.rawValue, broker, candidate: session))
                    commands.append(
                        .book(
                            .leafRegistered(
                                LeafKey(root: session, node: LedgerSession(session.rawValue | 1 << 50))),
                            by: broker))
                    sessions.append(session)
                case (1, let session?): commands.append(.book(.fenced(session), by: nil))
                case (2, let session?):
                    commands.append(
                        .book(
                            .renewalAsked(
                                session,
                                RenewalChain.Request(
                                    id: random.next(), nonce: 0, sentAt: Instant(nanoseconds: 0)),
                                next: random.next() | 1), by: broker))
                case (3, let session?):
                    let leaf = LeafKey(root: session, node: LedgerSession(session.rawValue | 1 << 50))
                    let key = ReservationKey(session: leaf.node, shard: 1, sequence: random.next(below: 64))
                    commands.append(
                        .book(
                            .claimed(
                                leaf,
                                Claim(
                                    key: key, account: account, currency: .usd, reserved: Micros(9),
                                    amount: Micros(11))),
                            by: broker))
                case (4...7, let session?):
                    let leaf = LeafKey(root: session, node: LedgerSession(session.rawValue | 1 << 50))
                    let mask = masks[leaf.node.rawValue, default: 0] | 1 << random.next(below: 64)
                    masks[leaf.node.rawValue] = mask
                    commands.append(
                        .book(
                            .settled(
                                leaf,
                                SettlementBlock(
                                    account: account, shard: 1, number: 0, mask: mask,
                                    paid: Micros(Int64(mask.nonzeroBitCount) * 3))), by: broker))
                case (_, let session?):
                    commands.append(
                        .book(
                            .requested(session, account, upTo: Micros(Int64(random.next(below: 900)))),
                            by: broker))
                }
            }
            // Sent once, or as often as it takes until somebody knows.
            _ = try one.ask(commands, times: Int(random.next(in: 1...3)))
            if step % 20 == 19 {
                let content = try one.content()
                let book = try GrantBook(restoring: content.rows)
                #expect(book.rows.accounts == one.machine.book?.rows.accounts, "seed \(seed), step \(step)")
                let isSame =
                    Set(book.rows.cells) == Set(one.machine.book?.rows.cells ?? [])
                    && book.rows.claims == one.machine.book?.rows.claims
                    && Set(book.rows.blocks) == Set(one.machine.book?.rows.blocks ?? [])
                    && book.rows.sessions == one.machine.book?.rows.sessions
                #expect(isSame, "seed \(seed), step \(step)")
            }
        }
        #expect(try server.psql("select count(*) from paceline.imbalances").output == "0", "seed \(seed)")
        // Another one takes over with the same.
        let two = try Process(12, server)
        try two.lead()
        #expect(two.machine.epoch == Epoch(2))
        #expect(Self.rows(try one.content()) == Self.rows(try two.content()))
        // The first one's next batch is refused, whatever it holds.
        let late = try one.batch(of: [Self.order("c", nil, 5, nil)])
        guard case .refused(let failure) = try one.send(late), case .lost = LedgerRefusal(failure) else {
            Issue.record("a batch of a former epoch was taken")
            return
        }
        #expect(try server.psql("select count(*) from paceline.accounts").output == "3")
    }

    /// A sending that was thought lost and comes when the next batch is there already.
    @Test func anEarlierBatchThatComesLateChangesNothing() throws {
        let server = try PostgresServer()
        let one = try Process(11, server)
        try one.lead()
        let broker = HolderNumber(3)
        let session = LedgerSession(1 << 40 | 7)
        let leaf = LeafKey(root: session, node: LedgerSession(1 << 50))
        _ = try one.ask([
            Self.order("a", nil, 10_000, nil), .open(start: 1, broker, candidate: session),
            .book(.leafRegistered(leaf), by: broker),
        ])
        func settle(_ mask: UInt64, _ id: UInt64, _ nonce: UInt64) throws -> RootBatch {
            let block = SettlementBlock(
                account: AccountIndex(0), shard: 0, number: 0, mask: mask,
                paid: Micros(Int64(mask.nonzeroBitCount)))
            let batch = try one.batch(of: [
                .book(.requested(session, AccountIndex(0), upTo: Micros(Int64(mask))), by: broker),
                .book(.settled(leaf, block), by: broker),
                .book(
                    .renewalAsked(
                        session, RenewalChain.Request(id: id, nonce: nonce, sentAt: one.now), next: id + 1),
                    by: broker),
            ])
            #expect(try one.send(batch).failure == nil)
            _ = one.machine.acknowledged(at: one.now)
            return batch
        }
        let first = try settle(0b1, 100, 0)
        _ = try settle(0b111, 200, 101)
        let before = Self.rows(try one.content())
        #expect(try one.send(first).failure == nil)
        #expect(Self.rows(try one.content()) == before)
        let rows = try one.content().rows
        #expect(rows.sessions.first?.earlier == [.init(nonce: 0, id: 100), .init(nonce: 101, id: 200)])
        #expect(try server.psql("select count(*) from paceline.imbalances").output == "0")
        #expect(try GrantBook(restoring: rows).rows.cells == one.machine.book?.rows.cells)
    }

    @Test func aRowThatIsNotAsTheLeaderKnewItRefusesAll() throws {
        let server = try PostgresServer()
        let one = try Process(11, server)
        try one.lead()
        _ = try one.ask([Self.order("a", nil, 10_000, nil), Self.order("b", nil, 10_000, nil)])
        // Somebody writes beside the leader.
        try server.psql("update paceline.accounts set version = version + 1 where id = 1")
        let batch = try one.batch(of: [Self.order("a", nil, 1, 1), Self.order("b", nil, 1, 1)])
        guard case .refused(let failure) = try one.send(batch), case .mismatched = LedgerRefusal(failure)
        else {
            Issue.record("a row that was changed beside the leader was written over")
            return
        }
        #expect(
            try server.psql("select string_agg(budget::text, ' ' order by id) from paceline.accounts").output
                == "10000 10000")
        let told = one.machine.mismatched()
        #expect(told == [1])
        try one.machine.loaded(try one.content(), at: one.now)
        _ = try one.ask([Self.order("a", nil, 1, 1), Self.order("b", nil, 1, 2)])
        #expect(
            try server.psql("select string_agg(budget::text, ' ' order by id) from paceline.accounts").output
                == "1 1")
    }

    @Test func whatIsAddedStays() throws {
        let server = try PostgresServer()
        let one = try Process(11, server)
        try one.lead()
        _ = try one.ask([Self.order("a", nil, 10_000, nil)])
        for text in [
            "delete from paceline.movements", "update paceline.movements set amount = 1",
            "delete from paceline.operations",
        ] {
            let answer = try server.psql(text)
            #expect(
                answer.status != 0 && answer.output.contains("only ever added"), "\(text): \(answer.output)")
        }
        // Two processes that claim one row: the second has lost.
        let (two, three) = (try Process(12, server), try Process(13, server))
        for process in [two, three] {
            try process.look()
            process.now = process.now + .seconds(10)
            try process.look()
        }
        #expect(try two.send(try #require(two.machine.inFlight)).failure == nil)
        guard case .refused(let failure) = try three.send(try #require(three.machine.inFlight)),
            case .lost = LedgerRefusal(failure)
        else {
            Issue.record("two processes have one epoch")
            return
        }
        // Its own claim once more is no other one's.
        #expect(try two.send(try #require(two.machine.inFlight)).failure == nil)
    }

    /// Both find that a month has no partition yet, and wait for somebody who reads; the second must hear that it has lost, and
    /// nothing else.
    @Test func ofTwoThatClaimAtOnceInANewMonthOneHasLost() throws {
        let server = try PostgresServer()
        let both = try [Process(14, server), Process(15, server)]
        for process in both {
            process.now = Instant(nanoseconds: 0) + .seconds(40 * 86_400)
            try process.look()
            process.now = process.now + .seconds(10)
            try process.look()
        }
        nonisolated(unsafe) let (database, processes) = (server, both)
        Foundation.Thread.detachNewThread {
            _ = try? database.psql(
                "begin; lock table paceline.movements in access share mode; select pg_sleep(2)")
        }
        sleep(1)
        let outcomes = Mutex([Result<PostgresOutcome, any Error>]())
        DispatchQueue.concurrentPerform(iterations: 2) { one in
            let outcome = Result { try processes[one].send(try #require(processes[one].machine.inFlight)) }
            outcomes.withLock { $0.append(outcome) }
        }
        let failures = try outcomes.withLock { try $0.compactMap { try $0.get().failure } }
        #expect(failures.count == 1, "\(failures)")
        for failure in failures {
            guard case .lost = LedgerRefusal(failure) else {
                Issue.record("\(failure)")
                continue
            }
        }
    }
}
