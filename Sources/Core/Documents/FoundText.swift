// How refusals show what stands in a file: short, on one line, and without anything that could move a
// terminal's cursor, whatever the file holds.

/// Longer texts are cut: enough to recognise what is meant in the file.
private let longestShown = 64

extension JSONTree {
    package var brief: String {
        switch content {
        case .object: "an object"
        case .array(let elements): "an array of \(elements.count) element\(elements.count == 1 ? "" : "s")"
        case .string(let text): "the string \"\(shown(text))\""
        case .number(let digits): "the number \(shown(digits))"
        case .bool(let value): "\(value)"
        case .null: "null"
        }
    }
}

extension JSONTree.Member {
    /// The key as a step of a path: as it is where it is a plain word, quoted where it could be mistaken.
    package var step: String {
        let isPlain = key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "$"):
                true
            default: false
            }
        }
        return isPlain && (1...longestShown).contains(key.utf8.count) ? key : "\"\(shown(key))\""
    }
}

private func shown(_ text: String) -> String {
    var shown = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == longestShown { return shown + "…" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            shown += "\\u{\(String(scalar.value, radix: 16))}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return shown
}
