// Names, labels and windows are read out of queries as Prometheus understands them.
import Operations
import Testing

private struct Reading: Sendable, CustomTestStringConvertible {
    let query: String
    let metrics: [String]
    var testDescription: String { query }
}

@Suite struct PromQueryTests {
    @Test(arguments: [
        Reading(query: "up == 0", metrics: ["up"]),
        Reading(query: #"sum by (region) (rate(a_total{x="1"}[5m]))"#, metrics: ["a_total"]),
        Reading(query: "sum(a) by (le, b)", metrics: ["a"]),
        Reading(query: "a / on (region) group_left (cloud) b", metrics: ["a", "b"]),
        Reading(query: "a offset 5m > 1e3 and b unless c", metrics: ["a", "b", "c"]),
        Reading(query: "histogram_quantile(0.99, sum by (le) (rate(a_bucket[5m])))", metrics: ["a_bucket"]),
        Reading(query: #"count_values by (r) ("version", a)"#, metrics: ["a"]),
        Reading(query: #"a{b="c} d"} > 5"#, metrics: ["a"]),
        Reading(query: "slo:x:total_rate5m > 0.5", metrics: ["slo:x:total_rate5m"]),
        Reading(query: "time() - a > Inf", metrics: ["a", "Inf"]),
        Reading(query: "max_over_time(a[1h:5m])", metrics: ["a"]),
    ])
    fileprivate func metricsAreFound(_ reading: Reading) {
        #expect(PromQuery(reading.query).selectors.map(\.metric) == reading.metrics.filter { $0 != "Inf" })
    }

    @Test func labelsSayTheirValues() {
        let found = PromQuery(#"a{b="c", d=~"e|f", g!="h", i=~"j.*"}"#).selectors
        let labels = found.first?.labels ?? []
        #expect(labels.map(\.name) == ["b", "d", "g", "i"])
        #expect(labels.map(\.values) == [["c"], ["e", "f"], nil, nil])
    }

    @Test(arguments: [
        ("rate(a5m[5m]) > 300", "rate(a5m[15s]) > 300"),
        (#"a{b="5m"} offset 1h"#, #"a{b="5m"} offset 3m"#),
        ("max_over_time(a[1h:5m])", "max_over_time(a[3m:15s])"),
        ("slo:x:total_rate5m", "slo:x:total_rate5m"), ("a[30m]", "a[90s]"), ("a[3d]", "a[216m]"),
    ])
    func windowsAreDivided(_ query: String, _ divided: String) {
        #expect(PromQuery(query).scaled(by: 20) == divided)
        #expect(PromQuery(query).scaled(by: 1) == query)
    }

    @Test(arguments: ["5m", "90s", "3d", "1ms", "36h"])
    func durationsAreReadAndWritten(_ text: String) { #expect(PromDuration(text)?.description == text) }

    @Test(arguments: ["", "5", "m", "0m", "-5m", "5 m", "5m30s", "400d", "99999999999999999999h", "1.5h"])
    func otherDurationsAreNone(_ text: String) { #expect(PromDuration(text) == nil) }

    @Test func whatNobodyExportsIsSaid() {
        var scrape = Exposition()
        scrape.read("# HELP a x\n# TYPE a counter\na{b=\"c\",d=\"e}f\"} 5\na{b=\"g\",d=\"\"} 0\nplain 1.5\n")
        func objection(_ query: String) -> String? {
            PromQuery(query).selectors.compactMap { scrape.objection(to: $0) }.first
        }
        #expect(objection(#"a{b="c"}"#) == nil)
        #expect(objection(#"a{b=~"c|g",region="x"}"#) == nil)
        #expect(objection(#"a{b!="nothing"}"#) == nil)
        #expect(objection("plain") == nil)
        #expect(objection(#"a{b="x"}"#) == #"no a has b="x""#)
        #expect(objection(#"a{b=~"c|x"}"#) == #"no a has b="x""#)
        #expect(objection(#"a{x="c"}"#) == "a has no label x")
        #expect(objection("plane") == "no exporter has plane")
    }
}
