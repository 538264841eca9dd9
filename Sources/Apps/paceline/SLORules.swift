// `paceline slo rules` and `slo dashboards`: what Prometheus and Grafana read, made from the service levels.
import Commands
import Documents
import Kernel
import Operations

enum SLORules {
    static let path = Parameter.argument("FILE", WordKind.file, "Service levels, or - for standard input.")
    static let scale = Parameter.option(
        "scale", .integer(1...60), default: 1, "Divide every window, wait and interval by this.")
    static let target = Parameter.option(
        "output", WordKind.file, "Where the rules go; else they are printed.")
    static let directory = Parameter.requiredOption(
        "output", WordKind.file, "The directory that the dashboards go to, each under its name.")

    static let command = Command(
        "rules", "Makes Prometheus' rules from service levels.",
        discussion: """
            Each objective becomes recorded shares of errors over seven windows and four alerts: its budget for
            thirty days burns 14.4 times too fast over an hour and five minutes, or 6 times over six hours and
            half an hour, which are pages; or 3 times over a day and two hours, or at all over three days and
            six hours, which are tickets. Each cause becomes one alert. A fleet on trial that fails and recovers
            within minutes takes them with --scale 20; scrape it every two seconds then, as five minutes become
            fifteen seconds.
            """,
        parameters: [path, scale, target],
        examples: [
            Example(
                "paceline slo rules nixos/observability/slo.json --output rules.yml",
                "As the fleet has them.",
                prints: "rules.yml: 42 alerts' names, 60 of Prometheus', 84 recorded series"),
            Example(
                "paceline slo rules nixos/observability/slo.json --scale 20 | grep -c 'rate15s'",
                "Names of series stay as they are.", outcome: .failed, prints: "0"),
        ],
        run: run)

    static let dashboards = Command(
        "dashboards", "Makes Grafana's dashboards.",
        discussion:
            "One file each, as Grafana's provisioning takes them. Those of the objectives follow the file.",
        parameters: [path, directory],
        examples: [
            Example(
                "mkdir boards; paceline slo dashboards nixos/observability/slo.json --output boards",
                "All of them.", prints: "boards/slo.json: Paceline: promises, 12 panels")
        ],
        run: runDashboards)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard let levels = try SLOCheck.read(call[path], json: false, &output) else { return .failed }
        let rules = AlertRules(levels, scale: call[scale])
        guard let target = call[target] else {
            output.write(rules.yaml)
            return .ok
        }
        try write(rules.yaml, to: target)
        let all = rules.groups.flatMap(\.rules)
        let alerts = all.count(where: \.isAlert)
        output.print(
            "\(target): \(levels.alerts.count) alerts' names, \(alerts) of Prometheus', \(all.count - alerts) recorded series"
        )
        return .ok
    }

    private static func runDashboards(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard let levels = try SLOCheck.read(call[path], json: false, &output) else { return .failed }
        for dashboard in Dashboard.all(levels) {
            let target = "\(call[directory])/\(dashboard.name.rawValue).json"
            try write(dashboard.page.page + "\n", to: target)
            output.print("\(target): \(dashboard.title), \(dashboard.panels.count) panels")
        }
        return .ok
    }

    private static func write(_ text: String, to target: String) throws(Failure) {
        do {
            try Kernel.replace(target, with: Array(text.utf8))
        } catch {
            throw Failure("\(error)")
        }
    }
}
