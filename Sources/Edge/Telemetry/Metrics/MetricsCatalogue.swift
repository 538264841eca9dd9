// Which metrics a process has. Filled at start, then frozen: from there on no name or label is added, so
// memory and the size of a scrape are known.

/// The metrics of a process while they are being named. A wrong name is a programmer's error and traps at
/// start.
public struct MetricsCatalogue: ~Copyable {
    /// More series than this are a label that was not static: 4,096 of them are about 300 KB a scrape.
    static let seriesMost = 4_096

    /// Tells keys of different catalogues apart.
    let identity = CatalogueIdentity()
    var families: [MetricFamily] = []
    var cellCount = 0
    var seriesCount = 0

    public init() {}

    public mutating func counter(
        _ name: String, help: String, unit: MetricUnit = .one, labels: KeyValuePairs<String, String> = [:]
    ) -> CounterKey {
        CounterKey(place: place(name, help, .counter, unit, labels, cells: 1) { .counter($0) })
    }

    public mutating func gauge(
        _ name: String, help: String, unit: MetricUnit = .one, labels: KeyValuePairs<String, String> = [:]
    ) -> GaugeKey {
        GaugeKey(place: place(name, help, .gauge, unit, labels, cells: 1) { .gauge($0) })
    }

    /// Histograms are of lengths of time; their names end in `_seconds`.
    ///
    /// - Parameter exemplars: a call of each bucket is kept beside it.
    public mutating func histogram(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:], exemplars: Bool = false
    ) -> HistogramKey {
        let cells = Histogram.cellCount + (exemplars ? Exemplars.cellCount : 0)
        return HistogramKey(
            place: place(name, help, .histogram, .seconds, labels, cells: cells) {
                .histogram($0, exemplars: exemplars)
            }, hasExemplars: exemplars)
    }

    public mutating func sharedCounter(
        _ name: String, help: String, unit: MetricUnit = .one, labels: KeyValuePairs<String, String> = [:]
    ) -> SharedCounter {
        let cell = SharedCell()
        add(name, help, .counter, unit, labels, .sharedCounter(cell))
        return SharedCounter(cell: cell)
    }

    public mutating func sharedGauge(
        _ name: String, help: String, unit: MetricUnit = .one, labels: KeyValuePairs<String, String> = [:]
    ) -> SharedGauge {
        let cell = SharedCell()
        add(name, help, .gauge, unit, labels, .sharedGauge(cell))
        return SharedGauge(cell: cell)
    }

    /// Shows a shared counter that another part made and keeps.
    mutating func add(
        _ counter: SharedCounter, _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) {
        add(name, help, .counter, .one, labels, .sharedCounter(counter.cell))
    }

    /// A gauge that is computed when it is scraped, on the thread that scrapes; nil leaves it out of that
    /// scrape.
    public mutating func computedGauge(
        _ name: String, help: String, unit: MetricUnit = .one, labels: KeyValuePairs<String, String> = [:],
        _ read: @escaping @Sendable () -> Double?
    ) {
        add(name, help, .gauge, unit, labels, .computed(read))
    }

    /// The same for a number that only grows and is kept elsewhere.
    public mutating func computedCounter(
        _ name: String, help: String, unit: MetricUnit = .one, labels: KeyValuePairs<String, String> = [:],
        _ read: @escaping @Sendable () -> Double?
    ) {
        add(name, help, .counter, unit, labels, .computed(read))
    }

    public consuming func freeze() -> Metrics { Metrics(self) }

    private mutating func place(
        _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ unit: MetricUnit,
        _ labels: KeyValuePairs<String, String>, cells: Int, _ source: (Int) -> MetricSeries.Source
    ) -> CellPlace {
        let place = CellPlace(catalogue: identity, index: cellCount)
        cellCount += cells
        add(name, help, kind, unit, labels, source(place.index))
        return place
    }

    private mutating func add(
        _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ unit: MetricUnit,
        _ labels: KeyValuePairs<String, String>, _ source: MetricSeries.Source
    ) {
        seriesCount += 1
        precondition(seriesCount <= Self.seriesMost, "\(name): more than \(Self.seriesMost) series")
        let series = MetricSeries(of: name, kind, labels, source)
        if let index = families.firstIndex(where: { $0.name == name }) {
            families[index].add(series, help: help, kind: kind)
        } else {
            families.append(MetricFamily(name: name, help: help, kind: kind, unit: unit, first: series))
        }
    }
}

/// What a metric is measured in. Prometheus wants base units, and the name to carry them.
public enum MetricUnit: String, Sendable {
    case one = ""
    case seconds, bytes, ratio
}

/// Where in every shard's block a metric's cells begin.
struct CellPlace: Sendable {
    let catalogue: CatalogueIdentity
    let index: Int
}

final class CatalogueIdentity: Sendable {}

/// What registration gives back; `ShardMetrics` turns it into the handle that counts.
public struct CounterKey: Sendable { let place: CellPlace }
public struct GaugeKey: Sendable { let place: CellPlace }
public struct HistogramKey: Sendable {
    let place: CellPlace
    let hasExemplars: Bool
}
