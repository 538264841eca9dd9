// The root on its database: drives the machine that decides, and carries its batches there and their answers back.
import Commands
import HTTP
import Kernel
import Ledger
import LedgerStore
import LedgerWire
import Postgres
import Reactor
import Settings
import Telemetry
import Units

/// Used on its thread only.
final class Root: MoneyIssuer {
    private let context: CoordinatorContext
    private let pool: PostgresPool
    private let metrics: RootMetrics
    private let process: LedgerProcess
    private(set) var machine: RootLedger
    /// The leadership row as it was read last.
    private(set) var leader: LeaderReading?
    private var open: [Int: (IssuerOutcome) -> Void] = [:]
    private var nextTicket = 0
    private let migrations: [Migration]
    private(set) var isMigrated = false
    private var nextMigration = Instant(nanoseconds: .min)
    /// A migration, a look at the row or a loading is under way.
    private var isAsking = false
    private var sending: (batch: PostgresBatch, isUnderWay: Bool)?
    private var stopped: (() -> Void)?
    private(set) var transactionTime: Interval?
    private var random = Randomness(seed: 0)
    private let watch: AuditWatch
    /// Nil where nobody keeps them: then each new timeline is audited.
    private let numbers: BatchNumbers?
    private var nextLoading = Instant(nanoseconds: .min)
    /// The database says that all its leaders have kept numbers.
    private var isNumbered = false
    /// Since when etcd is asked for the batch in flight: for as long as a leadership lasts, and then that is given up, for who reaches
    /// etcd.
    private var keepsSince: Instant?

    /// Looks and resendings: short beside the leadership's length, long beside a round trip.
    private static let turn = Interval.milliseconds(50)
    /// Behind one that came to nothing: it is the whole ledger.
    private static let loadingPause = Interval.seconds(1)
    private static let keepingPause = Interval.milliseconds(100)

    init(
        _ context: CoordinatorContext, _ pool: PostgresPool, _ metrics: RootMetrics
    ) throws(Failure) {
        do {
            migrations = try Migration.read(context.settings.database.migrationsDirectory)
        } catch {
            throw Failure("\(error)")
        }
        numbers = try context.settings.numbers.map { settings throws(Failure) in
            try BatchNumbers(settings, of: context.start, on: pool.reactor, context.log)
        }
        self.context = context
        self.pool = pool
        self.metrics = metrics
        watch = AuditWatch(context)
        let admin = context.settings.admin
        process = LedgerProcess(
            number: context.start, name: context.settings.name,
            address: "\(admin.tls == nil ? "http" : "https")://\(admin.address):\(admin.port)",
            keepsNumbers: context.settings.numbers != nil)
        let leases = context.settings.leases
        var limits = RootLedger.Limits(
            leadership: leases.leadership, renewal: leases.renewal, lease: leases.lease,
            horizon: leases.horizon)
        // The roster, and not the tables: a lost tail may have taken a holder with it.
        limits.holders = context.settings.holders.indices.reduce(0) { $0 | 1 << UInt64($1) }
        machine = RootLedger(limits)
        var seeds = SystemRandomNumberGenerator()
        random = Randomness(seed: seeds.next())
    }

    var now: Instant { Kernel.boottimeNow() }
    var leads: Bool { machine.leads(at: now) }
    var epoch: Epoch { machine.epoch }

    func decline(_ response: inout Response) { response.notLeader(self) }

    func start() { tick() }

    /// Takes nothing more, and calls back when no batch is in flight.
    func stop(_ done: @escaping () -> Void) {
        stopped = done
        finishStopping()
    }

    private func finishStopping() {
        guard let stopped, sending == nil else { return }
        self.stopped = nil
        stopped()
    }

    /// A session's number: never used before, in this epoch or after a tail was lost with its epoch.
    func candidate(_ holder: HolderNumber) -> LedgerSession {
        let drawn = random.next() & 0xFFFF_FFFF
        return LedgerSession(
            (machine.epoch.rawValue & 0x7F_FFFF) << 40 | drawn << 8 | UInt64(holder.rawValue))
    }

