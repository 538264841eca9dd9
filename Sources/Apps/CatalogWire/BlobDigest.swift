// SHA-256 of a blob, which is the blob's name.
internal import Digests
internal import Units

public struct BlobDigest: Hashable, Sendable, CustomStringConvertible {
    /// Sixty-four digits of hexadecimal, small ones.
    public let description: String

    /// Nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 2 * SHA256Digest.byteCount, text.utf8.allSatisfy({ Self.value($0) != nil })
        else { return nil }
        description = String(text)
    }

    /// Nil where these are not as many bytes as a digest has.
    public init?(bytes: [UInt8]) {
        guard bytes.count == SHA256Digest.byteCount else { return nil }
        description = hexadecimal(bytes)
    }

    public init(of bytes: [UInt8]) { self.init(SHA256.digest(of: bytes.span.bytes)) }

    init(_ digest: SHA256Digest) {
        description = hexadecimal((0..<SHA256Digest.byteCount).lazy.map { digest[$0] })
    }

    /// As a database keeps it.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var digits = description.utf8.makeIterator()
        while let high = digits.next().flatMap(Self.value), let low = digits.next().flatMap(Self.value) {
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
