// What overload wants to know of a request before it is read: whether it is for a live break, and how long its sender
// waits. Found by looking for the keys' bytes, which takes a fraction of a microsecond and may be wrong: a text that looks
// like a key, or a key of an extension, is taken for it. So it orders requests, and decides nothing about ads.
internal import Units

/// One for each shard.
public struct RequestPeek: Sendable {
    private let live = BytePattern("\"livestream\"")
    private let tag = BytePattern("live=1")
    private let time = BytePattern("\"tmax\"")

    public init() {}

    /// Whether the request says that its content is live.
    public func isLive(_ request: RawSpan) -> Bool { number(after: live, request) == 1 }

    /// The same of an ad tag's query.
    public func isLiveTag(_ query: RawSpan) -> Bool {
        guard let end = tag.end(in: query) else { return false }
        return end == query.byteCount || query.byte(end) == UInt8(ascii: "&")
    }

    /// Milliseconds that the sender waits, where it says so.
    public func tmax(_ request: RawSpan) -> Int? { number(after: time, request) }

    /// The whole number after the key's colon.
    private func number(after key: BytePattern, _ request: RawSpan) -> Int? {
        guard var at = key.end(in: request) else { return nil }
        at = afterBlanks(at, request)
        guard at < request.byteCount, request.byte(at) == UInt8(ascii: ":") else { return nil }
        at = afterBlanks(at + 1, request)
        var (number, digits) = (0, 0)
        while at < request.byteCount, request.byte(at) &- UInt8(ascii: "0") < 10, digits < 9 {
            number = number * 10 + Int(request.byte(at) - UInt8(ascii: "0"))
            digits += 1
            at += 1
        }
        return digits > 0 ? number : nil
    }

    private func afterBlanks(_ start: Int, _ request: RawSpan) -> Int {
        var at = start
        while at < request.byteCount, request.byte(at) <= 0x20 { at += 1 }
        return at
    }
}

/// Finds a few bytes in many by looking at every n-th first (Horspool).
private struct BytePattern: Sendable {
    private let bytes: StaticString
    /// How far to go on where this byte stands under the pattern's last one.
    private var skip: InlineArray<256, UInt8>

    init(_ bytes: StaticString) {
        self.bytes = bytes
        let length = bytes.utf8CodeUnitCount
        skip = InlineArray(repeating: UInt8(length))
        for at in 0..<length - 1 { unsafe skip[Int(bytes.utf8Start[at])] = UInt8(length - 1 - at) }
    }

    /// Where the first occurrence ends.
    func end(in text: RawSpan) -> Int? {
        let length = bytes.utf8CodeUnitCount
        var end = length
        while end <= text.byteCount {
            let last = text.byte(end - 1)
            if last == (unsafe bytes.utf8Start[length - 1]),
                text.extracting(end - length..<end).equals(bytes)
            {
                return end
            }
            end += Int(skip[Int(last)])
        }
        return nil
    }
}
