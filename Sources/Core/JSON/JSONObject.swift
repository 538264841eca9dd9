// Walking the fields of an object and the elements of an array, in the order in which they stand.

/// One field of an object.
public struct JSONField: ~Escapable {
    public let key: JSONKey
    public let value: JSONValue

    @inlinable @_lifetime(copy key, copy value) init(key: JSONKey, value: JSONValue) {
        self.key = key
        self.value = value
    }
}

/// The fields of an object that have not been taken yet. A field that is passed over costs next to nothing, however
/// much is nested in it.
///
///     var fields = try document.root.object()
///     while let field = fields.next() {
///         switch field.key {
///         case "id": id = try field.value.string()
///         case "tmax": timeoutMilliseconds = try field.value.int64()
///         default: break
///         }
///     }
public struct JSONObject: ~Escapable {
    @usableFromInline let tokens: JSONTokens
    /// The next key's opening quote, or what ends the object.
    @usableFromInline var token: Int

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, token: Int) {
        self.tokens = tokens
        self.token = token
    }

    /// The next field, or nil after the last one.
    @inlinable @_lifetime(copy self)
    public mutating func next() -> JSONField? {
        guard tokens.kind(token) == UInt8(ascii: "\"") else { return nil }
        let value = token &+ 3
        let key = JSONKey(tokens: tokens, token: token)
        let after = tokens.after(value)
        // Beyond the comma, if there is one; a closing bracket ends the walk and stays.
        token = tokens.kind(after) == UInt8(ascii: ",") ? after &+ 1 : after
        return JSONField(key: key, value: JSONValue(tokens: tokens, token: value))
    }

    /// The last field that has this key among those not taken yet; takes none. Costs a walk over the whole object:
    /// for a few rare fields, where a loop over all would be too much to read.
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
public struct JSONArray: ~Escapable {
    @usableFromInline let tokens: JSONTokens
    /// The next element, or what ends the array.
    @usableFromInline var token: Int

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, token: Int) {
        self.tokens = tokens
        self.token = token
    }

    /// The next element, or nil after the last one.
    @inlinable @_lifetime(copy self)
    public mutating func next() -> JSONValue? {
        guard tokens.kind(token) != UInt8(ascii: "]") else { return nil }
        let value = token
        let after = tokens.after(value)
        token = tokens.kind(after) == UInt8(ascii: ",") ? after &+ 1 : after
        return JSONValue(tokens: tokens, token: value)
    }
}
