// Text from outside made harmless: nothing in it can start a line, move a cursor, or hide what follows.

extension [UInt8] {
    mutating func append(text: String) { append(contentsOf: text.utf8) }

    mutating func append(text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The text, with backslashes, and everything that a terminal may act on or not show, as visible escapes.
    /// What exceeds the limit is cut at a character's edge and leaves `…`.
    mutating func append(
        visible text: String, limit: Int, escapingQuotes: Bool = false, lineFeeds: Bool = false
    ) {
        let start = count
        for scalar in text.unicodeScalars {
            let before = count
            switch scalar {
            case "\n" where lineFeeds: append(UInt8(ascii: "\n"))
            case "\n": append(text: "\\n")
            case "\r": append(text: "\\r")
            case "\t": append(text: "\\t")
            case "\\": append(text: "\\\\")
            case "\"" where escapingQuotes: append(text: "\\\"")
            case _ where scalar.isHarmless:
                append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: append(text: "\\u{\(String(scalar.value, radix: 16))}")
            }
            if count - start > limit {
                removeSubrange(before...)
                append(text: "…")
                return
            }
        }
    }
}

extension Unicode.Scalar {
    /// Neither a control nor a format character (such as those that turn the direction of writing), nor a
    /// separator of lines, nor unassigned.
    fileprivate var isHarmless: Bool {
        if value < 0x7F { return value >= 0x20 }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            false
        default: true
        }
    }
}
