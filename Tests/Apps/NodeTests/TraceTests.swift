// A node's decisions as others see them who did not write it: spans at a collector of OpenTelemetry's, exemplars in
// Prometheus, and the decision that both lead to.
import Foundation
import Testing

/// A collector as a program beside the node.
struct TraceCollector {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized

    static func python(with module: String) async throws -> String? {
        let folder = try Folder()
        for python in [root.appending(path: ".build/python/bin/python3").path(), "/usr/bin/python3"]
        where try await folder.run("\(python) -c 'import \(module)'").status == 0 {
            return python
        }
        return nil
    }

    let folder: Folder
    let running: Running
    let port: Int

    init(in folder: Folder) async throws {
        self.folder = folder
        let python = try #require(try await Self.python(with: "opentelemetry.proto"))
        let script = Self.root.appending(path: "Tests/Support/TraceCollector/collector.py").path()
        running = try folder.start([python, script, "."], seconds: 120, into: "collector")
        try await until("the collector listens", within: .seconds(20)) { !folder.read("port").isEmpty }
        port = try #require(Int(folder.read("port")), "\(folder.read("collector.errors"))")
    }

    func stop() { running.signal(9) }

    struct Span: Decodable {
        let trace, span, parent, name: String
        let kind, status: Int
        let start, end: UInt64
    }

    /// Of all requests, with what is said of each as text.
    var spans: [(span: Span, said: [String: String])] {
        get throws {
            try folder.read("requests").split(separator: "\n").flatMap { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return try (object?["spans"] as? [[String: Any]] ?? []).map { one in
                    let said = (one["attributes"] as? [String: Any] ?? [:]).mapValues { "\($0)" }
                    return (
                        try JSONDecoder().decode(
                            Span.self, from: try JSONSerialization.data(withJSONObject: one)), said
                    )
                }
            }
        }
    }
}

