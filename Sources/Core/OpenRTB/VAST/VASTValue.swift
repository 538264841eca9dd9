// The kinds of values that VAST's attributes and elements have, and what each of them takes.

enum VASTValue: Sendable {
    case text
    /// An absolute URL, in which macros may stand in brackets.
    case url
    /// A URI of any kind, a relative one included: the schema asks no more of authorities.
    case reference
    case integer, decimal, boolean
    /// HH:MM:SS or HH:MM:SS.mmm.
    case time
    /// A time, or a percentage of the whole.
    case offset
    case currency
    case x, y
    case one(of: [String])

    init(notation: Substring) {
        switch notation {
        case "text": self = .text
        case "url": self = .url
        case "reference": self = .reference
        case "integer": self = .integer
        case "decimal": self = .decimal
        case "boolean": self = .boolean
        case "time": self = .time
        case "offset": self = .offset
        case "currency": self = .currency
        case "x": self = .x
        case "y": self = .y
        default:
            precondition(notation.contains("|"), "the grammar has no kind of value \(notation)")
            self = .one(of: notation.split(separator: "|").map(String.init))
        }
    }

    /// For messages.
    var allowed: String {
        switch self {
        case .text: "any text"
        case .url: "a URL with its scheme and host, such as https://example.com/, or about:blank"
        case .reference: "a URI"
        case .integer: "a whole number"
        case .decimal: "a decimal number"
        case .boolean: "true, false"
        case .time: "HH:MM:SS or HH:MM:SS.mmm"
        case .offset: "HH:MM:SS, HH:MM:SS.mmm, or a percentage such as 25%"
        case .currency: "three letters of ISO 4217"
        case .x: "a number of pixels, left, right"
        case .y: "a number of pixels, top, bottom"
        case .one(let words): words.joined(separator: ", ")
        }
    }

    /// Why the text is not such a value, or nil.
    func refusal(of text: [UInt8]) -> VASTError.Reason? {
        switch self {
        case .text: return nil
        case .url: return VASTURL.isAbsolute(Self.trimmed(text)) ? nil : .invalidURL
        case .reference: return VASTURL.isReference(Self.trimmed(text)) ? nil : .invalidValue
        case .time: return Self.isTime(Self.trimmed(text)[...]) ? nil : .invalidDuration
        case .integer: return Self.isDecimal(Self.trimmed(text), point: false) ? nil : .invalidValue
        case .decimal: return Self.isDecimal(Self.trimmed(text), point: true) ? nil : .invalidValue
        case .boolean: return Self.matches(Self.trimmed(text), ["true", "false", "1", "0"])
        case .one(let words): return Self.matches(Self.trimmed(text), words)
        case .offset: return Self.isOffset(text) ? nil : .invalidValue
        case .currency:
            return text.count == 3 && text.allSatisfy(XMLCharacters.isLetter) ? nil : .invalidValue
        case .x: return Self.isPosition(text, ["left", "right"])
        case .y: return Self.isPosition(text, ["top", "bottom"])
        }
    }

    /// The text without the space around it.
    private static func trimmed(_ text: [UInt8]) -> [UInt8] {
        guard let first = text.firstIndex(where: { !XMLCharacters.isSpace($0) }),
            let last = text.lastIndex(where: { !XMLCharacters.isSpace($0) })
        else { return [] }
        return first == 0 && last == text.count - 1 ? text : Array(text[first...last])
    }

    private static func matches(_ text: [UInt8], _ words: [String]) -> VASTError.Reason? {
        words.contains { $0.utf8.elementsEqual(text) } ? nil : .invalidValue
    }

    private static func isPosition(_ text: [UInt8], _ words: [String]) -> VASTError.Reason? {
        text.allSatisfy(XMLCharacters.isDigit) ? nil : matches(text, words)
    }

