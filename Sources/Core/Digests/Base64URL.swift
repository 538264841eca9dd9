// Base64 for addresses (RFC 4648, 5), in the caller's memory. Reading is strict: a text that another text would
// stand for as well is refused, so that what was signed has one spelling.
internal import Units

public enum Base64URL {
    /// How many characters so many bytes take, without padding.
    public static func characters(forBytes count: Int) -> Int { (count * 4 + 2) / 3 }

    private static let alphabet: StaticString =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    /// Writes the bytes into the text, from this place on, where there must be room; how many characters they took.
    @_lifetime(text: copy text)
    public static func encode(_ bytes: RawSpan, into text: inout MutableSpan<UInt8>, from start: Int = 0)
        -> Int
    {
        let characters = characters(forBytes: bytes.byteCount)
        precondition(start >= 0 && start + characters <= text.count, "no room for the text")
        var (at, count) = (0, start)
        var room = text.mutableRaw
        // A word is read for each six of its bytes.
        while at &+ 8 <= bytes.byteCount {
            let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
            unsafe room.storeBytes(
                of: eightCharacters(UInt64(bigEndian: word) >> 16).bigEndian,
                toUncheckedByteOffset: count, as: UInt64.self)
            at &+= 6
            count &+= 8
        }
        while at < bytes.byteCount {
            let left = min(bytes.byteCount &- at, 3)
            var group: UInt32 = 0
            for place in 0..<left { group |= UInt32(bytes.byte(at &+ place)) << UInt32(16 &- 8 &* place) }
            for place in 0...left { text[count &+ place] = character(group >> UInt32(18 &- 6 &* place)) }
            at &+= left
            count &+= left &+ 1
        }
        return characters
    }

    /// Eight characters for six bytes, the first of either highest.
    private static func eightCharacters(_ bytes: UInt64) -> UInt64 {
        // Six bits to each byte: halves, quarters and eighths move apart.
        let halves = (bytes & 0xFFFF_FF00_0000) << 8 | bytes & 0xFF_FFFF
        let quarters = (halves & 0x00FF_F000_00FF_F000) << 4 | halves & 0x0000_0FFF_0000_0FFF
        let values = (quarters & 0x0FC0_0FC0_0FC0_0FC0) << 2 | quarters & 0x003F_003F_003F_003F
        // From each of these values on, characters are so much farther on than those before.
        let ones: UInt64 = 0x0101_0101_0101_0101
        func isAtLeast(_ value: UInt64) -> UInt64 { (values &+ ones &* (128 &- value)) >> 7 & ones }
        return values &+ ones &* UInt64(UInt8(ascii: "A"))
            &+ isAtLeast(26) &* UInt64(UInt8(ascii: "a") &- UInt8(ascii: "Z") &- 1)
            &- isAtLeast(52) &* UInt64(UInt8(ascii: "z") &+ 1 &- UInt8(ascii: "0"))
            &- isAtLeast(62) &* UInt64(UInt8(ascii: "9") &+ 1 &- UInt8(ascii: "-"))
            &+ isAtLeast(63) &* UInt64(UInt8(ascii: "_") &- UInt8(ascii: "-") &- 1)
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
