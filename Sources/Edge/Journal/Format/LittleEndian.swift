// Numbers and texts in the bytes of segments and records: little-endian, wherever they lie.

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
        var offset = start
        while offset + 8 <= end {
            let word: UInt64 = number(at: offset)
            if word != 0 { return false }
            offset += 8
        }
        while offset < end {
            if byte(at: offset) != 0 { return false }
            offset += 1
        }
        return true
    }

    @inline(__always)
    func byte(at offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    /// What is not UTF-8 in it shows as replacement characters.
    var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