    private static func isDecimal(_ text: [UInt8], point: Bool) -> Bool {
        var digits = text[...]
        if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            digits.removeFirst()
        }
        let points = digits.count { $0 == UInt8(ascii: ".") }
        // Longer ones are numbers to the schema, and nothing that an ad could mean.
        guard digits.count > points, digits.count <= 24, points <= (point ? 1 : 0) else { return false }
        return digits.allSatisfy { XMLCharacters.isDigit($0) || $0 == UInt8(ascii: ".") }
    }

    /// HH:MM:SS with or without three decimals, below a day.
    private static func isTime(_ text: ArraySlice<UInt8>, hoursBelow: UInt8 = 24) -> Bool {
        let at = text.startIndex
        guard text.count == 8 || text.count == 12,
            let hours = twoDigits(text, at), text[at + 2] == UInt8(ascii: ":"),
            let minutes = twoDigits(text, at + 3), text[at + 5] == UInt8(ascii: ":"),
            let seconds = twoDigits(text, at + 6),
            hours < hoursBelow, minutes < 60, seconds < 60
        else { return false }
        return text.count == 8
            || text[at + 8] == UInt8(ascii: ".") && text[(at + 9)...].allSatisfy(XMLCharacters.isDigit)
    }

    private static func twoDigits(_ text: ArraySlice<UInt8>, _ at: Int) -> UInt8? {
        guard XMLCharacters.isDigit(text[at]), XMLCharacters.isDigit(text[at + 1]) else { return nil }
        return (text[at] & 0xF) * 10 + text[at + 1] & 0xF
    }

    /// As the schema's pattern has it: a time of any hour, or digits with single points between and a percent
    /// sign.
    private static func isOffset(_ text: [UInt8]) -> Bool {
        if isTime(text[...], hoursBelow: 100) { return true }
        guard text.last == UInt8(ascii: "%"), text.count > 1 else { return false }
        var wasDigit = false
        for byte in text.dropLast() {
            guard XMLCharacters.isDigit(byte) || wasDigit && byte == UInt8(ascii: ".") else { return false }
            wasDigit = XMLCharacters.isDigit(byte)
        }
        return wasDigit
    }
}

/// Addresses. Characters that a URL should escape are taken where every player takes them, except for space;
/// percent signs must be escapes, and brackets must hold the name of a macro.
enum VASTURL {
    static func isAbsolute(_ text: [UInt8]) -> Bool {
        guard let colon = schemeEnd(text), isReference(text) else { return false }
        let rest = text[(colon + 1)...]
        // Other schemes, such as about: and those of apps, have a form of their own.
        let isWeb = text[..<colon].elementsEqual("http".utf8) || text[..<colon].elementsEqual("https".utf8)
        guard isWeb else { return !rest.isEmpty }
        guard rest.starts(with: "//".utf8) else { return false }
        return isAuthority(rest.dropFirst(2).prefix { !"/?#".utf8.contains($0) })
    }

    /// Where the colon of the scheme stands.
    private static func schemeEnd(_ text: [UInt8]) -> Int? {
        guard let first = text.first, XMLCharacters.isLetter(first),
            let colon = text.firstIndex(of: UInt8(ascii: ":")),
            text[..<colon].allSatisfy({
                XMLCharacters.isLetter($0) || XMLCharacters.isDigit($0) || "+-.".utf8.contains($0)
            })
        else { return nil }
        return colon
    }

    /// A host, which may be a macro, with a port of digits where it has one.
    private static func isAuthority(_ text: ArraySlice<UInt8>) -> Bool {
        let host = text.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).last ?? []
        let parts = host.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.first, !name.isEmpty else { return false }
        return parts.count == 1 || parts[1].allSatisfy(XMLCharacters.isDigit) && parts[1].count <= 5
    }

    static func isReference(_ text: [UInt8]) -> Bool {
        if schemeEnd(text) == nil {
            // A colon in the first segment would be taken for the end of a scheme.
            let segment = text.prefix { !"/?#".utf8.contains($0) }
            if segment.contains(UInt8(ascii: ":")) { return false }
        }
        var at = 0
        var fragments = 0
        while at < text.count {
            switch text[at] {
            case ...0x20: return false
            case UInt8(ascii: "%"):
                guard at + 2 < text.count, isHex(text[at + 1]), isHex(text[at + 2]) else { return false }
            case UInt8(ascii: "#"):
                fragments += 1
                if fragments > 1 { return false }
            case UInt8(ascii: "["):
                guard let end = macroEnd(text, at) else { return false }
                at = end
            case UInt8(ascii: "]"): return false
            default: break
            }
            at += 1
        }
        return true
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        XMLCharacters.isDigit(byte) || XMLCharacters.isLetter(byte) && byte | 0x20 <= UInt8(ascii: "f")
    }

    /// The closing bracket of the macro that opens here.
    private static func macroEnd(_ text: [UInt8], _ open: Int) -> Int? {
        var at = open + 1
        while at < text.count,
            XMLCharacters.isLetter(text[at]) || XMLCharacters.isDigit(text[at])
                || text[at] == UInt8(ascii: "_")
        { at += 1 }
        return at > open + 1 && at < text.count && text[at] == UInt8(ascii: "]") ? at : nil
    }
}
