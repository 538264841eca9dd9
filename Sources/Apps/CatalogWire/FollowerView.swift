// How it stands with what is published, as operators and metrics see it.
public import Documents
internal import Kernel
public import Telemetry
public import Units

public struct FollowerView: Sendable {
    /// What became of a question what is published.
    public enum Asked: String, CaseIterable, Sendable {
        case published, unchanged, nothing
        /// Older than what is known here.
        case stale
        case failed

        init(_ answer: Pursuit.Answer) {
            switch answer {
            case .published: self = .published
            case .unchanged: self = .unchanged
            case .nothing: self = .nothing
            }
        }
    }

    /// What became of a blob.
    public enum Fetched: String, CaseIterable, Sendable {
        case taken, refused, corrupt, absent, failed
        case notKept = "not_kept"
    }

    /// What is published, as far as is known.
    public internal(set) var publication: Publication?
    /// When that was known to be so.
    public internal(set) var asOf: Instant?
    /// Whoever was asked last says that nothing was published ever.
    public internal(set) var isNothing = false
    /// Its blob is here, and was taken.
    public internal(set) var isHeld = false
    /// What is published and not taken, and why.
    public internal(set) var refused: (version: Int64, why: String)?
    /// Why it is not here, where it is being fetched.
    public internal(set) var missing: String?
    /// Why it is not known.
    public internal(set) var problem: String?
    public internal(set) var asks: [Asked: Int] = [:]
    public internal(set) var fetches: [Fetched: Int] = [:]

    let startedAt = Kernel.monotonicNow()

    init() {}

    /// How long ago it was known last what is published; nil where it never was.
    public var age: Interval? { asOf.map { max(Kernel.monotonicNow() - $0, .zero) } }

    /// So old a word gets where all is well: an answer is held for a part of it.
    public static let freshFor = Interval.seconds(60)
    public var isFresh: Bool { age.map { $0 <= Self.freshFor } ?? false }

    /// For people: how long ago, in the largest unit that is not zero.
    public var ageText: String {
        guard let seconds = age.map({ $0.wholeMilliseconds / 1_000 }) else { return "never" }
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) days"
        }
    }

    public var tree: JSONTree {
        var members: [JSONTree.Member] = []
        members.append(.init("version", publication.map { .number($0.version) } ?? .null))
        if let package = publication?.blob.package { members.append(.init("package", .number(package))) }
        members.append(.init("sha256", publication.map { .string($0.digest.description) } ?? .null))
        members.append(.init("here", .bool(isHeld)))
        members.append(.init("ageSeconds", age.map { .number($0.wholeMilliseconds / 1_000) } ?? .null))
        members.append(.init("refused", refused.map { .string($0.why) } ?? .null))
        members.append(.init("problem", (missing ?? problem).map { .string($0) } ?? .null))
        return .object(members)
    }
}

extension PublicationFollower {
    public func register(in catalogue: inout MetricsCatalogue) {
        let (prefix, noun) = (options.kind.metrics, options.kind.noun)
        catalogue.computedGauge(
            "\(prefix)_published_version",
            help: "The number of the \(noun) that is published, as far as is known here."
        ) { [self] in state.publication.map { Double($0.version) } }
        catalogue.computedGauge(
            "\(prefix)_published_here",
            help: "1 where the \(noun) that is published is here and was taken."
        ) { [self] in state.isHeld ? 1 : 0 }
        catalogue.computedGauge(
            "\(prefix)_word_age_seconds",
            help:
                "How long ago it was known last which \(noun) is published; since the start where it never was.",
            unit: .seconds
        ) { [self] in
            let state = state
            return Double((Kernel.monotonicNow() - (state.asOf ?? state.startedAt)).wholeMilliseconds) / 1_000
        }
        for outcome in FollowerView.Asked.allCases {
            catalogue.computedCounter(
                "\(prefix)_asks_total",
                help: "Questions which \(noun) is published, by what became of them.",
                labels: ["outcome": outcome.rawValue]
            ) { [self] in Double(state.asks[outcome] ?? 0) }
        }
        for outcome in FollowerView.Fetched.allCases {
            catalogue.computedCounter(
                "\(prefix)_fetches_total",
                help: "What was fetched as the \(noun) that is published, by what became of it here.",
                labels: ["outcome": outcome.rawValue]
            ) { [self] in Double(state.fetches[outcome] ?? 0) }
        }
    }
}
