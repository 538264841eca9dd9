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
    var table: HeaderTable

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

    public init(limits: HeadLimits = HeadLimits()) { table = HeaderTable(limits: limits) }

    /// Reads the head at the start of `bytes`. While it is incomplete, call again with the same bytes and
    /// more after them, and the same progress: only what is new is looked at.
    public mutating func parse(_ bytes: RawSpan, progress: inout HeadProgress) -> HeadOutcome {
        let outcome = table.scan(bytes, &progress, kind: .request)
        guard case .complete = outcome else { return outcome }
        if let refusal = parseLine(bytes) { return .refused(refusal) }
        if let refusal = table.parseFields(bytes, version: version) { return .refused(refusal) }
        if let refusal = checkHost(bytes) { return .refused(refusal) }
        // HTTP/1.0 knows no expectations: whatever it says is ignored (RFC 9110 §10.1.1).
        if version == .http11, table.expectationCount > table.continueCount {
            return .refused(.unknownExpectation)
        }
        return outcome
    }

    /// Reads a head that is thought to be whole.
    public mutating func parse(_ bytes: RawSpan) -> HeadOutcome {
        var progress = HeadProgress()
        return parse(bytes, progress: &progress)
    }

    public var headerCount: Int { table.fieldCount }
    public func headerName(at index: Int) -> ByteRange {
        precondition(index < table.fieldCount)
        return table.fields[index].name
    }
    public func headerValue(at index: Int) -> ByteRange {
        precondition(index < table.fieldCount)
        return table.fields[index].value
    }

    /// The value of the first header of this name, upper and lower case being the same.
    public func value(of name: StaticString, in bytes: RawSpan) -> ByteRange? {
        table.value(of: name, in: bytes)
    }

    /// The host that the request is for: the target's own, or else the Host header's value.
    public var authority: ByteRange { targetAuthority.isEmpty ? table.host : targetAuthority }
    public var hasHost: Bool { table.hostCount > 0 }

    /// The announced length of the body, or nil without a Content-Length.
    public var contentLength: Int? { table.contentLength < 0 ? nil : table.contentLength }
    public var isChunked: Bool { table.isChunked }
    /// A request without either has no body.
    public var framing: BodyFraming {
        if table.isChunked { return .chunked }
        return table.contentLength > 0 ? .length(table.contentLength) : .none
    }

    /// Whether the connection stays open after this request as far as the client is concerned.
    public var keepAlive: Bool {
        if table.saysClose { return false }
        return version == .http11 || table.saysKeepAlive
    }

    /// Whether the client waits for `100 Continue` before it sends a body (never for HTTP/1.0 or without
    /// body).
    public var expectsContinue: Bool { table.continueCount > 0 && version == .http11 && framing != .none }
}
