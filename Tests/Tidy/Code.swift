// Source of Swift and C without its comments and without what stands in its literals, so that a rule about code
// does not stumble over prose. Lines keep their numbers. Regex literals are taken for code.

/// A word of code, with its place and what stands around it.
struct Identifier {
    let name: String
    let line: Int
    /// The last byte before it that is no blank; 0 at the start.
    let before: UInt8
    /// What follows it, to the end of the code.
    let after: ArraySlice<UInt8>

    /// Whether a call or the list of a declaration opens behind it.
    var opensList: Bool { after.first { $0 != UInt8(ascii: " ") } == UInt8(ascii: "(") }

    /// What stands in the parentheses behind it, up to the one that closes them.
    var list: Substring {
        balanced(String(decoding: after.drop { $0 != UInt8(ascii: "(") }.dropFirst(), as: UTF8.self)[...])
    }
}

/// Every word of code that can be a name, keywords and attributes included.
func identifiers(in code: String) -> [Identifier] {
    func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
    let bytes = Array(code.utf8)
    var found: [Identifier] = []
    var (line, before, index) = (1, UInt8(0), 0)
    while index < bytes.count {
        let byte = bytes[index]
        guard isPart(byte) else {
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte > UInt8(ascii: " ") { before = byte }
            index += 1
            continue
        }
        let end = bytes[index...].firstIndex { !isPart($0) } ?? bytes.count
        if byte > UInt8(ascii: "9") {
            found.append(
                Identifier(
                    name: String(decoding: bytes[index..<end], as: UTF8.self), line: line, before: before,
                    after: bytes[end...]))
        }
        before = bytes[end - 1]
        index = end
    }
    return found
}

/// The same number of lines, with comments and the insides of strings left out.
func codeOnly(_ text: String) -> String {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    out.reserveCapacity(rest.count)

    func starts(_ prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { rest.starts(with: $0) }
    }
    /// Drops bytes, but keeps the newlines among them.
    func skip(_ count: Int) {
        for byte in rest.prefix(count) where byte == UInt8(ascii: "\n") { out.append(byte) }
        rest = rest.dropFirst(count)
    }
    func skipBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                skip(2)
            } else if starts("*/") {
                depth -= 1
                skip(2)
            } else {
                skip(1)
            }
        } while depth > 0 && !rest.isEmpty
    }
    /// A string literal of any kind, from its first `#` or quote: replaced by an empty one.
    func skipString() {
        let pounds = rest.prefix { $0 == UInt8(ascii: "#") }.count
        skip(pounds)
        let long = starts("\"\"\"")
        let quote = [UInt8](repeating: UInt8(ascii: "\""), count: long ? 3 : 1)
        let end = quote + [UInt8](repeating: UInt8(ascii: "#"), count: pounds)
        skip(quote.count)
        while !rest.isEmpty, !rest.starts(with: end) {
            if !long && rest.first == UInt8(ascii: "\n") { break }
            skip(pounds == 0 && rest.first == UInt8(ascii: "\\") ? 2 : 1)
        }
        skip(end.count)
        out += Array("\"\"".utf8)
    }

    while let byte = rest.first {
        if starts("//") {
            rest = rest.drop { $0 != UInt8(ascii: "\n") }
        } else if starts("/*") {
            skipBlockComment()
        } else if byte == UInt8(ascii: "'") {
            // A character of C; Swift has no such quotes.
            skip(1)
            while let inside = rest.first, inside != UInt8(ascii: "'"), inside != UInt8(ascii: "\n") {
                skip(inside == UInt8(ascii: "\\") ? 2 : 1)
            }
            skip(1)
        } else if byte == UInt8(ascii: "\"") || starts("#\"") || starts("##\"") {
            skipString()
        } else {
            out.append(byte)
            rest = rest.dropFirst()
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// The modules that a source imports, with the line of each.
func imports(of file: File) -> [(line: Int, module: String)] {
    let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    var found: [(line: Int, module: String)] = []
    for (index, line) in file.codeLines.enumerated() where line.contains("import") {
        for statement in line.split(separator: ";") {
            var words = statement.split(whereSeparator: \.isWhitespace)[...]
            words = words.drop { modifiers.contains($0) || $0.hasPrefix("@") }
            guard words.first == "import" else { continue }
            words = words.dropFirst().drop { kinds.contains($0) }
            if let module = words.first?.split(separator: ".").first {
                found.append((line: index + 1, module: String(module)))
            }
        }
    }
    return found
}
