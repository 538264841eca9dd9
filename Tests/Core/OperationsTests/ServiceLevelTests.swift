// The repository's service levels are accepted, each mistake in them is refused at its place, and what is made of them
// is what lies in the repository.
import Documents
import Foundation
import Operations
import Testing

private let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

private func text(_ path: String) -> String {
    String(decoding: (try? Data(contentsOf: repository.appending(path: path))) ?? Data(), as: UTF8.self)
}

private let file = text("nixos/observability/slo.json")

private struct Mistake: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    let path: String
    let says: String
    var testDescription: String { "\(old) → \(new)" }
}

@Suite struct ServiceLevelTests {
    @Test(arguments: [
        Mistake(
            old: "\"percent\": 99.9", new: "\"percent\": 100", path: "objectives[0].percent", says: "99.9999"),
        Mistake(old: "[$window]", new: "[5m]", path: "", says: "a rate over [$window]"),
        Mistake(
            old: "\"RegionDown\"", new: "\"region-down\"", path: "causes[0].alert",
            says: "the first a capital"),
        Mistake(
            old: "\"NodeDown\"", new: "\"RegionDown\"", path: "causes[1].alert",
            says: "a name that no other alert has"),
        Mistake(
            old: "\"BillsBurning\"", new: "\"NodeDown\"", path: "causes[1].alert",
            says: "a name that no other alert has"),
        Mistake(
            old: "\"name\": \"latency\"", new: "\"name\": \"availability\"", path: "objectives[1].name",
            says: "no other one"),
        Mistake(old: "\"for\": \"1m\"", new: "\"for\": \"soon\"", path: "causes[0].for", says: "as in 5m"),
        Mistake(
            old: "\"severity\": \"page\"", new: "\"severity\": \"panic\"", path: "causes[0].severity",
            says: "page"),
        Mistake(
            old: "\"dashboard\": \"decisions\"", new: "\"dashboard\": \"decision\"",
            path: "objectives[0].dashboard",
            says: "decisions"),
        Mistake(
            old: "{{ $labels.region }}: no node", new: "no node", path: "causes[0].summary",
            says: "the instance"),
        Mistake(old: "runbooks/\"", new: "runbooks\"", path: "runbooks", says: "ending with /"),
        Mistake(old: "\"for\"", new: "\"foor\"", path: "causes[0].foor", says: "for"),
    ])
    fileprivate func aMistakeIsRefusedAtItsPlace(_ mistake: Mistake) throws {
        let range = try #require(file.range(of: mistake.old))
        let changed =
            mistake.path.isEmpty
            ? file.replacingOccurrences(of: mistake.old, with: mistake.new)
            : file.replacingCharacters(in: range, with: mistake.new)
        let refused = try #require(throws: DocumentRefused.self) {
            try ServiceLevels(reading: Array(changed.utf8))
        }
        let first = try #require(refused.refusals.first)
        #expect(mistake.path.isEmpty || first.path == mistake.path)
        #expect(first.allowed.contains(mistake.says))
    }

    @Test func whatIsMadeOfThemIsInTheRepository() throws {
        let levels = try ServiceLevels(reading: Array(file.utf8))
        #expect(
            AlertRules(levels).yaml == text("nixos/observability/alerts.yml"),
            "paceline slo rules nixos/observability/slo.json --output nixos/observability/alerts.yml")
        #expect(
            ServiceLevels.jsonSchema.page + "\n" == text("nixos/observability/slo.schema.json"),
            "paceline slo check --schema > nixos/observability/slo.schema.json")
        for dashboard in Dashboard.all(levels) {
            #expect(
                dashboard.page.page + "\n"
                    == text("nixos/observability/dashboards/\(dashboard.name.rawValue).json"),
                "paceline slo dashboards nixos/observability/slo.json --output nixos/observability/dashboards"
            )
        }
    }

    @Test func everyAlertSaysWhatToDo() throws {
        let levels = try ServiceLevels(reading: Array(file.utf8))
        let yaml = AlertRules(levels).yaml
        let alerts = yaml.components(separatedBy: "      - alert: ").dropFirst()
        #expect(alerts.count == levels.objectives.count * 4 + levels.causes.count)
        for alert in alerts {
            let name = alert.prefix { $0 != "\n" }
            for line in [
                "severity: \"", "summary: \"", "runbook_url: \"\(levels.runbooks)\(name).md\"",
                "dashboard: \"\(levels.dashboards)",
            ] {
                #expect(alert.contains(line), "\(name)")
            }
        }
    }

    @Test func aScaleDividesEveryWindowAndKeepsNames() throws {
        let levels = try ServiceLevels(reading: Array(file.utf8))
        let (plain, scaled) = (AlertRules(levels), AlertRules(levels, scale: 20))
        #expect(plain.groups.flatMap(\.rules).map(\.name) == scaled.groups.flatMap(\.rules).map(\.name))
        for window in ["[5m]", "[30m]", "[1h]", "[2h]", "[6h]", "[1d]", "[3d]"] {
            #expect(plain.yaml.contains(window))
        }
        for window in ["[15s]", "[90s]", "[3m]", "[6m]", "[18m]", "[72m]", "[216m]"] {
            #expect(scaled.yaml.contains(window))
        }
        #expect(scaled.yaml.contains("interval: 1500ms"))
    }

    @Test func dashboardsHaveTheirNamesOnce() throws {
        let levels = try ServiceLevels(reading: Array(file.utf8))
        let all = Dashboard.all(levels)
        #expect(all.map(\.name) == DashboardName.allCases)
        for dashboard in all { #expect(Set(dashboard.panels.map(\.title)).count == dashboard.panels.count) }
    }
}
