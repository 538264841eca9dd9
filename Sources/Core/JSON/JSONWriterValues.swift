// The values that a writer writes, and the one place where it touches the buffer.
public import Units

/// What can be written as one value.
public protocol JSONWritable: ~Escapable {
    @_lifetime(json: copy json)
    func writeJSON(to json: inout JSONWriter)
}

extension JSONWriter {
    @_lifetime(self: copy self)
    @inlinable public mutating func value<Value: JSONWritable & ~Escapable>(_ value: borrowing Value) {
        value.writeJSON(to: &self)
    }

    /// A key and its value in one call.
    @_lifetime(self: copy self)
    @inlinable public mutating func field<Value: JSONWritable & ~Escapable>(
        _ name: StaticString, _ value: borrowing Value
    ) {
        key(name)
        value.writeJSON(to: &self)
    }

    /// A string that comes in pieces, each escaped as it comes, between these two. The pieces must make valid
    /// UTF-8 together.
    @_lifetime(self: copy self)
    public mutating func beginText() {
        beginValue()
        bytes.put(UInt8(ascii: "\""))
    }

    @_lifetime(self: copy self)
    public mutating func text(_ piece: RawSpan) { put(escaping: piece) }

    /// A piece that is escaped already, as it stood in another document.
    @_lifetime(self: copy self)
    @inlinable public mutating func escapedText(_ piece: RawSpan) { bytes.put(piece) }

    /// Fields as they stood in the object of another document: from the comma before the first one.
    @_lifetime(self: copy self)
    @inlinable public mutating func escapedFields(_ fields: RawSpan) {
        precondition(isInObject && due == .next, "further fields are not due here")
        bytes.put(fields)
    }

    /// Other text in place of some of the same length, which was put at this place and is escaped like this.
    @_lifetime(self: copy self)
    @inlinable public mutating func overwrite(_ escaped: RawSpan, at start: Int) {
        bytes.overwrite(escaped, at: start)
    }

    @_lifetime(self: copy self)
    public mutating func endText() { bytes.put(UInt8(ascii: "\"")) }

    @_lifetime(self: copy self)
    @inlinable public mutating func null() {
        beginValue()
        bytes.put("null")
    }
}

extension Bool: JSONWritable {
    @_lifetime(json: copy json)
    @inlinable public func writeJSON(to json: inout JSONWriter) {
        json.beginValue()
        json.bytes.put(self ? "true" : "false")
    }
}

extension Int64: JSONWritable {
    @_lifetime(json: copy json)
    @inlinable public func writeJSON(to json: inout JSONWriter) {
        json.beginValue()
        json.bytes.put(decimal: self)
    }
}

extension UInt64: JSONWritable {
    @_lifetime(json: copy json)
    @inlinable public func writeJSON(to json: inout JSONWriter) {
        json.beginValue()
        json.bytes.put(decimal: self)
    }
}

extension Int: JSONWritable {
    @_lifetime(json: copy json)
    @inlinable public func writeJSON(to json: inout JSONWriter) {
        Int64(self).writeJSON(to: &json)
    }
}

/// Money as an exact decimal.
extension Micros: JSONWritable {
    @_lifetime(json: copy json)
    @inlinable public func writeJSON(to json: inout JSONWriter) {
        json.beginValue()
        json.bytes.put(self)
    }
}

/// The shortest decimal that reads back as the same Double. JSON has no infinities and no NaN: those stop the
/// process, for a number that means nothing must not leave it.
extension Double: JSONWritable {
    @_lifetime(json: copy json)
    public func writeJSON(to json: inout JSONWriter) {
        precondition(isFinite, "JSON has no number for an infinity or a NaN")
        json.beginValue()
        json.put(self)
    }
}

/// A string, escaped where JSON wants it and no more.
extension StaticString: JSONWritable {
    @_lifetime(json: copy json)
    public func writeJSON(to json: inout JSONWriter) {
        json.beginValue()
        json.bytes.put(UInt8(ascii: "\""))
        unsafe json.put(escaping: RawSpan(_unsafeStart: utf8Start, byteCount: utf8CodeUnitCount))
        json.bytes.put(UInt8(ascii: "\""))
    }
}

extension UTF8Span: JSONWritable {
    @_lifetime(json: copy json)
    public func writeJSON(to json: inout JSONWriter) {
        json.beginValue()
        json.bytes.put(UInt8(ascii: "\""))
        json.put(escaping: span.raw)
        json.bytes.put(UInt8(ascii: "\""))
    }
}

extension String: JSONWritable {
    @_lifetime(json: copy json)
    public func writeJSON(to json: inout JSONWriter) {
        utf8Span.writeJSON(to: &json)
    }
}

/// A string as it stands in another document, escapes and all.
extension JSONString: JSONWritable {
    @_lifetime(json: copy json)
    public func writeJSON(to json: inout JSONWriter) {
        json.beginValue()
        json.bytes.put(UInt8(ascii: "\""))
        json.bytes.put(raw)
        json.bytes.put(UInt8(ascii: "\""))
    }
}

// Escapes.
extension JSONWriter {
    /// Text with a backslash before what JSON does not take as it is.
    @_lifetime(self: copy self)
    mutating func put(escaping text: RawSpan) {
        var written = 0
        while true {
            let at = text.first(
                from: written,
                {
                    ByteScan.below($0, 0x20) | ByteScan.equal($0, UInt8(ascii: "\""))
                        | ByteScan.equal($0, UInt8(ascii: "\\"))
                },
                { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
            unsafe bytes.put(text.extracting(unchecked: written..<at))
            guard at < text.byteCount else { return }
            put(escape: unsafe text.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self))
            written = at + 1
        }
    }

    @_lifetime(self: copy self)
    private mutating func put(escape byte: UInt8) {
        bytes.put(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.put(UInt8(ascii: "b"))
        case 0x09: bytes.put(UInt8(ascii: "t"))
        case 0x0A: bytes.put(UInt8(ascii: "n"))
        case 0x0C: bytes.put(UInt8(ascii: "f"))
        case 0x0D: bytes.put(UInt8(ascii: "r"))
        case ..<0x20:
            bytes.put("u00")
            bytes.put(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            bytes.put(byte & 0xF < 10 ? UInt8(ascii: "0") + byte & 0xF : UInt8(ascii: "a") - 10 + byte & 0xF)
        default: bytes.put(byte)
        }
    }
}
