// One connection on its reactor: libpq's socket is watched, questions are sent, and answers are handed to the
// conversation, which says what they mean.
import CPostgres
import Kernel
import Reactor
import Units

final class PostgresConnection {
    /// What is owed an answer, in the order of sending.
    private enum Owed {
        case prepared(PostgresStatement)
        case begun
        case rows
        case committed
        case synchronised
        /// What a script or a COPY gives, until libpq says that it is all.
        case script
    }

    private let reactor: Reactor
    private let options: PostgresOptions
    private var door: Libpq?
    private var conversation = Conversation()
    /// A name of our own for libpq's socket: libpq closes its own whenever it likes, and this one stays until we say so.
    private var watched: Descriptor = -1
    private var watch: WatchHandle?
    private var timer: TimerHandle?

    private var owed: [Owed] = []
    private var owedIndex = 0
    private var rows: [PostgresRows] = []
    private var done: ((PostgresOutcome) -> Void)?
    private var copying: (any CopySource)?
    private var copied: (([UInt8]) -> Void)?
    private var hasUnsent = false
    private var prepared: [PostgresStatement: String] = [:]
    /// The statement names are no more what they were; the connection ends when it is idle.
    private(set) var isSpoilt = false

    var onReady: () -> Void = {}
    var onClosed: (PostgresFailure) -> Void = { _ in }
    var onNotice: (PostgresError) -> Void = { _ in }
    var onNotification: (PostgresNotification) -> Void = { _ in }

    init(_ options: PostgresOptions, on reactor: Reactor) {
        self.options = options
        self.reactor = reactor
    }

    deinit { release() }

    /// It is lent no more.
    func spoil() { isSpoilt = true }

    var state: Conversation.State { conversation.state }

    // MARK: Connecting

    func start() {
        guard let door = Libpq(options) else { return end(.lost("no memory for a connection")) }
        self.door = door
        door.onNotice = { [unowned self] notice in
            perform(.warned(notice))
            onNotice(notice)
        }
        guard !door.isBad else { return end(.lost(door.message)) }
        guard setDeadline(reactor.now + options.connectTimeout) else { return }
        follow(.wantsWrite)
    }

    private func follow(_ progress: Libpq.Progress) {
        guard let door else { return }
        switch progress {
        case .failed: end(.lost(door.message))
        case .done: greet(door)
        case .wantsRead, .wantsWrite:
            // Another host, or TLS after plain bytes, may be another socket.
            guard renewWatched() else { return }
            arm(progress == .wantsRead ? .readable : .writable) { [unowned self] _ in
                if let door = self.door { self.follow(door.poll()) }
            }
        }
    }

    private static let readOnly = PostgresStatement("SHOW transaction_read_only")

    private func greet(_ door: Libpq) {
        guard renewWatched() else { return }
        guard door.prepareForPipelines() else { return end(.lost(door.message)) }
        perform(.connected)
        guard options.mustTakeWrites else {
            clearDeadline()
            listen()
            return onReady()
        }
        var question = PostgresBatch(begins: false, commits: false)
        question.add(Self.readOnly)
        send(question) { [unowned self] outcome in
            guard case .done(let answers) = outcome else { return }
            let answer: String? = answers.first.flatMap { $0.count == 1 ? try? $0[0].read(0) : nil }
            guard answer == "off" else { return end(.lost("\(options.place) takes no writes: a standby?")) }
            clearDeadline()
            onReady()
        }
    }

    // MARK: Asking

    /// Sends a batch. Only where none is under way. The deadline is set by the caller.
    func send(_ batch: PostgresBatch, _ done: @escaping (PostgresOutcome) -> Void) {
        guard let door else { return done(.refused(.lost("the connection is closed"))) }
        if let why = batch.objection ?? objection(to: batch) { return done(.refused(.misuse(why))) }
        begin(batch.commits ? .explicit : batch.begins || state != .ready ? .none : .implicit, done)
        var sent = true
        if batch.begins { sent = enqueue(PostgresBatch.begin, [], .begun, door) }
        for item in batch.items where sent { sent = enqueue(item.statement, item.values, .rows, door) }
        if sent, batch.commits { sent = enqueue(PostgresBatch.commit, [], .committed, door) }
        owed.append(.synchronised)
        guard sent, door.sendSynchronise() else { return end(.lost(door.message)) }
        reachCommit()
        hasUnsent = true
        pump()
    }

    /// Ends whatever transaction is open.
    func rollBack(_ done: @escaping (PostgresOutcome) -> Void) {
        guard let door else { return done(.refused(.lost("the connection is closed"))) }
        begin(.none, done)
        guard enqueue(PostgresBatch.rollback, [], .begun, door), door.sendSynchronise() else {
            return end(.lost(door.message))
        }
        owed.append(.synchronised)
        hasUnsent = true
        pump()
    }

