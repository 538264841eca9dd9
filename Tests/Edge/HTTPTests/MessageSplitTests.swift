// Bytes arrive in pieces of any size: whatever the pieces, a message is read as if it had come whole, at a
// cost that does not grow with their number, and the limits hold at the same byte.
import HTTP
import Testing

@Suite struct MessageSplitTests {
    static let valid = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET /a?b HTTP/1.0\r\n\r\nrest",
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nExpect: 100-continue\r\nX: a\tb \r\n\r\nbody",
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello",
    ]

    /// Every request of the tables, with the framings as whole requests.
    static var everything: [[UInt8]] {
        let framing = MessageRefusals.framing.map { "POST / HTTP/1.1\r\nHost: a\r\n\($0.lines)\r\n\r\n" }
        return (valid + MessageRefusals.heads.map(\.head) + framing).map { Array($0.utf8) }
    }

    @Test func aRequestSplitAtAnyByteIsReadAsWhole() {
        for bytes in Self.everything {
            let whole = parseWhole(bytes)
            for split in 0..<bytes.count {
                let halves = parsePieces(bytes, ends: [split, bytes.count])
                #expect(
                    halves == whole, "\(String(decoding: bytes, as: UTF8.self).debugDescription) at \(split)")
            }
            #expect(parsePieces(bytes, ends: Array(0...bytes.count)) == whole)
        }
    }

    @Test func whatTheTableHeldBeforeChangesNothing() {
        let before = [
            "GET http://o/p?q HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
            "POST / HTTP/1.0\r\nContent-Length: 7\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
            "CONNECT o:1 HTTP/1.1\r\nHost: o\r\nExpect: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: o\r\nHost: o\r\nContent-Length: 7\r\nConnection: close\r\n\r\n",
        ].map { Array($0.utf8) }
        for bytes in Self.everything {
            let fresh = parseWhole(bytes)
            for other in before {
                var head = RequestHead()
                _ = head.parse(other.span.bytes)
                let used = Parsed(head.parse(bytes.span.bytes), head, bytes)
                #expect(used == fresh, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
        }
    }

    @Test func oneProgressServesAllTheHeadsOfAConnection() {
        let heads = ["GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", "\r\nGET /22 HTTP/1.0\r\n\r\n", "GET bad\r\n\r\n"]
        let bytes = Array(heads.joined().utf8)
        var head = RequestHead()
        var progress = HeadProgress()
        var start = 0
        var outcomes: [HeadOutcome] = []
        for end in 1...bytes.count {
            let outcome = head.parse(bytes.span.extracting(start..<end).bytes, progress: &progress)
            #expect(progress.isFresh == (outcome != .incomplete) || end == start + 1)
            if case .complete(let length) = outcome { start += length }
            if outcome != .incomplete { outcomes.append(outcome) }
        }
        #expect(
            outcomes == [
                .complete(headLength: heads[0].utf8.count), .complete(headLength: heads[1].utf8.count),
                .refused(.malformedRequestLine),
            ])
    }

    @Test func blankLinesAreCountedForEachHeadAnew() {
        let bytes = Array("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var head = RequestHead()
        var progress = HeadProgress()
        for _ in 0..<3 {
            #expect(head.parse(bytes.span.bytes, progress: &progress) == .complete(headLength: bytes.count))
        }
    }

    @Test func theLimitsHoldAtTheSameByteHoweverTheBytesCome() {
        var limits = HeadLimits()
        limits.startLineBytesMax = 40
        limits.headBytesMax = 100
        limits.fieldCountMax = 4
        let line = "GET /" + String(repeating: "x", count: 40 - 16) + " HTTP/1.1\r\n"
        let host = "Host: a\r\n"
        let cases: [(head: String, refusal: Refusal?)] = [
            (line + host + "\r\n", nil),
            ("\r\n" + line + host + "\r\n", nil),
            ("GET /x" + line.dropFirst(5) + host + "\r\n", .requestLineTooLong),
            (String(repeating: "x", count: 40), nil),
            (String(repeating: "x", count: 41), .requestLineTooLong),
            (String(repeating: "x", count: 40) + "\0", .requestLineTooLong),
            (String(repeating: "x", count: 39) + "\0", .controlByte),
            (String(repeating: "x", count: 39) + "\r", nil),
            (String(repeating: "x", count: 39) + "\r\n", .requestLineTooLong),
            (line + host + "A: " + String(repeating: "y", count: 44) + "\r\n\r\n", nil),
            (line + host + "A: " + String(repeating: "y", count: 45) + "\r\n\r\n", .headTooLarge),
            (line + String(repeating: "y", count: 60), nil),
            (line + String(repeating: "y", count: 61), .headTooLarge),
            (line + host + "A:\r\nB:\r\nC:\r\n\r\n", nil),
            (line + host + "A:\r\nB:\r\nC:\r\nD:\r\n\r\n", .tooManyFields),
        ]
        for (head, refusal) in cases {
            let bytes = Array(head.utf8)
            let whole = parseWhole(bytes, limits: limits)
            if let refusal {
                #expect(whole == .refused(refusal), "\(head.debugDescription)")
            } else if case .refused(let refusal) = whole {
                Issue.record("\(refusal): \(head.debugDescription)")
            }
            #expect(parsePieces(bytes, ends: Array(0...bytes.count), limits: limits) == whole)
        }
    }

    @Test func bytesComingOneByOneAreEachSearchedOnce() {
        // What was searched is spoiled at once: a second look before the head is whole would refuse it.
        var text = "GET / HTTP/1.1\r\nHost: a\r\n"
        while text.utf8.count < 8000 { text += "X-Padding: " + String(repeating: "p", count: 480) + "\r\n" }
        let bytes = Array((text + "\r\n").utf8)
        var memory = bytes
        var head = RequestHead()
        var progress = HeadProgress()
        for end in 1..<bytes.count {
            let outcome = head.parse(memory.span.extracting(..<end).bytes, progress: &progress)
            #expect(outcome == .incomplete)
            // A CR waits for the byte after it.
            if end > 1 { memory[end - 2] = 0 }
        }
        #expect(head.parse(bytes.span.bytes, progress: &progress) == .complete(headLength: bytes.count))
    }

    @Test func randomRequestsAreReadAsTheyWereWritten() {
        let seed: UInt64 = 0x9E37_79B9_7F4A_7C15
        var random = MessageRandom(state: seed)
        for round in 0..<400 {
            let (bytes, expected) = random.request()
            let parsed = parseWhole(bytes)
            #expect(parsed == .head(expected, length: bytes.count), "seed \(seed), round \(round)")
            let ends = (0..<4).map { _ in random.below(bytes.count) }.sorted() + [bytes.count]
            #expect(parsePieces(bytes, ends: ends) == parsed, "seed \(seed), round \(round), \(ends)")
        }
    }
}

