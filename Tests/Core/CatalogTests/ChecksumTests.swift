// The checksum by the machine's instruction against the one by tables: they must be the same for every length.
import CSIMD
import Testing
import Units

@Suite struct ChecksumTests {
    /// RFC 3720, B.4: thirty-two bytes of zeros, of ones, and counting up.
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
        ] as [([UInt8], UInt32)])
    func theStandardSays(_ bytes: [UInt8], _ expected: UInt32) {
        let checksum = CRC32C.checksum(of: bytes.span.raw)
        #expect(checksum == expected)
    }

    @Test func theInstructionAndTheTablesAgree() {
        var random = Randomness(seed: 11)
        let bytes = (0..<20_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for count in Array(0...70) + [1_023, 1_024, 3_071, 3_072, 3_073, 6_150, 9_999, 19_990] {
            let start = random.next(in: 0...9)
            bytes.withUnsafeBufferPointer { all in
                guard let base = all.baseAddress else { return }
                let fast = csimd_crc32c(7, base + start, count)
                #expect(fast == csimd_crc32c_portable(7, base + start, count), "\(count) bytes from \(start)")
                // In two pieces it is the same.
                let half = csimd_crc32c(7, base + start, count / 2)
                #expect(csimd_crc32c(half, base + start + count / 2, count - count / 2) == fast)
            }
        }
    }
}
