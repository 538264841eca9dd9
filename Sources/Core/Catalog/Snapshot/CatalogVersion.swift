// Which catalog it is: what file names, journals, metrics and people call a snapshot by.
internal import Units

/// A snapshot's checksum and, below it, its length in bytes. Two catalogs that differ have the same one in one case
/// of four billion, and only where they are of one length; a store that keeps both compares them.
public struct CatalogVersion: Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Nil for anything but sixteen digits of hexadecimal.
    public init?(_ text: String) {
        guard text.utf8.count == 16,
            text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt64(text, radix: 16)
        else { return nil }
        rawValue = value
    }
}

extension CatalogVersion: CustomStringConvertible {
    /// Sixteen digits of hexadecimal.
    public var description: String { hexadecimal(rawValue) }
}

extension CatalogSnapshot {
    public var version: CatalogVersion {
        // A snapshot has at most four gibibytes, which its offsets can reach.
        CatalogVersion(
            rawValue: UInt64(load(12, UInt32.self)) << 32 | UInt64(UInt32(truncatingIfNeeded: byteCount)))
    }
}
