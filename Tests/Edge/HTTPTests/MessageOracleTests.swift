// The same requests read by h11, Python's HTTP/1.1 state machine, which nobody here wrote: where both accept,
// they must agree on every part and on where the body ends; where they do not agree to accept, the difference
// is one that is meant.
import Foundation
import HTTP
import Testing

@Suite struct MessageOracleTests {
    /// What is refused here and accepted by h11, and why it stays refused.
    static let stricter: [Refusal: String] = [
        .bareLineFeed: "h11 takes LF for CR LF: two readers that differ in that are where smuggling begins",
        .bareCarriageReturn: "h11 ends a line at LF and drops every CR before it",
        .controlByte: "h11 lets some control bytes through in values",
        .foldedLine: "h11 unfolds; RFC 9112 §5.2 lets a server refuse",
        .repeatedContentLength: "h11 takes equal lengths for one",
        .invalidContentLength: "h11 takes `5, 5` for one length, and has no largest one",
        .transferEncodingWithContentLength: "h11 ignores the length; RFC 9112 §6.3 suspects an attack",
        .unsupportedVersion: "h11 leaves the version to its caller",
        .http2Preface: "h11 leaves the version to its caller",
        .invalidTarget: "h11 leaves the target to its caller",
        .invalidHost: "h11 does not look into the Host",
        .unknownExpectation: "h11 leaves expectations to its caller",
        .invalidChunkExtension: "h11 takes any bytes for an extension, and blanks before the line's end",
        .invalidTrailer: "h11 reads trailers as leniently as headers",
        .bodyTooLarge: "h11 has no limit of the body",
    ]

    /// What h11 refuses and RFC 9112 allows or asks for: a blank line before a request (§2.2), and blanks
    /// around a chunk extension's semicolon (§7.1.1).
    static func isMeantToPass(_ text: String) -> Bool {
        text.hasPrefix("\"\\r\\n") || text.contains(/[0-9a-fA-F] +;/)
    }

    static let script = """
        import sys, h11
        for line in sys.stdin:
            c = h11.Connection(h11.SERVER, max_incomplete_event_size=16384)
            c.receive_data(bytes.fromhex(line.strip()))
            head, body, done = None, b"", False
            try:
                while True:
                    e = c.next_event()
                    if e is h11.NEED_DATA or e is h11.PAUSED: break
                    if isinstance(e, h11.Request):
                        fields = ";".join(n.hex() + "=" + v.hex() for n, v in e.headers)
                        version = e.http_version.decode()
                        head = " ".join([e.method.hex(), e.target.hex(), version, fields])
                    if isinstance(e, h11.Data): body += bytes(e.data)
                    if isinstance(e, h11.EndOfMessage): done = True; break
            except h11.RemoteProtocolError:
                print("refused"); continue
            rest = len(c.trailing_data[0]) if done else 0
            print("incomplete" if head is None else f"{head} {body.hex()} {done} {rest}")
        """

    /// The Python that has h11: the first of PATH or the distribution's.
    static func python() -> String? {
        ["python3", "/usr/bin/python3"].first { run([$0, "-c", "import h11"], input: "") != nil }
    }

