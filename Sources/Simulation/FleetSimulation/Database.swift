// The root's database and its keeper of numbers, as a model of three Postgres servers under Patroni with etcd: what a commit means when
// the primary fails, when a tail is lost, and when a former primary goes on.
import Ledger
import Units

/// What one transaction is asked to do.
enum Command {
    case book(BookEvent, replyTo: Int)
    case open(start: UInt64, holder: HolderNumber, replyTo: Int)
    case takeover(coordinator: Int, from: LeadershipRow)
    case leadership
    /// A new timeline has all that etcd knows of, or begins an audit.
    case verify(timeline: UInt32, numbers: [UInt64])
    case presented(timeline: UInt32, holder: HolderNumber, [Broker.Epoch])
}

extension Command {
    /// What a leader says of its own count of leases.
    var isCountedOut: Bool {
        switch self {
        case .book(.fenced, _), .book(.horizonReached, _): true
        default: false
        }
    }
}

/// Everything that waited at one root process, as one transaction with one number.
struct Batch {
    let coordinator: Int
    let number: UInt64
    let epoch: Epoch
    let commands: [Command]
    var answers: [(to: Int, effect: BookEffect)] = []
    /// The timeline was not looked at yet: what moves money waits.
    var wasHeld = false
    /// By account, the holders that this batch promised something to.
    var promised = [UInt64](repeating: 0, count: WorldShape.accountCount)
    /// The promises themselves.
    var promises: [BookEffect] = []
    var sentAt = Instant(nanoseconds: 0)
}

/// The rows of the root.
struct RootState {
    var book = GrantBook([])
    var leadership = LeadershipRow(epoch: Epoch(0), renewals: 0)
    var leader = -1
    var timeline: UInt32 = 1
    /// The timeline that was looked at last, and the audit of the last one that was found to lack something: its number is that one's.
    var audit = TimelineAudit(DatabaseTimeline(system: 0, line: 1))
    var verified: UInt32 { audit.timeline.line }
    var audited: UInt32 { audit.mark }
    var streams = [UInt64](repeating: 0, count: 3)
    /// The streams as the timeline began with them: what was written on it says nothing of what was lost before.
    var began = [UInt64](repeating: 0, count: 3)
    var nextSession: UInt64 = 1
    var starts: [(start: UInt64, session: LedgerSession)] = []
}

struct Database {
    var primary = RootState()
    /// As of `based` entries of the log; the log's entries are batches.
    var base = RootState()
    var based = 0
    var log: [Int] = []
    /// So many are on the synchronous standby, and on the one that lags.
    var replicated = 0
    var lagging = 0
    var server = 0
    var isDown = false
    /// A former primary that does not know it, as it was when another took over.
    var zombie: (server: Int, state: RootState)?
    var zombieUntil: Int64 = 0
    var stalledUntil: Int64 = 0
    var etcdAwayUntil: Int64 = 0
    var numbers = [UInt64](repeating: 0, count: 3)
    /// As they were when the timeline's key was changed.
    var numbersAtChange = [UInt64](repeating: 0, count: 3)
    var timelineKey: UInt32 = 1
    /// By timeline and account, who may have been promised what it lacks: etcd keeps that of batches that are not on every
    /// standby yet.
    var promised: [[UInt64]] = [[], []]
    /// The same by what was promised, of all timelines.
    var promises: [BookEffect] = []

    /// What is there at the start is on all servers.
    mutating func settle() { base = primary }
}

extension World {
    /// A batch comes to a server.
    func hearAtDatabase(_ server: Int, _ envelope: Envelope) {
        guard case .batch(let id, _) = envelope.message else { return }
        let from = Int(envelope.from)
        if let zombie = database.zombie, zombie.server == server, zombie.server != database.server {
            // It writes, and waits for a standby that has gone. Whoever cancels gets a warning for an answer.
            var state = zombie.state
            _ = execute(&state, id, isPrimary: false)
            database.zombie?.state = state
            coverage.note(.commitUnknown)
            queue.put(
                Event(
                    kind: .message, actor: UInt16(from), generation: 0,
                    value: pool.put(
                        Envelope(
                            from: UInt16(firstServer + server), to: UInt16(from),
                            message: .committed(id, isWarned: true, timeline: zombie.state.timeline)))),
                at: now + 1_500_000_000)
            return
        }
        guard server == database.server, !database.isDown else { return }
        let isRetry = batches[id].number <= database.primary.streams[batches[id].coordinator]
        if isRetry { coverage.note(.retried) }
        guard execute(in: \.primary, id, isPrimary: true) else {
            coverage.note(.batchRejected)
            return send(.rejected(id), from: firstServer + server, to: from)
        }
        database.log.append(id)
        if isRetry, has(.retryByRead) {
            return send(
                .committed(id, isWarned: false, timeline: database.primary.timeline),
                from: firstServer + server, to: from)
        }
        // The standby has it a little later, and only then is it acknowledged.
        let wait = max(database.stalledUntil - now, 0) + Int64(random.next(in: 1...6)) * 1_000_000
        schedule(.replicated, firstServer + server, database.log.count, after: wait)
    }

