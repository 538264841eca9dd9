// What becomes of spans that are recorded, against a collector that reads them by OpenTelemetry's own classes: taken,
// tried again, refused, lost, and each one counted.
import Foundation
import HTTP
import Kernel
import OTLP
import Synchronization
import Telemetry
import Testing
import TraceCollector
import Tracing
import Units

private struct Source {
    let exporter: SpanExporter
    let recorder: SpanRecorder
    let metrics: Metrics

    init(
        _ port: UInt16, ringSpans: Int = 64, retry: Interval = .seconds(30), ratio: Double = 1,
        pause: Interval = .milliseconds(10)
    ) throws {
        var catalogue = MetricsCatalogue()
        let keys = TraceMetricKeys(in: &catalogue)
        let log = Log(to: .standardError(identifier: "tested", format: .readable), level: .critical)
        metrics = catalogue.freeze()
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: port))
        var options = SpanExporterOptions(Endpoint(address: address, authority: "\(address)"))
        options.resource = [("service.name", "tested"), ("service.instance.id", "one")]
        options.version = "1"
        options.ringSpans = ringSpans
        options.batchSpans = min(ringSpans, 32)
        options.pause = pause
        options.timeout = .seconds(5)
        options.retry = retry
        exporter = SpanExporter(options, keys, log)
        recorder = SpanRecorder(
            TraceSampler(ratio: ratio, parentsPerSecond: 1_000, at: Kernel.monotonicNow()),
            exporter.addRing(), keys,
            metrics.addShard())
    }

    /// Records so many calls with one step each.
    func record(_ count: Int) {
        for number in 0..<count {
            guard
                let start = recorder.begin(
                    under: nil, lot: UInt64(number) &* 0x5851_F42D_4C95_7F2D, at: Kernel.monotonicNow())
            else { continue }
            var record = SpanRecord(
                start, .server, "GET", start: Instant(nanoseconds: 1_700_000_000_000_000_000))
            record.detail = "/tested"
            record.end = record.start + .milliseconds(3)
            record.isError = number == 1
            record.say("number", .number(Int64(number)))
            record.say("negative", .number(-5))
            record.say("flag", .flag(true))
            record.say("text", .text("é"))
            record.say("digits", .digits(0xAB))
            record.add(
                "part", "one", from: record.start + .milliseconds(1), to: record.start + .milliseconds(2))
            recorder.end(record)
        }
    }

    func count(_ line: String) -> Int? {
        let text = String(decoding: Array(metrics.prometheusFamilies().joined()), as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix(line + " ") }.flatMap {
            Int($0.dropFirst(line.count + 1))
        }
    }

    func dropped(_ reason: String) -> Int? { count("paceline_spans_dropped_total{reason=\"\(reason)\"}") }
    var exported: Int? { count("paceline_spans_exported_total") }
}

