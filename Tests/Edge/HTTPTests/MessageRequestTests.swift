// Which request heads are accepted and what they say; which are refused, why, and with which status.
import HTTP
import Testing

@Suite struct MessageRequestTests {
    @Test func refusesEachMalformedHeadForItsReason() {
        for (head, refusal) in MessageRefusals.heads {
            #expect(parseWhole(head) == .refused(refusal), "\(head.debugDescription)")
        }
    }

    @Test func refusesEachDoubtfulFramingForItsReason() {
        for (lines, refusal) in MessageRefusals.framing {
            let head = "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n"
            #expect(parseWhole(head) == .refused(refusal), "\(lines.debugDescription)")
        }
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(parseWhole(old) == .refused(.transferEncodingInHTTP10))
    }

    @Test func everyRefusalHasItsStatusItsReasonAndACase() {
        let statuses: [Refusal: Int] = [
            .requestLineTooLong: 414, .headTooLarge: 431, .tooManyFields: 431, .trailersTooLong: 431,
            .unsupportedVersion: 505, .http2Preface: 505, .unknownExpectation: 417,
            .unsupportedTransferCoding: 501, .bodyTooLarge: 413,
            .malformedStatusLine: 502, .statusLineTooLong: 502, .unexpectedUpgrade: 502,
        ]
        var reasons: Set<String> = []
        for refusal in Refusal.allCases {
            #expect(Int(refusal.status.code) == statuses[refusal] ?? 400, "\(refusal)")
            let reason = "\(refusal.reason)"
            #expect(reason.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(reason)")
            #expect(reasons.insert(reason).inserted, "\(reason) stands for two refusals")
            #expect("\(refusal.sentence)".hasSuffix(".\n"))
        }
        let tried = Set(
            MessageRefusals.heads.map(\.refusal) + MessageRefusals.framing.map(\.refusal)
                + MessageRefusals.responses.map(\.refusal) + MessageRefusals.chunks.map(\.refusal))
        // The limits have tests of their own.
        let limits: Set<Refusal> = [.requestLineTooLong, .statusLineTooLong, .headTooLarge, .tooManyFields]
        #expect(Set(Refusal.allCases).subtracting(tried).subtracting(limits).isEmpty)
    }

    @Test func readsEveryFormOfTarget() throws {
        struct Case {
            var line: String
            var method: Method
            var form: TargetForm
            var path: String
            var query = ""
            var authority = "h"
        }
        let cases = [
            Case(line: "GET /", method: .get, form: .origin, path: "/"),
            Case(line: "GET /a/b?c=d&e", method: .get, form: .origin, path: "/a/b", query: "c=d&e"),
            Case(line: "GET /a?b?c", method: .get, form: .origin, path: "/a", query: "b?c"),
            Case(line: "GET /?", method: .get, form: .origin, path: "/"),
            Case(line: "GET //a//b", method: .get, form: .origin, path: "//a//b"),
            Case(
                line: "GET /i?p=${AUCTION_PRICE}&e=[CODE]|{x}", method: .get, form: .origin, path: "/i",
                query: "p=${AUCTION_PRICE}&e=[CODE]|{x}"),
            Case(line: "GET /%zz/%00", method: .get, form: .origin, path: "/%zz/%00"),
            Case(line: "HEAD /x", method: .head, form: .origin, path: "/x"),
            Case(line: "POST /x", method: .post, form: .origin, path: "/x"),
            Case(line: "PUT /x", method: .put, form: .origin, path: "/x"),
            Case(line: "DELETE /x", method: .delete, form: .origin, path: "/x"),
            Case(line: "PATCH /x", method: .patch, form: .origin, path: "/x"),
            Case(line: "TRACE /x", method: .trace, form: .origin, path: "/x"),
            Case(line: "OPTIONS /x", method: .options, form: .origin, path: "/x"),
            Case(line: "OPTIONS *", method: .options, form: .asterisk, path: ""),
            Case(line: "get /x", method: .other, form: .origin, path: "/x"),
            Case(line: "GETT /x", method: .other, form: .origin, path: "/x"),
            Case(line: "M-SEARCH /x", method: .other, form: .origin, path: "/x"),
            Case(line: "!#$%&'*+-.^_`|~09Az /x", method: .other, form: .origin, path: "/x"),
            Case(
                line: "GET http://o:8/a?b", method: .get, form: .absolute, path: "/a", query: "b",
                authority: "o:8"),
            Case(line: "GET HTTPS://o", method: .get, form: .absolute, path: "", authority: "o"),
            Case(line: "GET http://o?q", method: .get, form: .absolute, path: "", query: "q", authority: "o"),
            Case(
                line: "OPTIONS http://[::1]:80", method: .options, form: .absolute, path: "",
                authority: "[::1]:80"),
            Case(line: "CONNECT o:443", method: .connect, form: .authority, path: "", authority: "o:443"),
            Case(
                line: "CONNECT [::1]:443", method: .connect, form: .authority, path: "",
                authority: "[::1]:443"),
        ]
        for expected in cases {
            let parsed = parseWhole("\(expected.line) HTTP/1.1\r\nHost: h\r\n\r\n")
            guard case .head(let head, _) = parsed else {
                Issue.record("\(expected.line): \(parsed)")
                continue
            }
            let parts = expected.line.split(separator: " ").map(String.init)
            #expect(head.methodName == parts[0] && head.target == parts[1], "\(expected.line)")
            #expect(head.method == expected.method, "\(expected.line)")
            #expect(head.form == expected.form, "\(expected.line)")
            #expect(head.path == expected.path, "\(expected.line)")
            #expect(head.query == expected.query, "\(expected.line)")
            #expect(head.authority == expected.authority, "\(expected.line)")
        }
    }

