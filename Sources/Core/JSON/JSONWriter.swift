// Writing JSON into memory that the caller owns. The writer sets commas and escapes; a document that does not
// fit is reported at the end, and nothing is ever written past the buffer.
public import Units

/// Writes one JSON document into a buffer. Allocates nothing.
///
///     var writer = JSONWriter(buffer)
///     writer.beginObject()
///     writer.field("id", request.id)
///     writer.field("price", Micros(1_250_000))
///     writer.key("seat")
///     writer.null()
///     writer.endObject()
///     let count = try writer.finish()
///
/// Calls that would not make a valid document (a value without a key in an object, a bracket closed twice)
/// are a mistake of the program and stop it.
public struct JSONWriter: ~Copyable, ~Escapable {
    /// One bit of a word for each open bracket: what we write is known, and nests a few levels.
    public static let deepest = 64

    @usableFromInline var bytes: ByteWriter
    /// Bit i tells whether the open bracket number i is a brace.
    @usableFromInline var objects: UInt64 = 0
    @usableFromInline var depth = 0
    @usableFromInline var due = Due.value

    /// What may come next.
    @usableFromInline enum Due: UInt8 {
        /// A value without a comma: the document's, or the one after a key.
        case value
        /// An array's first value, or the closing bracket.
        case firstElement
        /// A key that needs no comma, or the closing brace.
        case firstKey
        /// Something after a value, with a comma unless it is a closing bracket.
        case next
        /// Nothing: the document's value stands.
        case nothing
    }

    @inlinable @_lifetime(copy buffer)
    public init(_ buffer: consuming MutableRawSpan) { bytes = ByteWriter(buffer) }

    /// How many bytes were asked for so far.
    @inlinable public var byteCount: Int { bytes.count }

    /// How many bytes were written, or an error if the document did not fit; its offset is the size needed.
    @inlinable public consuming func finish() throws(JSONError) -> Int {
        precondition(due == .nothing, "the JSON document is not complete")
        guard bytes.fits else { throw JSONError(.bufferTooSmall, at: bytes.count) }
        return bytes.count
    }

    @_lifetime(self: copy self)
    @inlinable public mutating func beginObject() { open(isObject: true) }

    @_lifetime(self: copy self)
    @inlinable public mutating func endObject() { close(isObject: true) }

    @_lifetime(self: copy self)
    @inlinable public mutating func beginArray() { open(isObject: false) }

    @_lifetime(self: copy self)
    @inlinable public mutating func endArray() { close(isObject: false) }

    /// The key of the next value. Written as it stands: it must be plain ASCII that needs no escape.
    @_lifetime(self: copy self)
    @inlinable public mutating func key(_ key: StaticString) {
        precondition(isInObject && (due == .firstKey || due == .next), "a key is not due here")
        if due == .next { bytes.put(UInt8(ascii: ",")) }
        due = .value
        bytes.put(UInt8(ascii: "\""))
        bytes.put(key)
        bytes.put(UInt8(ascii: "\""))
        bytes.put(UInt8(ascii: ":"))
    }
}

// Structure.
extension JSONWriter {
    @usableFromInline var isInObject: Bool {
        depth > 0 && objects &>> UInt64(truncatingIfNeeded: depth &- 1) & 1 == 1
    }

    /// What comes before a value: nothing, or a comma in an array.
    @_lifetime(self: copy self)
    @inlinable mutating func beginValue() {
        if due == .next && !isInObject {
            bytes.put(UInt8(ascii: ","))
        } else {
            precondition(due == .value || due == .firstElement, "a value is not due here")
        }
        due = depth == 0 ? .nothing : .next
    }

    @_lifetime(self: copy self)
    @inlinable mutating func open(isObject: Bool) {
        beginValue()
        precondition(depth < Self.deepest, "the JSON document is nested too deep")
        let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: depth)
        objects = isObject ? objects | bit : objects & ~bit
        depth &+= 1
        due = isObject ? .firstKey : .firstElement
        bytes.put(isObject ? UInt8(ascii: "{") : UInt8(ascii: "["))
    }

    @_lifetime(self: copy self)
    @inlinable mutating func close(isObject: Bool) {
        precondition(depth > 0 && isInObject == isObject, "there is no such bracket to close")
        precondition(due != .value, "a value is due after the key")
        depth &-= 1
        due = depth == 0 ? .nothing : .next
        bytes.put(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    }
}