    /// The standby has so many entries: all batches up to there are acknowledged.
    func replicated(_ actor: Int, _ count: Int) {
        guard actor == firstServer + database.server, !database.isDown, count <= database.log.count else {
            return
        }
        while database.replicated < count {
            let id = database.log[database.replicated]
            database.replicated += 1
            send(
                .committed(id, isWarned: false, timeline: database.primary.timeline), from: actor,
                to: batches[id].coordinator)
        }
        if database.log.count - database.lagging > 12, now > database.stalledUntil {
            database.lagging = max(database.lagging, min(database.replicated, database.log.count - 4))
        }
        while database.based < min(database.lagging, database.replicated) {
            _ = execute(in: \.base, database.log[database.based], isPrimary: false)
            database.based += 1
        }
    }

    /// Another server becomes the primary, with what the synchronous standby has, or with less.
    func promote(losingTail: Bool) {
        let count = losingTail ? database.lagging : database.replicated
        var state = database.base
        for at in database.based..<max(count, database.based) {
            _ = execute(&state, database.log[at], isPrimary: false)
        }
        // Patroni's word first: answers of the old timeline leave no more.
        database.timelineKey += 1
        if !losingTail { checkFailover(state, database.numbersAtChange) }
        database.numbersAtChange = database.numbers
        var promised = [UInt64](repeating: 0, count: WorldShape.accountCount)
        for id in database.log[min(database.lagging, database.replicated)...] {
            for row in promised.indices { promised[row] |= batches[id].promised[row] }
            database.promises += batches[id].promises
        }
        database.promised.append(promised)
        state.timeline = database.timelineKey
        state.began = state.streams
        database.primary = state
        database.base = state
        database.log.removeAll()
        (database.based, database.replicated, database.lagging) = (0, 0, 0)
        database.server = (database.server + 1) % 3
        database.isDown = false
        database.stalledUntil = 0
        note("database: server \(database.server) is primary, timeline \(state.timeline), lost \(losingTail)")
        truth.recount(database.primary.book)
    }

    /// The state is taken out meanwhile: carrying a batch out asks the database about other things.
    private func execute(
        in place: WritableKeyPath<Database, RootState>, _ id: Int, isPrimary: Bool
    ) -> Bool {
        var state = RootState()
        swap(&state, &database[keyPath: place])
        defer { swap(&state, &database[keyPath: place]) }
        return execute(&state, id, isPrimary: isPrimary)
    }

