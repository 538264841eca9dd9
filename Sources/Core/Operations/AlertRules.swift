// Prometheus' rules from the service levels: recorded error shares, alerts on how fast they burn, and causes.
internal import Documents
internal import Units

public struct AlertRules: Sendable {
    /// One alert as Prometheus has it, or one recorded series.
    public struct Rule: Sendable {
        public let name: String
        public let isAlert: Bool
        public let query: String
        let lasting: PromDuration?
        let labels: [(String, String)]
        let annotations: [(String, String)]
    }

    public struct Group: Sendable {
        public let name: String
        public let rules: [Rule]
    }

    public let groups: [Group]
    private let interval: PromDuration
    private let scale: Int

    /// Often enough that a page is not late by it, and seldom enough that windows of days are no load.
    private static let interval = PromDuration(milliseconds: 30_000)

    /// With a scale above one every window, wait and interval is divided by it: for a fleet on trial. Names stay.
    public init(_ levels: ServiceLevels, scale: Int = 1) {
        self.scale = scale
        interval = Self.interval.divided(by: scale)
        groups = [
            Group(name: "paceline-slo", rules: levels.objectives.flatMap { Self.recorded($0, scale) }),
            Group(
                name: "paceline-burn", rules: levels.objectives.flatMap { Self.burning($0, levels, scale) }),
            Group(name: "paceline-causes", rules: levels.causes.map { Self.cause($0, levels, scale) }),
        ]
    }

    public static func series(_ objective: ServiceLevels.Objective, _ what: String, _ window: PromDuration)
        -> String
    {
        "slo:\(objective.name):\(what)_rate\(window)"
    }

    private static func recorded(_ objective: ServiceLevels.Objective, _ scale: Int) -> [Rule] {
        BurnWindows.recorded.flatMap { window in
            let over = { (query: String) in
                PromQuery(query.replacing(ServiceLevels.Objective.window, with: "\(window)")).scaled(
                    by: scale)
            }
            let total = series(objective, "total", window)
            return [
                Rule(
                    name: total, isAlert: false, query: over(objective.total), lasting: nil, labels: [],
                    annotations: []),
                Rule(
                    name: series(objective, "errors:ratio", window), isAlert: false,
                    query: "(\(over(objective.errors))) / (\(total) > 0)", lasting: nil, labels: [],
                    annotations: []),
            ]
        }
    }

    private static func burning(
        _ objective: ServiceLevels.Objective, _ levels: ServiceLevels, _ scale: Int
    ) -> [Rule] {
        BurnWindows.all.map { windows in
            let threshold = "(\(windows.factor) * \(objective.budget))"
            let ratio = { (window: PromDuration) in series(objective, "errors:ratio", window) }
            var query =
                "\(ratio(windows.long)) > \(threshold) and \(ratio(windows.short)) > \(threshold)"
            if objective.fewestPerSecond.rawValue > 0 {
                query += " and \(series(objective, "total", windows.long)) > \(objective.fewestPerSecond)"
            }
            return Rule(
                name: objective.alert, isAlert: true, query: query, lasting: nil,
                labels: [("severity", windows.severity.rawValue), ("burn", windows.factor)],
                annotations: links(
                    "{{ $labels.region }}: {{ $value | humanizePercentage }} \(objective.promise) in "
                        + "\(windows.long.divided(by: scale)); the promise is \(objective.percent) % in 30 days, and this "
                        + "uses up what may fail \(windows.factor) times as fast",
                    objective.alert, objective.dashboard, levels))
        }
    }

    private static func cause(_ cause: ServiceLevels.Cause, _ levels: ServiceLevels, _ scale: Int) -> Rule {
        Rule(
            name: cause.alert, isAlert: true, query: PromQuery(cause.when).scaled(by: scale),
            lasting: cause.lasting?.divided(by: scale), labels: [("severity", cause.severity.rawValue)],
            annotations: links(cause.summary, cause.alert, cause.dashboard, levels))
    }

    private static func links(
        _ summary: String, _ alert: String, _ dashboard: DashboardName, _ levels: ServiceLevels
    ) -> [(String, String)] {
        [
            ("summary", summary), ("runbook_url", "\(levels.runbooks)\(alert).md"),
            ("dashboard", "\(levels.dashboards)\(dashboard.uid)"),
        ]
    }
}

extension AlertRules {
    /// The file that Prometheus reads. Texts stand in double quotes, as JSON writes them, which YAML reads alike.
    public var yaml: String {
        var lines = [
            "# Made by `paceline slo rules`" + (scale == 1 ? "" : ", all windows divided by \(scale)")
                + ". Change nixos/observability/slo.json instead.",
            "groups:",
        ]
        for group in groups where !group.rules.isEmpty {
            lines += ["  - name: \(group.name)", "    interval: \(interval)", "    rules:"]
            for rule in group.rules {
                lines.append("      - \(rule.isAlert ? "alert" : "record"): \(rule.name)")
                lines.append("        expr: \(JSONTree.string(rule.query).line)")
                if let lasting = rule.lasting { lines.append("        for: \(lasting)") }
                for (name, entries) in [("labels", rule.labels), ("annotations", rule.annotations)]
                where !entries.isEmpty {
                    lines.append("        \(name):")
                    lines += entries.map { "          \($0.0): \(JSONTree.string($0.1).line)" }
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
