// From a Double to the shortest decimal that reads back as the same Double, the nearest to it where several
// are as short. No table of its own and no allocation: short decimals by Doubles themselves, the rest by
// exact integers.
import Units

/// The decimal digits of a Double's magnitude: 0.d₁d₂d₃… × 10^`point`.
struct JSONDoubleText {
    private(set) var digits = InlineArray<17, UInt8>(repeating: 0)
    private(set) var count = 0
    private(set) var point = 0

    /// For a finite magnitude that is not zero.
    init(_ magnitude: Double) {
        if !takeShort(magnitude) { takeExact(magnitude) }
    }

    private mutating func take(_ value: UInt64, exponent: Int) {
        var text = value
        var exponent = exponent
        while text % 10 == 0 {
            text /= 10
            exponent += 1
        }
        var place: UInt64 = 1
        while place <= text / 10 { place *= 10 }
        count = 0
        while place > 0 {
            digits[count] = UInt8(truncatingIfNeeded: text / place % 10)
            count += 1
            place /= 10
        }
        point = count + exponent
    }

    /// Decimals of up to fifteen digits: no two of them read as one Double, so the first that reads back is
    /// the one.
    private mutating func takeShort(_ magnitude: Double) -> Bool {
        guard magnitude >= 1e-5, magnitude < 1e15 else { return false }
        for decimals in 0..<21 {
            let scaled = magnitude * JSONPowers.exactTens[decimals]
            guard scaled < 1e15 - 1 else { return false }
            let nearest = UInt64(scaled + 0.5)
            if nearest > 0, Double(nearest) / JSONPowers.exactTens[decimals] == magnitude {
                take(nearest, exponent: -decimals)
                return true
            }
        }
        return false
    }

    private mutating func takeExact(_ magnitude: Double) {
        let (exact, isCut, power) = Self.exactDigits(magnitude)
        let bits = magnitude.bitPattern
        // Below a power of two Doubles lie closer than above it: there the nearest decimal may be too far
        // down, and the next one up still read back.
        let mayStepUp = magnitude.significandBitPattern == 0
        var last = exact.count - 1
        while exact[last] == 0 { last -= 1 }
        var prefix: UInt64 = 0
        for length in 1..<18 {
            prefix = prefix * 10 + UInt64(exact[length - 1])
            var nearest = prefix
            let next = exact[length]
            let isTie = next == 5 && !isCut && last == length
            if isTie ? prefix % 2 == 1 : next >= 5 { nearest += 1 }
            let exponent = power - length + 1
            if mayStepUp, JSONDecimal(digits: nearest, exponent: exponent).magnitude != bits { nearest += 1 }
            if JSONDecimal(digits: nearest, exponent: exponent).magnitude == bits {
                take(nearest, exponent: exponent)
                return
            }
        }
        preconditionFailure("seventeen digits tell every Double")
    }

    /// The first eighteen digits of the Double's exact decimal, whether others follow that are not zero, and
    /// the power of ten of the first.
    private static func exactDigits(_ magnitude: Double) -> (InlineArray<18, UInt8>, isCut: Bool, power: Int)
    {
        let field = Int(magnitude.bitPattern >> 52)
        let mantissa = magnitude.significandBitPattern | (field > 0 ? 1 << 52 : 0)
        let exponent = max(field, 1) - 1075
        // 78913 / 2^18 is log10(2) from below: the power is right or one too low.
        var power = ((exponent + 63 - mantissa.leadingZeroBitCount) * 78_913) >> 18
        var number = JSONBigInteger(mantissa)
        var unit = JSONBigInteger(1)
        if power > 0 { unit.multiply(byFiveTo: power) } else { number.multiply(byFiveTo: -power) }
        let shift = exponent - power
        if shift > 0 { number.shiftLeft(by: shift) } else { unit.shiftLeft(by: -shift) }
        var tenUnits = unit
        tenUnits.multiply(by: 10)
        if number.compare(to: tenUnits) >= 0 {
            unit = tenUnits
            power += 1
        }
        var digits = InlineArray<18, UInt8>(repeating: 0)
        for i in digits.indices {
            while number.compare(to: unit) >= 0 {
                number.subtract(unit)
                digits[i] += 1
            }
            number.multiply(by: 10)
        }
        return (digits, number.count > 0, power)
    }
}

extension JSONWriter {
    /// Plain decimals from a millionth to 10^21, an exponent outside.
    @_lifetime(self: copy self)
    mutating func put(_ value: Double) {
        if value.sign == .minus { bytes.put(UInt8(ascii: "-")) }
        guard value != 0 else {
            bytes.put(UInt8(ascii: "0"))
            // `-0` reads back as a whole number, and whole numbers have no negative zero.
            if value.sign == .minus {
                bytes.put(UInt8(ascii: "."))
                bytes.put(UInt8(ascii: "0"))
            }
            return
        }
        let text = JSONDoubleText(value.magnitude)
        switch text.point {
        case -5...0:
            bytes.put("0.")
            for _ in text.point..<0 { bytes.put(UInt8(ascii: "0")) }
            for i in 0..<text.count { put(digit: text.digits[i]) }
        case 1...21:
            for i in 0..<max(text.count, text.point) {
                if i == text.point { bytes.put(UInt8(ascii: ".")) }
                put(digit: i < text.count ? text.digits[i] : 0)
            }
        default:
            for i in 0..<text.count {
                if i == 1 { bytes.put(UInt8(ascii: ".")) }
                put(digit: text.digits[i])
            }
            bytes.put(UInt8(ascii: "e"))
            let exponent = text.point - 1
            if exponent < 0 { bytes.put(UInt8(ascii: "-")) }
            bytes.put(decimal: UInt64(exponent.magnitude))
        }
    }

    @_lifetime(self: copy self)
    private mutating func put(digit: UInt8) { bytes.put(UInt8(ascii: "0") + digit) }
}