    /// Runs a batch in one transaction. False where the leadership row says that another leads.
    func execute(_ state: inout RootState, _ id: Int, isPrimary: Bool) -> Bool {
        let batch = batches[id]
        var answers: [(to: Int, effect: BookEffect)] = []
        for command in batch.commands {
            if case .takeover(let coordinator, let former) = command {
                if state.leadership.epoch == batch.epoch, state.leader == coordinator { continue }
                guard state.leadership == former else { return false }
                state.leadership.epoch = batch.epoch
                state.leader = coordinator
            }
        }
        guard
            state.leadership.epoch == batch.epoch && state.leader == batch.coordinator
                || has(.epochCheckUnlocked)
        else { return false }
        let isVerified = state.verified == state.timeline || has(.auditSkipped)
        for command in batch.commands {
            var effects: [BookEffect] = []
            switch command {
            case .takeover, .leadership: state.leadership.renewals &+= 1
            case .open(let start, let holder, let replyTo):
                guard isVerified else { continue }
                let known = state.starts.last { $0.start == start }
                let timeline = has(.epochReused) ? 0 : UInt64(state.timeline)
                let session =
                    known?.session
                    ?? LedgerSession(timeline << 40 | state.nextSession << 8 | UInt64(holder.rawValue))
                if known == nil {
                    state.nextSession += 1
                    state.starts.append((start, session))
                }
                if isPrimary { checkOpened(session, start) }
                state.book.handle(.sessionOpened(session, holder), &effects)
                for effect in effects {
                    noteBook(effect, isPrimary)
                    if isPrimary { notePromise(id, effect) }
                    answers.append((replyTo, effect))
                }
            case .book(let event, let replyTo):
                guard isVerified, !isHeld(event, in: state) else { continue }
                if isPrimary, case .carriedOver(_, let account) = event {
                    coverage.note(.carriedOver)
                    truth.raise(account, to: carried(state.book, event))
                }
                if isPrimary, case .fenced(let session) = event {
                    note("root: \(session.rawValue) is fenced")
                    checkFenced(session)
                }
                if isPrimary {
                    events += 1
                    if state.verified != state.timeline {
                        violate("7: timeline \(state.timeline) moves money before anybody has looked at it")
                    }
                }
                let budgets = windowBudgets(state.book)
                state.book.handle(event, &effects)
                if isPrimary, case .carriedOver = event, windowBudgets(state.book) != budgets {
                    violate("1: what is carried from window to window became another sum")
                }
                for effect in effects {
                    noteBook(effect, isPrimary)
                    guard isPrimary else { continue }
                    switch (event, effect) {
                    case (.requested, .move(let movement)): checkGrant(state.book, movement)
                    case (.renewalAsked(_, let request, _), .renew(let session, _, let next)):
                        checkRenewal(session, request, next)
                    case (.renewalAsked(_, let request, _), .fenceClone(let session)):
                        checkClone(session, request)
                    case (.closed(let key, let closing), .acknowledgeClosing): checkClosing(key, closing)
                    default: break
                    }
                }
                for effect in effects {
                    if isPrimary { notePromise(id, effect) }
                    if case .move = effect { continue }
                    answers.append((replyTo, effect))
                }
            case .verify(let timeline, let numbers):
                guard timeline == state.timeline, state.verified != timeline else { continue }
                // Of a timeline that nobody looked at nobody knows what it lacked.
                let isWhole =
                    state.verified == timeline - 1
                    && numbers.indices.allSatisfy { numbers[$0] <= state.began[$0] }
                let before = state
                let began = state.audit.look(
                    at: DatabaseTimeline(system: 0, line: timeline), isWhole: isWhole,
                    asking: holders(of: state), mark: timeline)
                if let began {
                    state.book.handle(began, &effects)
                    for effect in effects { noteBook(effect, isPrimary) }
                    if isPrimary {
                        var looked = state
                        looked.audit = before.audit
                        checkAudit(looked, before: before.book.accounts.map(\.missing))
                    }
                }
                if isPrimary {
                    coverage.note(isWhole ? .verified : .audited)
                    note("root: timeline \(timeline) \(isWhole ? "is whole" : "is audited")")
                }
            case .presented(let timeline, let holder, let epochs):
                // One that comes late would say less than the root has by now.
                guard timeline == state.timeline, state.audit.waits(for: holder) else { continue }
                let said = Presentation(epochs.map(\.presented), isLast: true)
                for event in state.audit.heard(said, from: holder) { state.book.handle(event, &effects) }
                for effect in effects { noteBook(effect, isPrimary) }
            }
            if isPrimary { checkRoot(state.book) }
        }
        state.streams[batch.coordinator] = max(state.streams[batch.coordinator], batch.number)
        if isPrimary {
            batches[id].answers = answers
            batches[id].wasHeld = !isVerified
        }
        return true
    }

    /// A renewal whose nonce may be one that a tail took is no clone's: it waits for its holder's presentation.
    private func isHeld(_ event: BookEvent, in state: RootState) -> Bool {
        guard case .renewalAsked(let session, _, _) = event else { return false }
        return state.audit.waits(for: HolderNumber(UInt8(session.rawValue & 0xFF)))
    }

    /// Who may know, by account, of something that a timeline lacks: of every timeline since one was looked at.
    func possibleHolders(of state: RootState) -> [UInt64] {
        var holders = [UInt64](repeating: 0, count: WorldShape.accountCount)
        for timeline in Int(state.verified + 1)...Int(state.timeline) {
            for row in holders.indices { holders[row] |= database.promised[timeline][row] }
        }
        return holders
    }