    static func run(_ words: [String], input: String) -> String? {
        let process = Process()
        let (toIt, fromIt) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.standardInput = toIt
        process.standardOutput = fromIt
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let writer = Thread { [handle = toIt.fileHandleForWriting] in
            try? handle.write(contentsOf: Data(input.utf8))
            try? handle.close()
        }
        writer.start()
        let output = try? fromIt.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: output ?? Data(), as: UTF8.self) : nil
    }

    @Test(.enabled(if: python() != nil, "needs h11: apt-get install python3-h11"))
    func framingIsWhatH11Says() throws {
        let inputs = Self.inputs()
        let python = try #require(Self.python())
        let hex = inputs.map { $0.hex + "\n" }.joined()
        let output = try #require(Self.run([python, "-c", Self.script], input: hex))
        let answers = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        try #require(answers.count == inputs.count + 1)
        var agreed = 0
        for (bytes, theirs) in zip(inputs, answers) {
            let (ours, refusal) = Self.ours(bytes)
            let text = String(decoding: bytes, as: UTF8.self).debugDescription
            if refusal == nil, theirs == "refused", Self.isMeantToPass(text) { continue }
            if let refusal {
                #expect(
                    theirs == "refused" || Self.stricter[refusal] != nil || theirs == "incomplete",
                    "\(refusal), where h11 says \(theirs): \(text)")
            } else {
                #expect(ours == theirs, "\(text)")
                agreed += 1
            }
        }
        // Enough of both kinds for the comparison to mean something.
        #expect(agreed > 300 && inputs.count - agreed > 300, "\(agreed) of \(inputs.count) are accepted")
    }

    /// What we read, in the script's words.
    static func ours(_ bytes: [UInt8]) -> (String, Refusal?) {
        var head = RequestHead()
        let headLength: Int
        switch head.parse(bytes.span.bytes) {
        case .incomplete: return ("incomplete", nil)
        case .refused(let refusal): return ("refused", refusal)
        case .complete(let length): headLength = length
        }
        let rest = Array(bytes[headLength...])
        var body: [UInt8] = []
        var used = 0
        var isDone = true
        switch head.framing {
        case .none, .untilClose: break
        case .length(let length):
            used = min(length, rest.count)
            body = Array(rest[..<used])
            isDone = used == length
        case .chunked:
            var decoder = ChunkedDecoder(bodyBytesMax: 1_000_000)
            reading: while true {
                switch decoder.next(rest.span.bytes, at: &used) {
                case .data(let data): body += rest[data.indices]
                case .needsMore, .complete: break reading
                case .refused(let refusal): return ("refused", refusal)
                }
            }
            isDone = decoder.isComplete
        }
        // h11 hands names, and the value of this one header, on in small letters.
        let fields = (0..<head.headers.count).map { index in
            let name = Array(bytes[head.headers.name(at: index).indices]).lowercased
            let value = Array(bytes[head.headers.value(at: index).indices])
            return name.hex + "=" + (name == Array("transfer-encoding".utf8) ? value.lowercased : value).hex
        }
        let method = Array(bytes[head.methodName.indices])
        let target = Array(bytes[head.target.indices])
        // The version as it stands, for h11 does not read 1.2 as 1.1.
        let version = bytes[(head.target.end + 6)..<(head.target.end + 9)]
        let line = method.hex + " " + target.hex + " " + String(decoding: version, as: UTF8.self)
        let end = (isDone ? "True " : "False ") + "\(isDone ? rest.count - used : 0)"
        return (line + " " + fields.joined(separator: ";") + " " + body.hex + " " + end, nil)
    }

    /// The tables, random requests with bodies, and random damage to both.
    static func inputs() -> [[UInt8]] {
        var random = MessageRandom(state: 11)
        var sound = MessageSplitTests.everything
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        sound += (MessageChunkedTests.valid.map(\.body) + MessageRefusals.chunks.map(\.body))
            .filter { $0.utf8.count < 500 }.map { Array((chunked + $0 + "GET / HTTP/1.1\r\n").utf8) }
        for _ in 0..<300 {
            let body = "5\r\nhello\r\n" + "a;x=y\r\n0123456789\r\n0\r\n\r\nGET"
            sound.append(random.request().bytes + Array(body.utf8))
        }
        let interesting = Array(" \t\r\n\0:;,=0159afgPG/.-\"\\#?@\u{7F}".utf8) + [0x80, 0xFF]
        var damaged: [[UInt8]] = []
        for bytes in sound + sound where bytes.count > 4 {
            var copy = bytes
            for _ in 0...random.below(2) {
                let place = random.below(copy.count)
                let byte = interesting[random.below(interesting.count)]
                switch random.below(3) {
                case 0: copy[place] = byte
                case 1: copy.insert(byte, at: place)
                default: copy.remove(at: place)
                }
            }
            damaged.append(copy)
        }
        return sound + damaged
    }
}

extension [UInt8] {
    var lowercased: [UInt8] { map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 } }

    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
