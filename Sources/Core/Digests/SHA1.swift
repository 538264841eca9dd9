// SHA-1 (FIPS 180-4), for nothing but the prices that exchanges seal with it: as a keyed code it still holds, as
// a digest of what others choose it does not.
internal import Units

/// The twenty bytes that a message comes to.
public struct SHA1Digest: Sendable {
    public static let byteCount = 20
    let words: InlineArray<5, UInt32>

    public subscript(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < Self.byteCount, "a digest has 20 bytes")
        return UInt8(truncatingIfNeeded: words[index >> 2] >> UInt32(24 - 8 * (index & 3)))
    }
}

struct SHA1 {
    private(set) var state: InlineArray<5, UInt32>
    private var byteCount: UInt64
    private var block = InlineArray<16, UInt32>(repeating: 0)

    init() {
        self.init(after: 0, state: [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0])
    }

    init(after byteCount: UInt64, state: InlineArray<5, UInt32>) {
        self.byteCount = byteCount
        self.state = state
    }

    mutating func add(_ bytes: RawSpan) {
        for at in 0..<bytes.byteCount { add(bytes.byte(at)) }
    }

    mutating func add(_ byte: UInt8) {
        let place = Int(byteCount % 64)
        // The first byte of a word clears what the last block left there.
        block[place >> 2] = place & 3 == 0 ? UInt32(byte) : block[place >> 2] << 8 | UInt32(byte)
        byteCount += 1
        if place == 63 { compress() }
    }

    consuming func digest() -> SHA1Digest {
        let bits = byteCount &* 8
        add(0x80)
        while byteCount % 64 != 56 { add(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            add(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
        return SHA1Digest(words: state)
    }

    private mutating func compress() {
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for round in 0..<80 {
            if round >= 16 {
                let mixed =
                    block[(round + 13) & 15] ^ block[(round + 8) & 15] ^ block[(round + 2) & 15]
                    ^ block[round & 15]
                block[round & 15] = Self.turned(mixed, 1)
            }
            let (choice, constant): (UInt32, UInt32) =
                switch round / 20 {
                case 0: (d ^ b & (c ^ d), 0x5A82_7999)
                case 1: (b ^ c ^ d, 0x6ED9_EBA1)
                case 2: (b & c | d & (b | c), 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = Self.turned(a, 5) &+ choice &+ e &+ constant &+ block[round & 15]
            (a, b, c, d, e) = (next, a, Self.turned(b, 30), c, d)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }

    private static func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 {
        word << bits | word >> (32 - bits)
    }
}
