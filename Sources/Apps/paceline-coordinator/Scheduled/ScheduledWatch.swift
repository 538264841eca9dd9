// Makes scheduled changes when their time has come, while this process leads: one after the other, in the order of their times.
import HTTP
import Kernel
import Postgres
import Reactor
import Settings
import Telemetry
import Units

/// Used on the root's thread only. What is due is in the database, so that whoever leads next goes on where another one has ended.
final class ScheduledWatch {
    private let context: CoordinatorContext
    private unowned let root: Root
    private let pool: PostgresPool
    private let desk: ChangeDesk
    private let metrics: ScheduledMetrics
    private var isBusy = false
    /// What cannot be read, as a newer version has written it, is looked at again later, and does not keep the others waiting.
    private var heldBack: [Int64: Instant] = [:]
    /// What can be read and could not be made is tried again from then on; those behind it wait, since a later one may undo it.
    private var restsUntil: Instant?

    /// How late a change may be for want of a look.
    private static let turn = Interval.milliseconds(500)
    private static let pause = Interval.seconds(10)
    /// The largest body there is.
    private static let limit = Interval.seconds(20)

    init(
        _ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool, _ desk: ChangeDesk,
        _ metrics: ScheduledMetrics
    ) {
        (self.context, self.root, self.pool, self.desk) = (context, root, pool, desk)
        self.metrics = metrics
    }

    func start() {
        if pool.reactor.timer(at: pool.reactor.now + Self.turn, { [weak self] in self?.start() }) == nil {
            context.log.critical("the reactor has no timer left for scheduled changes")
        }
        look()
    }

    private func look() {
        guard root.leads else {
            restsUntil = nil
            return metrics.leave()
        }
        guard !isBusy else { return }
        isBusy = true
        let now = pool.reactor.now
        heldBack = heldBack.filter { $0.value > now }
        let wall = Kernel.wallNow()
        var batch = PostgresBatch(begins: false, commits: false)
        batch.add(ScheduledStatements.standing)
        batch.add(ScheduledStatements.next, .timestamptz(wall), .int8Array(heldBack.keys.map { $0 }))
        pool.run(batch, within: Self.limit) { [weak self] in self?.saw($0, at: wall) }
    }

    private func saw(_ outcome: PostgresOutcome, at wall: Instant) {
        isBusy = false
        // A database that does not answer makes them late, and its own alerts say so.
        guard case .done(let found) = outcome, root.leads else { return }
        do {
            let standing = found[0][0]
            let due: Instant? = try standing.read(1)
            metrics.waiting.set(Int(try standing.read(0, as: Int64.self)))
            metrics.overdue.set(due.map { max(Int((wall - $0).wholeMilliseconds / 1_000), 0) } ?? 0)
            metrics.refused.set(Int(try standing.read(2, as: Int64.self)))
            guard found[1].count == 1, restsUntil.map({ $0 <= pool.reactor.now }) ?? true else { return }
            restsUntil = nil
            try make(found[1][0])
        } catch {
            context.log.error("scheduled changes could not be read", ["cause": .error(error)])
        }
    }

    private func make(_ row: PostgresRow) throws {
        let number: Int64 = try row.read(0)
        let change: ScheduledChange
        do {
            change = try ScheduledChange(row)
        } catch {
            heldBack[number] = pool.reactor.now + Self.pause
            throw error
        }
        let order = DueOrder(change, key: desk.ownKey(), by: context.settings.name)
        // Where the desk is full it is the next look's.
        isBusy = desk.take(order) { [weak self] end in
            guard let self else { return }
            isBusy = false
            switch end {
            case .written(let draft): count(draft, change)
            case .needless: break
            case .failed: restsUntil = pool.reactor.now + Self.pause
            }
            look()
        }
    }

    private func count(_ draft: ChangeDraft, _ change: ScheduledChange) {
        let late = (draft.at ?? Kernel.wallNow()) - change.due
        metrics.late.record(late)
        if let refusal = draft.refusal {
            metrics.refusals.add()
            context.log.error(
                "a scheduled change is refused",
                [
                    "number": .integer(Int(change.number)), "what": .string(change.edit.name),
                    "who": .string(change.who), "cause": .string(refusal),
                ])
        } else {
            metrics.made.add()
            context.log.notice(
                "a scheduled change is made",
                [
                    "number": .integer(Int(change.number)), "what": .string(change.edit.name),
                    "who": .string(change.who), "lateMilliseconds": .integer(Int(late.wholeMilliseconds)),
                ])
        }
    }
}

struct ScheduledMetricKeys: Sendable {
    let waiting: GaugeKey
    let overdue: GaugeKey
    let refused: GaugeKey
    let made: CounterKey
    let refusals: CounterKey
    let late: HistogramKey

    init(in catalogue: inout MetricsCatalogue) {
        waiting = catalogue.gauge(
            "paceline_scheduled_waiting",
            help: "Changes of the catalog that wait for their time; 0 where this one does not lead.")
        overdue = catalogue.gauge(
            "paceline_scheduled_overdue_seconds",
            help:
                "How long ago the first change that waits should have been made; 0 where none is late, or this one does not lead."
        )
        refused = catalogue.gauge(
            "paceline_scheduled_refused",
            help:
                "Scheduled changes that could not be made when their time came, and that nobody has dismissed; 0 where this one does not lead."
        )
        let name = "paceline_scheduled_changes_total"
        let help = "Scheduled changes that this coordinator has settled."
        made = catalogue.counter(name, help: help, labels: ["outcome": "made"])
        refusals = catalogue.counter(name, help: help, labels: ["outcome": "refused"])
        late = catalogue.histogram(
            "paceline_scheduled_late_seconds",
            help: "From a scheduled change's time until it is made or refused.")
    }
}

struct ScheduledMetrics {
    let waiting: Gauge
    let overdue: Gauge
    let refused: Gauge
    let made: Counter
    let refusals: Counter
    let late: Histogram

    init(_ keys: ScheduledMetricKeys, _ shard: ShardMetrics) {
        waiting = shard.gauge(keys.waiting)
        overdue = shard.gauge(keys.overdue)
        refused = shard.gauge(keys.refused)
        made = shard.counter(keys.made)
        refusals = shard.counter(keys.refusals)
        late = shard.histogram(keys.late)
    }

    /// Only the leader knows.
    func leave() {
        for gauge in [waiting, overdue, refused] { gauge.set(0) }
    }
}
