// Whether what some nodes serve first is worse than what all others serve, by what both have counted.

/// What nodes have counted of one goal since they serve what they serve.
public struct GoalTally: Equatable, Sendable {
    public var goal: PredictedGoal
    /// Candidates that something was predicted for, and those of the full tier.
    public var candidates: UInt64
    public var full: UInt64
    public var calibration: CalibrationCount

    public init(
        goal: PredictedGoal, candidates: UInt64 = 0, full: UInt64 = 0,
        calibration: CalibrationCount = CalibrationCount()
    ) {
        (self.goal, self.candidates, self.full, self.calibration) = (goal, candidates, full, calibration)
    }

    public static func + (one: GoalTally, other: GoalTally) -> GoalTally {
        GoalTally(
            goal: one.goal, candidates: one.candidates + other.candidates, full: one.full + other.full,
            calibration: CalibrationCount(
                shown: one.calibration.shown + other.calibration.shown,
                expected: one.calibration.expected + other.calibration.expected,
                happened: one.calibration.happened + other.calibration.happened))
    }
}

extension GoalTally {
    /// What was counted since; never below zero.
    public static func - (now: GoalTally, before: GoalTally) -> GoalTally {
        GoalTally(
            goal: now.goal, candidates: now.candidates - min(before.candidates, now.candidates),
            full: now.full - min(before.full, now.full),
            calibration: CalibrationCount(
                shown: now.calibration.shown - min(before.calibration.shown, now.calibration.shown),
                expected: max(now.calibration.expected - before.calibration.expected, 0),
                happened: now.calibration.happened
                    - min(before.calibration.happened, now.calibration.happened)))
    }
}

public enum CanaryJudge {
    /// Fewer say little: a busy second of a node is some thousand candidates.
    public static let candidatesLeast: UInt64 = 500
    /// So much more of its candidates may fall below the full tier than of the others'.
    public static let fallsMore = 0.05
    /// With fewer ads of which it was expected chance decides.
    public static let expectedLeast = 20.0
    /// What happens may be so far from what was predicted, as a part of that, beyond what it is for the others.
    public static let calibrationOff = 0.2
    /// And by more than chance makes in a million canaries.
    public static let deviations = 5.0

    /// Why it should be taken back; nil as long as nothing speaks against it.
    public static func objection(to canary: GoalTally, beside others: GoalTally?) -> String? {
        if canary.candidates >= candidatesLeast {
            let (fallen, usual) = (below(canary), others.map(below) ?? 0)
            if fallen > usual + fallsMore {
                return
                    "\(canary.goal.name): \(percent(fallen)) of its \(canary.candidates) candidates fell below the full tier, "
                    + "elsewhere \(percent(usual))"
            }
        }
        let found = canary.calibration
        guard found.expected >= expectedLeast else { return nil }
        var usual = 1.0
        if let others, others.calibration.expected >= expectedLeast, others.calibration.happened > 0 {
            usual = Double(others.calibration.happened) / others.calibration.expected
        }
        let (expected, happened) = (found.expected * usual, Double(found.happened))
        let off = abs(happened - expected)
        guard off > calibrationOff * expected, off > deviations * expected.squareRoot() else { return nil }
        return
            "\(canary.goal.name): of its \(found.shown) ads \(rounded(found.expected)) were predicted and \(found.happened) happened, "
            + "where elsewhere \(percent(usual)) of what is predicted happens"
    }

    private static func below(_ tally: GoalTally) -> Double {
        tally.candidates == 0
            ? 0 : Double(tally.candidates - min(tally.full, tally.candidates)) / Double(tally.candidates)
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
    private static func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
