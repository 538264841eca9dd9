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

    func isZero(from start: Int, to end: Int) -> Bool {
        guard start < end else { return true }
        // Each byte is the same as the next, and the first is zero: the C library compares them fastest, which for
        // the rest of a segment of 64 MB is felt.
        return extracting(start..<end).withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress, bytes[0] == 0 else { return false }
            return memcmp(first, first + 1, bytes.count - 1) == 0
        }
    }

    @inline(__always)
    func byte(at offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    /// What is not UTF-8 in it shows as replacement characters.
    var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
