// How often somebody may ask under /api/v1: a bucket of tokens for reads and one for changes, for each identity, and for each address of
// those without one, in tables of their own: strangers take no room from who is known. Nothing here is a clock: the time comes with each
// question.
import Documents
import HTTP
import Kernel
import Serving
import Settings
import Telemetry
import Units

/// Whose buckets are meant.
enum RateSubject: Hashable, Sendable {
    /// A token's name.
    case token(String)
    /// What a certificate with a role says.
    case certificate(String)
    /// Of those without either: four bytes of IPv4, or the half of IPv6 that a network is given whole.
    case address(UInt64)
    /// Nobody knows from where.
    case nowhere

    init(_ standing: Standing, _ address: SocketAddress?) {
        switch standing {
        case .known(let caller) where caller.by == .token: self = .token(caller.name)
        case .known(let caller) where caller.by == .certificate: self = .certificate(caller.name)
        default: self.init(address)
        }
    }

    init(_ address: SocketAddress?) {
        guard let text = address?.host, let address = IPAddress(text) else {
            self = .nowhere
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
        case .token, .certificate: "identity"
        case .address, .nowhere: "address"
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

    private let reads: Rate
    private let changes: Rate
    private var tokens: Table
    private var certificates: Table
    private var addresses: Table

    /// A few hundred kilobytes for each of certificates and addresses: more than any house has that ask at one time.
    static let subjectsMost = 4_096

    /// - Parameter tokensMost: how many tokens are known at most, so that there is always room for each.
    init(
        _ rates: CoordinatorSettings.Rates, subjectsMost: Int = Self.subjectsMost,
        tokensMost: Int = Int(Tokens.most)
    ) {
        reads = Rate(perSecond: rates.readsPerSecond, burst: rates.readBurst)
        changes = Rate(perSecond: rates.changesPerSecond, burst: rates.changeBurst)
        tokens = Table(most: tokensMost)
        certificates = Table(most: subjectsMost)
        addresses = Table(most: subjectsMost)
    }

    var subjects: Int { tokens.count + certificates.count + addresses.count }

    /// Takes so many tokens, or says when so many will be there; then none is taken.
    mutating func take(
        _ cost: Int, isChange: Bool, _ subject: RateSubject, at now: Instant
    ) -> Refusal? {
        let rate = isChange ? changes : reads
        return switch subject {
        case .token: tokens.take(cost, isChange: isChange, rate, subject, at: now)
        case .certificate: certificates.take(cost, isChange: isChange, rate, subject, at: now)
        case .address, .nowhere: addresses.take(cost, isChange: isChange, rate, subject, at: now)
        }
    }
}

extension AdminRates {
    private struct Buckets {
        var reads: Instant
        var changes: Instant
    }

    /// All of one kind, of whom the newcomers share one bucket where there is no room.
    private struct Table {
        let most: Int
        private var buckets: [RateSubject: Buckets] = [:]
        private var shared: Buckets?
        private var sweptAt = Instant(nanoseconds: .min)

        /// Who is not limited any more is forgotten where there is no room, and looked for no more often than this.
        private static let sweep = Interval.seconds(1)

        init(most: Int) { self.most = most }

        var count: Int { buckets.count + (shared == nil ? 0 : 1) }

        mutating func take(
            _ cost: Int, isChange: Bool, _ rate: Rate, _ subject: RateSubject, at now: Instant
        ) -> Refusal? {
            let isIn = hasRoom(for: subject, at: now)
            var known = (isIn ? buckets[subject] : shared) ?? Buckets(reads: now, changes: now)
            let each = 1_000_000_000 / Int64(rate.perSecond)
            let full =
                max(isChange ? known.changes : known.reads, now) + Interval(nanoseconds: each * Int64(cost))
            let ahead = full - now
            let after = ahead - Interval(nanoseconds: each * Int64(rate.burst))
            guard after <= .zero else { return Refusal(rate: rate, isChange: isChange, after: after) }
            if isChange { known.changes = full } else { known.reads = full }
            if isIn { buckets[subject] = known } else { shared = known }
            return nil
        }

        private mutating func hasRoom(for subject: RateSubject, at now: Instant) -> Bool {
            guard buckets[subject] == nil, buckets.count >= most else { return true }
            if now >= sweptAt + Self.sweep {
                sweptAt = now
                // Full buckets are as none.
                buckets = buckets.filter { $0.value.reads > now || $0.value.changes > now }
            }
            return buckets.count < most
        }
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
