// The text that Prometheus scrapes: byte for byte, by its grammar, and as its own client library reads it.
import Foundation
import Testing
import Units

@testable import Telemetry

/// One of each kind, with everything in it that needs escaping or has a name of its own.
private func specimen() -> Metrics {
    var catalogue = MetricsCatalogue()
    let help = "Answers by class; a \\ and a\nline feed, \"quoted\"."
    let good = catalogue.counter("paceline_http_responses_total", help: help, labels: ["class": "2xx"])
    let bad = catalogue.counter("paceline_http_responses_total", help: help, labels: ["class": "5xx"])
    let open = catalogue.gauge("paceline_http_connections", help: "Connections that are open.")
    let times = catalogue.histogram(
        "paceline_http_request_seconds", help: "Service time.", labels: ["route": "/bid"])
    catalogue.computedGauge(
        "paceline_odd", help: "Numbers that are none.", labels: ["label": "a \"b\" \\ \n c", "kind": "nan"]
    ) { .nan }
    catalogue.computedGauge(
        "paceline_odd", help: "Numbers that are none.", labels: ["label": "é", "kind": "inf"]
    ) { .infinity }
    catalogue.computedGauge(
        "paceline_odd", help: "Numbers that are none.", labels: ["label": "", "kind": "minus"]
    ) { -.infinity }
    catalogue.computedGauge("paceline_absent", help: "Cannot be read now.") { nil }
    let expiry = catalogue.sharedGauge("paceline_certificate_expiry_seconds", help: "When.", unit: .seconds)
    let reloads = catalogue.sharedCounter("paceline_reloads_total", help: "Reloads.")
    let metrics = catalogue.freeze()
    let shard = metrics.addShard()
    shard.counter(good).add(12)
    shard.counter(bad).add(1)
    shard.gauge(open).set(-2)
    for nanoseconds in [900, 1_000, 40_000, 2_000_000_000, 60_000_000_000] as [Int64] {
        shard.histogram(times).record(nanoseconds)
    }
    expiry.set(1.5e9)
    reloads.add(3)
    return metrics
}

