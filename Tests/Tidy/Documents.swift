// What the documents promise: the commands in them exist, the files they name exist, every decision is
// linked.
import Foundation

/// The lines of fenced blocks and the insides of `code spans`: what a reader may type or open.
func code(in document: File) -> [(line: Int, code: String)] {
    var found: [(line: Int, code: String)] = []
    var fenced = false
    for (index, line) in document.lines.enumerated() {
        if line.hasPrefix("```") {
            fenced.toggle()
        } else if fenced || line.hasPrefix("    ") {
            found.append((index + 1, String(line)))
        } else {
            found += line.matches(of: /`([^`]+)`/).map { (index + 1, String($0.output.1)) }
        }
    }
    return found
}

/// A command of ours in a document: `./dev` or `paceline`, and the plain words that follow it.
struct Promise: Hashable {
    var line: Int
    var command: String
    var words: [String]
}

func promises(in document: File) -> [Promise] {
    let ours = /(?:^|[\s\/])(dev|paceline)((?:\s+[a-z][a-z-]*(?=\s|$|[;|&)]))+)/
    return code(in: document).flatMap { line, code in
        code.matches(of: ours).map { match in
            Promise(
                line: line, command: String(match.output.1),
                words: match.output.2.split(whereSeparator: \.isWhitespace).map(String.init))
        }
    }
}

/// Paths in code spans that lie in a folder of ours, and the targets of links, that are there neither from
/// the root nor beside the document.
func missingPaths(_ document: File, exists: (String) -> Bool) -> [Untidy] {
    let folders = [
        "Sources/", "Tests/", "docs/", "tools/", "Benchmarks/", ".ci/", "nixos/", "terraform/", "runbooks/",
    ]
    let here = document.parts.dropLast().joined(separator: "/")
    var found: [Untidy] = []
    for (line, code) in code(in: document) {
        for word in code.split(whereSeparator: { " '\"(),;".contains($0) }) {
            let path = word.hasPrefix("./") ? word.dropFirst(2) : word
            guard folders.contains(where: path.hasPrefix), !path.contains("/.build"),
                !path.contains(where: { "*…{}<>$=".contains($0) }), !path.contains("NAME"),
                !path.contains("NNNN")
            else { continue }
            if !exists(String(path)), !exists("\(here)/\(path)") {
                found.append(Untidy(document.path, line: line, "\(path) is not there"))
            }
        }
    }
    for (index, line) in document.lines.enumerated() {
        for match in line.matches(of: /\]\(([^)#\s]+)[^)]*\)/) where !match.output.1.contains("://") {
            let path = here.isEmpty ? String(match.output.1) : "\(here)/\(match.output.1)"
            let plain = URL(fileURLWithPath: "/" + path).standardized.path.dropFirst()
            if !exists(String(plain)) {
                found.append(
                    Untidy(document.path, line: index + 1, "links to \(match.output.1), which is not there"))
            }
        }
    }
    return found
}

/// The pages of docs/decisions: numbered from 0001 without gaps, each linked from their list or the
/// architecture.
func decisions(_ files: [File]) -> [Untidy] {
    let folder = "docs/decisions/"
    let linking = files.filter { $0.path == "ARCHITECTURE.md" || $0.path == folder + "README.md" }
    var found: [Untidy] = []
    var next = 1
    for file in files.sorted(by: { $0.path < $1.path })
    where file.path.hasPrefix(folder) && file.name != "README.md" {
        let number = file.name.firstMatch(of: /^(\d{4})-[a-z0-9-]+\.md$/).flatMap { Int($0.output.1) }
        if number != next { found.append(Untidy(file.path, "should be number \(next), as NNNN-title.md")) }
        next = (number ?? next) + 1
        if !linking.contains(where: {
            $0.text.contains("(\(file.name))") || $0.text.contains("(\(file.path))")
        }) {
            found.append(
                Untidy(file.path, "is linked neither from ARCHITECTURE.md nor from \(folder)README.md"))
        }
    }
    return found
}