/// Random requests with what they should be read as.
struct MessageRandom {
    var state: UInt64

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func text(of alphabet: String, _ counts: ClosedRange<Int>) -> String {
        let letters = Array(alphabet)
        return String(
            (0..<counts.lowerBound + below(counts.count)).map { _ in letters[below(letters.count)] })
    }

    /// Another spelling of the same name.
    mutating func recased(_ name: String) -> String {
        String(name.map { below(2) == 0 ? Character($0.uppercased()) : Character($0.lowercased()) })
    }

    mutating func request() -> (bytes: [UInt8], view: RequestView) {
        let token = "abcXYZ019-_.!#$%&'*+^`|~"
        let methods: [(String, Method)] = [
            ("GET", .get), ("POST", .post), ("PUT", .put), ("HEAD", .head), ("DELETE", .delete),
            ("PATCH", .patch),
            ("OPTIONS", .options), ("TRACE", .trace), ("X" + text(of: token, 1...20), .other),
        ]
        let (name, method) = methods[below(methods.count)]
        let path = "/" + text(of: "abz/%.;=@:~{}[]\"<>", 0...40)
        let query = text(of: "ab=&?/%+", 0...40)
        let version = below(4) == 0 ? Version.http10 : .http11
        var headers: [(String, String)] = [("Host", "a.example:" + text(of: "0123456789", 1...5))]
        var framing = BodyFraming.none
        var closes = false
        var waits = false
        switch below(3) {
        case 0:
            let length = below(1 << 40)
            headers.append((recased("Content-Length"), "\(length)"))
            if length > 0 { framing = .length(length) }
        case 1 where version == .http11:
            headers.append((recased("Transfer-Encoding"), recased("chunked")))
            framing = .chunked
        default: break
        }
        if below(3) == 0 {
            closes = true
            headers.append((recased("Connection"), "x, " + recased("close")))
        }
        if below(3) == 0 {
            headers.append((recased("Expect"), recased("100-continue")))
            waits = version == .http11 && framing != .none
        }
        for _ in 0..<below(30) {
            let value = text(of: "abc \t,;\"=é€", 0...60)
            headers.append(("X" + text(of: token, 0...40), value))
        }
        // Fisher and Yates.
        for index in stride(from: headers.count - 1, to: 0, by: -1) {
            headers.swapAt(index, below(index + 1))
        }
        let target = path + (query.isEmpty ? "" : "?" + query)
        var message = "\(name) \(target) HTTP/\(version == .http10 ? "1.0" : "1.1")\r\n"
        for (name, value) in headers { message += name + ":" + text(of: " \t", 0...3) + value + "\r\n" }
        let view = RequestView(
            method: method, methodName: name, target: target, form: .origin, path: path, query: query,
            version: version, authority: headers.first { $0.0 == "Host" }?.1 ?? "", hasHost: true,
            framing: framing, keepAlive: version == .http11 && !closes, expectsContinue: waits,
            headers: headers.map { $0.0 + "=" + $0.1.trimmed })
        return (Array((message + "\r\n").utf8), view)
    }
}

extension String {
    /// Without the spaces and tabs at its ends.
    var trimmed: String {
        let blanks: Set<Character> = [" ", "\t"]
        let start = firstIndex { !blanks.contains($0) } ?? endIndex
        let end = lastIndex { !blanks.contains($0) }.map { index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
