// Whether somebody exports what rules, dashboards and runbooks ask for.

public enum QueryCheck {
    public struct Problem: Hashable, Sendable {
        /// The alert, the recorded series or the panel.
        public let place: String
        public let objection: String
    }

    /// What no exporter shows although something asks for it: each place and reason once.
    public static func problems(
        of levels: ServiceLevels, _ runbooks: [Runbook] = [], _ exporters: Exposition
    ) -> [Problem] {
        var known = exporters
        // Prometheus makes these itself.
        known.add("up")
        known.add("ALERTS")
        let rules = AlertRules(levels).groups.flatMap(\.rules)
        for rule in rules where !rule.isAlert { known.add(rule.name) }
        var found: [Problem] = []
        func look(_ query: String, _ place: String) {
            for selector in PromQuery(query).selectors {
                guard let objection = known.objection(to: selector) else { continue }
                let problem = Problem(place: place, objection: objection)
                if !found.contains(problem) { found.append(problem) }
            }
        }
        for rule in rules { look(rule.query, rule.name) }
        for dashboard in Dashboard.all(levels) {
            for query in dashboard.queries { look(query, "dashboard \(dashboard.name)") }
        }
        for runbook in runbooks {
            for query in runbook.queries { look(query.text, "\(runbook.name).md:\(query.line)") }
        }
        return found
    }
}
