// Tables as RFC 4180 has them, and what is refused.
import Documents
import Testing
import Units

private func rows(_ text: String, separator: Character = ",") throws -> [[String]] {
    var reader = DelimitedText(Array(text.utf8), separator: separator.asciiValue ?? 0)
    var rows: [[String]] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
}

@Test(
    arguments: [
        ("", []),
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("\u{FEFF}a\n\n\nb\n", [["a"], ["b"]]),
        (",\n,,\n", [["", ""], ["", "", ""]]),
        ("\"a,b\",\"c\"\"d\",\"e\nf\"\n", [["a,b", "c\"d", "e\nf"]]),
        ("\"\"\n", [[""]]),
        ("ä,日本\n", [["ä", "日本"]]),
    ] as [(String, [[String]])])
func tablesAreRead(text: String, expected: [[String]]) throws {
    #expect(try rows(text) == expected)
}

@Test(arguments: [
    ("a\nb\"c\n", 2, DelimitedTextError.Reason.strayQuote),
    ("\"a\"b\n", 1, .strayQuote),
    ("a\n\"b\nc\n", 2, .openQuote),
])
func brokenTablesAreRefusedWithTheirLine(text: String, line: Int, reason: DelimitedTextError.Reason) {
    let error = #expect(throws: DelimitedTextError.self) { try rows(text) }
    #expect(error?.line == line && error?.reason == reason)
}

@Test func bytesThatAreNoTextAreRefused() {
    var reader = DelimitedText([0x61, 0x0A, 0xFF, 0x0A])
    #expect(throws: Never.self) { try reader.next() }
    let error = #expect(throws: DelimitedTextError.self) { try reader.next() }
    #expect(error?.line == 2 && error?.reason == .notUTF8)
}

/// Whatever is written with every field in quotes is read again.
@Test(arguments: 0..<50 as Range<UInt64>)
func whatIsWrittenIsRead(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let alphabet = Array("ab,\"\n\r\t é")
    let table = (0..<8).map { _ in
        (0..<Int(1 + random.next() % 5)).map { _ in
            String(
                (0..<Int(random.next() % 6)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))]
                })
        }
    }
    let text = table.map { row in
        row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
    }.joined(separator: "\r\n")
    // Swift takes \r\n for one character, so both sides are compared as bytes.
    #expect(
        try rows(text).map { $0.map { Array($0.utf8) } } == table.map { $0.map { Array($0.utf8) } },
        "seed \(seed)")
}
