// Settlements into a real Postgres, as whoever leads writes them: each batch a transaction with its movements, balances, blocks
// and indexes, idempotent by its number. Beside it the same movements by a bare COPY into a table without an index.
import BenchKit
import Foundation
import Kernel
import Ledger
import LedgerStore
import Postgres
import PostgresServer
import Units

struct LedgerRound {
    /// Movement rows a second.
    let perSecond: Double
}

final class Ledger {
    /// Campaigns that spend at the same time.
    private static let accounts = 1_000
    /// Transactions of a round: about half a second of ours.
    private static let batches = 5
    private static let limit = Interval.seconds(60)

    private let server: PostgresServer
    private let command: PostgresCommand
    private let process = LedgerProcess(number: 11, name: "bench", address: "none")
    private var machine: RootLedger
    private var now = Instant(nanoseconds: 0)
    private let session = LedgerSession(1 << 40)
    private let leaf: LeafKey
    private var number: UInt32 = 0
    /// What the last round of ours wrote: the peer writes the same.
    private var written: [[PostgresValue]] = []

    init() throws {
        // As servers are: everything durable.
        server = try PostgresServer([
            "fsync=on", "full_page_writes=on", "shared_buffers=256MB", "max_wal_size=2GB",
        ])
        guard let place = SocketAddress(literal: "127.0.0.1", port: server.port) else {
            throw Impossible("127.0.0.1 is no address")
        }
        command = try PostgresCommand(
            PostgresOptions(place: .address(place), database: "postgres", user: "postgres"))
        machine = RootLedger(
            .init(
                leadership: .seconds(6_000), renewal: .seconds(3_000), lease: .seconds(6_000),
                horizon: .seconds(9_000)))
        leaf = LeafKey(root: session, node: LedgerSession(1 << 41))
        try lead()
        try fund()
        let made = try server.psql(
            """
            create table bare (at timestamptz, stream bigint, number bigint, sequence bigint, account bigint, source int,
                target int, amount bigint)
            """)
        guard made.status == 0 else { throw Impossible("the peer's table: \(made.output)") }
    }

