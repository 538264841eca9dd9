// What a statement gives back: rows of columns in the server's binary form, read by type.
import CPostgres

/// A column is not what was asked for: a defect of the statement or of its reader.
public struct PostgresMismatch: Error, Sendable, CustomStringConvertible {
    public let column: String
    public let found: String
    public let wanted: String

    public init(column: String, found: String, wanted: String) {
        self.column = column
        self.found = found
        self.wanted = wanted
    }

    public var description: String {
        "the database's column \(column) is \(found), where \(wanted) was expected; cast it in the statement"
    }
}

/// One statement's result. It keeps the memory in which it came until the last row is let go.
public final class PostgresRows: @unchecked Sendable {
    private let result: OpaquePointer
    public let count: Int
    public let columns: Int
    /// What was done, such as `INSERT 0 1`.
    public let tag: String

    /// Takes the result over. It is only read from here on, which any thread may do.
    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
        columns = Int(PQnfields(result))
        tag = PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }

    deinit { PQclear(result) }

    /// Rows that an INSERT, UPDATE, DELETE, MERGE or COPY has touched, or that a SELECT gave.
    public var affected: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    public subscript(row: Int) -> PostgresRow {
        precondition((0..<count).contains(row), "row \(row) of \(count)")
        return PostgresRow(rows: self, index: Int32(row))
    }

    func name(_ column: Int) -> String {
        let name = PQfname(result, Int32(column)).map { String(cString: $0) } ?? "?"
        return "\(column) (\(name))"
    }

    func type(_ column: Int) -> UInt32 { PQftype(result, Int32(column)) }

    /// Nil for NULL.
    func bytes(_ row: Int32, _ column: Int) -> UnsafeRawBufferPointer? {
        precondition((0..<columns).contains(column), "column \(column) of \(columns)")
        guard PQgetisnull(result, row, Int32(column)) == 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, Int32(column)), count: Int(PQgetlength(result, row, Int32(column)))
        )
    }
}

extension PostgresRows: Sequence {
    public func makeIterator() -> AnyIterator<PostgresRow> {
        var next = 0
        return AnyIterator {
            guard next < self.count else { return nil }
            defer { next += 1 }
            return self[next]
        }
    }
}

public struct PostgresRow: Sendable {
    let rows: PostgresRows
    let index: Int32

    public func isNull(_ column: Int) -> Bool { rows.bytes(index, column) == nil }

    /// A column by what it is to be: `let id: Int64 = try row.read(0)`; an optional takes NULL.
    public func read<Value: PostgresReadable>(
        _ column: Int, as _: Value.Type = Value.self
    ) throws(PostgresMismatch) -> Value {
        let bytes = rows.bytes(index, column)
        let type = rows.type(column)
        if let value = Value(postgres: bytes, type: type) { return value }
        let found =
            bytes == nil ? "NULL" : PostgresType(rawValue: type).map { "\($0)" } ?? "of type \(type)"
        throw PostgresMismatch(column: rows.name(column), found: found, wanted: "\(Value.self)")
    }
}
