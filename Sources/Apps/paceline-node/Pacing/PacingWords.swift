// A node's talk with the coordinator that directs its pacing: what is said when, and what is made of the answer.
import Kernel
import LedgerWire
import Pacing
import Serving
import Units

/// Used by the pacing's thread only.
struct PacingWords {
    private let link: IssuerLink
    private let start: UInt64
    private var saidAt = Instant(nanoseconds: .min)
    /// What the exchange under way speaks of, and what was said of each.
    private var open: [String: (row: Int, report: PaceReport)]?
    private var from = 0
    private var level = SupplyLevel()
    private(set) var heardAt: Instant?

    /// Short beside what a plan may stray by, long beside an exchange.
    private static let pause = Interval.seconds(5)

    init(_ link: IssuerLink, _ start: UInt64) { (self.link, self.start) = (link, start) }

    /// Which campaigns to speak of now; nil where it is not time.
    mutating func next(of count: Int, requests: UInt64, at now: Instant) -> [Int]? {
        level.measure(requests, at: now)
        guard open == nil, now >= saidAt + Self.pause, count > 0 else { return nil }
        saidAt = now
        let rows = (0..<min(count, PaceWire.most)).map { (from + $0) % count }
        from = (from + rows.count) % count
        return rows
    }

    /// Requests of the day to come, by the hour of UTC: the forecast's, or its shape at the height that they have now.
    func supply(_ week: WeekOfSupply, at now: Instant) -> [Double] {
        let factor = level.factor(expected: week.requests(at: now), isLearned: week.isLearned)
        return week.day(from: now).map { $0 * factor }
    }

    mutating func say(
        _ statements: [(day: String?, PaceStatement)], _ rows: [Int], _ supply: PaceSupply?,
        _ done: @escaping @Sendable (IssuerLink.PacingOutcome) -> Void
    ) {
        guard !statements.isEmpty else { return }
        var open: [String: (row: Int, report: PaceReport)] = [:]
        for (row, (_, statement)) in zip(rows, statements) {
            open[statement.terms.id] = (row, statement.report)
        }
        self.open = open
        link.pace(statements, supply, start: start, done)
    }

    /// The catalog may have changed meanwhile: whose campaign stands elsewhere now is heard the next time.
    mutating func hear(_ outcome: IssuerLink.PacingOutcome, _ pacer: inout RegionPacer, at now: Instant) {
        guard let said = open else { return }
        open = nil
        switch outcome {
        case .unanswered: break
        case .notDirected:
            pacer.turn(to: .nobody)
            heardAt = nil
        case .answered(let orders):
            pacer.turn(to: .directed)
            heardAt = Kernel.monotonicNow()
            for order in orders {
                guard let (row, report) = said[order.campaign], row < pacer.count,
                    pacer.terms(row).id == order.campaign
                else { continue }
                pacer.told(row, order, answering: report, at: now)
            }
        }
    }
}