    func nonce() -> UInt64 { random.next() | 1 }

    var takesMessages: Bool { leads }

    func auditCall(for holder: HolderNumber) -> AuditCall? {
        machine.book == nil ? nil : machine.auditCall(for: holder)
    }

    // MARK: Asking

    /// Calls back once, when all of it is acknowledged; false where it is not taken.
    func ask(_ commands: [RootCommand], _ done: @escaping (IssuerOutcome) -> Void) -> Bool {
        guard stopped == nil, machine.ask(commands, ticket: nextTicket, at: now) else { return false }
        open[nextTicket] = done
        nextTicket += 1
        metrics.commands.add(commands.count)
        pump()
        return true
    }

    // MARK: Turning

    private func tick() {
        if pool.reactor.timer(at: pool.reactor.now + Self.turn, { [weak self] in self?.tick() }) == nil {
            context.log.critical("the reactor has no timer left for the root")
        }
        metrics.leads.set(leads ? 1 : 0)
        watch.look(at: leads ? machine : nil, at: now)
        if !isAsking { lookAround() }
        pump()
    }

    private func lookAround() {
        if !isMigrated { return now >= nextMigration ? migrate() : () }
        if machine.isLoading { return now >= nextLoading ? load() : () }
        guard !machine.leadership.isLeader, machine.inFlight == nil, stopped == nil else { return }
        isAsking = true
        pool.run(LedgerStore.leader, within: context.settings.database.timeout) { [weak self] outcome in
            guard let self else { return }
            isAsking = false
            guard case .done(let found) = outcome else { return trouble(outcome.failure) }
            context.health.set("database", .ready)
            do {
                guard let reading = try LedgerStore.reading(found[0]) else { return }
                // Whoever leads reaches etcd, or gives the leadership up.
                if numbers != nil, leader.map({ $0.row != reading.row }) ?? false {
                    context.health.set("numbers", .ready)
                }
                leader = reading
                machine.saw(reading.row, at: now)
                pump()
            } catch {
                context.log.error("the leadership row could not be read", ["cause": .error(error)])
            }
        }
    }

    private func trouble(_ failure: PostgresFailure?) {
        guard let failure else { return }
        context.health.set("database", .notReady("\(failure)"))
    }

    private func migrate() {
        isAsking = true
        nextMigration = now + .seconds(1)
        MigrationRun.apply(migrations, to: pool, within: .seconds(60)) { [weak self] result in
            guard let self else { return }
            isAsking = false
            switch result {
            case .success(let applied):
                isMigrated = true
                context.health.set("database", .ready)
                if !applied.isEmpty {
                    let names = applied.joined(separator: " ")
                    context.log.notice(
                        "the ledger's tables are of this version now", ["applied": .string(names)])
                }
            case .failure(let failure):
                context.health.set("database", .notReady("\(failure)"))
                context.log.error("the ledger's tables are not ready", ["cause": .string("\(failure)")])
            }
        }
    }

    private func load() {
        isAsking = true
        let epoch = machine.epoch
        pool.run(LedgerStore.load(), within: .seconds(60)) { [weak self] outcome in
            guard let self else { return }
            isAsking = false
            guard machine.epoch == epoch, machine.isLoading else { return }
            guard case .done(let found) = outcome else { return trouble(outcome.failure) }
            do {
                lookAtNumbers(of: try LedgerStore.content(found, of: process))
            } catch {
                unusable(error)
            }
        }
    }