private let golden = #"""
    # HELP paceline_http_responses_total Answers by class; a \\ and a\nline feed, "quoted".
    # TYPE paceline_http_responses_total counter
    paceline_http_responses_total{class="2xx"} 12
    paceline_http_responses_total{class="5xx"} 1
    # HELP paceline_http_connections Connections that are open.
    # TYPE paceline_http_connections gauge
    paceline_http_connections -2
    # HELP paceline_http_request_seconds Service time.
    # TYPE paceline_http_request_seconds histogram
    paceline_http_request_seconds_bucket{route="/bid",le="0.000001"} 1
    paceline_http_request_seconds_bucket{route="/bid",le="0.0000025"} 2
    paceline_http_request_seconds_bucket{route="/bid",le="0.000005"} 2
    paceline_http_request_seconds_bucket{route="/bid",le="0.00001"} 2
    paceline_http_request_seconds_bucket{route="/bid",le="0.000025"} 2
    paceline_http_request_seconds_bucket{route="/bid",le="0.00005"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.0001"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.00025"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.0005"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.001"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.0025"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.005"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.01"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.025"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.05"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.1"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.25"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="0.5"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="1"} 3
    paceline_http_request_seconds_bucket{route="/bid",le="2.5"} 4
    paceline_http_request_seconds_bucket{route="/bid",le="5"} 4
    paceline_http_request_seconds_bucket{route="/bid",le="10"} 4
    paceline_http_request_seconds_bucket{route="/bid",le="+Inf"} 5
    paceline_http_request_seconds_sum{route="/bid"} 62.0000419
    paceline_http_request_seconds_count{route="/bid"} 5
    # HELP paceline_odd Numbers that are none.
    # TYPE paceline_odd gauge
    paceline_odd{label="a \"b\" \\ \n c",kind="nan"} NaN
    paceline_odd{label="é",kind="inf"} +Inf
    paceline_odd{label="",kind="minus"} -Inf
    # HELP paceline_absent Cannot be read now.
    # TYPE paceline_absent gauge
    # HELP paceline_certificate_expiry_seconds When.
    # TYPE paceline_certificate_expiry_seconds gauge
    paceline_certificate_expiry_seconds 1500000000.0
    # HELP paceline_reloads_total Reloads.
    # TYPE paceline_reloads_total counter
    paceline_reloads_total 3

    """#

@Suite struct PrometheusTests {
    @Test func theTextIsTheGoldenOne() {
        #expect(String(decoding: specimen().prometheusText(), as: UTF8.self) == golden)
        #expect(Metrics.prometheusContentType.description == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test func everyLineFollowsTheGrammar() throws {
        let name = "[a-zA-Z_:][a-zA-Z0-9_:]*"
        let label = #"[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*""#
        let value = #"(NaN|[+-]Inf|-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)"#
        let grammar = try NSRegularExpression(
            pattern: #"^(# HELP \#(name) ([^\\]|\\[\\n])*|# TYPE \#(name) (counter|gauge|histogram)"#
                + #"|\#(name)(\{\#(label)(,\#(label))*\})? \#(value))$"#)
        var catalogue = MetricsCatalogue()
        catalogue.addProcessMetrics()
        for bytes in [specimen().prometheusText(), catalogue.freeze().prometheusText()] {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasSuffix("\n"))
            for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
                let range = NSRange(line.startIndex..., in: line)
                #expect(grammar.firstMatch(in: String(line), range: range) != nil, "\(line)")
            }
        }
    }

    /// The Python that has the client: the first of PATH or the distribution's.
    static let python = ["python3", "/usr/bin/python3"].first {
        (try? run("/usr/bin/env", [$0, "-c", "import prometheus_client"]).status) == 0
    }

    @Test(
        .enabled(
            if: python != nil, "no python3 has prometheus_client: apt-get install python3-prometheus-client"))
    func thePrometheusClientReadsTheSame() throws {
        let script = """
            import sys, json
            from prometheus_client.parser import text_string_to_metric_families
            out = []
            for family in text_string_to_metric_families(sys.stdin.read()):
                for s in family.samples:
                    out.append([family.type, s.name, dict(s.labels), repr(float(s.value))])
            print(json.dumps(out))
            """
        let python = try #require(Self.python)
        let (status, output) = try run(
            "/usr/bin/env", [python, "-c", script], input: specimen().prometheusText())
        #expect(status == 0, "\(output)")
        let samples = try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[Any]])
        func value(_ name: String, _ labels: [String: String]) -> String? {
            samples.first { $0[1] as? String == name && $0[2] as? [String: String] == labels }?[3] as? String
        }
        #expect(samples.count == 33)
        #expect(value("paceline_http_responses_total", ["class": "2xx"]) == "12.0")
        #expect(value("paceline_http_request_seconds_bucket", ["route": "/bid", "le": "2.5"]) == "4.0")
        #expect(value("paceline_http_request_seconds_sum", ["route": "/bid"]) == "62.0000419")
        #expect(value("paceline_odd", ["label": "a \"b\" \\ \n c", "kind": "nan"]) == "nan")
        #expect(value("paceline_odd", ["label": "", "kind": "minus"]) == "-inf")
        #expect(Set(samples.compactMap { $0[0] as? String }) == ["counter", "gauge", "histogram"])
    }

    @Test func theProcessTellsOfItself() throws {
        var catalogue = MetricsCatalogue()
        catalogue.addProcessMetrics()
        let text = String(decoding: catalogue.freeze().prometheusText(), as: UTF8.self)
        func value(_ name: String) throws -> Double {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") }, "\(name)")
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try (3...100_000).contains(value("process_open_fds")))
        #expect(try value("process_max_fds") >= value("process_open_fds"))
        #expect(try value("process_cpu_seconds_total") > 0)
        #expect(try abs(value("process_start_time_seconds") - Date().timeIntervalSince1970) < 60)
        #expect(try (0..<60).contains(value("process_uptime_seconds")))
    }
}
