// Decimals as models and rows write them, to the nearest number. Only plain decimals, `inf` and `nan` are
// taken: Swift itself reads hexadecimal ones too.

public enum DecimalText {
    /// Nil for anything else than a number.
    public static func double(_ text: ArraySlice<UInt8>) -> Double? {
        guard isPlain(text) else { return special(text) }
        return Double(String(decoding: text, as: UTF8.self))
    }

    private static func isPlain(_ text: ArraySlice<UInt8>) -> Bool {
        // Longer than any double is written; what is longer still is no mistake of a printer.
        guard !text.isEmpty, text.count <= 1_100 else { return false }
        return text.allSatisfy {
            switch $0 {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"),
                UInt8(ascii: "E"),
                UInt8(ascii: "+"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    private static func special(_ text: ArraySlice<UInt8>) -> Double? {
        guard text.count <= 9 else { return nil }
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "-nan", "+nan": return .nan
        default: return nil
        }
    }
}