    @Test func acceptsEveryFormOfHost() {
        let hosts = [
            "", "a", "a.b-c.d", "A.EXAMPLE", "a:80", "a:", "a:65535", "127.0.0.1:1", "[::1]", "[::1]:80",
            "[::ffff:1.2.3.4]", "a_b", "%61", "~a!$&'()*+,;=",
        ]
        for host in hosts {
            guard case .head(let head, _) = parseWhole("GET / HTTP/1.1\r\nHost:\(host)\r\n\r\n") else {
                Issue.record("\(host)")
                continue
            }
            #expect(head.authority == host && head.hasHost)
        }
        guard case .head(let old, _) = parseWhole("GET / HTTP/1.0\r\n\r\n") else {
            Issue.record("HTTP/1.0 needs no Host")
            return
        }
        #expect(!old.hasHost)
    }

    @Test func tellsWhetherTheConnectionStays() {
        let cases: [(version: String, lines: String, stays: Bool)] = [
            ("1.1", "", true), ("1.0", "", false), ("1.2", "", true), ("1.9", "", true),
            ("1.1", "Connection: close\r\n", false),
            ("1.1", "connection: CLOSE\r\n", false),
            ("1.1", "Connection: closed\r\n", true),
            ("1.1", "Connection: keep-alive\r\n", true),
            ("1.0", "Connection: keep-alive\r\n", true),
            ("1.0", "Connection: Keep-Alive , Upgrade\r\n", true),
            ("1.0", "Connection: close, keep-alive\r\n", false),
            ("1.1", "Connection: close, keep-alive\r\n", false),
            ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
            ("1.0", "Connection: upgrade\r\nConnection: keep-alive\r\n", true),
            ("1.1", "Connection: ,, close ,\r\n", false),
            ("1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true),
            ("1.1", "Connection:\r\n", true),
            ("1.1", "Proxy-Connection: close\r\n", true),
            ("1.1", "Connectiom: close\r\n", true),
            ("1.0", "Connection: keep-alivd\r\n", false),
        ]
        for (version, lines, stays) in cases {
            let parsed = parseWhole("GET / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n")
            guard case .head(let head, _) = parsed else {
                Issue.record("\(lines.debugDescription): \(parsed)")
                continue
            }
            #expect(head.keepAlive == stays, "HTTP/\(version) \(lines.debugDescription)")
        }
    }

    @Test func readsFramingAndExpectations() {
        let cases: [(version: String, lines: String, framing: BodyFraming, waits: Bool)] = [
            ("1.1", "", .none, false),
            ("1.1", "Content-Length: 0\r\n", .none, false),
            ("1.1", "Content-Length: 5\r\n", .length(5), false),
            ("1.1", "content-LENGTH:\t 0005 \t\r\n", .length(5), false),
            ("1.1", "Content-Length: 9223372036854775807\r\n", .length(.max), false),
            ("1.0", "Content-Length: 5\r\n", .length(5), false),
            ("1.1", "Transfer-Encoding: chunked\r\n", .chunked, false),
            ("1.1", "transfer-encoding:CHUNKED\t\r\n", .chunked, false),
            ("1.1", "Content_Length: 5\r\nContent-Lengthy: 6\r\nXContent-Length: 7\r\n", .none, false),
            ("1.1", "Content-Lengti: 5\r\nContentMLength: 6\r\nTransfer-Encodinf: chunked\r\n", .none, false),
            ("1.1", "Transfer_Encoding: chunked\r\nTE: trailers, chunked\r\n", .none, false),
            ("1.1", "Content-Length: 5\r\nExpect: 100-continue\r\n", .length(5), true),
            ("1.1", "Transfer-Encoding: chunked\r\nexpect: 100-Continue\r\n", .chunked, true),
            ("1.1", "Expect: 100-continue\r\n", .none, false),
            ("1.0", "Content-Length: 5\r\nExpect: 100-continue\r\n", .length(5), false),
            ("1.0", "Content-Length: 5\r\nExpect: anything\r\n", .length(5), false),
        ]
        for (version, lines, framing, waits) in cases {
            let parsed = parseWhole("POST / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n")
            guard case .head(let head, _) = parsed else {
                Issue.record("\(lines.debugDescription): \(parsed)")
                continue
            }
            #expect(head.framing == framing, "\(lines.debugDescription)")
            #expect(head.expectsContinue == waits, "\(lines.debugDescription)")
        }
    }

    @Test func findsHeadersWhateverTheirCase() {
        let text =
            "GET / HTTP/1.1\r\nhOsT: a\r\nX-Name:\t one \t two \r\nx-nAME: three\r\nEmpty:\r\nUTF: é\r\n"
            + "X~y: t\r\n\r\n"
        let bytes = Array(text.utf8)
        var head = RequestHead()
        #expect(head.parse(bytes.span.bytes) == .complete(headLength: bytes.count))
        func value(_ name: StaticString) -> String? {
            head.header(name, in: bytes.span.bytes)?.text(in: bytes)
        }
        #expect(value("x-name") == "one \t two")
        #expect(value("X-NAME") == "one \t two")
        #expect(value("Host") == "a")
        #expect(value("empty") == "")
        #expect(value("utf") == "é")
        #expect(value("x~y") == "t" && value("x^y") == nil)
        #expect(value("absent") == nil)
        #expect(head.headers.count == 6)
    }

    @Test func leavesWhatFollowsTheHeadAlone() {
        let next = "\0\n\rGET garbage"
        for blank in ["", "\r\n", "\r\n\r\n"] {
            let head = "\(blank)GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
            guard case .head(let view, let length) = parseWhole(head + next) else {
                Issue.record("\(blank.debugDescription)")
                continue
            }
            #expect(length == head.utf8.count && view.path == "/a")
        }
    }
}
