// One trace from a command, and from a node, to the coordinator: real processes, and a collector that reads spans by
// OpenTelemetry's own classes.
import Foundation
import PostgresServer
import Testing
import TraceCollector

extension TraceCollector {
    /// For a daemon's settings.
    func section(_ ratio: Double, parents: Int = 1_000) -> [String: Any] {
        [
            "traces": [
                "address": "127.0.0.1", "port": Int(port), "ratio": ratio, "parentsPerSecond": parents,
                "flushMilliseconds": 20,
            ] as [String: Any]
        ]
    }

    struct Span {
        let service, trace, span, parent, name: String
        let kind: Int
        let said: [String: String]
    }

    var spans: [Span] {
        requests.flatMap { object -> [Span] in
            guard
                let service = (object["resource"] as? [String: Any])?["service.name"] as? String,
                let spans = object["spans"] as? [[String: Any]]
            else { return [] }
            return spans.map { one in
                func text(_ key: String) -> String { one[key] as? String ?? "" }
                return Span(
                    service: service, trace: text("trace"), span: text("span"), parent: text("parent"),
                    name: text("name"), kind: one["kind"] as? Int ?? 0,
                    said: (one["attributes"] as? [String: Any] ?? [:]).mapValues { "\($0)" })
            }
        }
    }
}

@Suite(
    .enabled(if: postgresPrograms != nil, "\(needsPostgres)"),
    .enabled(
        if: TraceCollector.python != nil,
        "needs a python3 with opentelemetry-proto, from PyPI: pip install opentelemetry-proto"))
struct TraceJoinTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = "b7ad6b7169203331"

    /// A command says in whose trace it runs, and its calls are spans of it; what a node tells of pacing goes through a
    /// broker to the coordinator as one trace of four spans.
    @Test func callsJoinTheirCallersTrace() throws {
        let collector = try TraceCollector()
        let pair = try Pair(more: collector.section(0))
        let leader = try pair.leader()
        let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        func list(_ traceparent: String) throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = programs.appending(path: "paceline")
            process.arguments = ["token", "list", "--coordinator", "http://127.0.0.1:\(leader.admin)"]
            process.environment = ["TRACEPARENT": traceparent, "TRACESTATE": "rojo=00f067aa0ba902b7"]
            let output = Pipe()
            (process.standardOutput, process.standardError) = (output, output)
            try process.run()
            let said = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: said, as: UTF8.self))
        }
        let listed = try list("00-\(Self.trace)-\(Self.parent)-01")
        #expect(listed.status == 0, "\(listed.output)")
        // What is wrong with it is said, and nobody's work is refused for it.
        let broken = try list("00-\(Self.trace)-\(Self.parent)")
        let warnings = broken.output.components(separatedBy: "TRACEPARENT in the environment is").count - 1
        #expect(broken.status == 0 && warnings == 1, "\(broken)")
        #expect(broken.output.hasSuffix(listed.output), "\(broken) \(listed)")
        try Spending.until("the command's call is a span") { !collector.spans.isEmpty }
        let call = try #require(collector.spans.first)
        #expect(
            call.service == "paceline-coordinator" && call.trace == Self.trace && call.parent == Self.parent)
        #expect(call.name == "GET /api/v1/tokens" && call.kind == 2)
        #expect(call.said["http.response.status_code"] == "200")

        try Spending.order(pair, "northwind-winter", "50")
        let broker = try RunningBroker("broker-0", of: pair, more: collector.section(1))
        // Of what is paced a node tells.
        let node = try SpendingNode(
            "node-a", of: pair, issuers: [broker.port],
            evenFor: SpendingNode.Flight(start: Date(), seconds: 600, budget: 50), more: collector.section(1))
        try Spending.until("its money is there") { node.trouble("northwind-winter") == "" }
        var chain: [TraceCollector.Span] = []
        try Spending.until("the node's words come through to the coordinator") {
            let spans = collector.spans
            let last = spans.first { $0.service == "paceline-coordinator" && $0.name == "POST /v1/pacing" }
            chain = last.map { [$0] } ?? []
            while let above = spans.first(where: { $0.span == chain.last?.parent }) { chain.append(above) }
            return chain.count == 4
        }
        #expect(Set(chain.map(\.trace)).count == 1)
        #expect(
            chain.map(\.service) == [
                "paceline-coordinator", "paceline-broker", "paceline-broker", "paceline-node",
            ])
        #expect(chain.map(\.kind) == [2, 3, 2, 3])
        #expect(chain.last?.parent == "")
        // What the broker asks the root for says how long the database took.
        try Spending.until("a grant and its transaction are spans") {
            let spans = collector.spans
            let asked = spans.filter { $0.name == "POST /v1/ledger" && $0.service == "paceline-coordinator" }
            return spans.contains { batch in
                batch.name == "ledger.batch" && asked.contains { $0.span == batch.parent }
            }
        }
        // A bid of nobody is recorded at the node's ratio of one.
        _ = try node.bid()
        try Spending.until("a bid is a span") {
            collector.spans.contains { $0.service == "paceline-node" && $0.name == "POST /openrtb2/bid" }
        }
    }
}
