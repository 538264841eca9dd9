// What is refused, why, and where.
import JSON
import Testing

@Suite struct RefusalTests {
    @Test(arguments: [
        ("", JSONError(.empty, at: 0)), ("  \n", .init(.empty, at: 3)),
        ("\u{FEFF}{}", .init(.byteOrderMark, at: 0)),
        ("{", .init(.truncated, at: 1)), ("[1,", .init(.truncated, at: 3)),
        ("\"abc", .init(.truncated, at: 4)),
        ("{\"a\":", .init(.truncated, at: 5)), ("tru", .init(.truncated, at: 3)),
        ("-", .init(.truncated, at: 1)),
        ("\"\\u00", .init(.truncated, at: 5)), ("\"\\", .init(.truncated, at: 2)),
        ("1 2", .init(.trailingBytes, at: 2)), ("{}x", .init(.trailingBytes, at: 2)),
        ("[],[]", .init(.trailingBytes, at: 2)),
        ("]", .init(.expectedValue, at: 0)), ("[,1]", .init(.expectedValue, at: 1)),
        ("[1,]", .init(.expectedValue, at: 3)),
        ("{\"a\":}", .init(.expectedValue, at: 5)), ("[x]", .init(.expectedValue, at: 1)),
        ("['a']", .init(.expectedValue, at: 1)),
        ("[+1]", .init(.expectedValue, at: 1)), ("[.5]", .init(.expectedValue, at: 1)),
        ("[NaN]", .init(.expectedValue, at: 1)),
        ("[Infinity]", .init(.expectedValue, at: 1)), ("\u{c}1", .init(.expectedValue, at: 0)),
        ("\u{0}", .init(.expectedValue, at: 0)),
        ("{1:2}", .init(.expectedKey, at: 1)), ("{,}", .init(.expectedKey, at: 1)),
        ("{\"a\":1,}", .init(.expectedKey, at: 7)),
        ("{a:1}", .init(.expectedKey, at: 1)), ("{\"a\" 1}", .init(.expectedColon, at: 5)),
        ("{\"a\"}", .init(.expectedColon, at: 4)),
        ("[1 2]", .init(.expectedCommaOrEnd, at: 3)), ("[1}", .init(.expectedCommaOrEnd, at: 2)),
        ("{\"a\":1]", .init(.expectedCommaOrEnd, at: 6)), ("[\"a\":1]", .init(.expectedCommaOrEnd, at: 4)),
        ("{\"a\":\"b\":1}", .init(.expectedCommaOrEnd, at: 8)), ("[1x]", .init(.expectedCommaOrEnd, at: 2)),
        ("{\"a\":1,2}", .init(.expectedKey, at: 7)), ("{\"a\":{},[]}", .init(.expectedKey, at: 8)),
        ("[{},\"a\":1]", .init(.expectedCommaOrEnd, at: 7)),
        ("[1,\"a\":2]", .init(.expectedCommaOrEnd, at: 6)),
        ("nul", .init(.truncated, at: 3)), ("nulL", .init(.invalidLiteral, at: 3)),
        ("[True]", .init(.expectedValue, at: 1)),
        ("[truex]", .init(.expectedCommaOrEnd, at: 5)), ("[fals ]", .init(.invalidLiteral, at: 5)),
        ("[1.]", .init(.invalidNumber, at: 3)), ("[1e]", .init(.invalidNumber, at: 3)),
        ("[1e+]", .init(.invalidNumber, at: 4)),
        ("[-x]", .init(.invalidNumber, at: 2)), ("[1.e5]", .init(.invalidNumber, at: 3)),
        ("[--1]", .init(.invalidNumber, at: 2)),
        ("[01]", .init(.leadingZero, at: 1)), ("[-00]", .init(.leadingZero, at: 2)),
        ("[0x1]", .init(.expectedCommaOrEnd, at: 2)),
        ("[\"a\nb\"]", .init(.controlCharacter, at: 3)), ("[\"\u{0}\"]", .init(.controlCharacter, at: 2)),
        ("[\"\\x\"]", .init(.invalidEscape, at: 3)), ("[\"\\u12g4\"]", .init(.invalidEscape, at: 6)),
        ("[\"\\U0041\"]", .init(.invalidEscape, at: 3)),
        ("[\"\\ud800\"]", .init(.loneSurrogate, at: 2)), ("[\"\\udc00\"]", .init(.loneSurrogate, at: 2)),
        ("[\"\\ud800\\u0041\"]", .init(.loneSurrogate, at: 2)),
        ("[\"\\ud800\\ud800\"]", .init(.loneSurrogate, at: 2)),
        ("[\"\\ud800x\"]", .init(.loneSurrogate, at: 2)), ("[\\n]", .init(.expectedValue, at: 1)),
        ("[1,é]", .init(.expectedValue, at: 3)),
    ])
    func refuses(text: String, expected: JSONError) {
        let bytes = Array(text.utf8)
        #expect(error(in: bytes) == expected, "\(text)")
        #expect(validationError(bytes) == expected, "\(text)")
        // The same far into a document, beyond the first vectors.
        let prefix = Array("[\"\(String(repeating: "x", count: 150))\",".utf8)
        if ![.byteOrderMark, .empty, .trailingBytes].contains(expected.reason) {
            let inner = error(in: prefix + bytes + Array("]".utf8))
            #expect(inner != nil && inner?.reason != .malformed, "\(text)")
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xE2, 0x82],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
            [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bad: [UInt8]) {
        for padding in [0, 58, 59, 60, 61, 62, 63, 64, 130] {
            let start = 1 + padding
            let bytes = [0x22] + [UInt8](repeating: 0x61, count: padding) + bad + [0x22]
            #expect(error(in: bytes) == JSONError(.invalidUTF8, at: start))
        }
    }

    @Test func refusesWhatIsTooDeepOrTooLarge() throws {
        for depth in [1, 3, 63, 64, 65, 128, JSONLimits.deepest] {
            let open = String(repeating: "[", count: depth), close = String(repeating: "]", count: depth)
            #expect(error(in: Array((open + close).utf8), depth: depth) == nil)
            #expect(
                error(in: Array(("[" + open + close + "]").utf8), depth: depth)
                    == JSONError(.tooDeep, at: depth))
            let objects =
                String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
            #expect(error(in: Array(objects.utf8), depth: depth) == nil)
        }
        // An object at every place of the brackets' bits, closed by its own bracket and by the other one.
        let mixed = (0..<JSONLimits.deepest).map { $0 % 3 == 1 ? ("{\"a\":", "}") : ("[", "]") }
        let good = mixed.map(\.0).joined() + "1" + mixed.reversed().map(\.1).joined()
        #expect(error(in: Array(good.utf8), depth: JSONLimits.deepest) == nil)
        for place in [0, 1, 63, 64, 511, JSONLimits.deepest - 1] {
            var closing = mixed.map(\.1)
            closing[place] = closing[place] == "}" ? "]" : "}"
            let bad = mixed.map(\.0).joined() + "1" + closing.reversed().joined()
            let at = good.utf8.count - 1 - place
            #expect(
                error(in: Array(bad.utf8), depth: JSONLimits.deepest)
                    == JSONError(.expectedCommaOrEnd, at: at))
        }
        // Deeper than any stack that recursion could use.
        #expect(error(in: [UInt8](repeating: 0x5B, count: 1_000_000)) == JSONError(.tooDeep, at: 64))

