// One value of a document, and what a caller may ask it to be. Asking for the wrong kind, or for a number
// that does not fit, is an error with the value's place; nothing is converted, rounded or guessed.

/// The six kinds of JSON value.
public enum JSONKind: UInt8, Hashable, Sendable {
    case object, array, string, number, bool, null
}

/// A value in a document. Costs nothing until asked; asking twice parses twice.
public struct JSONValue: ~Escapable, BitwiseCopyable {
    @usableFromInline let tokens: JSONTokens
    @usableFromInline let token: Int

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, token: Int) {
        self.tokens = tokens
        self.token = token
    }

    @inlinable public var kind: JSONKind {
        switch tokens.kind(token) {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// Where the value starts, in bytes from the start of the document.
    @inlinable public var offset: Int { tokens.position(token) }

    /// The bytes of the value as they stand in the document.
    public var raw: RawSpan {
        @_lifetime(copy self) get {
            let start = offset
            return switch kind {
            case .object, .array: tokens.slice(start, tokens.position(tokens.partner(token)) + 1)
            case .string: tokens.slice(start, tokens.position(token + 1) + 1)
            case .number, .bool, .null: tokens.slice(start, tokens.endOfScalar(start))
            }
        }
    }

    @inlinable public var isNull: Bool { tokens.kind(token) == UInt8(ascii: "n") }

    /// The value's fields, one after the other.
    @inlinable @_lifetime(copy self)
    public func object() throws(JSONError) -> JSONObject {
        guard tokens.kind(token) == UInt8(ascii: "{") else { throw JSONError(.notObject, at: offset) }
        return JSONObject(tokens: tokens, token: token &+ 1)
    }

    /// The value's elements, one after the other.
    @inlinable @_lifetime(copy self)
    public func array() throws(JSONError) -> JSONArray {
        guard tokens.kind(token) == UInt8(ascii: "[") else { throw JSONError(.notArray, at: offset) }
        return JSONArray(tokens: tokens, token: token &+ 1)
    }

    @inlinable @_lifetime(copy self)
    public func string() throws(JSONError) -> JSONString {
        guard tokens.kind(token) == UInt8(ascii: "\"") else { throw JSONError(.notString, at: offset) }
        return JSONString(tokens: tokens, token: token)
    }

    @inlinable public func bool() throws(JSONError) -> Bool {
        switch tokens.kind(token) {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: throw JSONError(.notBool, at: offset)
        }
    }
}
