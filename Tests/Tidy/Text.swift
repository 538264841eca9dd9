// Rules about one file's name and text. Each returns what it found, so that the tests can show that it finds.

/// A file longer than this owns more than one subject.
private let mostLines = 500

/// Names that say nothing about what a thing does.
private let banned: Set<String> = [
    "manager", "managers", "helper", "helpers", "util", "utils", "utilities", "common", "misc",
]

/// What people write, as against data and licences, whose length nobody chose.
private let written = Set(["sh", "py", "nix", "tf", "awk", "md"] + File.compiled)

private func isScript(_ file: File) -> Bool { file.text.hasPrefix("#!") }

extension StringProtocol {
    /// A manifest's first line. SwiftPM takes all of it for the version, so that nothing else may follow.
    fileprivate var isToolsVersion: Bool {
        String(self).wholeMatch(of: /\/\/ swift-tools-version: [0-9.]+/) != nil
    }
}

func length(_ file: File) -> [Untidy] {
    let lines = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
    guard written.contains(file.ending) || isScript(file), lines > mostLines else { return [] }
    return [Untidy(file.path, "\(lines) lines; split it by subject, at most \(mostLines)")]
}

/// Words of a name in any case style: `HTTPUtilBox` and `http_util_box` are both http, util, box.
func words(of name: Substring) -> [String] {
    name.matches(of: /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/).map { $0.output.lowercased() }
}

/// Names that others gave: Foundation's, X.509's, arithmetic's.
private let foreign: Set<String> = ["FileManager", "commonName", "NID_commonName", "greatestCommonDivisor"]

/// Banned words in the path, and in every name that the file uses: of types, functions, variables, labels and
/// macros in what is compiled, of functions and variables in scripts.
func names(_ file: File) -> [Untidy] {
    func isBanned(_ name: Substring) -> Bool { words(of: name).contains(where: banned.contains) }
    var found = file.parts.filter(isBanned).map { Untidy(file.path, "\($0) says nothing about what it does") }
    func refuse(_ name: some StringProtocol, _ line: Int) {
        found.append(Untidy(file.path, line: line, "\(name) says nothing about what it does"))
    }
    guard file.isCompiled || isScript(file) || file.ending == "sh" else { return found }
    let roots = ["manager", "helper", "util", "common", "misc"]
    let lowered = file.code.lowercased()
    guard roots.contains(where: lowered.contains) else { return found }
    if file.isCompiled {
        for identifier in identifiers(in: file.code)
        where isBanned(identifier.name[...]) && !foreign.contains(identifier.name) {
            refuse(identifier.name, identifier.line)
        }
        return found
    }
    let declared = /^\s*(?:(?:local|readonly|declare|export|function|def|class)\s+)*(\w+)\s*(?:\(|=)/
    for (index, line) in file.lines.enumerated() {
        if let name = line.firstMatch(of: declared)?.output.1, isBanned(name) { refuse(name, index + 1) }
    }
    return found
}

/// The fewest words that can say what a file owns.
private let fewestWords = 5

/// The file opens with what it owns: a comment, or in Markdown a heading.
func opening(_ file: File) -> [Untidy] {
    guard written.contains(file.ending) || isScript(file) else { return [] }
    var lines = file.lines.drop { $0.isEmpty || $0.hasPrefix("#!") || $0.isToolsVersion }
    if lines.first?.hasPrefix("// swift-tools-version") == true {
        return [Untidy(file.path, "its first line is no version that SwiftPM can read")]
    }
    lines = lines.drop { $0.hasPrefix("# shellcheck ") }
    let first = lines.first ?? ""
    if file.ending == "md" {
        return first.hasPrefix("# ") ? [] : [Untidy(file.path, "does not open with a heading")]
    }
    let mark = ["//", "/*", "#", "\"\"\""].first { first.hasPrefix($0) && !first.hasPrefix("#if") }
    let prose = mark.map { first.dropFirst($0.count) + " " + (lines.dropFirst().first ?? "") }
    if let prose, prose.split(separator: " ").count >= fewestWords { return [] }
    return [Untidy(file.path, "does not open with a sentence on what it owns")]
}

/// In Sources: nothing that traps without saying why, and nothing left for later.
func unfinished(_ file: File) -> [Untidy] {
    guard file.path.hasPrefix("Sources/") else { return [] }
    var found: [Untidy] = []
    for (index, line) in file.lines.enumerated() {
        for word in ["TODO", "FIXME", "XXX"] where line.contains(word) {
            found.append(Untidy(file.path, line: index + 1, "\(word): do it now, or write the issue"))
        }
        if line.contains("fatalError(\"unimplemented") || line.contains("fatalError(\"not implemented") {
            found.append(Untidy(file.path, line: index + 1, "is not implemented"))
        }
    }
    guard file.ending == "swift" else { return found }
    for (index, line) in file.codeLines.enumerated() {
        if line.contains("try!") { found.append(Untidy(file.path, line: index + 1, "try! hides its error")) }
        if unwrapsByForce(line) {
            found.append(Untidy(file.path, line: index + 1, "a force unwrap traps without saying why"))
        }
    }
    return found
}

/// A `!` right behind a value and not before `=`; `try!` has its own rule.
private func unwrapsByForce(_ line: Substring) -> Bool {
    let bytes = Array(line.utf8)
    return bytes.indices.dropFirst().contains { index in
        guard bytes[index] == UInt8(ascii: "!") else { return false }
        if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "=") { return false }
        if bytes[..<index].suffix(3).elementsEqual("try".utf8) { return false }
        switch bytes[index - 1] {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ")"), UInt8(ascii: "]"):
            return true
        default: return false
        }
    }
}

/// Folders of one person's machine; the names stand apart so that this file passes.
private let machineFolders = ["work", "home", "root"]

/// No path of the machine on which it was written.
func machinePaths(_ file: File) -> [Untidy] {
    var found: [Untidy] = []
    for folder in machineFolders where file.text.contains("/\(folder)/") {
        for (index, line) in file.lines.enumerated() {
            for range in line.ranges(of: "/\(folder)/") {
                // Behind a name it is a folder of something else: https://x/home/, $tree/work/.
                let before = line[..<range.lowerBound].last
                if before.map({ $0.isLetter || $0.isNumber || "_-.)}".contains($0) }) ?? false { continue }
                found.append(Untidy(file.path, line: index + 1, "/\(folder)/ is a path of one machine"))
            }
        }
    }
    return found
}