        var scratch = JSONScratch(maximumBytes: 4)
        #expect(throws: JSONError(.tooLarge, at: 4)) {
            _ = try readAll(Array("[1,2]".utf8).span.bytes, scratch: &scratch)
        }
        #expect(throws: JSONError(.tooLarge, at: 2)) {
            try JSONDocument.validate(Array("[1,2]".utf8).span.bytes, limits: JSONLimits(bytes: 2))
        }
    }

    @Test(
        arguments: [
            ("{\"a\":1,\"b\":{\"a\":2},\"a\":3}", 19), ("{\"x\":[{\"k\":1,\"\\u006b\":2}]}", 13),
            ("{\"\":1,\"\":2}", 6),
            ("{\"a\":1,\"b\":2}", nil), ("[{\"a\":1},{\"a\":1},\"a\",\"a\"]", nil),
            ("{\"a\":\"a\",\"b\":\"a\"}", nil), ("1", nil),
        ] as [(String, Int?)])
    func refusesDuplicateKeysOnRequest(text: String, offset: Int?) throws {
        var scratch = JSONScratch(maximumBytes: 100)
        let bytes = Array(text.utf8)
        let document = try JSONDocument(bytes.span.bytes, scratch: &scratch)
        var found: Int?
        do throws(JSONError) { try document.refuseDuplicateKeys() } catch { found = error.offset }
        #expect(found == offset)
    }

    @Test func refusesEveryTruncation() throws {
        let text =
            "{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\ud83d\\ude00é😀\"],\"b\":{\"c\":[{},[],\"\"]},\"d\":false}"
        let bytes = Array(text.utf8)
        #expect(error(in: bytes) == nil)
        for end in 0..<bytes.count {
            let error = error(in: Array(bytes[..<end]))
            #expect(error?.reason == (end == 0 ? .empty : .truncated) && error?.offset == end, "\(end)")
        }
    }

    @Test func saysWhere() {
        let bytes = Array("{\n  \"a\": 1,\n  \"b\" 2\n}".utf8)
        let error = error(in: bytes)
        #expect(error == JSONError(.expectedColon, at: 18))
        #expect(error?.location(in: bytes.span.bytes) == JSONLocation(line: 3, column: 7))
        #expect(error?.description == "expected ':' after a key at byte 18")
        for reason in JSONError.Reason.allCases { #expect(!reason.description.isEmpty) }
    }

    private func validationError(_ bytes: [UInt8]) -> JSONError? {
        do throws(JSONError) { try JSONDocument.validate(bytes.span.bytes) } catch { return error }
        return nil
    }
}
