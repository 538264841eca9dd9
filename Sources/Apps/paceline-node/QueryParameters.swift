// Parameters of a query that our own addresses have: names of one letter, and values without escapes.

extension RawSpan {
    /// The value of the first parameter of this name; empty where there is none.
    @_lifetime(copy self)
    func parameter(_ name: UInt8) -> RawSpan {
        var start = 0
        while start < byteCount {
            var end = start
            while end < byteCount, self[end] != UInt8(ascii: "&") { end += 1 }
            if end - start >= 2, self[start] == name, self[start + 1] == UInt8(ascii: "=") {
                return extracting(start + 2..<end)
            }
            start = end + 1
        }
        return extracting(0..<0)
    }

    func equals(_ text: StaticString) -> Bool {
        guard byteCount == text.utf8CodeUnitCount else { return false }
        for index in 0..<byteCount where self[index] != text.utf8Start[index] { return false }
        return true
    }

    /// Some senders fill the last group of Base64, and escape what they fill it with.
    var withoutEscapedPadding: RawSpan {
        @_lifetime(copy self) get {
            var end = byteCount
            while end >= 3, extracting(end - 3..<end).equals("%3D") || extracting(end - 3..<end).equals("%3d")
            {
                end -= 3
            }
            return extracting(0..<end)
        }
    }

    /// A number of decimal digits; 0 for anything else, and for what 32 bits do not hold.
    var number: UInt32 {
        var number: UInt32 = 0
        for index in 0..<byteCount {
            let digit = self[index] &- UInt8(ascii: "0")
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt32(digit))
            guard digit < 10, !overflow, !carry else { return 0 }
            number = sum
        }
        return number
    }

    private subscript(_ index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }
}