private func until(_ what: String, _ body: () -> Bool) async throws {
    for _ in 0..<2_000 {
        if body() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("not within ten seconds: \(what)")
}

@Suite(
    .enabled(
        if: TraceCollector.python != nil,
        "no python3 has opentelemetry-proto, from PyPI: pip install opentelemetry-proto"))
struct ExporterTests {
    @Test func spansComeAsTheyWereRecorded() async throws {
        let collector = try TraceCollector()
        let source = try Source(collector.port)
        source.record(2)
        try source.exporter.start()
        try await until("both calls and their steps are taken") { source.exported == 4 }
        source.exporter.finish(within: .seconds(2))
        let request = try #require(collector.requests.first)
        #expect(request["path"] as? String == "/v1/traces")
        #expect(request["type"] as? String == "application/x-protobuf")
        #expect(request["scope"] as? String == "paceline" && request["known"] as? Bool == true)
        #expect(
            request["resource"] as? [String: String] == [
                "service.name": "tested", "service.instance.id": "one",
            ])
        let spans = try #require(request["spans"] as? [[String: Any]])
        #expect(
            spans.map { $0["name"] as? String } == ["GET /tested", "part one", "GET /tested", "part one"])
        #expect(spans.map { $0["kind"] as? Int } == [2, 1, 2, 1])
        #expect(spans.map { $0["status"] as? Int } == [0, 0, 2, 0])
        #expect(spans.allSatisfy { $0["flags"] as? Int == 1 })
        #expect(
            spans[0]["parent"] as? String == ""
                && spans[1]["parent"] as? String == spans[0]["span"] as? String)
        #expect(Set(spans.compactMap { $0["trace"] as? String }).count == 2)
        #expect(Set(spans.compactMap { $0["span"] as? String }).count == 4)
        #expect(spans[0]["start"] as? Int == 1_700_000_000_000_000_000)
        #expect(spans[0]["end"] as? Int == 1_700_000_000_003_000_000)
        #expect(spans[1]["start"] as? Int == 1_700_000_000_001_000_000)
        let said = try #require(spans[0]["attributes"] as? [String: Any])
        #expect(
            said["number"] as? Int == 0 && said["negative"] as? Int == -5 && said["flag"] as? Bool == true)
        #expect(said["text"] as? String == "é" && said["digits"] as? String == "00000000000000ab")
    }

    /// OTLP's four statuses are tried again with the same spans, the collector's word on when being kept.
    @Test func whatComesToNothingIsTriedAgain() async throws {
        let collector = try TraceCollector("503", "429:1", "200")
        let source = try Source(collector.port)
        source.record(1)
        try source.exporter.start()
        try await until("it is taken") { source.exported == 2 }
        source.exporter.finish(within: .seconds(2))
        let requests = collector.requests
        #expect(requests.map { $0["status"] as? Int } == [503, 429, 200])
        let times = requests.compactMap { $0["time"] as? Double }
        try #require(times.count == 3)
        #expect(times[1] - times[0] >= 0.25 && times[2] - times[1] >= 1)
        let ids = requests.map { ($0["spans"] as? [[String: Any]])?.first?["span"] as? String }
        #expect(Set(ids).count == 1)
        #expect(SpanLoss.allCases.allSatisfy { source.dropped($0.rawValue) == 0 })
    }

    @Test func whatIsRefusedIsCountedAndNotSentAgain() async throws {
        let collector = try TraceCollector("400", "partial", "200")
        let source = try Source(collector.port)
        source.record(1)
        try source.exporter.start()
        try await until("it is refused") { source.dropped("refused") == 2 }
        source.record(1)
        try await until("one of two is rejected") { source.dropped("rejected") == 1 }
        source.record(1)
        try await until("the rest is taken") { source.exported == 3 }
        source.exporter.finish(within: .seconds(2))
        #expect(collector.requests.map { $0["status"] as? Int } == [400, 200, 200])
    }

    @Test func aRingThatIsFullAndACollectorThatIsNotThereAreCounted() async throws {
        // Nobody listens on it: it was the kernel's choice for somebody who is gone.
        let source = try Source(1, ringSpans: 16, retry: .seconds(0))
        source.record(20)
        #expect(source.dropped("ring_full") == 8 && source.count("paceline_spans_total") == 20)
        try source.exporter.start()
        try await until("the first are given up") { source.dropped("unavailable") == 32 }
        source.record(3)
        source.exporter.finish(within: .milliseconds(200))
        #expect((source.dropped("unavailable") ?? 0) + (source.dropped("stopped") ?? 0) == 38)
        #expect(source.exported == 0)
    }

    /// However fast a collector answers, it is asked once in a pause for what there is, and at once for whole batches.
    @Test func aSmallBatchIsFollowedByAPause() async throws {
        let collector = try TraceCollector("200", "200", "503", "200")
        let source = try Source(collector.port, pause: .seconds(600))
        // Two whole batches, behind which no other is looked for.
        source.record(64)
        try source.exporter.start()
        try await until("both are taken") { source.exported == 128 }
        source.exporter.finish(within: .seconds(5))
        #expect(collector.requests.count == 2)

        let other = try Source(collector.port, pause: .seconds(600))
        other.record(1)
        try other.exporter.start()
        try await until("it is asked for one") { collector.requests.count == 3 }
        // While that is tried again, one more is recorded.
        other.record(1)
        try await until("the first is taken") { other.exported == 2 }
        try await Task.sleep(for: .milliseconds(300))
        #expect(collector.requests.count == 4 && other.exported == 2)
        other.exporter.finish(within: .seconds(5))
        #expect(collector.requests.count == 5 && other.exported == 4)
    }

    @Test func theEndSendsWhatIsLeft() async throws {
        let collector = try TraceCollector()
        let source = try Source(collector.port, ringSpans: 128)
        try source.exporter.start()
        source.record(100)
        source.exporter.finish(within: .seconds(5))
        #expect(source.exported == 200)
        #expect(collector.requests.compactMap { ($0["spans"] as? [Any])?.count }.reduce(0, +) == 200)
    }
}
