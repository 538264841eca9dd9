// A metric's name, with what is said about it and the series under it, held to Prometheus' rules for names.

struct MetricFamily: Sendable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    let name: String
    let help: String
    let kind: Kind
    let unit: MetricUnit
    private(set) var series: [MetricSeries]

    init(name: String, help: String, kind: Kind, unit: MetricUnit, first: MetricSeries) {
        precondition(isMetricName(name), "“\(name)” is not a metric's name: letters, digits and underscores")
        precondition(!help.isEmpty, "\(name): say in `help` what it counts")
        let base = name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        precondition((kind == .counter) == (base != name), "\(name): counters, and only they, end in _total")
        precondition(
            unit == .one || base.hasSuffix("_" + unit.rawValue),
            "\(name): the name must carry the unit \(unit)")
        for reserved in ["_bucket", "_sum", "_count"] {
            precondition(!name.hasSuffix(reserved), "\(name): \(reserved) is for a histogram's own lines")
        }
        self.name = name
        self.help = help
        self.kind = kind
        self.unit = unit
        series = [first]
    }

    mutating func add(_ another: MetricSeries, help: String, kind: Kind) {
        precondition(
            kind == self.kind && help == self.help, "\(name): registered before with another type or help")
        precondition(
            another.labels.map(\.name) == series[0].labels.map(\.name),
            "\(name): its series have different labels")
        precondition(
            !series.contains { $0.labels == another.labels },
            "\(name): registered twice with \(another.labels)")
        series.append(another)
    }
}

struct MetricLabel: Equatable, Sendable {
    let name: String
    let value: String
}

struct MetricSeries: Sendable {
    /// Where the value comes from; the numbers are places in a shard's block.
    enum Source: Sendable {
        case counter(Int)
        case gauge(Int)
        case histogram(Int, exemplars: Bool)
        case sharedCounter(SharedCell)
        case sharedGauge(SharedCell)
        case computed(@Sendable () -> Double?)
    }

    let labels: [MetricLabel]
    let source: Source

    init(
        of name: String, _ kind: MetricFamily.Kind, _ labels: KeyValuePairs<String, String>, _ source: Source
    ) {
        for (label, _) in labels {
            precondition(
                isMetricName(label) && !label.contains(":") && !label.hasPrefix("__"),
                "\(name): “\(label)” is not a label's name")
            precondition(
                !(kind == .histogram && label == "le"), "\(name): a histogram sets the label le itself")
        }
        precondition(Set(labels.map(\.key)).count == labels.count, "\(name): a label is given twice")
        self.labels = labels.map { MetricLabel(name: $0.key, value: $0.value) }
        self.source = source
    }
}

private func isMetricName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
        return false
    }
    return name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"): true
        default: false
        }
    }
}
