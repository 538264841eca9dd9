// Taking a target apart, for routers and handlers: the segments of a path, the pairs of a query, and percent
// encoding. Nothing is copied but by `PercentEncoding.decode`, into the caller's buffer.

/// The segments between a path's slashes, still encoded: `/a//b/` has `a`, an empty one, `b` and an empty
/// one.
public struct PathSegments: Sendable {
    private var position: Int
    private let end: Int

    public init(_ path: ByteRange) {
        position = Int(path.start)
        end = path.end
    }

    public mutating func next(in bytes: RawSpan) -> ByteRange? {
        guard position < end else { return nil }
        // Each segment follows its slash.
        let start = position &+ 1
        position = start
        while position < end, bytes[position] != ASCII.slash { position &+= 1 }
        return ByteRange(from: start, to: position)
    }
}

/// One `name=value` of a query, still encoded.
public struct QueryPair: Equatable, Sendable {
    public var name: ByteRange
    /// Empty with `=` and nothing behind it, and without `=` at all.
    public var value: ByteRange
}

/// The pairs between a query's ampersands; nothing between two of them is no pair.
public struct QueryPairs: Sendable {
    private var position: Int
    private let end: Int

    public init(_ query: ByteRange) {
        position = Int(query.start)
        end = query.end
    }

    public mutating func next(in bytes: RawSpan) -> QueryPair? {
        while position < end {
            let start = position
            var equals = -1
            while position < end, bytes[position] != ASCII.ampersand {
                if equals < 0, bytes[position] == ASCII.equals { equals = position }
                position &+= 1
            }
            let pairEnd = position
            position &+= 1
            if pairEnd == start { continue }
            let nameEnd = equals < 0 ? pairEnd : equals
            let valueStart = equals < 0 ? pairEnd : equals &+ 1
            return QueryPair(
                name: ByteRange(from: start, to: nameEnd), value: ByteRange(from: valueStart, to: pairEnd))
        }
        return nil
    }
}

public enum PercentEncoding {
    public enum Outcome: Equatable, Sendable {
        case decoded(count: Int)
        /// A `%` without two hexadecimal digits, or an encoded NUL, which no name or path needs.
        case invalid
        case tooLong
    }

    /// Decodes a piece into the buffer. In queries, forms write a space as `+`; in paths a plus is a plus.
    public static func decode(
        _ range: ByteRange, in bytes: RawSpan, into output: UnsafeMutableRawBufferPointer,
        plusIsSpace: Bool = false
    ) -> Outcome {
        var position = Int(range.start)
        var count = 0
        while position < range.end {
            var byte = bytes[position]
            position &+= 1
            if byte == ASCII.percent {
                guard range.end &- position >= 2, let high = ASCII.hexValue(bytes[position]),
                    let low = ASCII.hexValue(bytes[position &+ 1]), high | low != 0
                else { return .invalid }
                byte = high &<< 4 | low
                position &+= 2
            } else if plusIsSpace, byte == ASCII.plus {
                byte = ASCII.space
            }
            guard count < output.count else { return .tooLong }
            output[count] = byte
            count &+= 1
        }
        return .decoded(count: count)
    }
}
