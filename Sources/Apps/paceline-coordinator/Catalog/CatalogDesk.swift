// Changes of the catalog, one after the other: looked up, drafted on a thread, and written in one transaction that checks that
// this process still leads and that nobody published meanwhile.
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
final class CatalogDesk {
    private struct Job {
        var order: CatalogOrder
        var place: AnswerPlace
        var tries = 0
    }

    private let context: CoordinatorContext
    private let root: Root
    private let pool: PostgresPool
    private let published: PublishedCatalog
    private var queue: [Job] = []
    private var isBusy = false
    private var ownKeys = 0
    weak var server: Server?

    /// Who waits for more than these waits for longer than an answer may be held.
    private static let waitingMost = 64
    /// With the pauses, as long as an answer may be held.
    private static let triesMost = 20
    private static let pause = Interval.milliseconds(500)
    private static let limit = Interval.seconds(20)

    init(
        _ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool, _ published: PublishedCatalog
    ) {
        self.context = context
        self.root = root
        self.pool = pool
        self.published = published
    }

    /// For a change that came without a key: the same change is found again by it where its outcome is not known.
    func ownKey() -> String {
        ownKeys += 1
        return "of \(context.settings.name) \(context.start) \(ownKeys)"
    }

    /// Holds the answer until the change is made or refused.
    func take(_ order: CatalogOrder, _ place: AnswerPlace, _ response: inout Response) {
        guard root.leads, queue.count < Self.waitingMost else { return response.notLeader(root) }
        response.isHeld = true
        queue.append(Job(order: order, place: place))
        next()
    }

    private func next() {
        guard !isBusy, !queue.isEmpty else { return }
        isBusy = true
        look(queue.removeFirst())
    }

    private func finish(_ job: Job, _ body: (inout Response) -> Void) {
        server?.answer(job.place, body)
        isBusy = false
        next()
    }

    private func look(_ job: Job) {
        guard root.leads else { return finish(job) { [root] in $0.notLeader(root) } }
        pool.run(CatalogDraft.questions(job.order), within: Self.limit) { [weak self] outcome in
            guard let self else { return }
            switch outcome {
            case .done(let found): draft(job, found)
            case .unknown(let failure): again(job, failure)
            case .refused(let failure): failure.isRetryable ? again(job, failure) : broken(job, failure)
            }
        }
    }

    private func draft(_ job: Job, _ found: [PostgresRows]) {
        let (remote, held, order) = (pool.reactor.remote, Held(self, job), job.order)
        do {
            try Thread(name: "draft") {
                let outcome = CatalogDraft.made(of: found, order)
                _ = remote.post { _ in held.desk?.drafted(held.job, outcome) }
            }.detach()
        } catch {
            finish(job) { $0.problem(.serviceUnavailable, "no thread to compile the catalog: \(error)") }
        }
    }

    /// Taken from the root's thread to the root's thread, through the one that compiles.
    private final class Held: @unchecked Sendable {
        weak var desk: CatalogDesk?
        let job: Job
        init(_ desk: CatalogDesk, _ job: Job) {
            self.desk = desk
            self.job = job
        }
    }

    private func drafted(_ job: Job, _ outcome: CatalogDraft.Outcome) {
        switch outcome {
        case .answered(let answer): finish(job) { $0.answer(answer) }
        case .refused(let refusal): finish(job) { $0.problem(refusal.status, refusal.title, refusal.members) }
        case .draft(let draft):
            guard root.leads else { return finish(job) { [root] in $0.notLeader(root) } }
            let batch = CatalogStatements.transaction(
                draft, job.order, epoch: root.epoch, process: context.start, at: Kernel.wallNow())
            pool.run(batch, within: Self.limit) { [weak self] in self?.wrote(job, draft, $0) }
        }
    }

    private func wrote(_ job: Job, _ draft: CatalogDraft, _ outcome: PostgresOutcome) {
        switch outcome {
        case .done:
            context.log.notice(
                "the catalog was changed",
                [
                    "version": .integer(Int(draft.former + 1)), "who": .string(job.order.who),
                    "what": .string(job.order.edit.name), "things": .integer(draft.changes.count),
                ])
            published.lookSoon()
            finish(job) { $0.answer(draft.answer) }
        case .unknown(let failure): again(job, failure)
        case .refused(let failure):
            switch LedgerRefusal(failure) {
            case .lost: finish(job) { [root] in $0.notLeader(root) }
            case .mismatched, .later: again(job, failure)
            case .broken: broken(job, failure)
            }
        }
    }

    private func broken(_ job: Job, _ failure: PostgresFailure) {
        context.log.error("the database refuses a change of the catalog", ["cause": .string("\(failure)")])
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
    mutating func answer(_ answer: CatalogAnswer) {
        status = answer.status
        header("etag", "\"\(answer.version)\"".utf8.span.bytes)
        contentType = "application/json"
        write(answer.body)
        write("\n")
    }
}
