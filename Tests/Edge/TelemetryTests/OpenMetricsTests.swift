// OpenMetrics: byte for byte, as its own library reads it, with exemplars that nobody tears.
import Foundation
import Kernel
import Synchronization
import Testing
import Tracing
import Units

@testable import Telemetry

private let wall = Instant(nanoseconds: 1_790_000_000_250_000_000)
private let trace = TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736)

private struct Specimen {
    let metrics: Metrics
    let histogram: Histogram
    let exemplars: Exemplars
    let second: (Histogram, Exemplars)

    init() {
        var catalogue = MetricsCatalogue()
        let answers = catalogue.counter(
            "paceline_answers_total", help: "Answers; a \\ and a\nline feed, \"quoted\".",
            labels: ["class": "2xx"])
        let cpu = catalogue.sharedCounter("paceline_cpu_seconds_total", help: "Time.", unit: .seconds)
        let open = catalogue.gauge("paceline_open_bytes", help: "Open.", unit: .bytes)
        let time = catalogue.histogram("paceline_decision_seconds", help: "Time.", exemplars: true)
        metrics = catalogue.freeze()
        let shard = metrics.addShard()
        shard.counter(answers).add(12)
        shard.gauge(open).set(-2)
        cpu.add(3)
        (histogram, exemplars) = (shard.histogram(time), shard.exemplars(time))
        let other = metrics.addShard()
        second = (other.histogram(time), other.exemplars(time))
    }

    var text: String { String(decoding: Array(metrics.openMetricsFamilies().joined()), as: UTF8.self) }

    /// What stands behind the bucket of this bound.
    func exemplar(_ bound: String) -> Substring? {
        let line = text.split(separator: "\n").first {
            $0.hasPrefix("paceline_decision_seconds_bucket{le=\"\(bound)\"}")
        }
        return line?.firstRange(of: " # ").map { line![$0.upperBound...] }
    }

    func record(_ length: Interval, _ decision: UInt64, _ trace: TraceID?, at now: Instant = wall) {
        histogram.record(length)
        exemplars.record(length, decision: decision, trace, at: now)
    }
}

