// Walking the fields of an object and the elements of an array, in the order in which they stand.

/// One field of an object.
public struct JSONField: ~Escapable, BitwiseCopyable {
    public let key: JSONKey
    public let value: JSONValue

    @inlinable @_lifetime(copy key, copy value) init(key: JSONKey, value: JSONValue) {
        self.key = key
        self.value = value
    }
}

/// The fields of an object that have not been taken yet. A field that is passed over costs next to nothing,
/// however much is nested in it.
///
///     var fields = try document.root.object()
///     while let field = fields.next() {
///         switch field.key {
///         case "id": id = try field.value.string()
///         case "tmax": timeoutMilliseconds = try field.value.int64()
///         default: break
///         }
///     }
public struct JSONObject: ~Escapable, BitwiseCopyable {
    @usableFromInline let tokens: JSONTokens
    /// The next key's opening quote; behind the closing brace after the last field.
    @usableFromInline var token: Int

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, token: Int) {
        self.tokens = tokens
        self.token = token
    }

    /// The next field, or nil after the last one.
    @inlinable @_lifetime(copy self)
    public mutating func next() -> JSONField? {
        // A quote, its string's end without escapes and a colon, all at once; behind them the value. Where an
        // object has ended there is no quote.
        let kinds = tokens.kinds(token)
        let key: JSONKey
        if _fastPath(kinds & 0xFF_FFFF == 0x3A_0222) {
            key = JSONKey(plain: token, in: tokens)
        } else {
            guard kinds & 0xFF == UInt32(UInt8(ascii: "\"")) else { return nil }
            key = JSONKey(escaped: token, in: tokens)
        }
        let value = token &+ 3
        token = tokens.after(value, UInt8(truncatingIfNeeded: kinds &>> 24)) &+ 1
        return JSONField(key: key, value: JSONValue(tokens: tokens, token: value))
    }

    /// The last field that has this key among those not taken yet; takes none. Costs a walk over the whole
    /// object: for a few rare fields, where a loop over all would be too much to read.
    @_lifetime(copy self)
    public func last(_ key: StaticString) -> JSONValue? {
        var rest = JSONObject(tokens: tokens, token: token)
        var found = -1
        while let field = rest.next() {
            if field.key == key { found = field.value.token }
        }
        return found < 0 ? nil : JSONValue(tokens: tokens, token: found)
    }
}

/// The elements of an array that have not been taken yet.
public struct JSONArray: ~Escapable, BitwiseCopyable {
    @usableFromInline let tokens: JSONTokens
    /// The next element; behind the closing bracket after the last one.
    @usableFromInline var token: Int

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, token: Int) {
        self.tokens = tokens
        self.token = token
    }

    /// The next element, or nil after the last one.
    @inlinable @_lifetime(copy self)
    public mutating func next() -> JSONValue? {
        // What stands before tells whether there is an element, without waiting to know where the last one
        // ended.
        switch tokens.kind(token &- 1) {
        case UInt8(ascii: ","): break
        case UInt8(ascii: "[") where tokens.kind(token) != UInt8(ascii: "]"): break
        default: return nil
        }
        let value = token
        token = tokens.after(value, tokens.kind(value)) &+ 1
        return JSONValue(tokens: tokens, token: value)
    }
}
