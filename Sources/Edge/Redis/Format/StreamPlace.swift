// Where a reader of a shared stream stands: the server's own number of an entry, `milliseconds-sequence`.

public struct StreamPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var milliseconds: UInt64
    public var sequence: UInt64

    /// Before every entry.
    public static let start = StreamPlace(milliseconds: 0, sequence: 0)

    public init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Nil where the bytes are not two numbers with a hyphen between them.
    public init?(_ bytes: some Collection<UInt8>) {
        let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, let first = UInt64(String(decoding: parts[0], as: UTF8.self)),
            let second = UInt64(String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        self.init(milliseconds: first, sequence: second)
    }

    public static func < (a: StreamPlace, b: StreamPlace) -> Bool {
        (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence)
    }

    public var description: String { "\(milliseconds)-\(sequence)" }
}
