// `paceline status` against real nodes, over HTTP and over TLS with certificates on both sides; and against
// what is no node.
import Foundation
import TestCertificates
import Testing

@testable import Commands

@Suite struct StatusTests {
    @Test(arguments: [
        ("http://127.0.0.1:9900", "http://127.0.0.1:9900"), ("http://a.example", "http://a.example:80"),
        ("https://a-b_c.example/", "https://a-b_c.example:443"), ("https://[::1]:8443", "https://[::1]:8443"),
        ("http://[2001:db8::7]", "http://[2001:db8::7]:80"),
    ])
    func readsURLs(_ text: String, _ meaning: String) {
        #expect(ServerURL(text)?.description == meaning)
    }

    @Test(arguments: [
        "", "127.0.0.1:80", "ftp://a", "http://", "http:///", "http://a:0", "http://a:65536", "http://a:x",
        "http://a:",
        "http://a/b", "http://a?b", "http://u@a", "http://::1", "http://[::1", "http://[a]", "http://a b",
        "HTTP//a",
    ])
    func refusesWhatIsNoServer(_ text: String) {
        #expect(ServerURL(text) == nil)
    }

    /// A node with ports of its own, run for the length of some lines.
    private func withNode(_ lines: String, settings: String = "tls=") throws -> Scratch.Result {
        let scratch = try Scratch()
        let authority = TestAuthority()
        let node = authority.issue("node", ["IP:127.0.0.1"])
        let caller = authority.issue("caller", ["URI:spiffe://fleet/operator"])
        for (name, bytes) in [
            ("node.crt", node.chain), ("node.key", node.key), ("caller.crt", caller.chain),
            ("caller.key", caller.key),
            ("ca.crt", authority.certificate), ("other.crt", TestAuthority("Other").certificate),
        ] {
            try scratch.write(String(decoding: bytes, as: UTF8.self), to: name)
        }
        return try scratch.run(
            """
            read -r port admin < <(python3 -c '
            import socket
            sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
            print(*[s.getsockname()[1] for s in sockets])')
            \(settings)
            paceline check-config --example node | tr -d '\\n' | sed "
                s|0.0.0.0|127.0.0.1|; s|8080|$port$tls|; s|9900|$admin|
                s|7000|0|; s|\\"shards\\": 0|\\"shards\\": 1|" > node.json
            paceline-node --config node.json 2> node.log &
            node=$!
            for _ in $(seq 200); do
                paceline status "http://127.0.0.1:$admin" > /dev/null && break
                kill -0 $node || { cat node.log >&2; break; }
                sleep 0.05
            done
            \(lines)
            kill $node
            wait $node
            """)
    }

