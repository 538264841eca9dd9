// A whole document, accepted or refused before anything is read from it. Once there is a JSONDocument, its
// bytes are valid RFC 8259 JSON to the last byte, also in the parts that nobody will look at; what can still
// go wrong is only that a value is not what the caller wants.

/// How large and how deep a document may be.
public struct JSONLimits: Hashable, Sendable {
    /// The largest document in bytes. The scratch's own size is a limit too.
    public var bytes: Int
    /// How deep objects and arrays may nest; a lone object is one deep.
    public var depth: Int

    /// No document may be deeper than this: the open brackets are kept in a block of fixed size, four KB of
    /// the stack. Other parsers end near it, or where their stack does.
    public static let deepest = 1024

    /// Four times what any real bid request, catalog or settings file nests.
    public static let usualDepth = 64

    public init(bytes: Int = JSONScratch.largestMaximumBytes, depth: Int = usualDepth) {
        precondition(bytes >= 0 && (1...Self.deepest).contains(depth), "JSON depth must be 1 to 1,024")
        self.bytes = bytes
        self.depth = depth
    }
}

/// A valid JSON document over bytes that somebody else owns. Nothing is copied and no tree is built: values
/// point into the bytes and the scratch, both of which stay borrowed for as long as the document is used.
///
/// Duplicate keys are valid JSON. Fields come in the document's order, so a caller who assigns as it walks
/// keeps the last; where that is not good enough (settings, files checked by hand), call
/// `refuseDuplicateKeys`.
public struct JSONDocument: ~Escapable, BitwiseCopyable {
    @usableFromInline let tokens: JSONTokens

    /// Accepts the bytes if they are one JSON value with nothing but white space around it, in UTF-8 without
    /// a byte order mark. Allocates nothing.
    @_lifetime(copy bytes, &scratch)
    public init(_ bytes: RawSpan, scratch: inout JSONScratch, limits: JSONLimits = JSONLimits())
        throws(JSONError)
    {
        guard bytes.byteCount <= min(limits.bytes, scratch.maximumBytes) else {
            throw JSONError(.tooLarge, at: min(limits.bytes, scratch.maximumBytes))
        }
        guard scratch.index(bytes, depth: limits.depth) else {
            throw JSONGrammar.refusal(of: bytes, depth: limits.depth)
        }
        tokens = JSONTokens(scratch: scratch)
    }

    /// The value that the document is.
    @inlinable public var root: JSONValue {
        @_lifetime(copy self) get { JSONValue(tokens: tokens, token: 0) }
    }

    /// Refuses bytes that are not a JSON document, and needs no scratch: slower than reading by an order of
    /// magnitude.
    public static func validate(_ bytes: RawSpan, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.byteCount <= limits.bytes else { throw JSONError(.tooLarge, at: limits.bytes) }
        if let error = JSONGrammar.error(in: bytes, depth: limits.depth) { throw error }
    }

    /// Refuses a document in which an object has the same key twice, however the key is spelled. Allocates:
    /// it is for settings and for files checked by hand, not for the request path.
    public func refuseDuplicateKeys() throws(JSONError) {
        try JSONDuplicates.refuse(in: tokens)
    }
}
