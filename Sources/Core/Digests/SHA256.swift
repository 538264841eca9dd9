// SHA-256 (FIPS 180-4) over bytes that come in pieces. Allocates nothing.
internal import CSIMD
internal import Units

/// The thirty-two bytes that a message comes to.
public struct SHA256Digest: Sendable {
    public static let byteCount = 32
    let words: InlineArray<8, UInt32>

    public subscript(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < Self.byteCount, "a digest has 32 bytes")
        return UInt8(truncatingIfNeeded: words[index >> 2] >> UInt32(24 - 8 * (index & 3)))
    }
}

public struct SHA256: Sendable {
    static let blockBytes = 64

    /// What has gone in so far comes to this after its last whole block.
    private(set) var state: InlineArray<8, UInt32>
    private var byteCount: UInt64
    /// Bytes that do not make a block yet.
    private var rest = InlineArray<64, UInt8>(repeating: 0)
    private var restCount = 0

    public init() {
        // The first 32 bits of the fractions of the first eight primes' square roots.
        self.init(
            after: 0,
            state: [
                0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
                0x5BE0_CD19,
            ])
    }

    /// Goes on where another one stood after so many bytes, which made whole blocks.
    init(after byteCount: UInt64, state: InlineArray<8, UInt32>) {
        precondition(byteCount % UInt64(Self.blockBytes) == 0, "a state stands between blocks")
        self.byteCount = byteCount
        self.state = state
    }

    public mutating func add(_ bytes: RawSpan) {
        byteCount += UInt64(bytes.byteCount)
        var at = 0
        if restCount > 0 {
            while restCount < Self.blockBytes, at < bytes.byteCount { addToRest(bytes.byte(at), &at) }
            guard restCount == Self.blockBytes else { return }
            compressRest()
        }
        let blocks = (bytes.byteCount - at) / Self.blockBytes
        if blocks > 0 {
            let whole = bytes.extracting(at..<at + blocks * Self.blockBytes)
            unsafe whole.withUnsafeBytes { unsafe compress($0) }
            at += blocks * Self.blockBytes
        }
        while at < bytes.byteCount { addToRest(bytes.byte(at), &at) }
    }

    /// The digest of all that was added.
    public consuming func digest() -> SHA256Digest {
        let bits = byteCount &* 8
        rest[restCount] = 0x80
        restCount += 1
        if restCount > Self.blockBytes - 8 {
            while restCount < Self.blockBytes { pad() }
            compressRest()
        }
        while restCount < Self.blockBytes - 8 { pad() }
        for shift in stride(from: 56, through: 0, by: -8) {
            rest[restCount] = UInt8(truncatingIfNeeded: bits >> UInt64(shift))
            restCount += 1
        }
        compressRest()
        return SHA256Digest(words: state)
    }

    public static func digest(of bytes: RawSpan) -> SHA256Digest {
        var hash = SHA256()
        hash.add(bytes)
        return hash.digest()
    }

    private mutating func addToRest(_ byte: UInt8, _ at: inout Int) {
        rest[restCount] = byte
        restCount += 1
        at += 1
    }

    private mutating func pad() {
        rest[restCount] = 0
        restCount += 1
    }

    private mutating func compressRest() {
        let block = rest
        unsafe block.span.raw.withUnsafeBytes { unsafe compress($0) }
        restCount = 0
    }

    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        guard let start = blocks.baseAddress else { return }
        var words = state.mutableSpan
        unsafe words.withUnsafeMutableBufferPointer { words in
            guard let state = words.baseAddress else { return }
            unsafe csimd_sha256(
                state, start.assumingMemoryBound(to: UInt8.self), blocks.count / Self.blockBytes)
        }
    }
}