    @Test(.enabled(if: Scratch.has("python3"), "python3 finds free ports"))
    func tellsHowANodeDoes() throws {
        let result = try withNode(
            """
            paceline status "http://127.0.0.1:$port"; echo "exit $?"
            paceline status "http://127.0.0.1:$admin"; echo "exit $?"
            paceline status --json "http://127.0.0.1:$admin"; echo "exit $?"
            """)
        let lines = result.output.split(separator: "\n")
        try #require(lines.count == 10, "\(result.output) \(result.errors)")
        #expect(lines[0] == "node-1 in eu-west: ready" && lines[2] == "exit 0" && lines[3] == lines[0])
        #expect(lines[1].hasPrefix("  version 0.1.0, up for ") && lines[1].contains(" s, "))
        // The first status asked the listener three things, of which two were there.
        #expect(
            lines[5] == "  3 requests answered, 0 connections open"
                || lines[5].hasSuffix(" 1 connections open"))
        #expect(
            lines[6].wholeMatch(
                of: /\ \ service time: half within [0-9.]+ [µm]?s, 99 % within [0-9.]+ [µm]?s/) != nil)
        let answer = try #require(
            try JSONSerialization.jsonObject(with: Data(lines[8].utf8)) as? [String: Any], "\(lines[8])")
        #expect(answer["ready"] as? Bool == true && answer["name"] as? String == "node-1")
        #expect(answer["requests"] as? Int == 3 && answer["version"] as? String == "0.1.0")
        #expect((answer["serviceSeconds"] as? [String: Any])?["p50"] is Double)
    }

    @Test(.enabled(if: Scratch.has("python3"), "python3 finds free ports"))
    func asksOverTLSAsItself() throws {
        let tls = """
            tls=', "tls": {"certificateFile": "'$PWD'/node.crt", "keyFile": "'$PWD'/node.key", '
            tls+='"clientCAFile": "'$PWD'/ca.crt", "clientCertificate": "required"}'
            """
        let result = try withNode(
            """
            url="https://127.0.0.1:$port"
            paceline status --ca ca.crt --certificate caller.crt --key caller.key $url; echo "exit $?"
            paceline status --ca other.crt --certificate caller.crt --key caller.key $url; echo "exit $?"
            paceline status --ca ca.crt $url; echo "exit $?"
            paceline status "http://127.0.0.1:$port"; echo "exit $?"
            paceline status --ca ca.crt --certificate caller.crt $url 2>&1; echo "exit $?"
            paceline status --ca gone.crt $url 2>&1; echo "exit $?"
            """, settings: tls)
        let answers = result.output.split(separator: "\n")
        try #require(answers.count >= 13, "\(result.output) \(result.errors)")
        let text = result.output
        #expect(text.hasPrefix("node-1 in eu-west: ready\n") && answers[2] == "exit 0")
        #expect(answers[3].contains("certificate was refused") && answers[4] == "exit 1")
        #expect(
            answers[5].hasPrefix("https://127.0.0.1:") && answers[6] == "exit 1",
            "no certificate: \(answers[5])")
        #expect(answers[7].hasPrefix("http://127.0.0.1:") && answers[8] == "exit 1", "plain: \(answers[7])")
        #expect(text.contains("--certificate and --key go together") && text.contains("exit 2"))
        #expect(text.contains("gone.crt") && answers.last == "exit 1")
    }

    private static let node =
        #"{"name":"n","region":"r","version":"1","driver":"d","uptimeSeconds":7,"ready":true}"#
    private static let ready = #"{"ok":true,"reasons":[]}"#

    @Test(
        .enabled(if: Scratch.has("python3"), "python3 is a server that is no node"),
        arguments: [
            (node, "200", ready, nil),
            ("{}", "200", "{}", "GET /v1/node lacks name, region, version, driver, uptimeSeconds, ready"),
            (#"{"ready":"no!"}"#, "200", ready, "GET /v1/node: "), ("[]", "200", ready, "GET /v1/node: "),
            (#"{"name":7}"#, "200", ready, "GET /v1/node: "), ("<html>", "200", ready, "GET /v1/node: "),
            (node, "200", "{}", "GET /readyz lacks ok"), (node, "200", "ok", "GET /readyz: "),
            (node, "200", #"{"ok":true}"#, "GET /readyz lacks reasons"),
            (node, "200", #"{"ok":false,"reasons":[]}"#, "GET /readyz says no and gives no reasons"),
            (
                node, "503", ready, "GET /readyz got 503, and its answer says otherwise"
            ),
            (node, "404", ready, "GET /readyz got 404"),
        ] as [(String, String, String, String?)])
    func believesOnlyWhatANodeSays(
        _ identity: String, _ status: String, _ readiness: String, _ problem: String?
    ) throws {
        let result = try Scratch().run(
            """
            python3 - '\(identity)' '\(status)' '\(readiness)' <<'PYTHON' 2> /dev/null &
            import http.server, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    asked = {"/v1/node": (200, sys.argv[1]), "/readyz": (int(sys.argv[2]), sys.argv[3])}
                    status, text = asked.get(self.path, (404, ""))
                    self.send_response(status)
                    self.send_header("content-length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())
            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            open("port", "w").write(str(server.server_port))
            for _ in range(3): server.handle_request()
            PYTHON
            for _ in $(seq 200); do [ -s port ] && break; sleep 0.05; done
            paceline status "http://127.0.0.1:$(cat port)"; echo "exit $?"
            wait
            """)
        let lines = result.output.split(separator: "\n")
        if let problem {
            try #require(lines.count == 2, "\(result.output) \(result.errors)")
            #expect(lines[0].contains(" answers, but not as a node of Paceline: \(problem)"), "\(lines[0])")
            #expect(lines[1] == "exit 1")
        } else {
            #expect(lines.first == "n in r: ready" && lines.last == "exit 0", "\(result.output)")
        }
    }

    @Test(.enabled(if: Scratch.has("python3"), "python3 is a server that is no node"))
    func knowsWhatIsNoNode() throws {
        let result = try Scratch().run(
            """
            python3 -c '
            import http.server
            server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
            open("port", "w").write(str(server.server_port))
            for _ in range(3): server.handle_request()' 2> /dev/null &
            for _ in $(seq 200); do [ -s port ] && break; sleep 0.05; done
            paceline status "http://127.0.0.1:$(cat port)"; echo "exit $?"
            wait
            """)
        let lines = result.output.split(separator: "\n")
        try #require(lines.count == 2, "\(result.output) \(result.errors)")
        #expect(lines[0].hasSuffix("answers, but not as a node of Paceline: GET /v1/node got 404"))
        #expect(lines[1] == "exit 1")
    }
}