    /// Whether the database has all that was acknowledged, where somebody knows.
    private func lookAtNumbers(of content: RootContent) {
        guard let numbers else { return loaded(content, isWhole: nil) }
        isAsking = true
        let epoch = machine.epoch
        let fence = NumberFence(timeline: content.timeline, epoch: epoch, process: process.number)
        numbers.look(fence) { [weak self] looked in
            guard let self else { return }
            isAsking = false
            guard machine.epoch == epoch, machine.isLoading else { return }
            switch looked {
            case .found(let kept):
                loaded(content, isWhole: kept.isWhole(content.streams, isNumbered: content.isNumbered))
            case .unknown(let why):
                nextLoading = now + Self.loadingPause
                numbersAway(why)
            case .left(let other):
                nextLoading = now + Self.loadingPause
                let why =
                    "the ledger goes on on timeline \(other.timeline.line), and this database is on \(content.timeline.line): a copy that the others have left"
                numbersAway(why)
            }
        }
    }

    private func numbersAway(_ why: String) {
        context.health.set("numbers", .notReady("nothing is granted: \(why)"))
        context.log.warning("the numbers of batches cannot be kept or read", ["cause": .string(why)])
    }

    private func loaded(_ content: RootContent, isWhole: Bool?) {
        do {
            try machine.loaded(content, isWhole: isWhole, at: now)
        } catch {
            return unusable(error)
        }
        isNumbered = content.isNumbered
        if numbers != nil { context.health.set("numbers", .ready) }
        countClaims()
        context.log.notice(
            "leads",
            [
                "epoch": .integer(Int(epoch.rawValue)), "accounts": .integer(content.labels.count),
                "sessions": .integer(content.rows.sessions.count),
            ])
        pump()
    }

    /// Nothing is guessed: nobody leads until somebody has looked.
    private func unusable(_ error: any Error) {
        context.health.set("book", .failed("\(error)"))
        context.log.critical("the ledger's rows do not make a book", ["cause": .error(error)])
    }

    // MARK: Batches

    private func pump() {
        if sending == nil {
            guard let batch = machine.inFlight ?? (stopped == nil ? machine.next(at: now) : nil) else {
                return
            }
            let settles = numbers != nil && batch.isLooked && !isNumbered
            sending = (
                LedgerStore.transaction(batch, of: process, at: Kernel.wallNow(), settles: settles), false
            )
        }
        guard let (batch, isUnderWay) = sending, !isUnderWay else { return }
        sending?.isUnderWay = true
        pool.run(batch, within: context.settings.database.timeout) { [weak self] in self?.came($0) }
    }

    private func came(_ outcome: PostgresOutcome) {
        sending?.isUnderWay = false
        switch outcome {
        case .done: committed()
        case .unknown(let failure):
            metrics.unknown.add()
            context.log.warning(
                "whether a transaction is there is not known; it is sent again",
                ["cause": .string("\(failure)")])
        case .refused(let failure):
            switch LedgerRefusal(failure) {
            case .later: trouble(failure)
            case .lost:
                context.log.notice("another coordinator leads", ["cause": .string("\(failure)")])
                dismiss(machine.lost())
            case .mismatched:
                context.log.error(
                    "a row is not as the book has it; it is loaded anew", ["cause": .string("\(failure)")])
                dismiss(machine.mismatched())
            case .otherTimeline:
                context.log.warning(
                    "the database is on another timeline; the book is loaded anew and looked at",
                    ["cause": .string("\(failure)")])
                dismiss(machine.mismatched())
            case .broken(let failure):
                // The book says yes and the database says no: somebody has to look, and nothing of it is there.
                context.log.critical(
                    "the database refuses what the book allows", ["cause": .string("\(failure)")])
                dismiss(machine.mismatched())
            }
        }
        finishStopping()
    }

