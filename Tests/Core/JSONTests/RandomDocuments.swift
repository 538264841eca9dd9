// Documents made at random, and random damage to them.
import Units

struct RandomDocuments {
    var randomness: Randomness

    init(seed: UInt64) { randomness = Randomness(seed: seed) }

    private mutating func pick(_ bound: Int) -> Int { Int(randomness.next(below: UInt64(bound))) }

    mutating func document(size: Int) -> [UInt8] {
        var text = space()
        value(&text, budget: size, depth: 0)
        return Array((text + space()).utf8)
    }

    private mutating func space() -> String { pick(8) > 0 ? "" : [" ", "\n", "\t", "\r\n", "   "][pick(5)] }

    private mutating func value(_ text: inout String, budget: Int, depth: Int) {
        switch pick(depth > 8 || budget < 2 ? 4 : 7) {
        case 0: text += ["true", "false", "null"][pick(3)]
        case 1, 2: text += number()
        case 3: text += string()
        case 4:
            text += "["
            let count = pick(6)
            for i in 0..<count {
                text += (i > 0 ? "," : "") + space()
                value(&text, budget: budget / count, depth: depth + 1)
                text += space()
            }
            text += "]"
        default:
            text += "{" + space()
            let count = pick(8)
            for i in 0..<count {
                text += (i > 0 ? "," : "") + space() + string() + space() + ":" + space()
                value(&text, budget: budget / count, depth: depth + 1)
                text += space()
            }
            text += "}"
        }
    }

    mutating func number() -> String {
        var text = pick(3) == 0 ? "-" : ""
        text += pick(5) == 0 ? "0" : "\(1 + pick(9))" + digits(pick(4) == 0 ? pick(30) : pick(8))
        if pick(3) == 0 { text += "." + digits(1 + pick(20)) }
        if pick(5) == 0 { text += ["e", "E"][pick(2)] + ["", "+", "-"][pick(3)] + digits(1 + pick(3)) }
        return text
    }

    private mutating func digits(_ count: Int) -> String {
        var text = ""
        for _ in 0..<count { text += "\(pick(10))" }
        return text
    }

    private mutating func string() -> String {
        var text = "\""
        for _ in 0..<(pick(6) == 0 ? pick(150) : pick(14)) {
            switch pick(30) {
            case 0:
                text +=
                    ["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\uD83D\\uDE00"][
                        pick(10)]
            case 1: text += ["é", "ß", "漢", "😀", "\u{7F}", "\u{10FFFF}"][pick(6)]
            case 2: text += "{}[]:,"
            default: text.unicodeScalars.append(Unicode.Scalar(UInt8(0x61 + pick(26))))
            }
        }
        return text + "\""
    }

    /// Bytes that matter to JSON, more often than others.
    private static let telling =
        Array("{}[]:,\"\\0129-+.eEtruefalsn \n\u{0}\u{1f}u/dDcC8".utf8) + [
            0x80, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xFF,
        ]

    mutating func damage(_ bytes: inout [UInt8]) {
        for _ in 0..<(1 + pick(3)) {
            guard !bytes.isEmpty else { return }
            let at = pick(bytes.count)
            let byte = pick(4) == 0 ? UInt8(pick(256)) : Self.telling[pick(Self.telling.count)]
            switch pick(5) {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(byte, at: at)
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + pick(6)))
            case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + pick(6))], at: at)
            default: bytes[at] = byte
            }
        }
    }
}
