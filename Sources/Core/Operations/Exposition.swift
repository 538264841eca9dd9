// What an exporter shows, read from its text: which series there are, whatever they say just now.

public struct Exposition: Sendable {
    /// The series of each metric, each as its labels.
    private var series: [String: [[String: String]]] = [:]

    public init() {}

    /// Adds what one scrape shows. What is no line of the format is passed over: Prometheus itself refuses it.
    public mutating func read(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            let query = PromQuery(String(line.prefix(upTo: Self.end(of: line))))
            guard let selector = query.selectors.first, selector.metric == name else { continue }
            var labels: [String: String] = [:]
            for label in selector.labels { labels[label.name] = label.values?.first ?? "" }
            series[selector.metric, default: []].append(labels)
        }
    }

    /// Adds a metric that is made by rules, or by Prometheus itself: its labels are whatever they are made of.
    public mutating func add(_ metric: String) { series[metric, default: []] += [] }

    public var metrics: [String] { series.keys.sorted() }

    /// Why a selector can never find anything; nil where it may. Labels that Prometheus adds when it scrapes are not
    /// an exporter's to show.
    public func objection(to selector: PromQuery.Selector) -> String? {
        guard let all = series[selector.metric] else { return "no exporter has \(selector.metric)" }
        for label in selector.labels where !Self.added.contains(label.name) && !all.isEmpty {
            guard all.contains(where: { $0[label.name] != nil }) else {
                return "\(selector.metric) has no label \(label.name)"
            }
            // What a shell fills in may be anything.
            for value in label.values ?? []
            where !value.contains(ShellScan.unknown) && !all.contains(where: { $0[label.name] == value }) {
                return "no \(selector.metric) has \(label.name)=\"\(value)\""
            }
        }
        return nil
    }

    /// From the scrape's configuration, by nixos/observability/README.md.
    static let added: Set<String> = ["job", "instance", "region", "cloud"]

    /// Where a line's value begins.
    private static func end(of line: Substring) -> Substring.Index {
        if let brace = line.lastIndex(of: "}") { return line.index(after: brace) }
        return line.firstIndex(of: " ") ?? line.endIndex
    }
}
