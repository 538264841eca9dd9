// Big integers of a fixed size, for the few decimals that no shorter arithmetic can decide. They live on the
// stack.

/// A whole number below 2^3072. The largest that is met is below 2^2700: 769 digits, or 5^1100 times a
/// Double's bits.
struct JSONBigInteger {
    private static let capacity = 48
    private var words = InlineArray<48, UInt64>(repeating: 0)
    /// Words in use; the highest of them is not zero.
    private(set) var count = 0

    init(_ value: UInt64) {
        if value != 0 {
            words[0] = value
            count = 1
        }
    }

    private mutating func append(_ word: UInt64) {
        precondition(count < Self.capacity, "a decimal took more than 3072 bits")
        words[count] = word
        count += 1
    }

    /// Multiplies by a word and adds another.
    mutating func multiply(by factor: UInt64, adding addend: UInt64 = 0) {
        var carry = addend
        for i in 0..<count {
            let product = words[i].multipliedFullWidth(by: factor)
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            words[i] = low
            carry = product.high &+ (overflow ? 1 : 0)
        }
        if carry != 0 { append(carry) }
    }

    mutating func multiply(byFiveTo exponent: Int) {
        var left = exponent
        while left > 0 {
            let step = min(left, 27)
            multiply(by: JSONPowers.small[step])
            left -= step
        }
    }

    mutating func shiftLeft(by bits: Int) {
        guard count > 0, bits > 0 else { return }
        let whole = bits / 64
        let part = UInt64(bits % 64)
        if part > 0 { multiply(by: 1 << part) }
        guard whole > 0 else { return }
        precondition(count + whole <= Self.capacity, "a decimal took more than 3072 bits")
        for i in stride(from: count - 1, through: 0, by: -1) { words[i + whole] = words[i] }
        for i in 0..<whole { words[i] = 0 }
        count += whole
    }

    /// Takes away a number that is not larger.
    mutating func subtract(_ other: borrowing JSONBigInteger) {
        var borrow: UInt64 = 0
        for i in 0..<count {
            let (partial, under) = words[i].subtractingReportingOverflow(i < other.count ? other.words[i] : 0)
            let (result, underAgain) = partial.subtractingReportingOverflow(borrow)
            words[i] = result
            borrow = under || underAgain ? 1 : 0
        }
        precondition(borrow == 0, "a larger number was taken from a smaller one")
        while count > 0, words[count - 1] == 0 { count -= 1 }
    }

    /// -1, 0 or 1 as this is less than, equal to or greater than the other.
    func compare(to other: borrowing JSONBigInteger) -> Int {
        if count != other.count { return count < other.count ? -1 : 1 }
        for i in stride(from: count - 1, through: 0, by: -1) where words[i] != other.words[i] {
            return words[i] < other.words[i] ? -1 : 1
        }
        return 0
    }
}
