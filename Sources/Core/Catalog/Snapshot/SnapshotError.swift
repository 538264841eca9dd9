// Why bytes are no catalog that this version can serve.

public struct SnapshotError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        case tooShort, notACatalog, newer(UInt32), older(UInt32), truncated(expected: UInt64), trailing(
            expected: UInt64)
        case wrongChecksum(found: UInt32, expected: UInt32)
        /// The checksum is right and the contents are not: whoever wrote it has a mistake, or means ill.
        case inconsistent(String)
        case misaligned
    }

    public let reason: Reason
    /// How many bytes there are.
    public let byteCount: Int

    public var description: String {
        switch reason {
        case .tooShort: "found \(byteCount) bytes; a compiled catalog has at least \(Layout.columnsOffset)"
        case .notACatalog: "found another kind of file; a compiled catalog starts with PACECAT"
        case .newer(let version):
            "found format version \(version), which is newer; this program reads version \(Layout.version): "
                + "compile the catalog with this program, or take a newer program"
        case .older(let version):
            "found format version \(version), which is older; this program reads version \(Layout.version): "
                + "compile the catalog again"
        case .truncated(let expected):
            "found \(byteCount) bytes of the \(expected) that it says it has: it was cut off"
        case .trailing(let expected):
            "found \(byteCount) bytes, more than the \(expected) that it says it has"
        case .wrongChecksum(let found, let expected):
            "found the checksum \(String(found, radix: 16)) where it says \(String(expected, radix: 16)): "
                + "it was damaged; compile or copy it again"
        case .inconsistent(let what): "found contents that cannot be: \(what); compile it again"
        case .misaligned: "found bytes that do not start at a multiple of \(Layout.alignment)"
        }
    }
}
