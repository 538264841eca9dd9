// The metrics page as those read it who did not write it.
import Foundation
import Testing

@Suite struct MetricsTests {
    /// The text format: a name, labels with escaped values, a number.
    private static let line =
        #"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.]+(e[+-]?[0-9]+)?|[+-]Inf|NaN)$"#

    private static let parse = """
        import sys
        from prometheus_client.parser import text_string_to_metric_families as parse
        families = {family.name: family for family in parse(sys.stdin.read())}
        assert families["paceline_http_requests"].type == "counter"
        assert families["paceline_http_service_seconds"].type == "histogram"
        assert families["process_resident_memory_bytes"].samples[0].value > 1e6
        assert all(family.documentation for family in families.values())
        """

    /// The Python that has the client: the first of PATH or the distribution's.
    private static func python() async throws -> String? {
        let folder = try Folder()
        for python in ["python3", "/usr/bin/python3"]
        where try await folder.run("\(python) -c 'import prometheus_client'").status == 0 {
            return python
        }
        return nil
    }

    @Test func pageIsOfItsFormat() async throws {
        let folder = try Folder.withCertificates()
        try await withNode(Plan(secure: [.init()]), in: folder) { node in
            let page = try #require(try await Wire.get("/metrics", port: node.admin))
            #expect(page.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
            let form = try Regex(MetricsTests.line)
            var typed: Set<Substring> = [], seen: Set<Substring> = []
            for line in page.body.split(separator: "\n") {
                if line.hasPrefix("# ") {
                    let words = line.split(separator: " ", maxSplits: 3)
                    #expect(words.count == 4 && (words[1] == "HELP" || words[1] == "TYPE"), "\(line)")
                    if words[1] == "TYPE" { #expect(typed.insert(words[2]).inserted, "\(line)") }
                } else {
                    #expect(line.wholeMatch(of: form) != nil, "\(line)")
                    #expect(
                        seen.insert(line[..<(line.lastIndex(of: " ") ?? line.endIndex)]).inserted,
                        "twice: \(line)")
                }
            }
            #expect(typed.count > 20)
            #expect(
                page.body.contains(
                    "paceline_node_info{node=\"tested\",region=\"here\",version=\"0.1.0\"} 1.0\n"))
            #expect(page.body.hasSuffix("\n"))
        }
    }

    @Test(
        .enabled("needs a python3 with prometheus_client: apt-get install python3-prometheus-client") {
            try await MetricsTests.python() != nil
        })
    func prometheusReadsThePage() async throws {
        try await withNode { node in
            let page = try #require(try await Wire.get("/metrics", port: node.admin))
            try node.folder.write(page.body, to: "page")
            try node.folder.write(MetricsTests.parse, to: "parse.py")
            let python = try #require(try await MetricsTests.python())
            let parsed = try await node.folder.run("\(python) parse.py < page")
            #expect(parsed.status == 0, "\(parsed.errors)")
        }
    }
}