    /// The database has acknowledged it. Its answers leave when its number is kept as well, however long that takes: else a
    /// promoted database that lacks it could not be told from one that is whole. A claim of the leadership has no timeline yet, and
    /// is nothing that others act on before the next batch.
    private func committed() {
        guard let numbers, let batch = machine.inFlight, batch.claim == nil else {
            return acknowledged()
        }
        sending?.isUnderWay = true
        let begun = keepsSince ?? now
        keepsSince = begun
        numbers.keep(batch.number, settles: batch.isLooked) { [weak self] kept in
            guard let self else { return }
            switch kept {
            case .kept:
                keepsSince = nil
                if batch.isLooked { isNumbered = true }
                metrics.numbersTime.record(now - begun)
                context.health.set("numbers", .ready)
                acknowledged()
            case .fenced:
                keepsSince = nil
                context.log.warning("another leader's numbers are taken; the book is loaded anew")
                dismiss(machine.mismatched())
            case .unknown(let why):
                metrics.numbersUnkept.add()
                numbersAway(why)
                guard now < begun + context.settings.leases.leadership, stopped == nil else {
                    keepsSince = nil
                    dismiss(machine.lost())
                    break
                }
                keepLater()
            }
            finishStopping()
        }
    }

    private func keepLater() {
        let isSet = pool.reactor.timer(at: pool.reactor.now + Self.keepingPause) { [weak self] in
            self?.committed()
        }
        guard isSet == nil else { return }
        keepsSince = nil
        dismiss(machine.lost())
    }

    private func acknowledged() {
        guard let batch = machine.inFlight else { return }
        sending = nil
        metrics.batches.add()
        context.health.set("database", .ready)
        let time = now
        metrics.time.record(time - batch.sentAt)
        transactionTime = time - batch.sentAt
        defer { transactionTime = nil }
        if batch.claim != nil { metrics.takeovers.add() }
        if !batch.rows.claims.isEmpty || !batch.rows.merged.isEmpty { countClaims() }
        let answered = machine.acknowledged(at: time)
        watch.look(at: leads ? machine : nil, at: time)
        for (ticket, answers) in answered {
            open.removeValue(forKey: ticket)?(.answered(answers.map(leased)))
        }
        pump()
    }

    /// What a change of a budget would come to; nil where this process does not lead.
    func outlook(of order: AccountOrder) -> OrderOutlook? { leads ? machine.outlook(of: order) : nil }

    func outlook(of account: AccountIndex, with budget: Micros) -> BudgetOutlook? {
        machine.outlook(of: account, with: budget)
    }

    private func countClaims() {
        metrics.claims.set(machine.book?.leaves.reduce(0) { $0 + $1.claims.count } ?? 0)
    }

    private func dismiss(_ tickets: [Int]) {
        metrics.claims.set(0)
        metrics.refused.add()
        sending = nil
        for ticket in tickets { open.removeValue(forKey: ticket)?(.declined) }
    }

    // MARK: Leases

    private func foundClone(_ session: LedgerSession) {
        metrics.clones.add()
        let holder = clones.last { $0.session == session }?.holder ?? "none"
        context.log.critical(
            "two processes go on from one memory of a holder, and neither is renewed: end the one that is not to run, and take its journal away",
            ["holder": .string(holder), "session": .string("\(session.rawValue)")])
    }

    /// Sessions that two processes have used, as far as money of them waits for evidence; none where this one does not lead.
    var clones: [(session: LedgerSession, holder: String)] {
        guard let book = machine.book else { return [] }
        let names = context.settings.holders
        return book.children.indices.filter { book.children[$0].isCloned && !book.isOver($0) }.map {
            let holder = Int(book.children[$0].holder.rawValue)
            return (book.children[$0].session, holder < names.count ? names[holder] : "none")
        }
    }

    /// An answer that carries a lease, which is counted from now.
    private func leased(_ answer: RootAnswer) -> RootAnswer {
        switch answer {
        case .opened(let session, _):
            machine.counts(session, at: now)
            return answer
        case .book(let effects):
            for case .fenceClone(let session) in effects { foundClone(session) }
            for case .renew(let session, let request, let next) in effects {
                guard let length = machine.lease(session, request: request, at: now) else {
                    return .refused(.leaseOver, session)
                }
                return .leased(session, request: request, length, next: next)
            }
            return answer
        case .telling(let answer, let effects): return .telling(leased(answer), effects)
        default: return answer
        }
    }
}
