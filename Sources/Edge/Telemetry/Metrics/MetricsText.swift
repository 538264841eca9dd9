// What the two texts of the metrics have in common: which samples a series has. How they are written is each one's own.
import Synchronization

protocol MetricsText {
    static var hasExemplars: Bool { get }

    mutating func sample(_ name: String, _ labels: [MetricLabel], _ value: String)
    /// - Parameter exemplars: by bucket; none where the text has none.
    mutating func histogram(
        _ name: String, _ labels: [MetricLabel], _ distribution: Distribution, _ exemplars: [Exemplar?])
}

extension Metrics {
    func write<Text: MetricsText>(_ series: MetricSeries, of name: String, to text: inout Text) {
        switch series.source {
        case .counter(let index): text.sample(name, series.labels, "\(total(at: index))")
        case .gauge(let index): text.sample(name, series.labels, "\(Int64(bitPattern: total(at: index)))")
        case .histogram(let index, let hasExemplars):
            text.histogram(
                name, series.labels, distribution(at: index),
                hasExemplars && Text.hasExemplars ? exemplars(at: index) : [])
        case .sharedCounter(let cell):
            text.sample(name, series.labels, "\(cell.bits.load(ordering: .relaxed))")
        case .sharedGauge(let cell):
            text.sample(name, series.labels, number(Double(bitPattern: cell.bits.load(ordering: .relaxed))))
        case .computed(let read):
            if let value = read() { text.sample(name, series.labels, number(value)) }
        }
    }
}
