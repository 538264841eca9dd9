// Money as text: exact decimals of the currency's unit, never by way of a Double.

/// Why a text is not an amount.
public enum MicrosError: Error, Hashable, Sendable {
    /// Not a decimal number as JSON writes it.
    case malformed
    /// Does not fit in 64 bits of micros.
    case outOfRange
    /// Has a digit other than zero beyond the sixth decimal; nothing is rounded.
    case tooPrecise
}

extension Micros {
    /// Reads a decimal number, as JSON writes it, with or without exponent: `1.25`, `-0.5`, `3e2`.
    public init(decimal text: RawSpan) throws(MicrosError) {
        var reader = DecimalReader(text)
        self = try reader.read()
    }

    /// Reads a decimal number; see `init(decimal:)`.
    public init(decimal text: String) throws(MicrosError) {
        try self.init(decimal: text.utf8Span.span.raw)
    }
}

extension Micros: CustomStringConvertible {
    /// The longest text of an amount: a sign, thirteen digits, a point and six decimals.
    public static let longestText = 21

    /// The exact decimal, without trailing zeros: `1.25`, `-0.5`, `300`.
    public var description: String {
        var text = ""
        var digits = digits
        while let byte = digits.next() { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        return text
    }

    /// The bytes of the description, one by one, for who must not allocate.
    @inlinable public var digits: MicrosDigits { MicrosDigits(self) }
}

/// The bytes of an amount's exact decimal.
public struct MicrosDigits: IteratorProtocol {
    @usableFromInline var isNegative: Bool
    /// What is left to write, in micros, and what the next digit counts in; below a micro there is nothing.
    @usableFromInline var rest: UInt64
    @usableFromInline var place: UInt64 = 1_000_000
    @usableFromInline var isPointDue = false

    @inlinable init(_ amount: Micros) {
        isNegative = amount.rawValue < 0
        rest = amount.rawValue.magnitude
        while place <= rest / 10 { place *= 10 }
    }

    @inlinable public mutating func next() -> UInt8? {
        if isNegative {
            isNegative = false
            return UInt8(ascii: "-")
        }
        // The units are always written, the decimals only as far as there are any.
        guard place >= 1_000_000 || rest > 0 else { return nil }
        if place == 100_000, !isPointDue {
            isPointDue = true
            return UInt8(ascii: ".")
        }
        let digit = rest / place
        rest -= digit * place
        place /= 10
        return UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
    }
}

/// Reads one decimal number into micros.
private struct DecimalReader: ~Escapable {
    private let text: RawSpan
    private var offset = 0
    /// The digits up to the last one that is not zero, as a number.
    private var digits: UInt64 = 0
    /// Zeros met since then: they count only if another digit follows.
    private var zeros = 0
    private var significant = 0
    private var overflow = false

    /// Beyond any exponent that leaves a digit in range; larger ones are read as this.
    private static let largestExponent = 1_000_000_000

    @_lifetime(copy text) init(_ text: RawSpan) { self.text = text }

    private var current: UInt8? {
        offset < text.byteCount
            ? unsafe text.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self) : nil
    }

    private mutating func digit() -> UInt8? {
        guard let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        offset += 1
        return byte - UInt8(ascii: "0")
    }

    @_lifetime(self: copy self)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        offset += 1
        return true
    }

    /// A run of digits; how many there were.
    private mutating func run() throws(MicrosError) -> Int {
        let start = offset
        while let digit = digit() {
            guard digit > 0 else {
                zeros += 1
                continue
            }
            significant += significant == 0 ? 1 : zeros + 1
            for _ in 0..<(digits == 0 && !overflow ? 0 : min(zeros + 1, 20)) {
                let (shifted, lost) = digits.multipliedReportingOverflow(by: 10)
                overflow = overflow || lost
                digits = shifted
            }
            let (sum, lost) = digits.addingReportingOverflow(UInt64(digit))
            overflow = overflow || lost
            digits = sum
            zeros = 0
        }
        guard offset > start else { throw .malformed }
        return offset - start
    }

    mutating func read() throws(MicrosError) -> Micros {
        let isNegative = take(UInt8(ascii: "-"))
        let startsWithZero = current == UInt8(ascii: "0")
        let whole = try run()
        guard !startsWithZero || whole == 1 else { throw .malformed }
        var exponent = take(UInt8(ascii: ".")) ? -(try run()) : 0
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) { exponent += try readExponent() }
        guard offset == text.byteCount else { throw .malformed }

        if significant == 0 { return .zero }
        // The amount is `digits` × 10^exponent micros, and its last digit is not zero.
        exponent += zeros + 6
        let isTooLarge = significant + exponent > 19
        guard !overflow, exponent >= 0 else { throw isTooLarge ? .outOfRange : .tooPrecise }
        guard !isTooLarge else { throw .outOfRange }
        var magnitude = digits
        for _ in 0..<exponent {
            let (shifted, lost) = magnitude.multipliedReportingOverflow(by: 10)
            if lost { throw .outOfRange }
            magnitude = shifted
        }
        if isNegative {
            guard magnitude <= Int64.min.magnitude else { throw .outOfRange }
            return Micros(Int64(truncatingIfNeeded: 0 &- magnitude))
        }
        guard let amount = Int64(exactly: magnitude) else { throw .outOfRange }
        return Micros(amount)
    }

    private mutating func readExponent() throws(MicrosError) -> Int {
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        let start = offset
        var exponent = 0
        while let digit = digit() { exponent = min(exponent * 10 + Int(digit), Self.largestExponent) }
        guard offset > start else { throw .malformed }
        return isNegative ? -exponent : exponent
    }
}