    /// A text of any number of statements, as a migration has, or a COPY. Its rows are not kept.
    func sendScript(
        _ text: String, from source: (any CopySource)? = nil, to sink: (([UInt8]) -> Void)? = nil,
        _ done: @escaping (PostgresOutcome) -> Void
    ) {
        guard let door else { return done(.refused(.lost("the connection is closed"))) }
        begin(state == .inTransaction ? .none : .implicit, done)
        owed.append(.script)
        copying = source
        copied = sink
        guard door.sendScript(text) else { return end(.lost(door.message)) }
        hasUnsent = true
        pump()
    }

    private func objection(to batch: PostgresBatch) -> String? {
        switch state {
        case .ready where batch.commits && !batch.begins: "a batch that commits what was never begun"
        case .inTransaction where batch.begins: "a batch that begins inside an open transaction"
        case .ready, .inTransaction: tooManyStatements(batch)
        case .failed: "the transaction has failed and can only be rolled back"
        case .busy: "another batch is under way on this connection"
        case .connecting, .closed: "the connection is \(state)"
        }
    }

    private func tooManyStatements(_ batch: PostgresBatch) -> String? {
        var new = Set(batch.items.lazy.map(\.statement).filter { self.prepared[$0] == nil })
        new.formUnion([PostgresBatch.begin, PostgresBatch.commit, PostgresBatch.rollback])
        guard prepared.count + new.count > options.statements, let one = batch.items.last?.statement else {
            return nil
        }
        return
            "more than \(options.statements) different statements on one connection: values belong into parameters,"
            + " not into \"\(one.text.prefix(80))\""
    }

    private func begin(_ commit: Conversation.Commit, _ done: @escaping (PostgresOutcome) -> Void) {
        perform(.sent(commit))
        self.done = done
        owed.removeAll(keepingCapacity: true)
        owedIndex = 0
        rows = []
    }

    private func enqueue(
        _ statement: PostgresStatement, _ values: [PostgresValue], _ kind: Owed, _ door: Libpq
    ) -> Bool {
        guard let name = name(of: statement, door) else { return false }
        owed.append(kind)
        return door.execute(name, values)
    }

    /// Names of statements whose preparation was sent and not answered yet.
    private var pending: [PostgresStatement: String] = [:]
    private var named = 0

    /// The statement's name; it is sent to be prepared where it is not yet.
    private func name(of statement: PostgresStatement, _ door: Libpq) -> String? {
        if let name = prepared[statement] ?? pending[statement] { return name }
        named += 1
        let name = "s\(named)"
        pending[statement] = name
        owed.append(.prepared(statement))
        return door.prepare(name, statement) ? name : nil
    }

    // MARK: The socket

    /// Sends what is to be sent, takes what has come, and watches for more.
    private func pump() {
        guard let door else { return }
        if hasUnsent {
            guard let all = door.flush() else { return broken(door) }
            hasUnsent = !all
        }
        // libpq may have read while it sent.
        take(door)
        listen()
    }

    private func listen() {
        guard door != nil else { return }
        arm(hasUnsent ? [.readable, .writable] : .readable) { [unowned self] readiness in
            guard let door = self.door else { return }
            if readiness.contains(.readable), !door.consume() { return self.broken(door) }
            self.pump()
        }
    }

    /// The connection is gone; what the server said before is heard first.
    private func broken(_ door: Libpq) {
        let why = door.message
        take(door)
        end(.lost(why))
    }

    private func take(_ door: Libpq) {
        while owedIndex < owed.count, self.door != nil, !door.isBusy {
            if let result = door.nextResult() {
                idleTurns = 0
                let isCopyOut = PQresultStatus(result) == PGRES_COPY_OUT
                taken(result, door)
                if isCopyOut, !copyIsOver { break }
            } else if case .script = owed[owedIndex] {
                finishScript(door)
            } else {
                // Between two results of a pipeline libpq gives nothing once; more often, there is nothing.
                idleTurns += 1
                if idleTurns > 1 { break }
            }
        }
        idleTurns = 0
        while self.door != nil, let notification = door.nextNotification() { onNotification(notification) }
    }
    private var idleTurns = 0

    private func taken(_ result: OpaquePointer, _ door: Libpq) {
        let status = PQresultStatus(result)
        switch status {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE:
            let error = Libpq.error(of: result)
            PQclear(result)
            failed(error)
        case PGRES_COPY_IN:
            PQclear(result)
            feedCopy(door)
        case PGRES_COPY_OUT:
            PQclear(result)
            drainCopy(door)
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
            if case .prepared(let statement) = owed[owedIndex] { pending[statement] = nil }
            advance()
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            owedIndex = owed.count
            perform(.synchronised(door.transaction ?? .failed))
        default: succeeded(result)
        }
    }

