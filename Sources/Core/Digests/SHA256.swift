// SHA-256 (FIPS 180-4) over bytes that come in pieces. Allocates nothing.
internal import CSIMD
internal import Units

/// The thirty-two bytes that a message comes to.
public struct SHA256Digest: Sendable {
    public static let byteCount = 32
    /// In the order in which they are written.
    private let bytes: InlineArray<32, UInt8>

    init(words: InlineArray<8, UInt32>) {
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        var room = span.mutableRaw
        for at in words.indices {
            room.storeBytes(of: words[at].bigEndian, toByteOffset: 4 * at, as: UInt32.self)
        }
        self.bytes = bytes
    }

    public subscript(_ index: Int) -> UInt8 { raw.byte(index) }

    public var raw: RawSpan {
        @_lifetime(borrow self) borrowing get { bytes.span.raw }
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
            at = min(Self.blockBytes - restCount, bytes.byteCount)
            addToRest(bytes.extracting(0..<at))
            guard restCount == Self.blockBytes else { return }
            compressRest()
        }
        let blocks = (bytes.byteCount - at) / Self.blockBytes
        if blocks > 0 {
            let whole = bytes.extracting(at..<at + blocks * Self.blockBytes)
            unsafe whole.withUnsafeBytes { unsafe compress($0) }
            at += blocks * Self.blockBytes
        }
        addToRest(bytes.extracting(at..<bytes.byteCount))
    }

    /// The digest of all that was added.
    public consuming func digest() -> SHA256Digest {
        let bits = byteCount &* 8
        let lengthBytes = 8
        rest[restCount] = 0x80
        restCount += 1
        if restCount > Self.blockBytes - lengthBytes {
            clearRest()
            compressRest()
        }
        clearRest()
        withRest {
            $0.storeBytes(
                of: bits.bigEndian, toByteOffset: Self.blockBytes - lengthBytes, as: UInt64.self)
        }
        compressRest()
        return SHA256Digest(words: state)
    }

    public static func digest(of bytes: RawSpan) -> SHA256Digest {
        var hash = SHA256()
        hash.add(bytes)
        return hash.digest()
    }

    private mutating func withRest(_ body: (inout MutableRawSpan) -> Void) {
        var span = rest.mutableSpan
        var bytes = span.mutableRaw
        body(&bytes)
    }

    /// Bytes for which there is room in the block at hand.
    private mutating func addToRest(_ bytes: RawSpan) {
        let start = restCount
        restCount += bytes.byteCount
        withRest { rest in
            unsafe rest.withUnsafeMutableBytes { rest in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: rest[start...]).copyMemory(from: bytes)
                }
            }
        }
    }

    /// Nothing but zeros behind what was added.
    private mutating func clearRest() {
        let start = restCount
        withRest { rest in
            unsafe rest.withUnsafeMutableBytes { rest in
                _ = unsafe UnsafeMutableRawBufferPointer(rebasing: rest[start...])
                    .initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
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