    private func lead() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Sources/Apps/paceline-coordinator/Migrations").standardized.path()
        let migrations = try Migration.read(folder)
        let result: Result<[String], MigrationFailure> = try command.wait { pool, done in
            MigrationRun.apply(migrations, to: pool, within: Self.limit, done)
        }
        _ = try result.get()
        for wait in [Interval.zero, .seconds(10_000)] {
            now = now + wait
            guard case .done(let found) = try command.run(LedgerStore.leader, within: Self.limit),
                let row = try LedgerStore.reading(found[0])?.row
            else { throw Impossible("there is no leadership row") }
            machine.saw(row, at: now)
        }
        guard let claim = machine.inFlight else { throw Impossible("nobody claims the leadership") }
        try send(claim)
        _ = machine.acknowledged(at: now)
        guard case .done(let found) = try command.run(LedgerStore.load(), within: Self.limit) else {
            throw Impossible("the book could not be loaded")
        }
        try machine.loaded(try LedgerStore.content(found, of: process), at: now)
    }

    /// Accounts with all the money that rounds will spend, granted to one broker with one node.
    private func fund() throws {
        let money = Micros(1_000_000_000_000)
        var commands: [RootCommand] = (0..<Self.accounts).map { index in
            .order(
                AccountOrder(
                    name: AccountName(campaign: "campaign-\(index)", day: nil), currency: .usd, parent: nil,
                    budget: money, highest: Micros(10), version: nil,
                    operation: OperationRecord(key: "fund-\(index)", who: "bench", request: "set")))
        }
        commands.append(.open(start: session.rawValue, HolderNumber(3), candidate: session))
        commands.append(.book(.leafRegistered(leaf), by: HolderNumber(3)))
        try write(commands)
        try write(
            (0..<Self.accounts).map {
                .book(.requested(session, AccountIndex(UInt32($0)), upTo: money), by: HolderNumber(3))
            })
    }

    private func send(_ batch: RootBatch) throws {
        let wall = Instant(nanoseconds: 1_795_000_000_000_000_000)
        let outcome = try command.run(
            LedgerStore.transaction(batch, of: process, at: wall), within: Self.limit)
        if let failure = outcome.failure { throw Impossible("a batch was not written: \(failure)") }
    }

    @discardableResult
    private func write(_ commands: [RootCommand]) throws -> RootBatch {
        guard machine.ask(commands, ticket: 1, at: now), let batch = machine.next(at: now) else {
            throw Impossible("the ledger takes no commands")
        }
        try send(batch)
        for answer in machine.acknowledged(at: now).flatMap(\.answers) {
            if case .book(let effects) = answer,
                effects.contains(where: { if case .refuse = $0 { true } else { false } })
            {
                throw Impossible("a settlement was refused: \(effects)")
            }
        }
        return batch
    }

    /// As holders say it: blocks that fill, of all campaigns in turns.
    func ours() throws -> LedgerRound {
        written = []
        let most = RootLedger.Limits(
            leadership: .seconds(1), renewal: .seconds(1), lease: .seconds(1), horizon: .seconds(1)
        ).batch
        let start = DispatchTime.now().uptimeNanoseconds
        var batches: [RootBatch] = []
        for _ in 0..<Self.batches {
            let commands = (0..<most).map { index -> RootCommand in
                let account = AccountIndex(UInt32(index % Self.accounts))
                if index % Self.accounts == 0 { number += 1 }
                return .book(
                    .settled(
                        leaf,
                        SettlementBlock(
                            account: account, shard: 0, number: number, mask: .max, paid: Micros(64 * 5))),
                    by: HolderNumber(3))
            }
            batches.append(try write(commands))
        }
        let nanoseconds = Double(DispatchTime.now().uptimeNanoseconds - start)
        for batch in batches {
            for (sequence, one) in batch.movements.enumerated() {
                written.append([
                    .timestamptz(Instant(nanoseconds: 1_795_000_000_000_000_000)), .int8(11),
                    .int8(Int64(batch.number)), .int8(Int64(sequence)), .int8(Int64(one.account.rawValue)),
                    .int4(Int32(one.from.rawValue)), .int4(Int32(one.to.rawValue)),
                    .int8(one.amount.rawValue),
                ])
            }
        }
        guard written.count == Self.batches * most else {
            throw Impossible("\(Self.batches * most) settlements made \(written.count) movements")
        }
        return LedgerRound(perSecond: Double(written.count) * 1e9 / nanoseconds)
    }

    /// The same rows; they are put into COPY's form before the time begins.
    func bare() throws -> LedgerRound {
        let rows = PostgresCopyRows()
        for row in written where !rows.add(values: row) { throw Impossible("COPY has no room for a round") }
        var nanoseconds = 0.0
        let outcome: PostgresOutcome = try command.wait { pool, done in
            pool.session(within: Self.limit) { session in
                guard case .success(let session) = session else {
                    return done(.refused(.misuse("no connection")))
                }
                let start = DispatchTime.now().uptimeNanoseconds
                session.copy(rows, into: "copy bare from stdin (format binary)", within: Self.limit) {
                    nanoseconds = Double(DispatchTime.now().uptimeNanoseconds - start)
                    session.giveBack()
                    done($0)
                }
            }
        }
        if let failure = outcome.failure { throw Impossible("COPY: \(failure)") }
        return LedgerRound(perSecond: Double(written.count) * 1e9 / nanoseconds)
    }

    /// That what was measured is right.
    func verify() throws {
        let found = try server.psql(
            "select (select count(*) from paceline.imbalances), (select count(*) from paceline.movements) > 100000"
        )
        guard found.output == "0|t" else { throw Impossible("the ledger does not add up: \(found.output)") }
    }
}
