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
    public func isSame(_ other: RawSpan) -> Bool { isAlike(other) { $0.lower } }

    /// Whether the bytes are the same.
    @inlinable
    public func isEqual(to other: RawSpan) -> Bool { isAlike(other) { $0 } }

    /// Compares eight bytes at a time, the last ones of a longer text once more.
    @inlinable @inline(__always)
    func isAlike(_ other: RawSpan, _ form: (UInt64) -> UInt64) -> Bool {
        guard byteCount == other.byteCount else { return false }
        if byteCount < 8 { return form(short) == form(other.short) }
        var at = 0
        while at &+ 8 < byteCount {
            guard form(word(uncheckedAt: at)) == form(other.word(uncheckedAt: at)) else { return false }
            at &+= 8
        }
        return form(word(uncheckedAt: byteCount &- 8)) == form(other.word(uncheckedAt: byteCount &- 8))
    }

    /// Eight bytes, the first one lowest. There must be so many.
    @inlinable @inline(__always)
    public func word(uncheckedAt at: Int) -> UInt64 {
        unsafe UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
    }

    /// All bytes of a text that has fewer than eight, in a number: texts of one length have different ones.
    @inlinable @inline(__always)
    public var short: UInt64 {
        if byteCount >= 4 {
            let first = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: 0, as: UInt32.self)
            let last = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: byteCount &- 4, as: UInt32.self)
            return UInt64(last) &<< 32 | UInt64(first)
        }
        if byteCount == 0 { return 0 }
        return UInt64(byte(0)) | UInt64(byte(byteCount &>> 1)) &<< 8 | UInt64(byte(byteCount &- 1)) &<< 16
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

extension UInt64 {
    /// The same of each of eight bytes.
    @inlinable @inline(__always)
    public var lower: UInt64 {
        let sevenBits = self & 0x7F7F_7F7F_7F7F_7F7F
        // The top bit of a byte is set from A on, and from behind Z on; no sum carries into the next byte.
        let fromA = sevenBits &+ 0x3F3F_3F3F_3F3F_3F3F
        let behindZ = sevenBits &+ 0x2525_2525_2525_2525
        return self | (fromA & ~behindZ & ~self & 0x8080_8080_8080_8080) &>> 2
    }
}
