// Changes of what is published, one after the other: looked up, drafted on a thread, and written in one transaction that checks that
// this process still leads and that nobody published meanwhile.
import CatalogWire
import Documents
import HTTP
import Kernel
import LedgerStore
import Postgres
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Used on the root's thread only. Waiting → looking → drafting → writing → answered; back to looking where another version was
/// published meanwhile, or where nobody knows whether the change is there.
final class ChangeDesk {
    private struct Job {
        var order: any ChangeOrder
        /// Nil where nobody waits: the coordinator itself makes the change.
        var place: AnswerPlace?
        var tries = 0
        /// Of the coordinator itself.
        var done: ((ChangeEnd) -> Void)?
    }

    private let context: CoordinatorContext
    private let root: Root
    private let pool: PostgresPool
    private let bulletins: [PublicationKind: Bulletin]
    private var queue: [Job] = []
    private var isBusy = false
    private var ownKeys = 0
    weak var server: Server?
    /// A change of a region, seen with what was found in its turn; nil where this process does not know.
    var inTurn: (any ChangeOrder, [PostgresRows]) -> (any ChangeOrder)? = { order, _ in order }
    /// Something else is asked of a region.
    var onRegions: (any ChangeOrder, Int64) -> Void = { _, _ in }

    /// Who waits for more than these waits for longer than an answer may be held.
    private static let waitingMost = 64
    /// With the pauses, as long as an answer may be held.
    private static let triesMost = 20
    private static let pause = Interval.milliseconds(500)
    private static let limit = Interval.seconds(20)

    init(
        _ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool,
        _ bulletins: [PublicationKind: Bulletin]
    ) {
        self.context = context
        self.root = root
        self.pool = pool
        self.bulletins = bulletins
    }

    /// For a change that came without a key: the same change is found again by it where its outcome is not known.
    func ownKey() -> String {
        ownKeys += 1
        return "of \(context.settings.name) \(context.start) \(ownKeys)"
    }

    /// Holds the answer until the change is made or refused.
    func take(_ order: any ChangeOrder, _ place: AnswerPlace, _ response: inout Response) {
        guard root.leads, queue.count < Self.waitingMost else { return response.notLeader(root) }
        response.isHeld = true
        queue.append(Job(order: order, place: place))
        next()
    }

    /// A change of the coordinator's own; what becomes of it is in the log. False where it is not taken, and nobody is called.
    @discardableResult
    func take(_ order: any ChangeOrder, _ done: ((ChangeEnd) -> Void)? = nil) -> Bool {
        guard root.leads, queue.count < Self.waitingMost else { return false }
        queue.append(Job(order: order, place: nil, done: done))
        next()
        return true
    }

    private func next() {
        guard !isBusy, !queue.isEmpty else { return }
        isBusy = true
        look(queue.removeFirst())
    }

    private func finish(_ job: Job, _ end: ChangeEnd = .failed, _ body: (inout Response) -> Void) {
        if let place = job.place { server?.answer(place, body) }
        isBusy = false
        job.done?(end)
        next()
    }

    private func look(_ job: Job) {
        guard root.leads else { return finish(job) { [root] in $0.notLeader(root) } }
        pool.run(job.order.questions, within: Self.limit) { [weak self] outcome in
            guard let self else { return }
            switch outcome {
            case .done(let found): draft(job, found)
            case .unknown(let failure): again(job, failure)
            case .refused(let failure): failure.isRetryable ? again(job, failure) : broken(job, failure)
            }
        }
    }

    private func draft(_ job: Job, _ found: [PostgresRows]) {
        guard let order = inTurn(job.order, found) else {
            return finish(job) { [root] in $0.notLeader(root) }
        }
        var job = job
        job.order = order
        prepare(job, found)
    }

    private func prepare(_ job: Job, _ found: [PostgresRows]) {
        let (remote, held, order) = (pool.reactor.remote, Held(self, job), job.order)
        do {
            try Thread(name: "draft") {
                let outcome = order.draft(of: found)
                _ = remote.post { _ in held.desk?.drafted(held.job, outcome) }
            }.detach()
        } catch {
            finish(job) { $0.problem(.serviceUnavailable, "no thread to make the change: \(error)") }
        }
    }

    /// Taken from the root's thread to the root's thread, through the one that compiles.
    private final class Held: @unchecked Sendable {
        weak var desk: ChangeDesk?
        let job: Job
        init(_ desk: ChangeDesk, _ job: Job) {
            self.desk = desk
            self.job = job
        }
    }

    private func drafted(_ job: Job, _ outcome: ChangeOutcome) {
        switch outcome {
        case .answered(let answer): finish(job, .needless) { $0.answer(answer) }
        case .written(let draft): made(job, draft)
        case .refused(let refusal):
            if job.place == nil {
                context.log.error(
                    "a change of the coordinator's own is refused",
                    ["what": .string(job.order.name), "cause": .string(refusal.title)])
            }
            finish(job) { $0.problem(refusal.status, refusal.title, refusal.members) }
        case .draft(let draft):
            guard root.leads else { return finish(job) { [root] in $0.notLeader(root) } }
            let batch = draft.writing(
                ChangeStamp(epoch: root.epoch, process: context.start, at: Kernel.wallNow()))
            pool.run(batch, within: Self.limit) { [weak self] in self?.wrote(job, draft, $0) }
        }
    }

    private func wrote(_ job: Job, _ draft: ChangeDraft, _ outcome: PostgresOutcome) {
        switch outcome {
        case .done: made(job, draft)
        case .unknown(let failure): again(job, failure)
        case .refused(let failure):
            switch LedgerRefusal(failure) {
            case .lost: finish(job) { [root] in $0.notLeader(root) }
            case .mismatched, .later, .otherTimeline: again(job, failure)
            case .broken: broken(job, failure)
            }
        }
    }

    private func made(_ job: Job, _ draft: ChangeDraft) {
        if draft.refusal == nil {
            context.log.notice(
                "a change was made",
                [
                    "kind": .string(job.order.kind?.rawValue ?? "region"),
                    draft.isOfSchedule ? "scheduled" : "version": .integer(Int(draft.number)),
                    "who": .string(job.order.who), "what": .string(job.order.name),
                ])
        }
        if let kind = job.order.kind {
            bulletins[kind]?.lookSoon()
        } else {
            onRegions(job.order, draft.number)
        }
        finish(job, .written(draft)) { $0.answer(draft.answer) }
    }

    private func broken(_ job: Job, _ failure: PostgresFailure) {
        context.log.error("the database refuses a change", ["cause": .string("\(failure)")])
        finish(job) {
            $0.problem(
                .internalServerError, "the database refuses the change",
                [.init("detail", .string("\(failure)"))])
        }
    }

    /// The same from the beginning: its key says whether it was made.
    private func again(_ job: Job, _ failure: PostgresFailure) {
        var job = job
        job.tries += 1
        guard job.tries < Self.triesMost,
            pool.reactor.timer(at: pool.reactor.now + Self.pause, { [weak self] in self?.look(job) }) != nil
        else {
            return finish(job) {
                $0.header("retry-after", "1")
                $0.problem(
                    .serviceUnavailable,
                    "whether the change was made is not known; ask again with the same Idempotency-Key, or look",
                    [.init("detail", .string("\(failure)"))])
            }
        }
    }
}

extension Response {
    mutating func answer(_ answer: ChangeAnswer) {
        status = answer.status
        // What waits for its time is no version of anything yet.
        if answer.status != .accepted { header("etag", "\"\(answer.version)\"".utf8.span.bytes) }
        contentType = "application/json"
        write(answer.body)
        write("\n")
    }
}
