// Which catalog is published: its number, and the blob that it is, as the bytes of `GET /v1/catalog`.
internal import Digests
public import Documents
public import Serving
internal import Units

/// SHA-256 of a blob, which is the blob's name.
public struct BlobDigest: Hashable, Sendable, CustomStringConvertible {
    /// Sixty-four digits of hexadecimal, small ones.
    public let description: String

    /// Nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 2 * SHA256Digest.byteCount, text.utf8.allSatisfy(Self.isDigit) else {
            return nil
        }
        description = String(text)
    }

    init(_ digest: SHA256Digest) {
        description = hexadecimal((0..<SHA256Digest.byteCount).lazy.map { digest[$0] })
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}

public struct Publication: Equatable, Sendable {
    /// It grows, but for a database that was put back from a copy: a smaller one may be the later one.
    public let version: Int64
    public let digest: BlobDigest
    /// How long the blob is.
    public let bytes: Int
    /// Of a compiled catalog's layout.
    public let format: UInt32

    public init(version: Int64, digest: BlobDigest, bytes: Int, format: UInt32) {
        (self.version, self.digest, self.bytes, self.format) = (version, digest, bytes, format)
    }

    public init(_ tree: JSONTree) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        version = try fields.whole("version", 1...Int64.max)
        let allowed = "sixty-four digits of hexadecimal"
        guard case .string(let text) = try fields.tree("sha256", allowed).content,
            let digest = BlobDigest(text)
        else { throw Malformed(place: "sha256", allowed: allowed) }
        self.digest = digest
        bytes = Int(try fields.whole("bytes", 1...Int64(Int32.max) * 2 + 1))
        format = try fields.number("format", 0...UInt32.max)
    }

    init(body: [UInt8]) throws(Malformed) {
        let tree: JSONTree
        do { tree = try JSONTree(reading: body) } catch {
            throw Malformed(place: "the body", allowed: "JSON: \(error)")
        }
        try self.init(tree)
    }

    public var tree: JSONTree {
        [
            "version": .number(version), "sha256": .string(digest.description), "bytes": .number(bytes),
            "format": .number(format),
        ]
    }
}

extension Fields {
    fileprivate func whole(_ key: String, _ range: ClosedRange<Int64>) throws(Malformed) -> Int64 {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .number(let text) = try tree(key, allowed).content, let value = Int64(text),
            range.contains(value)
        else { throw Malformed(place: place.isEmpty ? key : "\(place).\(key)", allowed: allowed) }
        return value
    }
}
