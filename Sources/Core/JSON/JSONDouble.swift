// From a decimal as it is written to the nearest Double, ties to even. Three ways, each exact: short numbers
// by one multiplication or division of Doubles, most others by a product of integers whose error is too small
// to matter, and what is left by comparing big integers.

/// A decimal number, digits × 10^exponent, with more digits following where it was cut.
struct JSONDecimal {
    /// The first digits from the first that is not zero, `quickDigits` at most.
    var digits: UInt64 = 0
    var exponent = 0
    /// Whether a digit that is not zero was left out: the number is then a little larger.
    var isCut = false
    /// Where the number's first digit stands in the document.
    var start = 0
}

/// A Double's magnitude on its way: the bits of the largest Double that is not above the number, and what is
/// to be added to them, if that is known.
private struct Rounded {
    var lower: UInt64
    /// Whether the number is nearer to the next Double; nil if the arithmetic could not tell.
    var isUp: Bool?

    var bits: UInt64? { isUp.map { lower + ($0 ? 1 : 0) } }
}

extension JSONDecimal {
    /// The nearest Double's bits, without sign; those of infinity if it is beyond the largest Double.
    func magnitude(in tokens: JSONTokens) -> UInt64 {
        if let bits = quickMagnitude { return bits }
        let lower = Self.rounded(digits, exponent).lower
        let (number, power, isCut) = isCut ? allDigits(in: tokens) : (JSONBigInteger(digits), exponent, false)
        return lower + (Self.isAboveMiddle(after: lower, number, power, isCut: isCut) ? 1 : 0)
    }

    /// The same for a number that was not cut.
    var magnitude: UInt64 {
        if let bits = quickMagnitude { return bits }
        let lower = Self.rounded(digits, exponent).lower
        return lower
            + (Self.isAboveMiddle(after: lower, JSONBigInteger(digits), exponent, isCut: false) ? 1 : 0)
    }

    /// The nearest Double's bits where they can be told from the first digits alone.
    private var quickMagnitude: UInt64? {
        if digits == 0 { return 0 }
        if !isCut, digits <= 1 << 53 {
            if exponent >= 0, exponent <= 22 {
                return (Double(digits) * JSONPowers.exactTens[exponent]).bitPattern
            }
            if exponent < 0, exponent >= -22 {
                return (Double(digits) / JSONPowers.exactTens[-exponent]).bitPattern
            }
        }
        // Nineteen digits and 10^309 are beyond the largest Double, and with 10^-344 below half the smallest.
        if exponent > 308 { return Double.infinity.bitPattern }
        if exponent < -344 { return 0 }
        let bits = Self.rounded(digits, exponent).bits
        // A cut number is between these two: it is told where both round to the same.
        return !isCut || bits == Self.rounded(digits + 1, exponent).bits ? bits : nil
    }

    /// Rounds digits × 10^exponent, with the exponent from -344 to 308.
    private static func rounded(_ digits: UInt64, _ exponent: Int) -> Rounded {
        // 5^exponent is a 128 bit power, cut, times one that is exact.
        let block = exponent >= 0 ? exponent / 28 : (exponent - 27) / 28
        let index = 2 * (block - JSONPowers.largeFirst)
        let power = UInt128(JSONPowers.large[index]) << 64 | UInt128(JSONPowers.large[index + 1])
        var factor = UInt128(digits) * UInt128(JSONPowers.small[exponent - 28 * block])
        let shift = factor.leadingZeroBitCount
        factor <<= UInt128(shift)
        let product = factor.multipliedFullWidth(by: power)
        var high = product.high
        // `high` × 2^scale is at most the number, and less than 2 × 2^scale below it; exact if nothing was
        // cut.
        var scale = JSONPowers.binaryExponent(ofFiveTo: 28 * block) - 127 + exponent - shift + 128
        let isExact = JSONPowers.exactLarge.contains(block) && product.low == 0
        let normal = high.leadingZeroBitCount
        high <<= UInt128(normal)
        scale -= normal
        // Twice the error if it was shifted by one bit; the product of two normal factors needs no more.
        let error: UInt128 = isExact ? 0 : 4

        // Now the number is about high × 2^scale with the top bit set: keep 53 bits, or fewer below the
        // normal range.
        let topExponent = scale + 127
        if topExponent > 1023 { return Rounded(lower: Double.infinity.bitPattern, isUp: false) }
        let kept = min(53, topExponent + 1075)
        if kept < 0 { return Rounded(lower: 0, isUp: false) }
        let dropped = UInt128(128 - kept)
        let mantissa = kept == 0 ? 0 : UInt64(truncatingIfNeeded: high >> dropped)
        // Adding the mantissa to the exponent's bits carries its leading bit into them where it is normal.
        let lower = mantissa + (topExponent >= -1022 ? UInt64(topExponent + 1022) << 52 : 0)
        let rest = kept == 0 ? high : high & (1 << dropped - 1)
        let half: UInt128 = 1 << (dropped - 1)
        if rest > half { return Rounded(lower: lower, isUp: true) }
        if isExact { return Rounded(lower: lower, isUp: rest == half && mantissa & 1 == 1) }
        return Rounded(lower: lower, isUp: rest + error <= half ? false : nil)
    }