    /// Those of them that are in the fleet file: the others are closed, and the horizon is behind that.
    private func holders(of state: RootState) -> [UInt64] {
        if has(.silentHolderBlocksAll) {
            return [UInt64](repeating: fleetFile, count: WorldShape.accountCount)
        }
        var asked = fleetFile
        if has(.auditListsTheDatabase) {
            asked = state.book.children.reduce(0) { $0 | 1 << UInt64($1.holder.rawValue) }
        }
        return possibleHolders(of: state).map { $0 & asked }
    }

    /// A grant concerns its account and what funds it; a session or a holder below it that the root forgot, every account.
    private func notePromise(_ id: Int, _ effect: BookEffect) {
        func note(_ row: Int, _ session: LedgerSession) {
            batches[id].promised[row] |= 1 << (session.rawValue & 0xFF)
        }
        switch effect {
        case .grant, .opened, .registered: batches[id].promises.append(effect)
        default: break
        }
        switch effect {
        case .grant(let session, let account, _, _):
            note(account.row, session)
            if let parent = Truth.parent(account) { note(parent.row, session) }
        case .opened(let session, _): for row in 0..<WorldShape.accountCount { note(row, session) }
        case .registered(let key): for row in 0..<WorldShape.accountCount { note(row, key.root) }
        default: break
        }
    }

    /// What operators enter for a broker that cannot answer an audit for what it was promised: etcd has that.
    func entered(for holder: HolderNumber) -> [Broker.Epoch] {
        var epochs: [Broker.Epoch] = []
        func change(_ session: LedgerSession, _ body: (inout Broker.Epoch) -> Void) {
            guard session.rawValue & 0xFF == UInt64(holder.rawValue) else { return }
            if !epochs.contains(where: { $0.session == session }) { epochs.append(.init(session: session)) }
            for at in epochs.indices where epochs[at].session == session { body(&epochs[at]) }
        }
        for promise in database.promises {
            switch promise {
            case .opened(let session, _): change(session) { _ in }
            case .registered(let key): change(key.root) { $0.leaves.append(key) }
            case .grant(let session, let account, let upTo, _):
                change(session) { $0.granted[account.row] = max($0.granted[account.row], upTo) }
            default: break
            }
        }
        return epochs
    }

    private func windowBudgets(_ book: GrantBook) -> Micros {
        (2..<2 + windowCount).reduce(.zero) { $0 + book.accounts[$1].budget }
    }

    /// What a window has when another one's rest is carried over to it.
    private func carried(_ book: GrantBook, _ event: BookEvent) -> Micros {
        guard case .carriedOver(let from, let account) = event else { return .zero }
        return book.accounts[account.row].budget + max(book.accounts[from.row].unassigned, .zero)
    }

    private func noteBook(_ effect: BookEffect, _ isPrimary: Bool) {
        guard isPrimary else { return }
        events += 1
        switch effect {
        case .opened: coverage.note(.opened as Coverage.BookKind)
        case .registered: coverage.note(.registered)
        case .grant: coverage.note(.grant as Coverage.BookKind)
        case .acknowledgeReturn: coverage.note(.acknowledgeReturn)
        case .acknowledgeBlock: coverage.note(.acknowledgeBlock)
        case .acknowledgeClosing: coverage.note(.acknowledgeClosing)
        // A simulated node says closings of all accounts.
        case .acknowledgeEnd: break
        case .acknowledgeClaim: coverage.note(.acknowledgeClaim)
        case .forwardClaim: coverage.note(.forwardClaim)
        case .renew: coverage.note(.renew as Coverage.BookKind)
        case .fenceClone: coverage.note(.fenceClone)
        case .alarm(let alarm, _): coverage.note(alarm)
        case .refuse(let refusal, let session):
            coverage.note(refusal)
            note("root refuses \(session.rawValue): \(refusal)")
        case .move(let movement):
            coverage.note(movement)
            truth.moved(movement)
            mix(UInt64(bitPattern: movement.amount.rawValue))
        }
    }

    // MARK: etcd

    /// A number is kept where the timeline is still the one that it belongs to.
    func hearAtEtcd(_ envelope: Envelope) {
        guard database.etcdAwayUntil <= now, case .number(let number, let timeline) = envelope.message else {
            return
        }
        let coordinator = Int(envelope.from)
        guard timeline == database.timelineKey else {
            return send(.staleTimeline(number), from: etcd, to: coordinator)
        }
        database.numbers[coordinator] = max(database.numbers[coordinator], number)
        send(.numbered(number), from: etcd, to: coordinator)
    }
}
