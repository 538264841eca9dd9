// Keyed codes (RFC 2104). A key is worked into the two states that it leaves the hash in, once, so that a code
// costs what its message does and one block more.
internal import Units

/// A key for codes by SHA-256.
public struct HMACSHA256: Sendable {
    private let inner: InlineArray<8, UInt32>
    private let outer: InlineArray<8, UInt32>

    public init(key: RawSpan) {
        var block = InlineArray<64, UInt8>(repeating: 0)
        if key.byteCount > SHA256.blockBytes {
            let digest = SHA256.digest(of: key)
            for at in 0..<SHA256Digest.byteCount { block[at] = digest[at] }
        } else {
            for at in 0..<key.byteCount { block[at] = key.byte(at) }
        }
        inner = Self.state(after: block, mixedWith: 0x36)
        outer = Self.state(after: block, mixedWith: 0x5C)
    }

    private static func state(after key: InlineArray<64, UInt8>, mixedWith mask: UInt8)
        -> InlineArray<8, UInt32>
    {
        var block = key
        for at in block.indices { block[at] ^= mask }
        var hash = SHA256()
        hash.add(block.span.raw)
        return hash.state
    }

    public func code(of message: RawSpan) -> SHA256Digest {
        var hash = SHA256(after: 64, state: inner)
        hash.add(message)
        let first = hash.digest()
        hash = SHA256(after: 64, state: outer)
        hash.add(first.raw)
        return hash.digest()
    }
}

/// A key for codes by SHA-1, as those who seal prices use it.
public struct HMACSHA1: Sendable {
    private let inner: InlineArray<5, UInt32>
    private let outer: InlineArray<5, UInt32>

    public init(key: RawSpan) {
        var block = InlineArray<64, UInt8>(repeating: 0)
        if key.byteCount > 64 {
            var hash = SHA1()
            hash.add(key)
            let digest = hash.digest()
            for at in 0..<SHA1Digest.byteCount { block[at] = digest[at] }
        } else {
            for at in 0..<key.byteCount { block[at] = key.byte(at) }
        }
        inner = Self.state(after: block, mixedWith: 0x36)
        outer = Self.state(after: block, mixedWith: 0x5C)
    }

    private static func state(after key: InlineArray<64, UInt8>, mixedWith mask: UInt8)
        -> InlineArray<5, UInt32>
    {
        var hash = SHA1()
        for at in key.indices { hash.add(key[at] ^ mask) }
        return hash.state
    }

    public func code(of message: RawSpan) -> SHA1Digest {
        var hash = SHA1(after: 64, state: inner)
        hash.add(message)
        let first = hash.digest()
        hash = SHA1(after: 64, state: outer)
        for at in 0..<SHA1Digest.byteCount { hash.add(first[at]) }
        return hash.digest()
    }
}
