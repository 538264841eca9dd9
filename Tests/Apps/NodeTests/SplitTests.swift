// Where the network cuts a request makes no difference to its answer.
import Testing

@Suite struct SplitTests {
    private static let requests = [
        "GET /none?a=b HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
        Bad.post + "content-length: 13\r\n\r\n{\"a\": [1, 2]}",
        Bad.post
            + "transfer-encoding: chunked\r\n\r\n4;x=\"y\"\r\n{\"a\"\r\n9\r\n: [1, 2]}\r\n0\r\nchecked: yes\r\n\r\n",
        // Two of them, the first with a body that is no JSON.
        Bad.post + "content-length: 3\r\n\r\n[1}HEAD /none HTTP/1.1\r\nhost: a\r\n\r\n",
        // Refused at its end only.
        Bad.post + "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
    ]

    @Test(arguments: drivers)
    func everyByteMayBeTheLastOfASegment(_ driver: String) async throws {
        try await withNode(Plan(reactor: driver)) { node in
            for request in SplitTests.requests {
                let bytes = Array(request.utf8)
                let ends = request.contains("HEAD") ? 2 : 1
                let whole = try await answers(ends, of: send([bytes], to: node))
                #expect(whole.count == ends)
                // All splits at once, so that the pause between the segments is waited for once.
                let wires = try bytes.indices.dropFirst().map { split in
                    let wire = try Wire(node.port)
                    wire.send(Array(bytes[..<split]))
                    return (split, wire)
                }
                try await until("the first segments were read") {
                    try await node.metric("paceline_http_connections_open{server=\"requests\"}")
                        >= Double(wires.count)
                }
                try await Task.sleep(for: .milliseconds(20))
                for (split, wire) in wires { wire.send(Array(bytes[split...])) }
                for (split, wire) in wires {
                    #expect(try await answers(ends, of: wire) == whole, "\(request) split at \(split)")
                }
                let single = try await send(bytes.map { [$0] }, to: node)
                #expect(try await answers(ends, of: single) == whole, "\(request) byte by byte")
            }
        }
    }

    private func send(_ segments: [[UInt8]], to node: RunningNode) async throws -> Wire {
        let wire = try Wire(node.port)
        for segment in segments {
            wire.send(segment)
            if segments.count > 1 { try await Task.sleep(for: .microseconds(200)) }
        }
        return wire
    }

    private func answers(_ count: Int, of wire: Wire) async throws -> [Answer] {
        var all: [Answer] = []
        for index in 0..<count {
            if let answer = try await wire.answer(toHead: index == 1) { all.append(answer.timeless) }
        }
        return all
    }
}
