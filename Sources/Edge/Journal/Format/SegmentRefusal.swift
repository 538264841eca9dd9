// Why a segment is not accepted: where, what was found, and what is allowed there.

public struct SegmentRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// In bytes from the start of the file.
    public let offset: Int
    public let found: String
    public let allowed: String

    init(_ offset: Int, found: String, allowed: String) {
        self.offset = offset
        self.found = found
        self.allowed = allowed
    }

    public var description: String { "at byte \(offset): found \(found); allowed \(allowed)" }
}
