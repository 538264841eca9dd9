// Parameters of a query that our own addresses have: their values are without escapes.
import Units

extension RawSpan {
    /// The value of the first parameter of this name; nil where there is none.
    @_lifetime(copy self)
    func parameter(_ name: StaticString) -> RawSpan? {
        let length = name.utf8CodeUnitCount
        var start = 0
        while start < byteCount {
            var end = start
            while end < byteCount, byte(end) != UInt8(ascii: "&") { end += 1 }
            let part = extracting(start..<end)
            if part.byteCount > length, part.starts(with: name), part.byte(length) == UInt8(ascii: "=") {
                return part.extracting(length + 1..<part.byteCount)
            }
            start = end + 1
        }
        return nil
    }

    /// The same; empty where there is none.
    @_lifetime(copy self)
    func text(of name: StaticString) -> RawSpan {
        if let text = parameter(name) { return text }
        return extracting(0..<0)
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
            let digit = byte(index) &- UInt8(ascii: "0")
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt32(digit))
            guard digit < 10, !overflow, !carry else { return 0 }
            number = sum
        }
        return number
    }
}
