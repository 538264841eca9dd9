// CRC32C against the values of RFC 3720 and of its own definition, with the instruction and without.
import CSIMD
import Testing
import Units

@Suite struct CRC32CTests {
    /// RFC 3720, B.4, and the check value of the catalogue of CRCs.
    static let known: [(bytes: [UInt8], checksum: UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C), ([], 0),
    ]

    @Test func agreesWithPublishedValues() {
        for (bytes, checksum) in Self.known {
            #expect(CRC32C.checksum(of: bytes.span.raw) == checksum)
            #expect(csimd_crc32c_portable(0, bytes, bytes.count) == checksum)
        }
    }

    @Test func bothWaysAgreeAtEveryLengthAndPlace() {
        let seed = UInt64.random(in: 1...1_000_000)
        var randomness = Randomness(seed: seed)
        let bytes = (0..<300).map { _ in UInt8(truncatingIfNeeded: randomness.next()) }
        for start in 0..<9 {
            for end in start...bytes.count {
                let piece = Array(bytes[start..<end])
                let before = UInt32(truncatingIfNeeded: randomness.next())
                let checksum = CRC32C.checksum(of: piece.span.raw, continuing: before)
                #expect(csimd_crc32c_portable(before, piece, piece.count) == checksum, "seed \(seed)")
            }
        }
    }

    /// The instruction takes three streams of 1,024 bytes at a time, and then of 128: around one, several, and what is left.
    @Test func bothWaysAgreeAroundTheStreams() {
        var random = Randomness(seed: 11)
        let bytes = (0..<20_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for count in [
            383, 384, 385, 767, 768, 1_023, 1_024, 3_071, 3_072, 3_073, 3_455, 3_456, 3_840, 6_143, 6_144,
            6_150,
            9_999, 19_990,
        ] {
            let start = random.next(in: 0...9)
            let piece = Array(bytes[start..<start + count])
            let fast = CRC32C.checksum(of: piece.span.raw, continuing: 7)
            #expect(fast == csimd_crc32c_portable(7, piece, count), "\(count) bytes from \(start)")
            let half = CRC32C.checksum(of: piece.span.raw.extracting(0..<count / 2), continuing: 7)
            let whole = CRC32C.checksum(of: piece.span.raw.extracting(count / 2..<count), continuing: half)
            #expect(whole == fast)
        }
    }

    @Test func piecesAddUp() {
        let bytes = Array("a checksum can be taken in pieces".utf8)
        let whole = CRC32C.checksum(of: bytes.span.raw)
        for cut in bytes.indices {
            let (head, tail) = (Array(bytes[..<cut]), Array(bytes[cut...]))
            let first = CRC32C.checksum(of: head.span.raw)
            #expect(CRC32C.checksum(of: tail.span.raw, continuing: first) == whole)
        }
    }
}
