// Money: millionths of a currency unit in a signed 64 bit integer, enough for nine trillion units either way.
// Sums never wrap and never round: what does not fit stops the process with a message, or is reported to who
// asked for that.

/// An amount of money in micros, millionths of its currency's unit.
public struct Micros: Hashable, Comparable, Sendable, BitwiseCopyable {
    public var rawValue: Int64

    @inlinable public init(_ rawValue: Int64) { self.rawValue = rawValue }

    // Computed, as other modules would ask for a stored one each time whether it is made yet.
    @inlinable public static var zero: Micros { Micros(0) }
    @inlinable public static var max: Micros { Micros(.max) }
    @inlinable public static var min: Micros { Micros(.min) }

    /// Micros in one unit of the currency.
    public static let perUnit: Int64 = 1_000_000

    @inlinable public static func < (a: Micros, b: Micros) -> Bool { a.rawValue < b.rawValue }
}

// Arithmetic that must hold: an amount that does not fit is a broken invariant, and the process stops.
extension Micros {
    @inlinable public static func + (a: Micros, b: Micros) -> Micros {
        guard let result = a.adding(b) else { overflow("+", a.rawValue, b.rawValue) }
        return result
    }
    @inlinable public static func - (a: Micros, b: Micros) -> Micros {
        guard let result = a.subtracting(b) else { overflow("-", a.rawValue, b.rawValue) }
        return result
    }
    @inlinable public static func * (a: Micros, times: Int64) -> Micros {
        guard let result = a.multiplied(by: times) else { overflow("*", a.rawValue, times) }
        return result
    }
    @inlinable public static prefix func - (a: Micros) -> Micros { zero - a }
    @inlinable public static func += (a: inout Micros, b: Micros) { a = a + b }
    @inlinable public static func -= (a: inout Micros, b: Micros) { a = a - b }

    @usableFromInline @inline(never) static func overflow(_ operation: StaticString, _ a: Int64, _ b: Int64)
        -> Never
    {
        fatalError("money overflow: \(a) \(operation) \(b) micros does not fit in 64 bits")
    }
}

// The same arithmetic for who has an answer to overflow: nil where the result does not fit.
extension Micros {
    @inlinable public func adding(_ other: Micros) -> Micros? {
        let (sum, overflow) = rawValue.addingReportingOverflow(other.rawValue)
        return overflow ? nil : Micros(sum)
    }
    @inlinable public func subtracting(_ other: Micros) -> Micros? {
        let (difference, overflow) = rawValue.subtractingReportingOverflow(other.rawValue)
        return overflow ? nil : Micros(difference)
    }
    @inlinable public func multiplied(by times: Int64) -> Micros? {
        let (product, overflow) = rawValue.multipliedReportingOverflow(by: times)
        return overflow ? nil : Micros(product)
    }
}
