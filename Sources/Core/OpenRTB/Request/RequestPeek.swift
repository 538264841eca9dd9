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

    /// Where the request's own id lies, between its quotes: for a no-bid that has to repeat it. Nil where it is not there,
    /// is longer than ids are, or has characters that would have to be looked at more closely.
    public func id(_ request: RawSpan) -> Range<Int>? {
        var (at, depth) = (0, 0)
        while at < request.byteCount {
            switch request.byte(at) {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                guard let end = endOfString(at + 1, request) else { return nil }
                if depth == 1, request.extracting(at + 1..<end).equals("id") {
                    let colon = afterBlanks(end + 1, request)
                    guard colon < request.byteCount, request.byte(colon) == UInt8(ascii: ":") else { break }
                    return plainString(afterBlanks(colon + 1, request), request)
                }
                at = end
            default: break
            }
            at += 1
        }
        return nil
    }

    /// The string that starts with this quote.
    private func plainString(_ quote: Int, _ request: RawSpan) -> Range<Int>? {
        guard quote < request.byteCount, request.byte(quote) == UInt8(ascii: "\""),
            let end = endOfString(quote + 1, request), end - quote <= 256
        else { return nil }
        for at in quote + 1..<end {
            let byte = request.byte(at)
            if byte < 0x20 || byte > 0x7E || byte == UInt8(ascii: "\\") { return nil }
        }
        return quote + 1..<end
    }

    /// The next quote that is not escaped.
    private func endOfString(_ start: Int, _ request: RawSpan) -> Int? {
        var at = start
        while at < request.byteCount, request.byte(at) != UInt8(ascii: "\"") {
            at += request.byte(at) == UInt8(ascii: "\\") ? 2 : 1
        }
        return at < request.byteCount ? at : nil
    }

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
    /// How far to go on where this byte stands under the pattern's last one. An array by reference: one within the
    /// structure was copied for every look, which took a sixth of an overloaded shard's time.
    private let skip: [UInt8]

    init(_ bytes: StaticString) {
        self.bytes = bytes
        let length = bytes.utf8CodeUnitCount
        var skip = [UInt8](repeating: UInt8(length), count: 256)
        for at in 0..<length - 1 { unsafe skip[Int(bytes.utf8Start[at])] = UInt8(length - 1 - at) }
        self.skip = skip
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
