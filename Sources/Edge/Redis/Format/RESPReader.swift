// Reads replies of RESP2 and RESP3 from bytes that come in pieces. It holds no bytes: it is shown, each time, all that
// came since the reply began, and goes on where it stopped.
import Units

/// Reading of one reply.
public struct RESPReader {
    private let limits: RESPLimits
    /// The reply's values, an aggregate before what is in it.
    public private(set) var values: [RESPValue] = []
    /// So far the bytes are understood.
    public private(set) var offset = 0
    /// How many values each open aggregate still lacks; the first is the reply itself.
    private var lacking: [Lack] = []

    private struct Lack {
        var count: Int
    }

    public init(_ limits: RESPLimits = RESPLimits()) {
        self.limits = limits
        values.reserveCapacity(64)
        lacking.reserveCapacity(limits.depth + 1)
        lacking.append(Lack(count: 1))
    }

    /// Forgets the reply, for the next one.
    public mutating func reset() {
        values.removeAll(keepingCapacity: true)
        lacking.removeAll(keepingCapacity: true)
        lacking.append(Lack(count: 1))
        offset = 0
    }

    /// Goes on in the bytes since the reply's beginning. True where the reply is whole; it ends at `offset`.
    public mutating func read(_ bytes: RawSpan) throws(RESPFailure) -> Bool {
        while !lacking.isEmpty {
            guard let end = try lineEnd(bytes) else { return false }
            guard try readValue(bytes, end) else { return false }
            closeFinished()
        }
        return true
    }

    /// Where the line ends that starts here: its CR. Nil where it has not come yet.
    private func lineEnd(_ bytes: RawSpan) throws(RESPFailure) -> Int? {
        var at = offset
        let last = min(bytes.byteCount, offset + limits.lineBytes)
        while at < last, bytes.byte(at) != 0x0D {
            if bytes.byte(at) == 0x0A { throw RESPFailure(reason: .malformedEnd, offset: at) }
            at += 1
        }
        if at == offset + limits.lineBytes { throw RESPFailure(reason: .tooLong, offset: offset) }
        guard at + 1 < bytes.byteCount else { return nil }
        guard bytes.byte(at + 1) == 0x0A else { throw RESPFailure(reason: .malformedEnd, offset: at) }
        return at
    }

