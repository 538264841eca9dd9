// Which trace a call belongs to, as W3C's Trace Context says it in `traceparent`: read where it lies, and written again.
import Units

/// Sixteen bytes, of which not all are zero.
public struct TraceID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    public var isValid: Bool { high | low != 0 }

    /// Thirty-two digits.
    public var text: String { hexadecimal(high) + hexadecimal(low) }
}

/// Eight bytes; zero stands for none.
public struct SpanID: Hashable, Sendable {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public static let none = SpanID(0)

    /// Sixteen digits.
    public var text: String { hexadecimal(rawValue) }
}

/// Who calls, in which trace, and whether the caller records it.
public struct TraceContext: Equatable, Sendable {
    public var trace: TraceID
    public var span: SpanID
    public var isSampled: Bool

    /// What version 00 takes, and the least of any later one.
    public static let textBytes = 55

    public init(trace: TraceID, span: SpanID, isSampled: Bool) {
        (self.trace, self.span, self.isSampled) = (trace, span, isSampled)
    }

    /// Reads the value of one `traceparent`; nil where it is not valid, and a new trace begins. Version 00 is held to
    /// its length; of a later one the part that has the form of version 00 is read, where nothing or a dash follows it
    /// (Trace Context §3.2.4). Digits are small letters, and ids of zeros are none.
    public init?(traceparent text: RawSpan) {
        guard text.byteCount >= Self.textBytes, let version = text.byteOfDigits(at: 0), version != 0xFF else {
            return nil
        }
        if text.byteCount > Self.textBytes {
            guard version != 0, text.byte(Self.textBytes) == UInt8(ascii: "-") else { return nil }
        }
        let dash = UInt8(ascii: "-")
        guard text.byte(2) == dash, text.byte(35) == dash, text.byte(52) == dash,
            let high = text.numberOfDigits(at: 3), let low = text.numberOfDigits(at: 19),
            let parent = text.numberOfDigits(at: 36), let flags = text.byteOfDigits(at: 53),
            high | low != 0, parent != 0
        else { return nil }
        // The other flags mean nothing that is known here.
        self.init(trace: TraceID(high: high, low: low), span: SpanID(parent), isSampled: flags & 1 == 1)
    }

    /// The value of a header, in version 00.
    public var traceparent: String { "00-\(trace.text)-\(span.text)-\(isSampled ? "01" : "00")" }
}

extension RawSpan {
    /// The value of a digit of base sixteen; nil for another byte, and for capitals.
    @inline(__always)
    private func digit(_ at: Int) -> UInt8? {
        let byte = byte(at)
        let decimal = byte &- UInt8(ascii: "0")
        if decimal < 10 { return decimal }
        let letter = byte &- UInt8(ascii: "a")
        return letter < 6 ? letter &+ 10 : nil
    }

    fileprivate func byteOfDigits(at start: Int) -> UInt8? {
        guard let first = digit(start), let second = digit(start &+ 1) else { return nil }
        return first &<< 4 | second
    }

    /// Sixteen digits.
    fileprivate func numberOfDigits(at start: Int) -> UInt64? {
        var number: UInt64 = 0
        for at in start..<start &+ 16 {
            guard let digit = digit(at) else { return nil }
            number = number &<< 4 | UInt64(digit)
        }
        return number
    }
}
