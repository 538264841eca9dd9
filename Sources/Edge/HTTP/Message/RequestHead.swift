// A request's head: request line, headers and framing (RFC 9112). It holds offsets into the bytes it was
// given, never bytes, so it means something only as long as they stay where they were.

/// The methods that have a name here; every other token is `.other`, and `RequestHead.methodName` shows it.
public enum Method: UInt8, CaseIterable, Sendable {
    case get, head, post, put, delete, connect, options, trace, patch, other
}

/// Which of the four forms the request target has (RFC 9112 §3.2).
public enum TargetForm: UInt8, Sendable {
    /// A path and perhaps a query: `/where?q=now`.
    case origin
    /// A whole URI, as proxies get it: its authority replaces the Host header.
    case absolute
    /// A host and port, with CONNECT only.
    case authority
    /// `*`, with OPTIONS only.
    case asterisk
}

/// One is held by each server and filled again for every request.
public struct RequestHead: ~Copyable, Sendable {
    public internal(set) var headers: HeaderTable

    public internal(set) var method = Method.other
    public internal(set) var methodName = ByteRange.empty
    public internal(set) var target = ByteRange.empty
    public internal(set) var targetForm = TargetForm.origin
    /// From the slash to the question mark. Empty for `*`, for CONNECT, and for a URI that ends at its host,
    /// which means the root.
    public internal(set) var path = ByteRange.empty
    /// After the question mark; empty without one.
    public internal(set) var query = ByteRange.empty
    /// The target's own authority, where it has one.
    var targetAuthority = ByteRange.empty
    public internal(set) var version = Version.http11

    public init(limits: HeadLimits = HeadLimits()) { headers = HeaderTable(limits: limits) }

    /// Reads the head at the start of `bytes`. While it is incomplete, call again with the same bytes and
    /// more after them, and the same progress: only what is new is looked at.
    public mutating func parse(_ bytes: RawSpan, progress: inout HeadProgress) -> HeadOutcome {
        let outcome = headers.scan(bytes, &progress, kind: .request)
        guard case .complete = outcome else { return outcome }
        if let refusal = parseLine(bytes) { return .refused(refusal) }
        if let refusal = headers.parseFields(bytes, version: version) { return .refused(refusal) }
        if let refusal = checkHost(bytes) { return .refused(refusal) }
        // HTTP/1.0 knows no expectations: whatever it says is ignored (RFC 9110 §10.1.1).
        if version == .http11, headers.expectationCount > headers.continueCount {
            return .refused(.unknownExpectation)
        }
        return outcome
    }

    /// Reads a head that is thought to be whole.
    public mutating func parse(_ bytes: RawSpan) -> HeadOutcome {
        var progress = HeadProgress()
        return parse(bytes, progress: &progress)
    }

    /// The value of the first header of this name, whatever its case.
    public mutating func header(_ name: StaticString, in bytes: RawSpan) -> ByteRange? {
        headers.value(of: name, in: bytes)
    }

    /// Where the caller says in which trace it is; nil where it says nothing, or says it more than once.
    public var traceparent: ByteRange? { headers.traceparentCount == 1 ? headers.traceparent : nil }

    /// The host that the request is for: the target's own, or else the Host header's value.
    public var authority: ByteRange { targetAuthority.isEmpty ? headers.host : targetAuthority }
    public var hasHost: Bool { headers.hostCount > 0 }

    /// The announced length of the body, or nil without a Content-Length.
    public var contentLength: Int? { headers.contentLength < 0 ? nil : headers.contentLength }
    public var isChunked: Bool { headers.isChunked }
    /// A request without either has no body.
    public var framing: BodyFraming {
        if headers.isChunked { return .chunked }
        return headers.contentLength > 0 ? .length(headers.contentLength) : .none
    }

    /// Whether the connection stays open after this request as far as the client is concerned.
    public var keepAlive: Bool {
        if headers.saysClose { return false }
        return version == .http11 || headers.saysKeepAlive
    }

    /// Whether the client waits for `100 Continue` before it sends a body (never for HTTP/1.0 or without
    /// body).
    public var expectsContinue: Bool { headers.continueCount > 0 && version == .http11 && framing != .none }
}