    /// Takes the value whose line ends there. False where its bytes have not all come.
    private mutating func readValue(_ bytes: RawSpan, _ end: Int) throws(RESPFailure) -> Bool {
        let start = offset + 1
        guard start <= end else { throw RESPFailure(reason: .unknownType, offset: offset) }
        let line = start..<end
        switch bytes.byte(offset) {
        case UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "("): try add(.init(.text, bytes: line))
        case UInt8(ascii: "-"): try add(.init(.error, bytes: line))
        case UInt8(ascii: ":"): try add(.init(.integer, number: try number(bytes, line)))
        case UInt8(ascii: "_"): try add(.init(.null))
        case UInt8(ascii: "#"):
            guard line.count == 1, [0x74, 0x66].contains(bytes.byte(start)) else {
                throw RESPFailure(reason: .malformedNumber, offset: offset)
            }
            try add(.init(.boolean, number: bytes.byte(start) == 0x74 ? 1 : 0))
        case UInt8(ascii: "$"), UInt8(ascii: "="): return try readBulk(bytes, line, .text)
        case UInt8(ascii: "!"): return try readBulk(bytes, line, .error)
        case UInt8(ascii: "*"), UInt8(ascii: "~"): try open(.list, bytes, line)
        case UInt8(ascii: "%"): try open(.map, bytes, line)
        case UInt8(ascii: ">"): try open(.push, bytes, line)
        case UInt8(ascii: "|"): try open(.attribute, bytes, line)
        default: throw RESPFailure(reason: .unknownType, offset: offset)
        }
        offset = end + 2
        return true
    }

    private mutating func readBulk(
        _ bytes: RawSpan, _ line: Range<Int>, _ kind: RESPValue.Kind
    ) throws(RESPFailure) -> Bool {
        let length = try number(bytes, line)
        let start = line.upperBound + 2
        if length == -1 {
            try add(.init(.null))
            offset = start
            return true
        }
        guard length >= 0 else { throw RESPFailure(reason: .malformedNumber, offset: offset) }
        guard length <= limits.replyBytes, start + Int(length) + 2 <= limits.replyBytes else {
            throw RESPFailure(reason: .tooLarge, offset: offset)
        }
        let end = start + Int(length)
        guard end + 2 <= bytes.byteCount else { return false }
        guard bytes.byte(end) == 0x0D, bytes.byte(end + 1) == 0x0A else {
            throw RESPFailure(reason: .malformedEnd, offset: end)
        }
        try add(.init(kind, bytes: start..<end))
        offset = end + 2
        return true
    }

    private mutating func open(
        _ kind: RESPValue.Kind, _ bytes: RawSpan, _ line: Range<Int>
    ) throws(RESPFailure) {
        let length = try number(bytes, line)
        if length == -1, kind == .list { return try add(.init(.null)) }
        guard length >= 0 else { throw RESPFailure(reason: .malformedNumber, offset: offset) }
        let pairs: Int64 = kind == .map || kind == .attribute ? 2 : 1
        guard length <= Int64(limits.values) / pairs else {
            throw RESPFailure(reason: .tooMany, offset: offset)
        }
        guard lacking.count <= limits.depth else { throw RESPFailure(reason: .tooDeep, offset: offset) }
        try add(.init(kind, count: Int(length * pairs)))
        lacking.append(Lack(count: Int(length * pairs)))
    }

    private mutating func add(_ value: RESPValue) throws(RESPFailure) {
        guard values.count < limits.values else { throw RESPFailure(reason: .tooMany, offset: offset) }
        guard offset < limits.replyBytes else { throw RESPFailure(reason: .tooLarge, offset: offset) }
        values.append(value)
        // What is said of a value does not stand for it.
        if value.kind != .attribute { lacking[lacking.count - 1].count -= 1 }
    }

    private mutating func closeFinished() {
        while let last = lacking.last, last.count == 0 { lacking.removeLast() }
    }

    private func number(_ bytes: RawSpan, _ line: Range<Int>) throws(RESPFailure) -> Int64 {
        var at = line.lowerBound
        let isNegative = at < line.upperBound && bytes.byte(at) == UInt8(ascii: "-")
        if isNegative || (at < line.upperBound && bytes.byte(at) == UInt8(ascii: "+")) { at += 1 }
        guard at < line.upperBound, line.upperBound - at <= 19 else {
            throw RESPFailure(reason: .malformedNumber, offset: offset)
        }
        var number: Int64 = 0
        while at < line.upperBound {
            let digit = bytes.byte(at) &- UInt8(ascii: "0")
            let (shifted, over) = number.multipliedReportingOverflow(by: 10)
            let (sum, overSum) = shifted.addingReportingOverflow(Int64(digit))
            guard digit < 10, !over, !overSum else {
                throw RESPFailure(reason: .malformedNumber, offset: offset)
            }
            number = sum
            at += 1
        }
        return isNegative ? -number : number
    }

    /// The place behind a value and all that is in it.
    public func end(of index: Int) -> Int {
        var left = 1
        var at = index
        while left > 0, at < values.count {
            if values[at].kind != .attribute { left -= 1 }
            left += values[at].count
            at += 1
        }
        return at
    }

    /// Where the reply itself stands: behind what is said of it.
    public var root: Int {
        var at = 0
        while at < values.count, values[at].kind == .attribute { at = end(ofAttribute: at) }
        return at
    }

    private func end(ofAttribute index: Int) -> Int {
        var at = index + 1
        for _ in 0..<values[index].count { at = end(of: at) }
        return at
    }
}