@Suite struct OpenMetricsTests {
    @Test func theTextIsTheGoldenOne() {
        let specimen = Specimen()
        specimen.record(.microseconds(300), 0xAB, trace)
        specimen.record(.seconds(20), 0xCD, nil)
        let lines = specimen.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.prefix(9) == [
                "# TYPE paceline_answers counter",
                #"# HELP paceline_answers Answers; a \\ and a\nline feed, \"quoted\"."#,
                #"paceline_answers_total{class="2xx"} 12"#,
                "# TYPE paceline_cpu_seconds counter", "# UNIT paceline_cpu_seconds seconds",
                "# HELP paceline_cpu_seconds Time.", "paceline_cpu_seconds_total 3",
                "# TYPE paceline_open_bytes gauge", "# UNIT paceline_open_bytes bytes",
            ])
        #expect(lines.suffix(2) == ["# EOF", ""])
        #expect(
            specimen.exemplar("0.0005").map(String.init)
                == #"{trace_id="4bf92f3577b34da6a3ce929d0e0e4736",decision="00000000000000ab"} 0.0003 1790000000.25"#
        )
        #expect(specimen.exemplar("+Inf") == #"{decision="00000000000000cd"} 20 1790000000.25"#)
        #expect(specimen.text.split(separator: "\n").count { $0.contains(" # {") } == 2)
        for bound in ["1e-06", "2.5e-06", "1e-05", "0.0001", "0.25", "1.0", "10.0", "+Inf"] {
            #expect(specimen.text.contains("_bucket{le=\"\(bound)\"} "), "\(bound)")
        }
    }

    /// A trace stays until another one comes or it is old; what has none goes where nothing new is.
    @Test func whoStaysInABucket() {
        let specimen = Specimen()
        func decision() -> Substring? {
            specimen.exemplar("0.0005")?.firstMatch(of: /decision="0*([0-9a-f]+)"/)?.1
        }
        specimen.record(.microseconds(300), 1, nil)
        specimen.record(.microseconds(300), 2, nil, at: wall + .seconds(14))
        #expect(decision() == "1")
        specimen.record(.microseconds(300), 3, trace, at: wall + .seconds(14))
        #expect(decision() == "3")
        specimen.record(.microseconds(300), 4, nil, at: wall + .seconds(28))
        #expect(decision() == "3")
        specimen.record(.microseconds(300), 5, nil, at: wall + .seconds(30))
        #expect(decision() == "5")
        // A clock that was set back is no reason to keep it.
        specimen.record(.microseconds(300), 6, nil, at: wall)
        #expect(decision() == "6")
        // Of two shards: the one with a trace, though it is the older.
        specimen.second.1.record(.microseconds(300), decision: 7, trace, at: wall - .seconds(9))
        #expect(decision() == "7")
    }

    /// Each stands in the bucket that its length lies in, whatever the length.
    @Test func lengthsLieInTheirBuckets() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Randomness(seed: seed)
        for _ in 0..<300 {
            let specimen = Specimen()
            let length = Int64(bitPattern: random.next() >> UInt64(random.next(in: 18...63)))
            specimen.record(Interval(nanoseconds: length), 1, trace)
            var low = -1.0
            for line in specimen.text.split(separator: "\n")
            where line.hasPrefix("paceline_decision_seconds_bucket") {
                let bound = try #require(line.firstMatch(of: /le="([^"]+)"/)?.1)
                let high = bound == "+Inf" ? Double.infinity : try #require(Double(bound))
                if line.contains(" # {") {
                    let value = Double(length) / 1e9
                    #expect(
                        value <= high && value > low || value == 0, "seed \(seed): \(length) under \(bound)")
                }
                low = high
            }
        }
    }

    @Test func aScrapeSeesNoHalf() throws {
        let specimen = Specimen()
        let isOver = Flag()
        let exemplars = Box(specimen.exemplars)
        try Thread(name: "shard") {
            var number: UInt64 = 1
            while !isOver.value.load(ordering: .acquiring) {
                exemplars.value.record(
                    .microseconds(300), decision: number, TraceID(high: number, low: ~number),
                    at: Instant(nanoseconds: Int64(number)))
                number &+= 1
            }
            isOver.isDone.store(true, ordering: .releasing)
        }.detach()
        var seen: Set<UInt64> = []
        for _ in 0..<20_000 {
            for exemplar in specimen.metrics.exemplars(at: specimen.place).compactMap({ $0 }) {
                let number = exemplar.decision
                #expect(
                    exemplar.trace == TraceID(high: number, low: ~number)
                        && exemplar.at.nanoseconds == Int64(number))
                seen.insert(number)
            }
        }
        isOver.value.store(true, ordering: .releasing)
        while !isOver.isDone.load(ordering: .acquiring) { usleep(100) }
        #expect(seen.count > 1)
    }

    private final class Flag: Sendable {
        let value = Atomic<Bool>(false)
        let isDone = Atomic<Bool>(false)
    }

    private final class Box: @unchecked Sendable {
        let value: Exemplars
        init(_ value: Exemplars) { self.value = value }
    }

    @Test(
        arguments: [
            (nil, false), ("", false), ("*/*", false), ("text/plain", false),
            ("text/plain;version=0.0.4", false),
            ("application/openmetrics-text", true),
            ("Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", true),
            // Prometheus 2 and 3, as they ask.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                true
            ),
            ("application/openmetrics-text;version=0.0.1", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=0.2,text/plain;q=0.9", false),
            ("application/openmetrics-text;version=\"1.0.0\"", true),
            ("application/openmetrics-text;q=x", false), (",;,", false),
        ] as [(String?, Bool)])
    func whatAScraperWants(_ accept: String?, isOpen: Bool) {
        #expect(MetricsFormat(accept: accept) == (isOpen ? .openMetrics : .prometheus))
    }

    private static let parse = """
        import sys
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
        families = {family.name: family for family in parse(sys.stdin.read())}
        buckets = {one.labels.get("le"): one for one in families["paceline_decision_seconds"].samples}
        one = buckets["0.0005"].exemplar
        print(one.labels["trace_id"], one.labels["decision"], one.value, float(one.timestamp), families["paceline_open_bytes"].unit)
        """

    @Test(
        .enabled(
            if: PrometheusTests.python != nil,
            "no python3 has prometheus_client: apt-get install python3-prometheus-client"))
    func itsOwnLibraryReadsIt() throws {
        let specimen = Specimen()
        specimen.record(.microseconds(300), 0xAB, trace)
        specimen.record(.seconds(20), 0xCD, nil)
        let python = try #require(PrometheusTests.python)
        let parsed = try run("/usr/bin/env", [python, "-c", Self.parse], input: Array(specimen.text.utf8))
        #expect(
            parsed.output == "4bf92f3577b34da6a3ce929d0e0e4736 00000000000000ab 0.0003 1790000000.25 bytes\n")
    }
}

extension Specimen {
    /// Where the histogram's cells begin.
    fileprivate var place: Int {
        for family in metrics.families {
            for case .histogram(let index, _) in family.series.map(\.source) { return index }
        }
        preconditionFailure("there is a histogram")
    }
}
