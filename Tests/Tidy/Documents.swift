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

/// A command of ours in a document, and the words that follow it, as far as they are no placeholders that nobody
/// here knows.
struct Promise: Hashable {
    static let commands = ["dev", "paceline", "paceline-node"]

    var line: Int
    var command: String
    var words: [String]

    /// What stands for a value in a document, and a value that will do.
    private static let placeholders = [
        "FILE": "file.json", "URL": "http://127.0.0.1", "N": "1", "SECONDS": "1", "DAEMON": "node",
        "SHELL": "bash",
    ]

    /// Nil where the command is none of ours.
    init?(line: Int, of words: [String]) {
        let words = words.drop { ["$", "exec", "sudo", "time"].contains($0) || $0.contains("=") }
        guard let first = words.first, let name = first.split(separator: "/").last.map(String.init),
            Self.commands.contains(name), first == name || first.hasPrefix("./") || first.hasPrefix("."),
            // `paceline-node: …` in a page is what it prints.
            !(words.dropFirst().first == "=")
        else { return nil }
        self.init(line: line, command: name, words: [])
        for word in words.dropFirst() {
            if let value = Self.placeholders[word] {
                self.words.append(value)
            } else if word.contains(where: { "$…*<>{}[]".contains($0) }) || word.contains("...")
                || word.allSatisfy({ $0.isUppercase || $0 == "_" })
            {
                // An option whose value is unknown is left out with it.
                if self.words.last?.hasPrefix("-") == true { self.words.removeLast() }
                break
            } else {
                self.words.append(word)
            }
        }
    }

    init(line: Int, command: String, words: [String]) {
        self.line = line
        self.command = command
        self.words = words
    }
}

func promises(in document: File) -> [Promise] {
    code(in: document).flatMap { line, code in
        simpleCommands(in: code).compactMap { Promise(line: line, of: $0) }
    }
}

/// The commands in a line of shell, each as its words: without pipes, redirections, comments and quotes.
func simpleCommands(in line: String) -> [[String]] {
    var commands: [[String]] = [[]]
    var word: String?
    var quote: Character?
    /// The next word is where to or where from.
    var isRedirected = false

    func endWord() {
        guard let whole = word else { return }
        word = nil
        if isRedirected {
            isRedirected = false
        } else {
            commands[commands.count - 1].append(whole)
        }
    }
    for character in line {
        if let open = quote {
            if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            continue
        }
        switch character {
        case "'", "\"":
            quote = character
            word = word ?? ""
        case "#" where word == nil:
            return commands.filter { !$0.isEmpty }
        case "|", ";", "&", "(", ")":
            endWord()
            isRedirected = false
            commands.append([])
        case ">", "<":
            // The number of a stream belongs to the redirection.
            if word?.allSatisfy(\.isNumber) == true { word = nil }
            endWord()
            isRedirected = true
        case _ where character.isWhitespace: endWord()
        default: word = (word ?? "") + String(character)
        }
    }
    endWord()
    return commands.filter { !$0.isEmpty }
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