    /// Whether number × 10^power, and a little more if it was cut, is nearer to the Double after these bits,
    /// by exact comparison with the middle of the two.
    @inline(never) private static func isAboveMiddle(
        after lower: UInt64, _ number: JSONBigInteger, _ power: Int, isCut: Bool
    ) -> Bool {
        // The middle is (2 × mantissa + 1) × 2^(power - 1).
        let field = Int(lower >> 52)
        let mantissa = lower & (1 << 52 - 1) | (field > 0 ? 1 << 52 : 0)
        var middlePower = max(field, 1) - 1075 - 1
        var middle = JSONBigInteger(2 * mantissa + 1)
        var number = number
        if power >= 0 {
            number.multiply(byFiveTo: power)
        } else {
            middle.multiply(byFiveTo: -power)
        }
        // Both sides still lack a power of two; the smaller one is left out on both.
        middlePower -= power
        if middlePower >= 0 { middle.shiftLeft(by: middlePower) } else { number.shiftLeft(by: -middlePower) }
        let order = number.compare(to: middle)
        if order != 0 { return order > 0 }
        return isCut || mantissa & 1 == 1
    }

    /// No middle of two Doubles has more digits than this that are not zero: what follows only breaks a tie.
    private static let decidingDigits = 769

    /// Reads the whole number again: its digits, the power of ten behind them, and whether more of them were
    /// left out.
    private func allDigits(in tokens: JSONTokens) -> (JSONBigInteger, power: Int, isCut: Bool) {
        var number = JSONBigInteger(0)
        let (power, isCut) = Self.read(tokens, from: start, digitsMost: Self.decidingDigits) {
            number.multiply(by: 10, adding: $0)
            return number.count > 0
        }
        return (number, power, isCut)
    }
}

// Reading the text.
extension JSONDecimal {
    /// As many digits as always fit 64 bits.
    private static let quickDigits = 19

    /// Beyond any exponent that leaves a number between zero and infinity, for documents of any size.
    private static let largestExponent = 1 << 40

    /// Reads a number of any length and form from its first digit: hands on its digits up to so many behind
    /// the leading zeros (`take` tells whether there was a digit but zeros), and answers the power of ten behind those,
    /// and whether one left out was not zero.
    @inline(__always) private static func read(
        _ tokens: JSONTokens, from start: Int, digitsMost: Int, _ take: (UInt64) -> Bool
    ) -> (power: Int, isCut: Bool) {
        var taken = 0
        var power = 0
        var isCut = false
        var isFraction = false
        var offset = start
        let end = tokens.endOfScalar(start)
        while offset < end {
            let byte = tokens.byte(offset)
            offset += 1
            if byte == UInt8(ascii: ".") {
                isFraction = true
                continue
            }
            if byte | 0x20 == UInt8(ascii: "e") {
                power += readExponent(in: tokens, from: offset, to: end)
                break
            }
            let digit = UInt64(byte - UInt8(ascii: "0"))
            if taken < digitsMost {
                if take(digit) { taken += 1 }
                if isFraction { power -= 1 }
            } else {
                if digit > 0 { isCut = true }
                if !isFraction { power += 1 }
            }
        }
        return (power, isCut)
    }

    private static func readExponent(in tokens: JSONTokens, from offset: Int, to end: Int) -> Int {
        var offset = offset
        var exponent = 0
        let sign = tokens.byte(offset)
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { offset += 1 }
        while offset < end {
            exponent = min(exponent * 10 + Int(tokens.byte(offset) - UInt8(ascii: "0")), largestExponent)
            offset += 1
        }
        return sign == UInt8(ascii: "-") ? -exponent : exponent
    }

    /// Reads a number from its first digit.
    init(_ tokens: JSONTokens, from start: Int) {
        self.start = start
        let word = tokens.word(start)
        let whole = JSONDigits(word)
        let end = UInt8(truncatingIfNeeded: word >> UInt64(8 * whole.count))
        // Up to seven digits, a point and up to fifteen decimals, nineteen digits in all: nearly every
        // number.
        if whole.count < 8, end == UInt8(ascii: ".") {
            var offset = start + whole.count + 1
            var word = tokens.word(offset)
            var part = JSONDigits(word)
            var digits = whole.value * JSONPowers.tens[part.count] + part.value
            var decimals = part.count
            if part.count == 8 {
                offset += 8
                word = tokens.word(offset)
                part = JSONDigits(word)
                decimals += part.count
                if whole.count + decimals <= 19, part.count < 8 {
                    digits = digits * JSONPowers.tens[part.count] + part.value
                }
            }
            if whole.count + decimals <= 19, part.count < 8,
                UInt8(truncatingIfNeeded: word >> UInt64(8 * part.count)) | 0x20 != UInt8(ascii: "e")
            {
                self.digits = digits
                exponent = -decimals
                return
            }
        }
        readLong(tokens)
    }

    /// Reads a number of any length and form, from its first digit.
    @inline(never) private mutating func readLong(_ tokens: JSONTokens) {
        var digits: UInt64 = 0
        (exponent, isCut) = Self.read(tokens, from: start, digitsMost: Self.quickDigits) {
            digits = digits * 10 + $0
            return digits > 0
        }
        self.digits = digits
    }
}

extension JSONValue {
    /// The Double nearest to what is written, ties to even. A number beyond the largest Double is refused;
    /// one nearer to zero than to the smallest is zero.
    public func double() throws(JSONError) -> Double {
        let start = try number()
        let isNegative = tokens.byte(start) == UInt8(ascii: "-")
        let decimal = JSONDecimal(tokens, from: isNegative ? start + 1 : start)
        let magnitude = decimal.magnitude(in: tokens)
        guard magnitude < Double.infinity.bitPattern else { throw JSONError(.outOfRange, at: start) }
        return Double(bitPattern: magnitude | (isNegative ? 1 << 63 : 0))
    }
}
