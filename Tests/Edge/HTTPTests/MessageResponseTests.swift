// Response heads as the client reads them, and heads as both sides write them.
import Glibc
import HTTP
import Testing

@Suite struct MessageResponseTests {
    @Test func refusesEachMalformedHeadForItsReason() {
        for (text, refusal) in MessageRefusals.responses {
            let bytes = Array(text.utf8)
            for ends in [[bytes.count], Array(0...bytes.count)] {
                var head = ResponseHead()
                var progress = HeadProgress()
                var outcome = HeadOutcome.incomplete
                for end in ends where outcome == .incomplete {
                    outcome = head.parse(
                        bytes.span.extracting(..<end).bytes, progress: &progress, answering: .get)
                }
                #expect(outcome == .refused(refusal), "\(text.debugDescription)")
            }
        }
        var limits = HeadLimits()
        limits.startLineBytesMax = 17
        var head = ResponseHead(limits: limits)
        var progress = HeadProgress()
        let fits = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
        let long = Array("HTTP/1.1 200 Okay\r\n\r\n".utf8)
        #expect(
            head.parse(fits.span.bytes, progress: &progress, answering: .get)
                == .complete(headLength: fits.count))
        #expect(
            head.parse(long.span.bytes, progress: &progress, answering: .get) == .refused(.statusLineTooLong))
    }

    @Test func readsStatusFramingAndPersistence() {
        struct Case {
            var head: String
            var method = Method.get
            var code: Int
            var reason: String
            var framing: BodyFraming
            var stays: Bool
        }
        let cases = [
            Case(head: "HTTP/1.1 200 OK\r\n", code: 200, reason: "OK", framing: .untilClose, stays: false),
            Case(head: "HTTP/1.1 200 \r\n", code: 200, reason: "", framing: .untilClose, stays: false),
            Case(head: "HTTP/1.1 200\r\n", code: 200, reason: "", framing: .untilClose, stays: false),
            Case(
                head: "HTTP/1.1 404 Nicht gefunden, ö\r\nContent-Length: 7\r\n", code: 404,
                reason: "Nicht gefunden, ö", framing: .length(7), stays: true),
            Case(
                head: "HTTP/1.0 200 OK\r\nContent-Length: 7\r\n", code: 200, reason: "OK",
                framing: .length(7),
                stays: false),
            Case(
                head: "HTTP/1.0 200 OK\r\nContent-Length: 7\r\nConnection: keep-alive\r\n", code: 200,
                reason: "OK",
                framing: .length(7), stays: true),
            Case(
                head: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n", code: 200,
                reason: "OK",
                framing: .none, stays: false),
            Case(
                head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", code: 200, reason: "OK",
                framing: .chunked, stays: true),
            Case(
                head: "HTTP/1.1 100 Continue\r\n", code: 100, reason: "Continue", framing: .none,
                stays: true),
            Case(
                head: "HTTP/1.1 103 Early Hints\r\n", code: 103, reason: "Early Hints", framing: .none,
                stays: true),
            Case(
                head: "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n", code: 204, reason: "No Content",
                framing: .none, stays: true),
            Case(
                head: "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n", code: 304, reason: "Not Modified",
                framing: .none, stays: true),
            Case(
                head: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", method: .head, code: 200, reason: "OK",
                framing: .none, stays: true),
            Case(
                head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", method: .head, code: 200,
                reason: "OK",
                framing: .none, stays: true),
            Case(
                head: "HTTP/1.1 200 OK\r\n", method: .connect, code: 200, reason: "OK", framing: .none,
                stays: true),
            Case(
                head: "HTTP/1.1 405 No\r\nContent-Length: 2\r\n", method: .connect, code: 405, reason: "No",
                framing: .length(2), stays: true),
            Case(
                head: "HTTP/1.1 200 OK\r\nExpect: surprise\r\nHost: a\r\nHost: b\r\nContent-Length: 1\r\n",
                code: 200,
                reason: "OK", framing: .length(1), stays: true),
        ]
        for expected in cases {
            let bytes = Array((expected.head + "\r\nbody").utf8)
            var head = ResponseHead()
            var progress = HeadProgress()
            let outcome = head.parse(bytes.span.bytes, progress: &progress, answering: expected.method)
            #expect(outcome == .complete(headLength: bytes.count - 4), "\(expected.head.debugDescription)")
            #expect(Int(head.code) == expected.code && head.reason.text(in: bytes) == expected.reason)
            #expect(head.framing == expected.framing, "\(expected.head.debugDescription)")
            #expect(head.keepAlive == expected.stays, "\(expected.head.debugDescription)")
            #expect(head.isInterim == (expected.code < 200))
        }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        var buffer = [UInt8](repeating: 0xAA, count: 512)
        let value = Array("a\té b".utf8)
        let length = try buffer.withUnsafeMutableBytes { room in
            var writer = HeadWriter(into: room)
            writer.start(.notFound)
            writer.field("Content-Length", 299)
            writer.field("X-Min", Int.min)
            writer.field("X-Zero", 0)
            writer.field("X-Text", "plain")
            writer.field("X-Bytes", value.span.bytes)
            writer.field("X-Empty", "")
            return try writer.finish()
        }
        let text = String(decoding: buffer[..<length], as: UTF8.self)
        #expect(
            text
                == "HTTP/1.1 404 Not Found\r\nContent-Length: 299\r\n"
                + "X-Min: -9223372036854775808\r\nX-Zero: 0\r\nX-Text: plain\r\n"
                + "X-Bytes: a\té b\r\nX-Empty: \r\n\r\n"
        )
        #expect(buffer[length] == 0xAA)
        var head = ResponseHead()
        var progress = HeadProgress()
        let outcome = head.parse(buffer.span.bytes, progress: &progress, answering: .get)
        #expect(outcome == .complete(headLength: length) && head.contentLength == 299 && head.code == 404)

        let target = Array("/a?b=%20".utf8)
        let requestLength = try buffer.withUnsafeMutableBytes { room in
            var writer = HeadWriter(into: room)
            writer.start(method: "POST", target: target.span.bytes)
            writer.field("Host", "a")
            return try writer.finish()
        }
        guard case .head(let request, requestLength) = parseWhole(buffer) else {
            Issue.record("the written request is not read")
            return
        }
        #expect(request.method == .post && request.target == "/a?b=%20")
    }

    @Test func everyStatusLineCarriesItsCodeAndReason() throws {
        let statuses: [Status] = [
            .continue, .ok, .badRequest, .notFound, .methodNotAllowed, .requestTimeout, .contentTooLarge,
            .uriTooLong, .expectationFailed, .headerFieldsTooLarge, .internalServerError, .notImplemented,
            .badGateway, .serviceUnavailable, .versionNotSupported,
        ]
        #expect(Set(statuses.map(\.code)).count == statuses.count)
        for status in statuses {
            var buffer = [UInt8](repeating: 0, count: 128)
            let length = try buffer.withUnsafeMutableBytes { room in
                var writer = HeadWriter(into: room)
                writer.start(status)
                return try writer.finish()
            }
            var head = ResponseHead()
            var progress = HeadProgress()
            let outcome = head.parse(buffer.span.bytes, progress: &progress, answering: .get)
            #expect(outcome == .complete(headLength: length) && head.code == status.code)
            #expect(!head.reason.isEmpty)
        }
    }

    @Test func aHeadThatWouldSmuggleOrNotFitIsNeverFinished() {
        func failure(_ room: Int = 256, _ write: (inout HeadWriter) -> Void) -> HeadWriteFailure? {
            var buffer = [UInt8](repeating: 0, count: room)
            return buffer.withUnsafeMutableBytes { room -> HeadWriteFailure? in
                var writer = HeadWriter(into: room)
                write(&writer)
                do throws(HeadWriteFailure) {
                    _ = try writer.finish()
                    return nil
                } catch { return error }
            }
        }
        for bad in ["a\r\nSet-Cookie: x", "a\rb", "a\nb", "a\0b", "\u{1B}", "\u{7F}"] {
            let bytes = Array(bad.utf8)
            #expect(failure { $0.field("X", bytes.span.bytes) } == .injection, "\(bad.debugDescription)")
            #expect(failure { $0.start(method: "GET", target: bytes.span.bytes) } == .injection)
        }
        let spaced = Array("/a HTTP/1.1".utf8)
        #expect(failure { $0.start(method: "GET", target: spaced.span.bytes) } == .injection)
        #expect(failure { $0.start(method: "GET", target: [UInt8]().span.bytes) } == .injection)
        #expect(failure { $0.field("X", "a\nb") } == .injection)
        #expect(failure { $0.field("X Y", "a") } == .injection)
        #expect(failure { $0.field("X:", "a") } == .injection)
        #expect(failure { $0.field("", "a") } == .injection)
        // "HTTP/1.1 200 OK\r\n\r\n" has 19 bytes.
        #expect(failure(19) { $0.start(.ok) } == nil)
        #expect(failure(18) { $0.start(.ok) } == .tooLong)
        #expect(failure(0) { $0.start(.ok) } == .tooLong)
        #expect(failure(8) { $0.field("X", 123_456) } == .tooLong)
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Thu, 30 Feb 2023 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Fri, 06 Nov 1868 08:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT",
    ])
    func otherDatesAreNone(_ text: String) { #expect(HTTPDate.seconds(text) == nil) }

    @Test func datesAreTheSystemsOwn() {
        var seconds: [Int64] = [
            0, 1, 59, 784_111_777, 951_782_400, 951_868_800, 4_107_542_399, HTTPDate.secondsMax,
        ]
        // Every 40 days and some, over the leap years of three centuries.
        seconds += (0..<3000).map { Int64($0) * 3_462_301 }
        for second in seconds {
            var output = [UInt8](repeating: 0, count: HTTPDate.byteCount)
            output.withUnsafeMutableBytes { HTTPDate.write(secondsSinceEpoch: second, into: $0) }
            var time = time_t(second)
            var parts = tm()
            gmtime_r(&time, &parts)
            var expected = [CChar](repeating: 0, count: 64)
            let length = strftime(&expected, expected.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            let text = expected[..<length].map { UInt8(bitPattern: $0) }
            #expect(output == text, "\(second)")
            #expect(HTTPDate.seconds(String(decoding: text, as: UTF8.self)) == second)
        }
        for (second, text) in [
            (Int64.min, "Thu, 01 Jan 1970 00:00:00 GMT"), (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            var output = [UInt8](repeating: 0, count: HTTPDate.byteCount)
            output.withUnsafeMutableBytes { HTTPDate.write(secondsSinceEpoch: second, into: $0) }
            #expect(String(decoding: output, as: UTF8.self) == text)
        }
    }
}
