// How often somebody may ask under /api/v1: a bucket of tokens for reads and one for changes, for each identity, and for each address of
// those without one. Nothing here is a clock: the time comes with each question.
import Documents
import HTTP
import Kernel
import Serving
import Settings
import Telemetry
import Units

/// Whose buckets are meant.
enum RateSubject: Hashable, Sendable {
    /// A token's name, or what a certificate says.
    case identity(String)
    /// Of those without either: four bytes of IPv4, or the half of IPv6 that a network is given whole.
    case address(UInt64)
    /// All for whom there was no room.
    case others

    init(_ address: SocketAddress?) {
        guard let text = address?.host, let address = IPAddress(text) else {
            self = .others
            return
        }
        switch address.family {
        case .v4: self = .address(UInt64(truncatingIfNeeded: address.value))
        case .v6 where address.value >> 32 == 0xFFFF:
            // An IPv4 that came to a listener of both kinds.
            self = .address(UInt64(truncatingIfNeeded: address.value & 0xFFFF_FFFF))
        case .v6: self = .address(UInt64(truncatingIfNeeded: address.value >> 64))
        }
    }

    /// In metrics and refusals.
    var word: String {
        switch self {
        case .identity: "identity"
        case .address, .others: "address"
        }
    }
}

/// Buckets as the instants at which they would be full again: what was taken is the distance of that from now.
struct AdminRates {
    struct Rate: Equatable {
        let perSecond: Int
        let burst: Int
    }

    struct Refusal: Equatable {
        let rate: Rate
        let isChange: Bool
        /// From when on so much is there again.
        let after: Interval

        /// As `Retry-After` has it.
        var seconds: Int64 { max((after.nanoseconds + 999_999_999) / 1_000_000_000, 1) }
    }

    private struct Buckets {
        var reads: Instant
        var changes: Instant
    }

    private let reads: Rate
    private let changes: Rate
    private let subjectsMost: Int
    private var buckets: [RateSubject: Buckets] = [:]
    private var sweptAt = Instant(nanoseconds: .min)

    /// A few hundred kilobytes: more than any house has people, programs and machines that ask at one time.
    static let subjectsMost = 4_096
    /// Who is not limited any more is forgotten where there is no room, and looked for no more often than this.
    private static let sweep = Interval.seconds(1)

    init(_ rates: CoordinatorSettings.Rates, subjectsMost: Int = Self.subjectsMost) {
        reads = Rate(perSecond: rates.readsPerSecond, burst: rates.readBurst)
        changes = Rate(perSecond: rates.changesPerSecond, burst: rates.changeBurst)
        self.subjectsMost = subjectsMost
    }

    var subjects: Int { buckets.count }

    /// Takes so many tokens, or says when so many will be there; then none is taken.
    mutating func take(
        _ cost: Int, isChange: Bool, _ subject: RateSubject, at now: Instant
    ) -> Refusal? {
        let place = place(of: subject, at: now)
        let rate = isChange ? changes : reads
        var known = buckets[place] ?? Buckets(reads: now, changes: now)
        let each = 1_000_000_000 / Int64(rate.perSecond)
        let full =
            max(isChange ? known.changes : known.reads, now) + Interval(nanoseconds: each * Int64(cost))
        let after = full - now - Interval(nanoseconds: each * Int64(rate.burst))
        guard after <= .zero else { return Refusal(rate: rate, isChange: isChange, after: after) }
        if isChange { known.changes = full } else { known.reads = full }
        buckets[place] = known
        return nil
    }

    private mutating func place(of subject: RateSubject, at now: Instant) -> RateSubject {
        guard buckets[subject] == nil, buckets.count >= subjectsMost else { return subject }
        if now >= sweptAt + Self.sweep {
            sweptAt = now
            // Full buckets are as none.
            buckets = buckets.filter { $0.value.reads > now || $0.value.changes > now }
        }
        return buckets.count < subjectsMost ? subject : .others
    }
}

struct LimitedMetricKeys: Sendable {
    fileprivate let all: [CounterKey]

    init(in catalogue: inout MetricsCatalogue) {
        var all: [CounterKey] = []
        for limit in ["reads", "changes"] {
            for subject in ["identity", "address"] {
                all.append(
                    catalogue.counter(
                        "paceline_admin_limited_total",
                        help:
                            "Requests to the admin API that came too often and were refused with 429, by which rate and whose.",
                        labels: ["limit": limit, "by": subject]))
            }
        }
        self.all = all
    }
}

struct LimitedMetrics {
    private let all: [Counter]

    init(_ keys: LimitedMetricKeys, _ shard: ShardMetrics) { all = keys.all.map { shard.counter($0) } }

    func counter(_ refusal: AdminRates.Refusal, _ subject: RateSubject) -> Counter {
        all[(refusal.isChange ? 2 : 0) + (subject.word == "identity" ? 0 : 1)]
    }
}

extension Response {
    mutating func tooOften(_ refusal: AdminRates.Refusal, _ subject: RateSubject, _ cost: Int) {
        let limit = refusal.isChange ? "changes" : "reads"
        header("retry-after", "\(refusal.seconds)".utf8.span.bytes)
        problem(
            .tooManyRequests, "too many \(limit) of one \(subject.word); ask again in \(refusal.seconds) s",
            [
                .init("limit", .string(limit)), .init("by", .string(subject.word)),
                .init("perSecond", .number(refusal.rate.perSecond)),
                .init("burst", .number(refusal.rate.burst)),
                .init("takes", .number(cost)), .init("retryAfterSeconds", .number(refusal.seconds)),
            ])
    }
}
