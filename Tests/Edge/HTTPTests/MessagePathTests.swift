// Paths, queries and percent encoding, and the byte searches beneath the whole grammar against their portable
// twins.
import CSIMD
import HTTP
import Testing

@Suite struct MessagePathTests {
    @Test func splitsPathsAtEverySlash() {
        let cases: [(path: String, segments: [String])] = [
            ("", []), ("/", [""]), ("/a", ["a"]), ("/a/", ["a", ""]), ("//", ["", ""]),
            ("/a//b", ["a", "", "b"]),
            ("/a/../b", ["a", "..", "b"]), ("/a%2Fb/c", ["a%2Fb", "c"]),
        ]
        for (path, segments) in cases {
            let bytes = Array(("GET " + path + "x").utf8)
            var iterator = PathSegments(ByteRange(start: 4, count: path.utf8.count))
            var found: [String] = []
            while let segment = iterator.next(in: bytes.span.bytes) { found.append(segment.text(in: bytes)) }
            #expect(found == segments, "\(path)")
        }
    }

    @Test func splitsQueriesIntoPairs() {
        let cases: [(query: String, pairs: [String])] = [
            ("", []), ("&&", []), ("a", ["a|"]), ("a=", ["a|"]), ("=a", ["|a"]), ("=", ["|"]),
            ("a=b", ["a|b"]),
            ("a=b&c=d", ["a|b", "c|d"]), ("a=b=c&&d&", ["a|b=c", "d|"]), ("a&a=1&a=2", ["a|", "a|1", "a|2"]),
        ]
        for (query, pairs) in cases {
            let bytes = Array(("?" + query + "&x=y").utf8)
            var iterator = QueryPairs(ByteRange(start: 1, count: query.utf8.count))
            var found: [String] = []
            while let pair = iterator.next(in: bytes.span.bytes) {
                found.append(pair.name.text(in: bytes) + "|" + pair.value.text(in: bytes))
            }
            #expect(found == pairs, "\(query)")
        }
    }

    @Test func decodesPercentsStrictlyAndWithinTheBuffer() {
        func decode(_ text: String, room: Int = 16, plus: Bool = false) -> (PercentEncoding.Outcome, String) {
            // What stands behind the piece would complete a cut escape, if it were looked at.
            let bytes = Array((text + "41").utf8)
            var output = [UInt8](repeating: 0, count: room)
            let outcome = output.withUnsafeMutableBytes {
                PercentEncoding.decode(
                    ByteRange(start: 0, count: text.utf8.count), in: bytes.span.bytes, into: $0,
                    plusIsSpace: plus)
            }
            guard case .decoded(let count) = outcome else { return (outcome, "") }
            return (outcome, String(decoding: output[..<count], as: UTF8.self))
        }
        #expect(decode("a%20b") == (.decoded(count: 3), "a b"))
        #expect(decode("%c3%A9+") == (.decoded(count: 3), "é+"))
        #expect(decode("a+b", plus: true) == (.decoded(count: 3), "a b"))
        #expect(decode("%2541") == (.decoded(count: 3), "%41"))
        #expect(decode("%01") == (.decoded(count: 1), "\u{1}"))
        #expect(decode("") == (.decoded(count: 0), ""))
        #expect(decode("abc", room: 3) == (.decoded(count: 3), "abc"))
        #expect(decode("abcd", room: 3) == (.tooLong, ""))
        for bad in ["%", "%4", "%zz", "%4z", "%z4", "a%", "%00", "% 1", "%+1"] {
            #expect(decode(bad) == (.invalid, ""), "\(bad)")
        }
    }

    @Test func theVectorSearchesAgreeWithTheirTwins() {
        var random = MessageRandom(state: 7)
        // A block exactly as long as the array is asked about, so that a sanitizer sees a byte read too many.
        for length in 0..<140 {
            for round in 0..<8 {
                // Mostly plain bytes, so that searches get far; then every byte there is.
                let bytes = (0..<length).map { _ in
                    random.below(8) < round ? UInt8(random.below(256)) : UInt8(ascii: "a")
                }
                bytes.withUnsafeBufferPointer { buffer in
                    let base = buffer.baseAddress
                    for from in stride(from: 0, through: length, by: 1 + random.below(7)) {
                        for to in stride(from: from, through: length, by: 1 + random.below(17)) {
                            #expect(
                                csimd_http_unplain(base, from, to)
                                    == csimd_http_unplain_portable(base, from, to))
                            #expect(
                                csimd_http_target_end(base, from, to)
                                    == csimd_http_target_end_portable(base, from, to))
                            #expect(
                                csimd_http_controls(base, from, to)
                                    == csimd_http_controls_portable(base, from, to))
                        }
                    }
                }
            }
        }
    }
}
