// Which text of the metrics a scraper wants, by the `accept` of its request (RFC 9110 §12.5.1).

public enum MetricsFormat: Equatable, Sendable {
    case prometheus, openMetrics

    /// OpenMetrics where it is asked for and nothing is said against it: at least as gladly as plain text, and in version
    /// 1.0.0 or in none that is named. Whoever says nothing, or accepts anything, gets plain text.
    public init(accept: String?) {
        var open = 0.0
        var plain = 0.0
        for element in (accept ?? "").lowercased().split(separator: ",") {
            let parts = element.split(separator: ";").map { Self.trimmed($0) }
            guard let type = parts.first else { continue }
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1).map { Self.trimmed($0) }
                if pair.count == 2 {
                    parameters[pair[0]] = Self.trimmed(pair[1][...].filter { $0 != "\"" }[...])
                }
            }
            let quality = Double(parameters["q"] ?? "1") ?? 0
            switch type {
            case "application/openmetrics-text"
            where parameters["version"] == nil || parameters["version"] == "1.0.0":
                open = max(open, quality)
            case "text/plain", "text/*": plain = max(plain, quality)
            default: continue
            }
        }
        self = open > 0 && open >= plain ? .openMetrics : .prometheus
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
