// The metrics as Prometheus reads them: the text format, version 0.0.4.

extension Metrics {
    public static let prometheusContentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics, family by family in the order of registration, each as it is when it is asked for: nobody
    /// has to hold the whole text.
    public func prometheusFamilies() -> PrometheusFamilies { PrometheusFamilies(self) }
}

/// The texts of families, each ending with a line's end.
public struct PrometheusFamilies: Sequence, IteratorProtocol {
    private let metrics: Metrics
    private var position = 0

    fileprivate init(_ metrics: Metrics) { self.metrics = metrics }

    public mutating func next() -> [UInt8]? {
        guard position < metrics.families.count else { return nil }
        let family = metrics.families[position]
        position += 1
        var text = PrometheusText()
        text.open(family)
        for series in family.series { metrics.write(series, of: family.name, to: &text) }
        return text.bytes
    }
}

struct PrometheusText: MetricsText {
    static let hasExemplars = false

    private(set) var bytes: [UInt8] = []

    mutating func open(_ family: MetricFamily) {
        put("# HELP \(family.name) ")
        escape(family.help, quotes: false)
        put("\n# TYPE \(family.name) \(family.kind.rawValue)\n")
    }

    mutating func sample(_ name: String, _ labels: [MetricLabel], _ value: String) {
        put(name)
        for (index, label) in labels.enumerated() {
            put(index == 0 ? "{" : ",")
            put("\(label.name)=\"")
            escape(label.value, quotes: true)
            put("\"")
        }
        put(labels.isEmpty ? " " : "} ")
        put(value)
        put("\n")
    }

    mutating func histogram(
        _ name: String, _ labels: [MetricLabel], _ distribution: Distribution, _ exemplars: [Exemplar?]
    ) {
        let counts = distribution.countsUpToExportedBounds()
        for (bound, count) in zip(HistogramScale.exportedBounds, counts) {
            let le = MetricLabel(name: "le", value: secondsText(UInt64(bound)))
            sample(name + "_bucket", labels + [le], "\(count)")
        }
        sample(name + "_bucket", labels + [MetricLabel(name: "le", value: "+Inf")], "\(distribution.count)")
        sample(name + "_sum", labels, secondsText(distribution.sumNanoseconds))
        sample(name + "_count", labels, "\(distribution.count)")
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Backslash and line feed are escaped everywhere, the double quote only where it would end a label's
    /// value.
    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): put("\\\\")
            case UInt8(ascii: "\n"): put("\\n")
            case UInt8(ascii: "\"") where quotes: put("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}

/// Numbers that are none have names of their own in the format.
func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return "\(value)"
}

/// Nanoseconds as seconds, to the last digit and without trailing zeros.
func secondsText(_ nanoseconds: UInt64) -> String {
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest == 0 { return "\(whole)" }
    var digits = String(1_000_000_000 + rest).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits)"
}
