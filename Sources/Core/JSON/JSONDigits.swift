// Decimal digits eight at a time: a word of text is told apart and valued by a few multiplications, without a
// loop whose end the processor would have to guess.

/// What a word of text, its first byte lowest, starts with: up to eight digits.
@usableFromInline struct JSONDigits {
    /// How many digits there are before the first other byte.
    @usableFromInline let count: Int
    /// Their value.
    @usableFromInline let value: UInt64

    @inlinable init(_ word: UInt64) {
        // Digits become 0 to 9, all other bytes more; a carry can only reach bytes behind the first of those.
        let digits = word ^ 0x3030_3030_3030_3030
        let others = (digits &+ 0x7676_7676_7676_7676 | digits) & 0x8080_8080_8080_8080
        count = others.trailingZeroBitCount &>> 3
        // The last digit goes to the top, zeros before the first; then pairs, fours and all are summed up.
        let unused = UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        var sum = count == 0 ? 0 : digits &<< unused
        sum = sum &* 10 &+ sum &>> 8
        let low = (sum & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        let high = (sum &>> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
        value = (low &+ high) &>> 32
    }
}
