// The commands in a piece of shell, each as its words, and the variables that it sets and uses. Not a shell: whether a
// piece is shell at all, `bash -n` says. What runs inside of quotes and substitutions is found too.

public struct ShellScan: Sendable {
    public struct Word: Hashable, Sendable {
        /// With `ShellScan.unknown` for each part that only a shell knows.
        public internal(set) var text = ""
        /// It has such a part.
        public internal(set) var isOpen = false
    }

    /// Stands for what an expansion gives; no page has it.
    public static let unknown: Character = "\u{1}"

    public private(set) var commands: [[Word]] = []
    /// Variables of capitals that are read before this piece has set them, in order.
    public private(set) var needed: [String] = []
    /// Variables of capitals that it sets, or lets somebody type in.
    public private(set) var assigned: Set<String> = []

    private var rest: ArraySlice<UInt8>

    public init(_ text: String) {
        rest = Array(text.utf8)[...]
        scan(isNested: false)
    }

    /// To the end, or to the bracket that closes a substitution.
    private mutating func scan(isNested: Bool) {
        var words: [Word] = []
        var word: Word?
        var isRedirected = false
        func endWord() {
            guard let whole = word else { return }
            word = nil
            if isRedirected { isRedirected = false } else { words.append(whole) }
        }
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst(), next != UInt8(ascii: "\n") else { break }
                add(next, to: &word)
            case UInt8(ascii: "'"):
                word = word ?? Word()
                while let inside = rest.popFirst(), inside != UInt8(ascii: "'") { add(inside, to: &word) }
            case UInt8(ascii: "\""):
                word = word ?? Word()
                quoted(&word)
            case UInt8(ascii: "$"): expand(&word)
            case UInt8(ascii: "#") where word == nil: rest = rest.drop { $0 != UInt8(ascii: "\n") }
            case UInt8(ascii: " "), UInt8(ascii: "\t"): endWord()
            case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("):
                endWord()
                end(&words)
            case UInt8(ascii: ")"):
                endWord()
                end(&words)
                if isNested { return }
            case UInt8(ascii: "&"):
                // `2>&1` goes on.
                if isRedirected { break }
                endWord()
                end(&words)
            case UInt8(ascii: ">"), UInt8(ascii: "<"):
                if byte == UInt8(ascii: "<"), rest.first == UInt8(ascii: "(") {
                    rest = rest.dropFirst()
                    add(1, to: &word)
                    scan(isNested: true)
                    break
                }
                // The number of a stream belongs to it.
                if let number = word?.text, number.utf8.allSatisfy({ (48...57).contains($0) }) { word = nil }
                endWord()
                isRedirected = true
            default: add(byte, to: &word)
            }
        }
        endWord()
        end(&words)
    }

    private func add(_ byte: UInt8, to word: inout Word?) {
        var whole = word ?? Word()
        // Only what is ASCII is ever compared; the rest need not be put together again.
        whole.text.unicodeScalars.append(Unicode.Scalar(byte))
        // A script inside of a word is scanned again, with what was unknown there.
        if byte == 1 { whole.isOpen = true }
        word = whole
    }

    private mutating func quoted(_ word: inout Word?) {
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
                add(next, to: &word)
            } else if byte == UInt8(ascii: "$") {
                expand(&word)
            } else {
                add(byte, to: &word)
            }
        }
    }

    /// What follows a dollar sign.
    private mutating func expand(_ word: inout Word?) {
        add(1, to: &word)
        switch rest.first {
        case UInt8(ascii: "(") where rest.dropFirst().first == UInt8(ascii: "("):
            arithmetic()
        case UInt8(ascii: "("):
            rest = rest.dropFirst()
            scan(isNested: true)
        case UInt8(ascii: "{"):
            rest = rest.dropFirst()
            // `${!NAME}` and `${#NAME}` use it too.
            if let first = rest.first, !Self.isName(first) { rest = rest.dropFirst() }
            let name = variable()
            // `${NAME:-…}` has a value whatever happens.
            if rest.first != UInt8(ascii: ":") && rest.first != UInt8(ascii: "-") { use(name) }
            braced()
        default: use(variable())
        }
    }

    /// To the two brackets that close a sum, whose variables are used.
    private mutating func arithmetic() {
        while let byte = rest.first, !rest.starts(with: "))".utf8) {
            if Self.isName(byte) { use(variable()) } else { rest = rest.dropFirst() }
        }
        rest = rest.dropFirst(2)
    }

    /// To the brace that closes, with what runs inside.
    private mutating func braced() {
        var ignored: Word?
        while let byte = rest.popFirst(), byte != UInt8(ascii: "}") {
            switch byte {
            case UInt8(ascii: "$"): expand(&ignored)
            case UInt8(ascii: "\\"): rest = rest.dropFirst()
            case UInt8(ascii: "'"): rest = rest.drop { $0 != UInt8(ascii: "'") }.dropFirst()
            case UInt8(ascii: "\""): quoted(&ignored)
            default: break
            }
        }
    }

    private mutating func variable() -> String {
        let name = rest.prefix { Self.isName($0) }
        rest = rest.dropFirst(name.count)
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func use(_ name: String) {
        if Self.isVariable(name), !assigned.contains(name), !needed.contains(name) { needed.append(name) }
    }

    /// Sets what stands before a command, and keeps the command.
    private mutating func end(_ words: inout [Word]) {
        var command = words[...]
        words = []
        while let first = command.first {
            if let equals = first.text.firstIndex(of: "="), Self.isVariableName(first.text[..<equals]) {
                assigned.insert(String(first.text[..<equals]))
            } else if !Self.keywords.contains(first.text) {
                break
            }
            command = command.dropFirst()
        }
        if command.first?.text == "read" || command.first?.text == "for" {
            for word in command.dropFirst() where Self.isVariable(word.text) { assigned.insert(word.text) }
        }
        if command.first?.text == "for" { return }
        if !command.isEmpty { commands.append(Array(command)) }
    }

    private static let keywords: Set<String> = [
        "if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}", "time", "export",
    ]

    private static func isName(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    private static func isVariableName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isName)
    }

    /// By convention those of a runbook are of capitals, two at least.
    private static func isVariable(_ text: String) -> Bool {
        text.utf8.count > 1 && text.utf8.allSatisfy { (65...90).contains($0) || $0 == UInt8(ascii: "_") }
    }
}
