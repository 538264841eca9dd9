// A response's head, as the client reads it: status line, headers and framing, as strict as for requests.

/// One is held by each client and filled again for every response.
public struct ResponseHead: ~Copyable, Sendable {
    public internal(set) var headers: HeaderTable

    public private(set) var code: UInt16 = 0
    public private(set) var reason = ByteRange.empty
    public private(set) var version = Version.http11
    /// Where the body ends; `.none` for interim responses, 204, 304 and the answer to a HEAD.
    public private(set) var framing = BodyFraming.none

    public init(limits: HeadLimits = HeadLimits()) { headers = HeaderTable(limits: limits) }

    /// Reads the head at the start of `bytes`, as `RequestHead.parse` does. The method is the request's: the
    /// answer to a HEAD has no body, whatever its headers say.
    public mutating func parse(
        _ bytes: RawSpan, progress: inout HeadProgress, answering method: Method
    ) -> HeadOutcome {
        let outcome = headers.scan(bytes, &progress, kind: .response)
        guard case .complete = outcome else { return outcome }
        if let refusal = parseLine(bytes) { return .refused(refusal) }
        if let refusal = headers.parseFields(bytes, version: version) { return .refused(refusal) }
        framing = bodyFraming(answering: method)
        return outcome
    }

    /// A 1xx that another response follows.
    public var isInterim: Bool { code < 200 }
    public var contentLength: Int? { headers.contentLength < 0 ? nil : headers.contentLength }

    /// Whether the connection may carry another request. A body that ends with the connection ends it.
    public var keepAlive: Bool {
        if headers.saysClose || framing == .untilClose { return false }
        return version == .http11 || headers.saysKeepAlive
    }

    /// `HTTP/1.x SP 3DIGIT [ SP reason ]`. The space is left out by servers that have no reason to give.
    private mutating func parseLine(_ bytes: RawSpan) -> Refusal? {
        let line = headers.startLine
        let start = Int(line.start)
        guard line.count >= 12,
            let numbers = HTTPVersion.parse(ByteRange(start: start, count: 8), bytes),
            bytes[start &+ 8] == ASCII.space
        else { return .malformedStatusLine }
        guard numbers.major == 1 else { return .unsupportedVersion }
        version = numbers.minor == 0 ? .http10 : .http11
        var value: UInt16 = 0
        for index in start &+ 9..<start &+ 12 {
            guard ASCII.isDigit(bytes[index]) else { return .malformedStatusLine }
            value = value &* 10 &+ UInt16(bytes[index] &- ASCII.zero)
        }
        guard (100..<600).contains(value) else { return .malformedStatusLine }
        guard line.count == 12 || bytes[start &+ 12] == ASCII.space else { return .malformedStatusLine }
        code = value
        reason = ByteRange(from: min(start &+ 13, line.end), to: line.end)
        // This client never asks for another protocol.
        return value == 101 ? .unexpectedUpgrade : nil
    }

    /// RFC 9112 §6.3, in its order.
    private func bodyFraming(answering method: Method) -> BodyFraming {
        if method == .head || code < 200 || code == 204 || code == 304 { return .none }
        if method == .connect, code < 300 { return .none }
        if headers.isChunked { return .chunked }
        if headers.contentLength >= 0 {
            return headers.contentLength == 0 ? .none : .length(headers.contentLength)
        }
        return .untilClose
    }
}
