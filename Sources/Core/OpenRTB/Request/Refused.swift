// Why a request was refused, as the hot path knows it: a place in the bytes and what was wrong there. Only
// who reports it pays for the text.
internal import JSON

/// Where and why. Becomes an `OpenRTBError` outside of the reader.
struct Refused: Error {
    /// Where the value stands, or the object that lacks `missing`.
    var offset: Int
    var missing: StaticString?
    var found: Found
    var allowed: Allowed

    enum Found {
        /// What stands at the offset.
        case value
        case nothing
        case words(StaticString)
        case json(JSONError)
    }

    enum Allowed {
        case words(StaticString)
        case integer(ClosedRange<Int32>)
        case code(CodeList)
        case number(ClosedRange<Double>)
        case atMost(Int, StaticString)
        case bytes(Int)
    }

    /// The value is not what it must be.
    init(_ value: JSONValue, _ allowed: Allowed) {
        self.init(at: value.offset, .value, allowed)
    }

    /// The value contradicts another one.
    init(_ value: JSONValue, _ found: StaticString, _ allowed: StaticString) {
        self.init(at: value.offset, .words(found), .words(allowed))
    }

    /// The object lacks a field.
    init(_ object: JSONValue, lacks key: StaticString, _ allowed: StaticString) {
        self.init(at: object.offset, .nothing, .words(allowed))
        missing = key
    }

    init(at offset: Int, _ found: Found, _ allowed: Allowed) {
        self.offset = offset
        missing = nil
        self.found = found
        self.allowed = allowed
    }
}

extension Refused.Allowed: CustomStringConvertible {
    var description: String {
        switch self {
        case .words(let words): "\(words)"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .code(let list): "\(list)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .atMost(let count, let what): "at most \(count) \(what)"
        case .bytes(let count): "at most \(count) bytes"
        }
    }
}
