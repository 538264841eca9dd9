// Swift source without its comments and without what stands in its string literals, so that a rule about code
// does not stumble over prose. Lines keep their numbers. Regex literals are taken for code.

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
    for (index, line) in codeOnly(file.text).split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
    where line.contains("import") {
        var words = line.split(separator: " ")[...]
        words = words.drop { modifiers.contains($0) || $0.hasPrefix("@") }
        guard words.first == "import" else { continue }
        words = words.dropFirst().drop { kinds.contains($0) }
        if let module = words.first?.split(separator: ".").first {
            found.append((line: index + 1, module: String(module)))
        }
    }
    return found
}
