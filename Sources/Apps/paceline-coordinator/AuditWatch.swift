// What operators see of an audit: who is silent, in the log and in a metric.
import Ledger
import Settings
import Synchronization
import Telemetry
import Units

/// Whom the leader's audit waits for, as bits by their numbers: for the metrics, which any thread reads.
final class AuditView: Sendable {
    private let held = Atomic<UInt64>(0)

    var missing: UInt64 {
        get { held.load(ordering: .relaxed) }
        set { held.store(newValue, ordering: .relaxed) }
    }

    func register(in catalogue: inout MetricsCatalogue, _ holders: [String]) {
        for (number, name) in holders.enumerated() {
            catalogue.computedGauge(
                "paceline_root_audit_waits",
                help:
                    "1 where the audit of another timeline waits for this holder: nothing is granted until it has said what it was granted.",
                labels: ["holder": name]
            ) { [self] in missing >> UInt64(number) & 1 == 1 ? 1 : 0 }
        }
    }
}

/// Used on the root's thread only.
final class AuditWatch {
    private let context: CoordinatorContext
    private var mark: UInt32?
    private var missing: UInt64 = 0
    private var troubles: [HolderNumber: String] = [:]
    private var saidAt = Instant(nanoseconds: .min)

    /// A holder that is still silent is named again after this.
    private static let pause = Interval.seconds(10)

    init(_ context: CoordinatorContext) { self.context = context }

    func names(_ bits: UInt64) -> [String] {
        context.settings.holders.enumerated().filter { bits >> UInt64($0.offset) & 1 == 1 }.map(\.element)
    }

    /// - Parameter machine: nil where this process does not lead.
    func look(at machine: RootLedger?, at now: Instant) {
        guard let machine else {
            if missing != 0 { context.health.set("audit", .ready) }
            (mark, missing) = (nil, 0)
            context.audit.missing = 0
            return
        }
        let audit = machine.audit
        context.audit.missing = audit.missing
        if audit.missing != 0, audit.mark != mark {
            context.log.warning(
                "an audit: acknowledged writes may be missing, and nothing is granted until every holder has said what it was granted",
                [
                    "audit": .integer(Int(audit.mark)), "timeline": .integer(Int(audit.timeline.line)),
                    "waitsFor": .string(names(audit.missing).joined(separator: " ")),
                ])
            saidAt = now
        } else if audit.missing == 0, missing != 0 {
            context.log.notice(
                "the audit has ended; money is granted again", ["audit": .integer(Int(audit.mark))])
        } else if audit.missing != 0, now >= saidAt + Self.pause {
            context.log.warning(
                "the audit waits for holders that are silent",
                [
                    "audit": .integer(Int(audit.mark)),
                    "waitsFor": .string(names(audit.missing).joined(separator: " ")),
                ])
            saidAt = now
        }
        if audit.missing != missing || audit.mark != mark {
            let silent = names(audit.missing).joined(separator: ", ")
            context.health.set(
                "audit",
                audit.missing == 0
                    ? .ready
                    : .notice("nothing is granted: the audit \(audit.mark) waits for \(silent)"))
        }
        (mark, missing) = (audit.mark, audit.missing)
        for (holder, why) in machine.auditTroubles where troubles[holder] != why {
            context.log.error(
                "what a holder presents to the audit is not taken",
                ["holder": .string(names(holder.bit).first ?? ""), "cause": .string(why)])
        }
        troubles = machine.auditTroubles
    }
}
