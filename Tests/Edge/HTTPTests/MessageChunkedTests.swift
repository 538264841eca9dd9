// Chunked bodies: what is accepted, what is refused and at which byte, and that no split, no aliasing and no
// small buffer changes what comes out.
import HTTP
import Testing

@Suite struct MessageChunkedTests {
    static let valid: [(body: String, data: String)] = [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
        ("A\r\n0123456789\r\n000\r\n\r\n", "0123456789"),
        ("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("7\r\n0\r\n\r\n5\r\r\n0\r\n\r\n", "0\r\n\r\n5\r"),
        ("5;a\r\nhello\r\n0;b\r\n\r\n", "hello"),
        ("5;a=b\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5;a=b;c=\"d;\\\"\r\"\r\nhello\r\n0\r\n\r\n".replacing("\r\"", with: "\""), "hello"),
        ("5 ; a = \"\" \t; b\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5;a=\"\té~\"\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n0\r\nExpires: x\r\nY:\r\n\r\n", "hello"),
        ("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", "hello"),
        (
            "3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n0\r\n\r\n",
            String(repeating: "x", count: 1000)
        ),
    ]

    /// What came out, and what of the input was used.
    struct Decoded: Equatable {
        var data: [UInt8] = []
        var used = 0
        var end = ChunkEvent.needsMore
    }

    static func decode(_ body: [UInt8], ends: [Int]) -> Decoded {
        var decoder = ChunkedDecoder(bodyBytesMax: 1000)
        var decoded = Decoded()
        for end in ends {
            let input = Array(body[decoded.used..<end])
            var position = 0
            reading: while true {
                let event = decoder.next(input.span.bytes, at: &position)
                switch event {
                case .data(let data): decoded.data += input[data.indices]
                case .needsMore: break reading
                case .complete, .refused:
                    decoded.used += position
                    decoded.end = event
                    return decoded
                }
            }
            decoded.used += position
        }
        return decoded
    }

    @Test func acceptsWhatTheGrammarAllows() {
        for (body, data) in Self.valid {
            let bytes = Array((body + "GET / next").utf8)
            let decoded = Self.decode(bytes, ends: [bytes.count])
            #expect(decoded.end == .complete, "\(body.debugDescription)")
            #expect(decoded.data == Array(data.utf8), "\(body.debugDescription)")
            #expect(decoded.used == body.utf8.count, "\(body.debugDescription)")
        }
    }

    @Test func refusesEachMalformedBodyForItsReason() {
        for (body, refusal) in MessageRefusals.chunks {
            let bytes = Array(body.utf8)
            let decoded = Self.decode(bytes, ends: [bytes.count])
            #expect(decoded.end == .refused(refusal), "\(body.prefix(40).debugDescription)")
        }
    }

    @Test func noSizeOverflowsTheLargestLimit() {
        let cases: [(size: String, event: ChunkEvent)] = [
            ("7fffffffffffffff", .needsMore), ("0fffffffffffffff", .needsMore),
            ("8000000000000000", .refused(.bodyTooLarge)), ("ffffffffffffffff", .refused(.bodyTooLarge)),
        ]
        for (size, event) in cases {
            let bytes = Array((size + "\r\n").utf8)
            var decoder = ChunkedDecoder(bodyBytesMax: .max)
            var position = 0
            #expect(decoder.next(bytes.span.bytes, at: &position) == event, "\(size)")
        }
    }

    @Test func aRefusalAndAnEndAreFinal() {
        var decoder = ChunkedDecoder(bodyBytesMax: 10)
        var position = 0
        let bad = Array("x".utf8)
        let good = Array("0\r\n\r\n".utf8)
        #expect(decoder.next(bad.span.bytes, at: &position) == .refused(.invalidChunkSize))
        position = 0
        #expect(decoder.next(good.span.bytes, at: &position) == .refused(.invalidChunkSize))
        decoder = ChunkedDecoder(bodyBytesMax: 0)
        #expect(decoder.next(good.span.bytes, at: &position) == .complete && decoder.isComplete)
        position = 0
        #expect(decoder.next(bad.span.bytes, at: &position) == .complete && position == 0)
    }

    @Test func aBodySplitAtAnyByteIsReadAsWhole() {
        for body in Self.valid.map(\.body) + MessageRefusals.chunks.map(\.body) where body.utf8.count < 200 {
            let bytes = Array(body.utf8)
            let whole = Self.decode(bytes, ends: [bytes.count])
            for split in 0..<bytes.count {
                let halves = Self.decode(bytes, ends: [split, bytes.count])
                #expect(halves == whole, "\(body.debugDescription) at \(split)")
            }
            #expect(Self.decode(bytes, ends: Array(0...bytes.count)) == whole, "\(body.debugDescription)")
        }
    }

    @Test func decodesInPlaceAndIntoSmallBuffers() {
        for (body, data) in Self.valid {
            // In place: what follows the body stays where it is, untouched.
            var bytes = Array((body + "next").utf8)
            let inPlace = bytes.withUnsafeMutableBytes { buffer in
                var decoder = ChunkedDecoder(bodyBytesMax: 1000)
                return decoder.decode(UnsafeRawBufferPointer(buffer), into: buffer)
            }
            #expect(inPlace.state == .complete && inPlace.consumed == body.utf8.count)
            #expect(Array(bytes[..<inPlace.produced]) == Array(data.utf8))
            #expect(String(decoding: bytes.suffix(4), as: UTF8.self) == "next")

            // Three bytes at a time.
            let input = Array((body + "next").utf8)
            var decoder = ChunkedDecoder(bodyBytesMax: 1000)
            var output: [UInt8] = []
            var used = 0
            var state = ChunkStep.State.outputFull
            while state == .outputFull {
                var small = [UInt8](repeating: 0, count: 3)
                let step = input.withUnsafeBytes { from in
                    small.withUnsafeMutableBytes { to in
                        decoder.decode(UnsafeRawBufferPointer(rebasing: from[used...]), into: to)
                    }
                }
                used += step.consumed
                output += small[..<step.produced]
                state = step.state
                #expect(state != .outputFull || step.produced == 3)
            }
            #expect(state == .complete && used == body.utf8.count && output == Array(data.utf8))
        }
    }

    @Test func manyTinyChunksCannotCarryMuchBeside() {
        // Each chunk has one byte and an extension within any bound for a single line.
        let chunk = Array("1;a=\"\(String(repeating: "b", count: 200))\"\r\nx\r\n".utf8)
        var decoder = ChunkedDecoder(bodyBytesMax: 1_000_000)
        var sent = 0
        for _ in 0..<100 {
            var position = 0
            sent += chunk.count
            while case .data = decoder.next(chunk.span.bytes, at: &position) {}
            if case .refused(let refusal) = decoder.next(chunk.span.bytes, at: &position) {
                #expect(refusal == .chunkExtensionsTooLong && sent < 6000)
                return
            }
        }
        Issue.record("100 extensions were taken")
    }

    @Test func whatIsEncodedDecodes() {
        for count in [1, 9, 10, 15, 16, 255, 256, 4095, 65_536, 1_000_000] {
            var prefix = [UInt8](repeating: 0, count: ChunkedEncoder.prefixBytesMax)
            let length = prefix.withUnsafeMutableBytes { ChunkedEncoder.writePrefix(count: count, into: $0) }
            #expect(String(decoding: prefix[..<length], as: UTF8.self) == String(count, radix: 16) + "\r\n")
            let body =
                Array(prefix[..<length]) + [UInt8](repeating: 7, count: count)
                + Array("\(ChunkedEncoder.suffix)\(ChunkedEncoder.last)".utf8)
            var decoder = ChunkedDecoder(bodyBytesMax: count)
            var output = [UInt8](repeating: 0, count: count)
            let step = body.withUnsafeBytes { from in
                output.withUnsafeMutableBytes { decoder.decode(from, into: $0) }
            }
            #expect(step.consumed == body.count && step.produced == count && step.state == .complete)
        }
        var widest = [UInt8](repeating: 0, count: ChunkedEncoder.prefixBytesMax)
        #expect(widest.withUnsafeMutableBytes { ChunkedEncoder.writePrefix(count: .max, into: $0) } == 18)
    }
}
