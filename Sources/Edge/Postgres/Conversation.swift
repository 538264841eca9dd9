// What one connection's conversation has come to, and what each answer makes of it: a pure state machine, that decides
// which of the three outcomes a batch has.

/// What the server says of its transaction whenever it is ready for more.
enum TransactionStatus: Equatable, Sendable { case none, open, failed }

/// connecting → ready ⇄ busy ⇄ inTransaction, busy → failed → busy (a rollback); from any of them → closed.
struct Conversation {
    enum State: Equatable {
        case connecting
        case ready
        /// A batch is under way.
        case busy
        /// A transaction is open and waits for its next batch.
        case inTransaction
        /// A statement failed in an open transaction, which takes nothing but a rollback.
        case failed
        case closed
    }

    /// What may become durable by a batch.
    enum Commit: Equatable {
        /// It stays inside an open transaction.
        case none
        /// By the COMMIT behind it.
        case explicit
        /// By itself, at its end.
        case implicit
    }

    enum Event: Equatable {
        case connected
        case sent(Commit)
        /// COMMIT is what is answered next.
        case commitReached
        /// The answer to COMMIT, as `COMMIT` or `ROLLBACK`.
        case committed(tag: String)
        case failed(PostgresError)
        case warned(PostgresError)
        /// All answers are there.
        case synchronised(TransactionStatus)
        case deadlinePassed
        case lost(String)
    }

    enum Verdict: Equatable {
        case done
        case refused(PostgresFailure)
        case unknown(PostgresFailure)
    }

    enum Effect: Equatable {
        case finish(Verdict)
        /// The socket, without another word: nothing that the server does is interrupted by a question.
        case close
    }

    private(set) var state = State.connecting
    private var commit = Commit.none
    private var isCommitting = false
    private var error: PostgresError?
    private var warning: PostgresError?
    private var answer: String?

    mutating func handle(_ event: Event) -> [Effect] {
        switch event {
        case .connected:
            precondition(state == .connecting, "connected while \(state)")
            state = .ready
            return []
        case .sent(let kind):
            precondition(state != .busy && state != .connecting && state != .closed, "sent while \(state)")
            state = .busy
            commit = kind
            // What commits by itself does so at any time until the end.
            isCommitting = kind == .implicit
            error = nil
            warning = nil
            answer = nil
            return []
        case .commitReached:
            isCommitting = true
            return []
        case .committed(let tag):
            answer = tag
            return []
        case .failed(let error):
            self.error = self.error ?? error
            return error.endsSession ? end(Self.failure(error)) : []
        case .warned(let warning):
            // Any warning: the server's texts come in its own language, and it may learn new ones.
            if state == .busy, isCommitting, warning.severity == "WARNING" { self.warning = warning }
            return []
        case .synchronised(let status):
            guard state == .busy else { return [] }
            state = status == .none ? .ready : status == .open ? .inTransaction : .failed
            return [.finish(verdict())]
        case .deadlinePassed: return end(.timedOut)
        case .lost(let why): return end(.lost(why))
        }
    }

    /// An error without a state is libpq's own: the server said nothing.
    static func failure(_ error: PostgresError) -> PostgresFailure {
        error.state.isEmpty ? .lost(error.message) : .server(error)
    }

    private func verdict() -> Verdict {
        if let error { return .refused(.server(error)) }
        if commit == .explicit, answer != "COMMIT" { return .refused(.rolledBack) }
        if let warning, commit != .none { return .unknown(.warned(warning)) }
        return .done
    }

    private mutating func end(_ failure: PostgresFailure) -> [Effect] {
        guard state != .closed else { return [] }
        let wasBusy = state == .busy
        state = .closed
        return wasBusy ? [.finish(verdict(endedBy: failure)), .close] : [.close]
    }

    /// The connection is gone before all answers were there.
    private func verdict(endedBy failure: PostgresFailure) -> Verdict {
        if let error, !error.endsSession { return .refused(.server(error)) }
        switch commit {
        case .none: return .refused(failure)
        case .explicit where answer == "COMMIT":
            // What came after that answer says nothing about it.
            return warning.map { .unknown(.warned($0)) } ?? .done
        case .explicit where answer != nil: return .refused(.rolledBack)
        case .explicit, .implicit: return .unknown(failure)
        }
    }
}