@Suite struct TraceTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00-\(trace)-00f067aa0ba902b7-01"

    private static func plan(_ collector: Int, ratio: Double = 0) -> Plan {
        var plan = Plan()
        plan.catalog = "catalog"
        plan.traces = ["address": "127.0.0.1", "port": collector, "ratio": ratio, "flushMilliseconds": 20]
        return plan
    }

    private static func bid(
        _ node: RunningNode, _ headers: String..., household: Int = 1, body: String? = nil
    ) async throws -> Answer? {
        try await node.bid(
            body ?? Demo.request(household: household),
            header: (["content-type: application/json"] + headers).joined(separator: "\r\n"))
    }

    private static func ask(_ path: String, _ header: String, _ port: UInt16) async throws -> Answer? {
        let wire = try Wire(port)
        wire.send("GET \(path) HTTP/1.1\r\nhost: a\r\n\(header)\r\nconnection: close\r\n\r\n")
        return try await wire.answer()
    }

    private static func folder() throws -> Folder {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        return folder
    }

    @Test(
        .enabled("needs a python3 with opentelemetry-proto, from PyPI: pip install opentelemetry-proto") {
            try await TraceCollector.python(with: "opentelemetry.proto") != nil
        })
    func aDecisionIsASpanOfItsCallersTrace() async throws {
        let folder = try Self.folder()
        let collector = try await TraceCollector(in: folder)
        defer { collector.stop() }
        try await withNode(Self.plan(collector.port), in: folder) { node in
            let answer = try #require(try await Self.bid(node, "traceparent: \(Self.parent)"))
            #expect(answer.status == 200)
            let others = [
                "x-nothing: 1", "traceparent: 00-\(Self.trace)-00f067aa0ba902b7-00", "traceparent: 00-x-01",
                "traceparent: \(Self.parent)\r\ntraceparent: \(Self.parent)",
            ]
            let decision = try #require(answer.header("paceline-decision"))
            // Who does not record, and who says nothing that is valid, is not recorded: the node's own share is none.
            for (number, header) in others.enumerated() {
                let other = try await Self.bid(node, header, household: 10 + number)
                #expect(other?.header("paceline-decision") != nil)
            }
            let none = try await Self.bid(node, "traceparent: \(Self.parent)", body: "{}")
            #expect(none?.status == 400)
            let tag = try await Self.ask(
                "/vast?country=DEU&floor=900&cur=USD", "traceparent: \(Self.parent)", node.port)
            #expect(tag?.status == 200)
            try await until("the collector has three calls", within: .seconds(10)) {
                try collector.spans.filter { $0.span.kind == 2 }.count >= 3
            }
            let spans = try collector.spans
            #expect(spans.allSatisfy { $0.span.trace == Self.trace })
            let calls = spans.filter { $0.span.kind == 2 }
            #expect(calls.map(\.span.name) == ["POST /openrtb2/bid", "POST /openrtb2/bid", "GET /vast"])
            #expect(calls.allSatisfy { $0.span.parent == "00f067aa0ba902b7" })
            #expect(calls.map { $0.said["paceline.outcome"] } == ["bid", "refused", "no_bid"])
            let bid = try #require(calls.first)
            #expect(bid.said["paceline.decision"] == decision)
            #expect(calls[2].said["paceline.reason"] != nil)
            // Its parts lie in it, one after another.
            let steps = spans.filter { $0.span.parent == bid.span.span }.map(\.span)
            #expect(
                Set(["read", "auction", "answer", "record"]).isSubset(of: Set(steps.map(\.name))), "\(steps)")
            #expect(
                steps.allSatisfy {
                    $0.start >= bid.span.start && $0.end <= bid.span.end && $0.start <= $0.end
                })
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.start <= $1.start })
            let page = try #require(try await Wire.get("/metrics", port: node.admin)?.body)
            #expect(page.contains("\npaceline_spans_total 3\n"))
            #expect(page.contains("\npaceline_spans_dropped_total{reason=\"ring_full\"} 0\n"))
        }
    }

    private static let parse = """
        import sys
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
        text = sys.stdin.read()
        assert text.endswith("# EOF\\n")
        families = {family.name: family for family in parse(text)}
        assert families["paceline_http_requests"].type == "counter"
        assert families["process_cpu_seconds"].unit == "seconds"
        found = [sample.exemplar for sample in families["paceline_decision_seconds"].samples if sample.exemplar]
        traced = [one for one in found if "trace_id" in one.labels]
        assert traced and all(one.value > 0 and float(one.timestamp) > 1e9 for one in found), found
        print(traced[0].labels["trace_id"], traced[0].labels["decision"])
        """

    @Test(
        .enabled("needs a python3 with prometheus_client: apt-get install python3-prometheus-client") {
            try await TraceCollector.python(with: "prometheus_client.openmetrics") != nil
        })
    func exemplarsLeadToADecision() async throws {
        let folder = try Self.folder()
        // Nobody takes these spans; exemplars need nobody.
        try await withNode(Self.plan(1), in: folder) { node in
            let answer = try #require(try await Self.bid(node, "traceparent: \(Self.parent)"))
            let decision = try #require(answer.header("paceline-decision"))
            let accept = "accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
            let page = try #require(try await Self.ask("/metrics", accept, node.admin))
            #expect(
                page.header("content-type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            try folder.write(page.body, to: "page")
            try folder.write(Self.parse, to: "parse.py")
            let python = try #require(try await TraceCollector.python(with: "prometheus_client.openmetrics"))
            let parsed = try await folder.run("\(python) parse.py < page")
            #expect(parsed.status == 0, "\(parsed.errors)")
            #expect(parsed.output == "\(Self.trace) \(decision)\n")
            let plain = try #require(try await Wire.get("/metrics", port: node.admin))
            #expect(plain.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(!plain.body.contains("# EOF") && !plain.body.contains("trace_id"))
            let explained = try await Wire.get("/explain?id=\(decision)", port: node.admin)
            #expect(explained?.status == 200 && explained?.body.contains(decision) == true)
        }
    }

    /// Prometheus itself: it asks for OpenMetrics, keeps the exemplar, and tells of it.
    @Test(.enabled(if: Folder.has("prometheus"), "needs Prometheus: apt-get install prometheus"))
    func prometheusKeepsExemplars() async throws {
        let folder = try Self.folder()
        try await withNode(Self.plan(1), in: folder) { node in
            let answer = try #require(try await Self.bid(node, "traceparent: \(Self.parent)"))
            let decision = try #require(answer.header("paceline-decision"))
            let port = try #require(FreePorts.take(1).first)
            try folder.write(
                """
                scrape_configs:
                  - job_name: node
                    scrape_interval: 100ms
                    scrape_timeout: 100ms
                    static_configs: [{targets: ["127.0.0.1:\(node.admin)"]}]
                """, to: "prometheus.yml")
            let prometheus = try folder.start(
                [
                    "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                    "--web.listen-address=127.0.0.1:\(port)", "--enable-feature=exemplar-storage",
                ], seconds: 60, into: "prometheus")
            defer { prometheus.signal(9) }
            var body = ""
            try await until("Prometheus has an exemplar", within: .seconds(20)) {
                let end = Int(Date().timeIntervalSince1970) + 60
                body =
                    try await Wire.get(
                        "/api/v1/query_exemplars?query=paceline_decision_seconds_bucket&start=1&end=\(end)",
                        port: port)?
                    .body ?? ""
                return body.contains("trace_id")
            }
            #expect(
                body.contains("\"trace_id\":\"\(Self.trace)\"")
                    && body.contains("\"decision\":\"\(decision)\""), "\(body)")
        }
    }
}