    private func succeeded(_ result: OpaquePointer) {
        switch owed[owedIndex] {
        case .prepared(let statement):
            PQclear(result)
            prepared[statement] = pending.removeValue(forKey: statement)
        case .committed:
            perform(.committed(tag: PostgresRows(result).tag))
        case .rows: rows.append(PostgresRows(result))
        case .script:
            PQclear(result)
            return
        case .begun, .synchronised: PQclear(result)
        }
        advance()
    }

    private func failed(_ error: PostgresError) {
        if error.spoilsStatements { isSpoilt = true }
        if case .prepared(let statement) = owed[owedIndex] { pending[statement] = nil }
        if case .script = owed[owedIndex] {} else { advance() }
        perform(.failed(error))
    }

    private func advance() {
        owedIndex += 1
        reachCommit()
    }

    private func reachCommit() {
        guard owedIndex < owed.count, case .committed = owed[owedIndex] else { return }
        perform(.commitReached)
    }

    private func finishScript(_ door: Libpq) {
        owedIndex = owed.count
        copying = nil
        copied = nil
        guard door.enterPipelines() else { return end(.lost(door.message)) }
        perform(.synchronised(door.transaction ?? .failed))
    }

    // MARK: COPY

    private func feedCopy(_ door: Libpq) {
        // A COPY that nobody feeds is refused by the server in our words.
        while let piece = copying?.next() {
            guard piece.withUnsafeBytes({ door.copy($0) }) == true else { return end(.lost(door.message)) }
        }
        let objection = copying == nil ? "there are no rows for this COPY" : nil
        guard door.endCopy(objection) == true else { return end(.lost(door.message)) }
        hasUnsent = true
    }

    private var copyIsOver = false

    private func drainCopy(_ door: Libpq) {
        copyIsOver = false
        while true {
            switch door.nextCopyPiece() {
            case .bytes(let piece): copied?(piece)
            case .later: return
            case .over:
                copyIsOver = true
                return
            }
        }
    }

    // MARK: Deadline and end

    /// When the connection is closed, whatever is under way. False where there is no timer, and it is closed.
    @discardableResult
    func setDeadline(_ deadline: Instant) -> Bool {
        clearDeadline()
        timer = reactor.timer(at: deadline) { [unowned self] in
            timer = nil
            perform(.deadlinePassed)
        }
        if timer == nil { end(.lost("the reactor has no timer left for a deadline")) }
        return timer != nil
    }

    func clearDeadline() {
        if let timer { reactor.cancel(timer) }
        timer = nil
    }

    /// Ends the connection, if it has not ended.
    func end(_ failure: PostgresFailure) {
        closing = closing ?? failure
        if case .lost(let why) = failure { perform(.lost(why)) } else { perform(.deadlinePassed) }
    }
    private var closing: PostgresFailure?

    private func perform(_ event: Conversation.Event) {
        if event == .deadlinePassed { closing = closing ?? .timedOut }
        for effect in conversation.handle(event) {
            switch effect {
            case .finish(let verdict): finish(verdict)
            case .close: close(event)
            }
        }
    }

    private func finish(_ verdict: Conversation.Verdict) {
        let done = self.done
        let rows = self.rows
        self.done = nil
        self.rows = []
        switch verdict {
        case .done: done?(.done(rows))
        case .refused(let failure): done?(.refused(failure))
        case .unknown(let failure): done?(.unknown(failure))
        }
    }

    private func close(_ event: Conversation.Event) {
        var failure = closing ?? .lost("the server ended the session")
        if case .failed(let error) = event { failure = Conversation.failure(error) }
        release()
        onClosed(failure)
    }

    private func release() {
        clearDeadline()
        disarm()
        if watched >= 0 {
            // Before libpq says goodbye: nothing more is said to a server that may be committing.
            Kernel.shutdown(watched, .both)
            Kernel.close(watched)
        }
        watched = -1
        door = nil
    }

    private func renewWatched() -> Bool {
        disarm()
        if watched >= 0 { Kernel.close(watched) }
        watched = -1
        guard let door else { return false }
        do {
            watched = try Kernel.duplicate(door.descriptor)
            return true
        } catch {
            end(.lost("no descriptor for the database's socket: \(error)"))
            return false
        }
    }

    private func disarm() {
        if let watch { reactor.unwatch(watch) }
        watch = nil
    }

    private func arm(_ wanted: Readiness, _ body: @escaping (Readiness) -> Void) {
        disarm()
        do {
            watch = try reactor.watch(watched, for: wanted) { [unowned self] readiness in
                watch = nil
                body(readiness)
            }
        } catch {
            end(.lost("the reactor watches as many descriptors as it may"))
        }
    }
}
