// Shadows beside the models that decided, from journals: what each said of the same candidates, and of ads that were
// shown, which came nearer to what happened.
import Commands
public import Decision
import Journal
import Notices
import Numerics
public import Units

/// Reads journals twice: first what was told of ads, then what was predicted of them.
public struct ShadowComparison {
    /// What was told of one ad.
    private struct Told {
        var shown: Instant?
        var isClicked = false
        var isCompleted = false

        /// Nil where no notice tells of it.
        func outcome(of goal: PredictedGoal) -> Bool? {
            switch goal {
            case .click: isClicked
            case .completedView: isCompleted
            case .action: nil
            }
        }
    }

    /// What is compared with what.
    private struct Name: Hashable {
        let goal: PredictedGoal
        let name: String
        let version: UInt64
    }

    private let wait: Interval
    private var told: [AdNumber: Told] = [:]
    private var latest = Instant(nanoseconds: .min)
    /// Ads of decisions that were shown, by decision.
    private var ads: [UInt64: [RecordedAd]] = [:]
    private var pairs: [Name: ShadowPair] = [:]
    public private(set) var decisions = 0
    public private(set) var complaints: [String] = []

    /// - Parameter wait: how long an ad's notices may take: what was shown within it before the end of the journals
    ///   counts as not over.
    public init(_ paths: [String], wait: Interval) {
        self.wait = wait
        walk(paths) { comparison, walked, payload in
            comparison.latest = max(comparison.latest, walked.entry.time)
            if walked.entry.kind == .notice { comparison.take(walked, payload) }
        }
        walk(paths) { comparison, walked, payload throws(RecordRefusal) in
            switch walked.entry.kind {
            case .decision where DecisionRecorder.readable.contains(walked.entry.version):
                guard comparison.mayBeShown(payload) else { return }
                let record = try RecordedDecision(payload)
                comparison.ads[record.id] = record.ads
            case .shadow where walked.entry.version == RecordedShadow.version:
                comparison.take(try RecordedShadow(payload))
            case .shadow:
                comparison.complaints.append(
                    "\(walked.file.path): record \(walked.entry.sequence) is of version "
                        + "\(walked.entry.version), and only \(RecordedShadow.version) is read")
            default: break
            }
        }
    }

    /// In the order of goals and names.
    public var all: [ShadowPair] {
        pairs.values.sorted {
            ($0.goal.rawValue, $0.name, $0.version) < ($1.goal.rawValue, $1.name, $1.version)
        }
    }

    private mutating func walk(
        _ paths: [String],
        _ each: (inout ShadowComparison, WalkedRecord, RawSpan) throws(RecordRefusal) -> Void
    ) {
        var broken: [String] = []
        for path in paths {
            do {
                for journal in try JournalFiles.journals(at: path) {
                    SegmentWalk.run(journal.segments) { walked, payload in
                        do throws(RecordRefusal) {
                            try each(&self, walked, payload)
                        } catch {
                            broken.append("\(walked.file.path): record \(walked.entry.sequence): \(error)")
                        }
                    } broken: {
                        broken.append($0)
                    }
                }
            } catch { broken.append(error.message) }
        }
        for line in broken where !complaints.contains(line) { complaints.append(line) }
    }

    private mutating func take(_ walked: WalkedRecord, _ payload: RawSpan) {
        guard let counted = CountedNotice(.notice, version: walked.entry.version, payload) else { return }
        let ad = AdNumber(decision: counted.notice.decision, ad: Int(counted.notice.ad))
        switch counted.event {
        case .imp: told[ad, default: Told()].shown = walked.entry.time
        case .click: told[ad, default: Told()].isClicked = true
        case .complete: told[ad, default: Told()].isCompleted = true
        default: break
        }
    }

    /// A look at a few bytes, to spare reading decisions of which nothing was told.
    private func mayBeShown(_ record: RawSpan) -> Bool {
        guard record.byteCount >= 8 else { return true }
        let id: UInt64 = record.unsafeLoadUnaligned(as: UInt64.self).littleEndian
        return (0..<RecordedShadow.adsMost).contains { told[AdNumber(decision: id, ad: $0)] != nil }
    }

