// Numbers of a document, exact: an integer is taken as it is written or refused, money never passes through a
// Double, and a Double is the one nearest to what is written.
public import Units

extension JSONValue {
    /// A whole number that fits; `1.0` and `1e3` are refused as not whole, so that nothing is converted
    /// unseen.
    @inlinable public func int64() throws(JSONError) -> Int64 {
        if let short = shortNumber { return Int64(truncatingIfNeeded: short) }
        let (isNegative, magnitude) = try longNumber()
        guard magnitude <= UInt64(Int64.max) &+ (isNegative ? 1 : 0) else {
            throw JSONError(.outOfRange, at: offset)
        }
        let value = Int64(truncatingIfNeeded: magnitude)
        return isNegative ? 0 &- value : value
    }

    /// A whole number from zero up that fits. `-0` is zero.
    @inlinable public func uint64() throws(JSONError) -> UInt64 {
        if let short = shortNumber { return short }
        let (isNegative, magnitude) = try longNumber()
        guard !isNegative || magnitude == 0 else { throw JSONError(.outOfRange, at: offset) }
        return magnitude
    }

    /// A whole number in the range.
    @inlinable public func int(in range: ClosedRange<Int>) throws(JSONError) -> Int {
        let value = Int(truncatingIfNeeded: try int64())
        guard range.contains(value) else { throw JSONError(.outOfRange, at: offset) }
        return value
    }

    /// An amount of money, exact: more than six decimals are refused unless the rest are zeros.
    public func micros() throws(JSONError) -> Micros {
        if let short = shortMicros { return short }
        let start = try number()
        do throws(MicrosError) {
            return try Micros(decimal: raw)
        } catch {
            switch error {
            case .outOfRange: throw JSONError(.outOfRange, at: start)
            case .tooPrecise: throw JSONError(.tooPrecise, at: start)
            case .malformed: throw JSONError(.invalidNumber, at: start)
            }
        }
    }

    /// Where the value starts, if it is a number.
    @inlinable func number() throws(JSONError) -> Int {
        let kind = tokens.kind(token)
        guard kind &- UInt8(ascii: "0") < 10 || kind == UInt8(ascii: "-") else {
            throw JSONError(.notNumber, at: offset)
        }
        return offset
    }

    /// The value of a whole number of up to seven digits without a sign: most are.
    @inlinable var shortNumber: UInt64? {
        guard _fastPath(tokens.kind(token) &- UInt8(ascii: "0") < 10) else { return nil }
        let word = tokens.word(offset)
        let digits = JSONDigits(word)
        guard _fastPath(digits.count < 8) else { return nil }
        switch UInt8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: 8 &* digits.count)) {
        case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
        default: return digits.value
        }
    }

    /// An amount of up to seven digits and up to six decimals, without a sign or an exponent: nearly all prices are.
    private var shortMicros: Micros? {
        if let whole = shortNumber { return Micros(Int64(whole) &* Micros.perUnit) }
        guard tokens.kind(token) &- UInt8(ascii: "0") < 10 else { return nil }
        let whole = JSONDigits(tokens.word(offset))
        let point = offset &+ whole.count
        guard whole.count < 8, tokens.byte(point) == UInt8(ascii: ".") else { return nil }
        let word = tokens.word(point &+ 1)
        let decimals = JSONDigits(word)
        guard decimals.count <= 6 else { return nil }
        let next = UInt8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: 8 &* decimals.count))
        guard next | 0x20 != UInt8(ascii: "e") else { return nil }
        // In millionths, the decimals that are not written are zeros.
        var part = decimals.value
        for _ in decimals.count..<6 { part &*= 10 }
        return Micros(Int64(truncatingIfNeeded: whole.value &* UInt64(Micros.perUnit) &+ part))
    }

    /// The sign and the magnitude of any whole number below 2^64.
    @usableFromInline func longNumber() throws(JSONError) -> (isNegative: Bool, magnitude: UInt64) {
        let start = try number()
        let isNegative = tokens.byte(start) == UInt8(ascii: "-")
        var value: UInt64 = 0
        for at in (isNegative ? start + 1 : start)..<tokens.endOfScalar(start) {
            let digit = tokens.byte(at) &- UInt8(ascii: "0")
            guard digit < 10 else { throw JSONError(.notInteger, at: start) }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { throw JSONError(.outOfRange, at: start) }
            value = sum
        }
        return (isNegative, value)
    }
}
