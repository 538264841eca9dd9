// Bytes into memory that the caller owns: what the writers of JSON, XML and the like have in common.

/// Writes behind each other what fits, and counts what does not: a document that is too large is found out
/// once, at its end, together with the size that it needs. Nothing is ever written past the buffer.
public struct ByteWriter: ~Copyable, ~Escapable {
    @usableFromInline var target: MutableRawSpan
    /// Bytes that were asked for so far; more than the buffer holds once it has overflowed.
    @inlinable public var count: Int { asked }
    @usableFromInline var asked = 0

    @inlinable @_lifetime(copy buffer)
    public init(_ buffer: consuming MutableRawSpan) { target = buffer }

    @inlinable public var fits: Bool { asked <= target.byteCount }

    @_lifetime(self: copy self)
    @inlinable public mutating func put(_ byte: UInt8) {
        if asked < target.byteCount {
            unsafe target.storeBytes(of: byte, toUncheckedByteOffset: asked, as: UInt8.self)
        }
        asked &+= 1
    }

    /// All the bytes of a number, as they lie in memory.
    @_lifetime(self: copy self)
    @inlinable public mutating func put<Number: FixedWidthInteger & BitwiseCopyable>(bytesOf number: Number) {
        let start = asked
        asked &+= MemoryLayout<Number>.size
        guard asked <= target.byteCount else { return }
        unsafe target.storeBytes(of: number, toUncheckedByteOffset: start, as: Number.self)
    }

    @_lifetime(self: copy self)
    @inlinable public mutating func put(_ text: StaticString) {
        unsafe put(RawSpan(_unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount))
    }

    @_lifetime(self: copy self)
    @inlinable public mutating func put(_ bytes: RawSpan) {
        let length = bytes.byteCount
        let start = asked
        asked &+= length
        guard length > 0, asked <= target.byteCount else { return }
        unsafe bytes.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { buffer in
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: source)
            }
        }
    }

    /// Writes over what was put before, where there was room for it.
    @_lifetime(self: copy self)
    @inlinable public mutating func overwrite(_ bytes: RawSpan, at start: Int) {
        precondition(start >= 0 && start &+ bytes.byteCount <= asked, "nothing was put there")
        guard fits else { return }
        unsafe bytes.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { buffer in
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: source)
            }
        }
    }

    /// In decimal digits.
    @_lifetime(self: copy self)
    @inlinable public mutating func put(decimal value: UInt64) {
        // 2^64 has twenty digits.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = digits.count
        var rest = value
        repeat {
            first &-= 1
            digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for place in first..<digits.count { put(digits[place]) }
    }

    @_lifetime(self: copy self)
    @inlinable public mutating func put(decimal value: Int64) {
        if value < 0 { put(UInt8(ascii: "-")) }
        put(decimal: value.magnitude)
    }

    /// Money as an exact decimal.
    @_lifetime(self: copy self)
    @inlinable public mutating func put(_ amount: Micros) {
        var digits = amount.digits
        while let byte = digits.next() { put(byte) }
    }
}
