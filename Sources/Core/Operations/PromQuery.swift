// What a query of Prometheus asks for: the metrics it names with the labels it selects, and the windows it looks back.
// Not a parser of the language: `promtool check rules` is that. This reads names and selectors out of what it accepts.

public struct PromQuery: Sendable {
    /// A metric as a query names it, with the labels that it must have, and the values where they are said outright.
    public struct Selector: Hashable, Sendable {
        public let metric: String
        public let labels: [Label]
    }

    public struct Label: Hashable, Sendable {
        public let name: String
        /// Nil for a comparison that may hold for a value nobody listed: `!=`, `!~` and patterns.
        public let values: [String]?
    }

    public let text: String

    public init(_ text: String) { self.text = text }

    /// Words that are no metrics although no bracket follows them.
    private static let keywords: Set<String> = [
        "and", "or", "unless", "bool", "offset", "inf", "nan", "group_left", "group_right",
    ]
    /// Words that a list of labels follows.
    private static let grouping: Set<String> = ["by", "without", "on", "ignoring"]

    public var selectors: [Selector] {
        var found: [Selector] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "\"") {
                _ = Self.string(&rest)
            } else if byte == UInt8(ascii: "[") {
                rest = rest.drop { $0 != UInt8(ascii: "]") }
            } else if Self.isDigit(byte) {
                // A number, its exponent and a duration's unit with it.
                rest = rest.drop(while: Self.isNumber)
            } else if Self.isWord(byte) {
                let word = Self.word(&rest)
                Self.skipBlanks(&rest)
                let next = rest.first
                if Self.grouping.contains(word) || word.hasPrefix("group_") {
                    if next == UInt8(ascii: "(") { rest = rest.drop { $0 != UInt8(ascii: ")") } }
                } else if next == UInt8(ascii: "{") {
                    found.append(Selector(metric: word, labels: Self.labels(&rest)))
                } else if Self.grouping.contains(where: { rest.starts(with: $0.utf8) }) {
                    // An aggregation whose labels come first; a metric before `on` or `by` stands in brackets or ends so.
                    if ["on", "ignoring"].contains(where: { rest.starts(with: $0.utf8) }) {
                        found.append(Selector(metric: word, labels: []))
                    }
                } else if next != UInt8(ascii: "("), !Self.keywords.contains(word.lowercased()) {
                    found.append(Selector(metric: word, labels: []))
                }
            } else {
                rest = rest.dropFirst()
            }
        }
        return found
    }

    /// The same query with every window, offset and resolution divided: for a fleet that lives faster.
    public func scaled(by scale: Int) -> String {
        guard scale > 1 else { return text }
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "\"") {
                let start = rest.startIndex
                _ = Self.string(&rest)
                out += Array(text.utf8)[start..<rest.startIndex]
            } else if Self.isDigit(byte) {
                let number = rest.prefix(while: Self.isNumber)
                rest = rest.dropFirst(number.count)
                let word = String(decoding: number, as: UTF8.self)
                out += Array((PromDuration(word)?.divided(by: scale).description ?? word).utf8)
            } else if Self.isWord(byte), byte != UInt8(ascii: ":") {
                out += Array(Self.word(&rest).utf8)
            } else {
                out.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func labels(_ rest: inout ArraySlice<UInt8>) -> [Label] {
        var found: [Label] = []
        rest = rest.dropFirst()
        while let byte = rest.first, byte != UInt8(ascii: "}") {
            guard isWord(byte) else {
                rest = rest.dropFirst()
                continue
            }
            let name = word(&rest)
            let comparison = rest.prefix { $0 != UInt8(ascii: "\"") }
            rest = rest.dropFirst(comparison.count)
            let value = string(&rest)
            let sign = String(decoding: comparison, as: UTF8.self).filter { $0 != " " }
            // Of a pattern only alternatives without anything else in them name values.
            let isPlain = value.utf8.allSatisfy {
                isWord($0) || $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: "-")
            }
            let values: [String]? =
                switch sign {
                case "=": [value]
                case "=~" where isPlain: value.split(separator: "|").map(String.init)
                default: nil
                }
            found.append(Label(name: name, values: values))
        }
        rest = rest.dropFirst()
        return found
    }

    private static func word(_ rest: inout ArraySlice<UInt8>) -> String {
        let bytes = rest.prefix(while: isWord)
        rest = rest.dropFirst(bytes.count)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What stands between two quotes; the rest goes on behind them.
    private static func string(_ rest: inout ArraySlice<UInt8>) -> String {
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                bytes.append(escaped)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// A colon ends a number: `[1h:5m]` are two.
    private static func isNumber(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: ":") && isWord(byte) || byte == UInt8(ascii: ".")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: ":"):
            true
        default: isDigit(byte)
        }
    }
}
