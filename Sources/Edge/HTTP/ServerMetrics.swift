// What a server counts: by its shard only, read by anybody. Nothing that ends a request early is silent.
public import TLS
public import Telemetry

/// A server's metrics in a process's catalogue.
public struct ServerMetricKeys: Sendable {
    let requests: CounterKey
    let responses: [CounterKey]
    let refusals: [CounterKey]
    let timeouts: CounterKey
    let expired: CounterKey
    let open: GaugeKey
    let handshakes: CounterKey
    let resumptions: CounterKey
    let tlsFailures: [CounterKey]
    let serviceTime: HistogramKey

    /// - Parameter server: tells the servers of a process apart, as the label `server`.
    public init(in catalogue: inout MetricsCatalogue, server: String) {
        requests = catalogue.counter(
            "paceline_http_requests_total", help: "Requests answered by a handler.",
            labels: ["server": server])
        responses = (1...5).map { hundreds in
            catalogue.counter(
                "paceline_http_responses_total", help: "Answers, by the hundreds of their status.",
                labels: ["server": server, "class": "\(hundreds)xx"])
        }
        refusals = Refusal.allCases.map { refusal in
            catalogue.counter(
                "paceline_http_refusals_total",
                help: "Requests refused before a handler saw them, by reason.",
                labels: ["server": server, "reason": "\(refusal.reason)"])
        }
        timeouts = catalogue.counter(
            "paceline_http_request_timeouts_total", help: "Requests that did not come in time.",
            labels: ["server": server])
        expired = catalogue.counter(
            "paceline_http_held_expired_total",
            help: "Answers that were held and not given in time: 503.", labels: ["server": server])
        open = catalogue.gauge(
            "paceline_http_connections_open", help: "Client connections open now.", labels: ["server": server]
        )
        handshakes = catalogue.counter(
            "paceline_tls_handshakes_total", help: "TLS handshakes completed.", labels: ["server": server])
        resumptions = catalogue.counter(
            "paceline_tls_resumptions_total", help: "TLS handshakes that resumed a session.",
            labels: ["server": server])
        tlsFailures = TLSFailure.Reason.allCases.map { reason in
            catalogue.counter(
                "paceline_tls_failures_total", help: "Connections that TLS ended, by reason.",
                labels: ["server": server, "reason": reason.label])
        }
        serviceTime = catalogue.histogram(
            "paceline_http_service_seconds",
            help: "What a request took of its shard: from the end of the one before in the same turn, or the "
                + "turn's beginning, to its answer queued.",
            labels: ["server": server])
    }
}

/// One shard's handles.
public struct ServerMetrics {
    public let requests: Counter
    let responses: InlineArray<5, Counter>
    let refusals: [Counter]
    public let timeouts: Counter
    public let expired: Counter
    let open: Gauge
    public let handshakes: Counter
    public let resumptions: Counter
    let tlsFailures: [Counter]
    let serviceTime: Histogram

    public init(_ keys: ServerMetricKeys, _ shard: ShardMetrics) {
        requests = shard.counter(keys.requests)
        responses = InlineArray { shard.counter(keys.responses[$0]) }
        refusals = keys.refusals.map { shard.counter($0) }
        timeouts = shard.counter(keys.timeouts)
        expired = shard.counter(keys.expired)
        open = shard.gauge(keys.open)
        handshakes = shard.counter(keys.handshakes)
        resumptions = shard.counter(keys.resumptions)
        tlsFailures = keys.tlsFailures.map { shard.counter($0) }
        serviceTime = shard.histogram(keys.serviceTime)
    }

    /// For a server that nobody scrapes.
    public static func unobserved() -> ServerMetrics {
        var catalogue = MetricsCatalogue()
        let keys = ServerMetricKeys(in: &catalogue, server: "unobserved")
        return ServerMetrics(keys, catalogue.freeze().addShard())
    }

    /// Answers by the hundreds of their status: 2 for 2xx.
    public func responses(_ hundreds: Int) -> Counter { responses[hundreds - 1] }
    public func refusals(_ refusal: Refusal) -> Counter { refusals[Int(refusal.rawValue)] }

    public func tlsFailures(_ reason: TLSFailure.Reason) -> Counter {
        guard let index = TLSFailure.Reason.allCases.firstIndex(of: reason) else {
            preconditionFailure("a reason that is not among all reasons")
        }
        return tlsFailures[index]
    }
}

extension TLSFailure.Reason {
    /// As other labels are written: `plain_http` for `plainHTTP`.
    var label: String {
        var label = ""
        var afterLower = false
        for character in rawValue {
            if character.isUppercase, afterLower { label.append("_") }
            afterLower = character.isLowercase
            label += character.lowercased()
        }
        return label
    }
}
