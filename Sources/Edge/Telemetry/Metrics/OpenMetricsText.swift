// The metrics as OpenMetrics 1.0 has them, which Prometheus asks for where it can: the text that has exemplars.
import Tracing
import Units

extension Metrics {
    public static let openMetricsContentType: StaticString =
        "application/openmetrics-text; version=1.0.0; charset=utf-8"

    /// All metrics, family by family in the order of registration, and the end behind them.
    public func openMetricsFamilies() -> OpenMetricsFamilies { OpenMetricsFamilies(self) }
}

/// The texts of families, each ending with a line's end, and `# EOF`.
public struct OpenMetricsFamilies: Sequence, IteratorProtocol {
    private let metrics: Metrics
    private var position = 0

    fileprivate init(_ metrics: Metrics) { self.metrics = metrics }

    public mutating func next() -> [UInt8]? {
        defer { position += 1 }
        guard position < metrics.families.count else {
            return position == metrics.families.count ? Array("# EOF\n".utf8) : nil
        }
        let family = metrics.families[position]
        var text = OpenMetricsText()
        text.open(family)
        for series in family.series { metrics.write(series, of: family.name, to: &text) }
        return text.bytes
    }
}

struct OpenMetricsText: MetricsText {
    static let hasExemplars = true

    private(set) var bytes: [UInt8] = []

    /// A counter's family has its name without `_total`, which its samples have.
    mutating func open(_ family: MetricFamily) {
        let name = family.kind == .counter ? String(family.name.dropLast("_total".count)) : family.name
        put("# TYPE \(name) \(family.kind.rawValue)\n")
        if family.unit != .one { put("# UNIT \(name) \(family.unit.rawValue)\n") }
        put("# HELP \(name) ")
        escape(family.help)
        put("\n")
    }

    mutating func sample(_ name: String, _ labels: [MetricLabel], _ value: String) {
        sample(name, labels, value, nil)
    }

    private mutating func sample(
        _ name: String, _ labels: [MetricLabel], _ value: String, _ exemplar: Exemplar?
    ) {
        put(name)
        if !labels.isEmpty { put(labels) }
        put(" \(value)")
        if let exemplar {
            put(" # ")
            var about = [MetricLabel(name: "decision", value: hexadecimal(exemplar.decision))]
            if exemplar.trace.isValid {
                about.insert(MetricLabel(name: "trace_id", value: exemplar.trace.text), at: 0)
            }
            put(about)
            put(" \(secondsText(UInt64(max(exemplar.length.nanoseconds, 0))))")
            put(" \(secondsText(UInt64(max(exemplar.at.nanoseconds, 0))))")
        }
        put("\n")
    }

    mutating func histogram(
        _ name: String, _ labels: [MetricLabel], _ distribution: Distribution, _ exemplars: [Exemplar?]
    ) {
        let counts = distribution.countsUpToExportedBounds() + [distribution.count]
        let bounds = HistogramScale.exportedBounds.map { Self.bound($0) } + ["+Inf"]
        for place in counts.indices {
            let le = MetricLabel(name: "le", value: bounds[place])
            sample(
                name + "_bucket", labels + [le], "\(counts[place])",
                place < exemplars.count ? exemplars[place] : nil)
        }
        sample(name + "_sum", labels, secondsText(distribution.sumNanoseconds))
        sample(name + "_count", labels, "\(distribution.count)")
    }

    /// As OpenMetrics wants numbers of `le`: 1.0 and not 1, 1e-05 and not 0.00001.
    private static func bound(_ nanoseconds: Int64) -> String { "\(Double(nanoseconds) / 1e9)" }

    private mutating func put(_ labels: [MetricLabel]) {
        for (index, label) in labels.enumerated() {
            put(index == 0 ? "{" : ",")
            put("\(label.name)=\"")
            escape(label.value)
            put("\"")
        }
        put("}")
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Everywhere the same, in help too.
    private mutating func escape(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): put("\\\\")
            case UInt8(ascii: "\n"): put("\\n")
            case UInt8(ascii: "\""): put("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}
