// What a request's plain values hold instead of strings and arrays: where the text or the list lies. They mean
// something only together with the request that they came from, which gives the bytes and the elements.

/// A string of a request. What the request does not say and what it says as "" are both the empty text: for
/// OpenRTB absence is "unknown", and that is what exchanges mean by "".
public struct Text: Hashable, Sendable, BitwiseCopyable {
    /// The first byte in the request, or in the reader's unescaped text where the top bit is set.
    let place: UInt32
    let length: UInt32

    public static let empty = Text(place: 0, length: 0)

    /// Set in the place of a text that had escapes, and so lies in the reader's memory, without them.
    static let unescaped: UInt32 = 0x8000_0000

    public var byteCount: Int { Int(length) }
    public var isEmpty: Bool { length == 0 }
}

/// Some elements in a row of one of the reader's lists. Absent and empty are the same.
public struct Run<Element>: Sendable, BitwiseCopyable {
    let first: UInt32
    let length: UInt32

    init() {
        first = 0
        length = 0
    }

    /// From one place in the list up to another.
    init(from start: Int, to end: Int) {
        first = UInt32(truncatingIfNeeded: start)
        length = UInt32(truncatingIfNeeded: end &- start)
    }

    var start: Int { Int(first) }
    public var count: Int { Int(length) }
    public var isEmpty: Bool { length == 0 }
}