    private mutating func take(_ record: RecordedShadow) {
        decisions += 1
        for (index, shadow) in record.shadows.enumerated() where shadow.isScored {
            let name = Name(goal: shadow.goal, name: shadow.name, version: shadow.version)
            var pair =
                pairs[name] ?? ShadowPair(goal: shadow.goal, name: shadow.name, version: shadow.version)
            pair.decisions += 1
            for row in record.rows where row.goal == shadow.goal {
                guard let said = row.shadows[index] else { continue }
                pair.take(
                    champion: row.champion, tier: row.tier, shadow: said,
                    outcome: outcome(of: row, in: record.decision))
            }
            pairs[name] = pair
        }
    }

    /// What became of the candidate; nil where it was not shown, or that is not over yet.
    private func outcome(of row: RecordedShadow.Row, in decision: UInt64) -> Bool? {
        for ad in ads[decision] ?? [] where ad.lineItem == row.lineItem && ad.creative == row.creative {
            guard let told = told[AdNumber(decision: decision, ad: ad.number)], let shown = told.shown,
                latest - shown >= wait
            else { continue }
            return told.outcome(of: row.goal)
        }
        return nil
    }
}

/// One shadow and the champion, about the same candidates.
public struct ShadowPair: Sendable {
    public let goal: PredictedGoal
    public let name: String
    public let version: UInt64
    public var decisions = 0
    /// Of the champion's predictions, by tier.
    public private(set) var tiers = [0, 0, 0]
    /// Candidates for which the champion had no model and no prior of its own.
    public private(set) var unpredicted = 0
    /// Of which a shadow said what is no probability.
    public private(set) var senseless = 0
    public private(set) var champion = PredictionTally()
    public private(set) var shadow = PredictionTally()
    /// The shadow's less the champion's: of so many candidates at most, the first ones.
    private var differences: [Float] = []

    /// Four bytes each; no quantile that is shown becomes finer by more.
    private static let differencesMost = 1_000_000

    init(goal: PredictedGoal, name: String, version: UInt64) {
        (self.goal, self.name, self.version) = (goal, name, version)
    }

    mutating func take(champion: Double, tier: ScoringTier, shadow: Double, outcome: Bool?) {
        guard (0...1).contains(shadow) else { return senseless += 1 }
        guard (0...1).contains(champion) else { return unpredicted += 1 }
        tiers[Int(tier.rawValue)] += 1
        self.champion.take(champion, outcome)
        self.shadow.take(shadow, outcome)
        if differences.count < Self.differencesMost { differences.append(Float(shadow - champion)) }
    }

    /// The difference that so large a part of all is not above; nil where there is none.
    public func differences(at parts: [Double]) -> [Float]? {
        guard !differences.isEmpty else { return nil }
        let sorted = differences.sorted()
        return parts.map { sorted[min(Int($0 * Double(sorted.count)), sorted.count - 1)] }
    }
}

/// What one model said, and how near it came.
public struct PredictionTally: Sendable {
    public private(set) var count = 0
    private var sum = 0.0
    /// Of ads that were shown: what was said, and whether it happened.
    private var judged: [(said: Double, happened: Bool)] = []

    /// Fewer are not cut finer: a bin of twenty says what happened to ten points.
    private static let binsMost = 10
    private static let binLeast = 20
    /// One that is certain and wrong would be infinitely wrong.
    private static let certain = 1e-9

    mutating func take(_ said: Double, _ outcome: Bool?) {
        count += 1
        sum += said
        if let outcome { judged.append((said, outcome)) }
    }

    public var mean: Double { sum / Double(max(count, 1)) }
    public var outcomes: Int { judged.count }
    public var happened: Double {
        Double(judged.count { $0.happened }) / Double(max(judged.count, 1))
    }
    public var judgedMean: Double { judged.reduce(0) { $0 + $1.said } / Double(max(judged.count, 1)) }

    public var logLoss: Double {
        let losses = judged.map { said, happened in
            -Double.log(min(max(happened ? said : 1 - said, Self.certain), 1))
        }
        return losses.reduce(0, +) / Double(max(losses.count, 1))
    }

    /// By how much predictions miss what happened, in the mean over bins of equal count.
    public var miss: Double {
        let sorted = judged.sorted { $0.said < $1.said }
        let bins = min(max(sorted.count / Self.binLeast, 1), Self.binsMost)
        var sum = 0.0
        for bin in 0..<bins {
            let part = sorted[sorted.count * bin / bins..<sorted.count * (bin + 1) / bins]
            sum += abs(part.reduce(0) { $0 + $1.said - ($1.happened ? 1 : 0) })
        }
        return sum / Double(max(sorted.count, 1))
    }
}
