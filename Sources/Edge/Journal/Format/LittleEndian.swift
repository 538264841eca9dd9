// Numbers and texts in the bytes of segments and records: little-endian, wherever they lie.
import Glibc

extension UnsafeMutableRawBufferPointer {
    @inline(__always)
    func put(_ value: some FixedWidthInteger, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { bytes in
            UnsafeMutableRawBufferPointer(rebasing: self[offset..<offset + bytes.count]).copyMemory(
                from: bytes)
        }
    }
}

extension RawSpan {
    @inline(__always)
    func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        Number(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// Whether there are only zeros: each byte is as the one before it, and the first is zero. Segments are mostly
    /// zeros while they are written, and the C library compares as fast as memory is read.
    func isZero(from start: Int, to end: Int) -> Bool {
        precondition(start >= 0 && start <= end && end <= byteCount, "outside of the bytes")
        guard start < end else { return true }
        return withUnsafeBytes { bytes in
            guard bytes[start] == 0, let base = bytes.baseAddress else { return false }
            return memcmp(base + start, base + start + 1, end - start - 1) == 0
        }
    }

    /// What is not UTF-8 in it shows as replacement characters.
    var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
