// Base64 for addresses (RFC 4648, 5), in the caller's memory. Reading is strict: a text that another text would
// stand for as well is refused, so that what was signed has one spelling.
internal import Units

public enum Base64URL {
    /// How many characters so many bytes take, without padding.
    public static func characters(forBytes count: Int) -> Int { (count * 4 + 2) / 3 }

    private static let alphabet: StaticString =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    /// Writes the bytes into the front of the text, which must be long enough; how many characters they took.
    @_lifetime(text: copy text)
    public static func encode(_ bytes: RawSpan, into text: inout MutableSpan<UInt8>) -> Int {
        precondition(text.count >= characters(forBytes: bytes.byteCount), "no room for the text")
        var (at, count) = (0, 0)
        while at &+ 3 <= bytes.byteCount {
            let group =
                UInt32(bytes.byte(at)) << 16 | UInt32(bytes.byte(at &+ 1)) << 8 | UInt32(bytes.byte(at &+ 2))
            text[count] = character(group >> 18)
            text[count &+ 1] = character(group >> 12)
            text[count &+ 2] = character(group >> 6)
            text[count &+ 3] = character(group)
            at &+= 3
            count &+= 4
        }
        let left = bytes.byteCount &- at
        guard left > 0 else { return count }
        let group = UInt32(bytes.byte(at)) << 16 | (left == 2 ? UInt32(bytes.byte(at &+ 1)) << 8 : 0)
        text[count] = character(group >> 18)
        text[count &+ 1] = character(group >> 12)
        if left == 2 { text[count &+ 2] = character(group >> 6) }
        return count &+ left &+ 1
    }

    private static func character(_ bits: UInt32) -> UInt8 { unsafe alphabet.utf8Start[Int(bits & 63)] }

    /// Reads the text into the front of the bytes. How many bytes it stands for; nil where it is no such text,
    /// or there is no room.
    ///
    /// - Parameter allowsPadding: whether equals signs may fill the last group of four, as some writers have it.
    @_lifetime(bytes: copy bytes)
    public static func decode(
        _ text: RawSpan, into bytes: inout MutableSpan<UInt8>, allowsPadding: Bool = false
    ) -> Int? {
        var end = text.byteCount
        if allowsPadding, end % 4 == 0 {
            var padding = 0
            while padding < 2, end > 0, text.byte(end - 1) == UInt8(ascii: "=") {
                end -= 1
                padding += 1
            }
        }
        guard end % 4 != 1, end * 3 / 4 <= bytes.count else { return nil }
        var (bits, pending, count) = (UInt32(0), 0, 0)
        for at in 0..<end {
            guard let value = value(of: text.byte(at)) else { return nil }
            bits = bits << 6 | value
            pending += 6
            if pending >= 8 {
                pending -= 8
                bytes[count] = UInt8(truncatingIfNeeded: bits >> UInt32(pending))
                count += 1
            }
        }
        // What is left of the last character stands for nothing, and must say so.
        guard bits & (1 << UInt32(pending) - 1) == 0 else { return nil }
        return count
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
