// CatBoost knows a category by the lower half of a hash (CityHash64, version 1.0) of its text. In a row of
// numbers a category is a whole number, whose text is its decimal digits: so the numbers behind a hash are
// found by trying them all, once.

enum CatBoostCategories {
    /// More categories than are worth a split each.
    static let most = 1 << 16 - 1

    /// Hash and number in one word, in order.
    private static let table: [UInt64] = (0...most).map { UInt64(hash(of: $0)) << 32 | UInt64($0) }.sorted()

    /// The numbers whose text has this hash: mostly one, or none.
    static func numbers(ofHash hash: UInt32) -> [Int] {
        var (low, high) = (0, table.count)
        while low < high {
            let middle = (low + high) / 2
            if table[middle] >> 32 < UInt64(hash) { low = middle + 1 } else { high = middle }
        }
        return table[low...].prefix { $0 >> 32 == UInt64(hash) }.map { Int($0 & 0xFFFF_FFFF) }
    }

    private static let k2: UInt64 = 0x9AE1_6A3B_2F90_404F
    private static let k3: UInt64 = 0xC949_D7C7_509E_6557
    private static let factor: UInt64 = 0x9DDF_EA08_EB38_2D69

    /// Of the digits, of which there are at most five.
    static func hash(of number: Int) -> UInt32 {
        var digits: [UInt64] = []
        var rest = UInt64(number)
        repeat {
            digits.insert(UInt64(UInt8(ascii: "0")) + rest % 10, at: 0)
            rest /= 10
        } while rest > 0
        let count = UInt64(digits.count)
        guard digits.count >= 4 else {
            let y = digits[0] &+ digits[digits.count / 2] << 8
            let z = count &+ digits[digits.count - 1] << 2
            let mixed = y &* k2 ^ z &* k3
            return UInt32(truncatingIfNeeded: (mixed ^ mixed >> 47) &* k2)
        }
        func word(_ start: Int) -> UInt64 {
            digits[start] | digits[start + 1] << 8 | digits[start + 2] << 16 | digits[start + 3] << 24
        }
        let (first, last) = (count &+ word(0) << 3, word(digits.count - 4))
        var a = (first ^ last) &* factor
        a ^= a >> 47
        var b = (last ^ a) &* factor
        b ^= b >> 47
        return UInt32(truncatingIfNeeded: b &* factor)
    }
}
