// What leaves the house for others to look at: names and addresses become numbers, the same for the same, so that what
// belongs together still can be seen; what may be a secret is left out.
public import Documents

public struct Redaction: Sendable {
    private var names: [String: String] = [:]

    public init() {}

    /// Keys whose values name customers, machines or people.
    private static let naming: Set<String> = [
        "campaign", "advertiser", "lineItem", "name", "node", "region", "holder", "address", "host",
        "listener",
        "instance", "path", "file", "url", "serverName", "peer", "leader",
    ]
    /// Words in a key whose values are secrets, or lead to one.
    private static let secret = ["password", "secret", "token", "salt", "key"]

    /// How many names were replaced.
    public var count: Int { names.count }

    public mutating func redacted(_ tree: JSONTree, key: String = "") -> JSONTree {
        let lowered = key.lowercased()
        if Self.secret.contains(where: lowered.contains) { return .string("(left out)") }
        switch tree.content {
        case .object(let members):
            return .object(members.map { .init($0.key, redacted($0.value, key: $0.key)) })
        case .array(let elements): return .array(elements.map { redacted($0, key: key) })
        case .string(let text):
            if Self.naming.contains(key) || lowered.hasSuffix("file") || lowered.hasSuffix("directory") {
                return .string(number(text, key))
            }
            return .string(redacted(text))
        case .number, .bool, .null: return tree
        }
    }

    /// Lines of text: values of labels that name something, addresses, and paths.
    public mutating func redacted(_ text: String) -> String {
        var out = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            out += (index == 0 ? "" : "\n") + labels(in: String(line))
        }
        return out
    }

    private mutating func labels(in line: String) -> String {
        var out = ""
        var rest = line[...]
        // `name="value"`, as metrics have them; then words that are addresses or paths.
        while let quote = rest.firstIndex(of: "\"") {
            out += words(in: rest[..<quote])
            let after = rest[rest.index(after: quote)...]
            guard let end = after.firstIndex(of: "\"") else { return out + words(in: rest[quote...]) }
            let key =
                rest[..<quote].hasSuffix("=")
                ? rest[..<quote].dropLast().split { !$0.isLetter }.last ?? "" : ""
            let value = String(after[..<end])
            out +=
                "\""
                + (Self.naming.contains(String(key)) ? number(value, String(key)) : words(in: value[...]))
                + "\""
            rest = after[after.index(after: end)...]
        }
        return out + words(in: rest)
    }

    private mutating func words(in text: Substring) -> String {
        var out = ""
        var word = ""
        func isPart(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || "./:-_[]".contains(character)
        }
        for character in text {
            if isPart(character) {
                word.append(character)
            } else {
                out += replaced(word)
                word = ""
                out.append(character)
            }
        }
        return out + replaced(word)
    }

    private mutating func replaced(_ word: String) -> String {
        let isAddress =
            word.split(separator: ".").count == 4
            && word.split(separator: ".").dropLast().allSatisfy { $0.allSatisfy(\.isNumber) }
        let isPath = word.hasPrefix("/") && word.count > 1
        return isAddress ? number(word, "address") : isPath ? number(word, "path") : word
    }

    private mutating func number(_ text: String, _ key: String) -> String {
        if text.isEmpty { return text }
        if let known = names[text] { return known }
        let replacement = "\(key)-\(names.count + 1)"
        names[text] = replacement
        return replacement
    }
}
