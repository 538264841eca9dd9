// Rows for COPY in its binary form: the fastest way for many of them.

/// What a COPY is fed with, in pieces.
protocol CopySource { func next() -> [UInt8]? }

/// Gathers rows for `COPY table (columns) FROM STDIN (FORMAT binary)`. All of them are in memory; more than the limit are
/// for a second COPY.
public final class PostgresCopyRows: CopySource {
    /// Enough for 100,000 rows of ordinary width; libpq holds them once more while they leave.
    public static let bytesMost = 64 * 1024 * 1024
    /// The signature, no flags, no extension.
    private static let head: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)

    private var bytes = PostgresCopyRows.head
    private var taken = false
    public private(set) var count = 0

    public init() {}

    /// False where there is no room for the row.
    public func add(_ values: PostgresValue...) -> Bool { add(values: values) }

    public func add(values: [PostgresValue]) -> Bool {
        guard bytes.count < Self.bytesMost else { return false }
        PostgresValue.append(Int16(values.count), to: &bytes)
        for value in values {
            PostgresValue.appendField(value == .null ? nil : value, to: &bytes) { $0.append(to: &$1) }
        }
        count += 1
        return true
    }

    func next() -> [UInt8]? {
        guard !taken else { return nil }
        taken = true
        PostgresValue.append(Int16(-1), to: &bytes)
        return bytes
    }
}
