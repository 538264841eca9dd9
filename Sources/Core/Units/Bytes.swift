// Elements seen as the bytes that they are made of. For bytes that is always safe, but Swift 6.3 marks the
// standard library's own accessors unsafe and 6.2 does not, and each refuses the other's spelling: so it is
// spelled here once.

extension Span where Element == UInt8 {
    @inlinable public var raw: RawSpan {
        @_lifetime(copy self) get {
            #if compiler(>=6.3)
                unsafe bytes
            #else
                bytes
            #endif
        }
    }
}

extension MutableSpan where Element == UInt8 {
    @inlinable public var mutableRaw: MutableRawSpan {
        @_lifetime(&self) mutating get {
            #if compiler(>=6.3)
                unsafe mutableBytes
            #else
                mutableBytes
            #endif
        }
    }
}

// Texts compared where they lie. What is beyond them is a mistake of the program, and stops it.
extension RawSpan {
    @inlinable @inline(__always)
    public func byte(_ at: Int) -> UInt8 {
        precondition(at >= 0 && at < byteCount, "beyond the text")
        return unsafe unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
    }

    /// Whether the bytes are the same, letters in any case.
    @inlinable
    public func isSame(_ other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        for at in 0..<byteCount where byte(at).lower != other.byte(at).lower { return false }
        return true
    }

    /// - Parameter anyCase: letters of these bytes may be capitals; those of the literal are not.
    @inlinable
    public func starts(with literal: StaticString, anyCase: Bool = false) -> Bool {
        guard byteCount >= literal.utf8CodeUnitCount else { return false }
        for at in 0..<literal.utf8CodeUnitCount {
            let byte = anyCase ? byte(at).lower : byte(at)
            guard byte == (unsafe literal.utf8Start[at]) else { return false }
        }
        return true
    }

    @inlinable
    public func equals(_ literal: StaticString, anyCase: Bool = false) -> Bool {
        byteCount == literal.utf8CodeUnitCount && starts(with: literal, anyCase: anyCase)
    }
}

extension UInt8 {
    /// A letter from A to Z as a small one; anything else as it is.
    @inlinable @inline(__always)
    public var lower: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
