// How fast an objective's budget may burn before somebody is told: pairs of windows, a long one that says it matters
// and a short one that says it is still so.
internal import Units

struct BurnWindows: Sendable {
    /// How many times as fast as would use up the budget in thirty days, in tenths.
    let tenths: Int
    let long: PromDuration
    let short: PromDuration
    let severity: Severity

    /// The pairs of Google's workbook for SREs: 2 % of the budget in an hour, 5 % in six, 10 % in one day and in three.
    static let all = [
        BurnWindows(144, hours: 1, minutes: 5, .page),
        BurnWindows(60, hours: 6, minutes: 30, .page),
        BurnWindows(30, hours: 24, minutes: 120, .ticket),
        BurnWindows(10, hours: 72, minutes: 360, .ticket),
    ]

    /// Each window once: what is recorded.
    static var recorded: [PromDuration] {
        Set(all.flatMap { [$0.long, $0.short] }).sorted { $0.milliseconds < $1.milliseconds }
    }

    var factor: String { tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)" }

    private init(_ tenths: Int, hours: Int, minutes: Int, _ severity: Severity) {
        self.tenths = tenths
        long = PromDuration(milliseconds: hours * 3_600_000)
        short = PromDuration(milliseconds: minutes * 60_000)
        self.severity = severity
    }
}

/// Whether somebody is woken, or looks at it in working hours.
public enum Severity: String, CaseIterable, Sendable { case page, ticket }
