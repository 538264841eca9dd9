// What every daemon answers its operators alike: whether it lives and is ready, and its metrics.
public import HTTP
public import Telemetry

extension Router {
    public mutating func addHealth(_ health: Health) {
        func answer(_ question: HealthReport.Question, _ response: inout Response) {
            let report = health.report()
            if !report.reasons(against: question).isEmpty { response.status = .serviceUnavailable }
            let share = health.share
            if share < 1_000 { response.header("paceline-share", "\(share)".utf8.span.bytes) }
            response.contentType = "application/json"
            response.write(report.json(question).span.bytes)
        }
        add(.get, "/healthz") { _, response in answer(.live, &response) }
        add(.get, "/readyz") { _, response in answer(.ready, &response) }
    }

    /// Written family by family, so that a scrape of any size is answered from little memory.
    public mutating func addMetrics(_ metrics: Metrics) {
        add(.get, "/metrics") { request, response in
            var accept: String?
            if let value = request.header("accept") {
                accept = value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            }
            switch MetricsFormat(accept: accept) {
            case .openMetrics:
                response.contentType = Metrics.openMetricsContentType
                Self.stream(metrics.openMetricsFamilies(), &response)
            case .prometheus:
                response.contentType = Metrics.prometheusContentType
                Self.stream(metrics.prometheusFamilies(), &response)
            }
        }
    }

    private static func stream(
        _ families: some IteratorProtocol<[UInt8]>, _ response: inout Response
    ) {
        var families = families
        response.stream { piece in
            guard let family = families.next() else { return false }
            piece.write(family.span.bytes)
            return true
        }
    }
}
