// Bits in base64url, six to a character, without padding: the form of TCF and GPP. Read where they stand.

struct ConsentBits: ~Escapable {
    /// The longest string that is looked at. The whole of the vendor list as one bit each takes some 400
    /// characters; twenty times that is no consent string.
    static let longestString = 8192

    private let bytes: RawSpan
    private let range: Range<Int>
    /// The next bit, from the start of the range.
    private(set) var position = 0
    let bitCount: Int

    /// The segment at `range` of the whole string. Every character is looked at here, and only here.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, _ range: Range<Int>) throws(ConsentError) {
        self.bytes = bytes
        self.range = range
        bitCount = range.count * 6
        guard !range.isEmpty else { throw ConsentError(.truncated, at: range.lowerBound) }
        for at in range where Self.value(bytes[byte: at]) == nil {
            throw ConsentError(.invalidCharacter, at: at)
        }
    }

    /// What a character stands for.
    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// The character that holds the next bit.
    var offset: Int { min(range.lowerBound + position / 6, range.upperBound) }

    func error(_ reason: ConsentError.Reason) -> ConsentError { ConsentError(reason, at: offset) }

    /// Up to 32 bits as a number, the first bit highest.
    @_lifetime(self: copy self)
    mutating func read(_ count: Int) throws(ConsentError) -> UInt32 {
        guard count <= bitCount - position else { throw ConsentError(.truncated, at: range.upperBound) }
        var result: UInt64 = 0
        var left = count
        while left > 0 {
            let character = Self.value(bytes[byte: range.lowerBound + position / 6]) ?? 0
            let unread = 6 - position % 6
            let taken = min(unread, left)
            let bits = character >> UInt32(unread - taken) & (1 << UInt32(taken) - 1)
            result = result << UInt64(taken) | UInt64(bits)
            position += taken
            left -= taken
        }
        return UInt32(truncatingIfNeeded: result)
    }

    @_lifetime(self: copy self)
    mutating func readFlag() throws(ConsentError) -> Bool { try read(1) == 1 }

    /// Passes over bits; whoever asks for one of them has looked before.
    @_lifetime(self: copy self)
    mutating func skip(_ count: Int) throws(ConsentError) {
        guard count <= bitCount - position else { throw ConsentError(.truncated, at: range.upperBound) }
        position += count
    }

    /// A bit that is still to come, from the next one on.
    func peek(_ ahead: Int) -> Bool {
        let at = position + ahead
        guard at < bitCount else { return false }
        let character = Self.value(bytes[byte: range.lowerBound + at / 6]) ?? 0
        return character >> UInt32(5 - at % 6) & 1 == 1
    }

    /// A number in Fibonacci coding, which ends with two ones.
    @_lifetime(self: copy self)
    mutating func readFibonacci() throws(ConsentError) -> UInt32 {
        var (term, following): (UInt32, UInt32) = (1, 2)
        var sum: UInt32 = 0
        var wasOne = false
        while true {
            let start = self.error(.invalidNumber)
            let bit = try readFlag()
            if bit && wasOne { return sum }
            // Section ids and vendors are below this, and sums stay within their type.
            guard term <= 1 << 16 else { throw start }
            if bit { sum += term }
            wasOne = bit
            (term, following) = (following, term + following)
        }
    }

    /// What is left must be padding.
    @_lifetime(self: copy self)
    mutating func finish() throws(ConsentError) {
        while position < bitCount {
            let here = error(.trailingBits)
            if try read(min(6 - position % 6, bitCount - position)) != 0 { throw here }
        }
    }
}
