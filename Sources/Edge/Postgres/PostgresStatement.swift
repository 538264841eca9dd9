// What is sent: statements with typed parameters, gathered to batches.

/// A text with `$1`, `$2` … and the types of these. A connection prepares it when it first meets it, and keeps it: so a
/// statement is a constant of the program, and values travel as parameters only.
public struct PostgresStatement: Hashable, Sendable {
    public let text: String
    public let types: [PostgresType]

    public init(_ text: String, _ types: PostgresType...) {
        self.text = text
        self.types = types
    }

    /// Why these values are not the statement's.
    func objection(to values: [PostgresValue]) -> String? {
        guard values.count == types.count else {
            return "\(values.count) values for the \(types.count) of \"\(text.prefix(80))\""
        }
        for (index, value) in values.enumerated() {
            if let type = value.type, type != types[index] {
                return "$\(index + 1) of \"\(text.prefix(80))\" is \(types[index]), not \(type)"
            }
        }
        return nil
    }
}

/// Statements that leave in one go and are answered in one round trip. Where one fails, those behind it are not done.
///
/// Between `begins` and `commits` a session may run any number of batches in one transaction. A batch with neither that runs
/// outside a transaction is one by itself, which the server commits at its end.
public struct PostgresBatch: Sendable {
    struct Item: Sendable {
        var statement: PostgresStatement
        var values: [PostgresValue]
    }

    var items: [Item] = []
    /// BEGIN goes before.
    public var begins: Bool
    /// COMMIT goes behind, and the batch's outcome is that of the transaction.
    public var commits: Bool

    /// - Parameters: both for a transaction of a single round trip, the default.
    public init(begins: Bool = true, commits: Bool = true) {
        self.begins = begins
        self.commits = commits
    }

    /// All of them, and all of their rows, are in memory at once; what is larger is for arrays or COPY.
    public static let statementsMost = 10_000

    public mutating func add(_ statement: PostgresStatement, _ values: PostgresValue...) {
        items.append(Item(statement: statement, values: values))
    }

    public mutating func add(_ statement: PostgresStatement, values: [PostgresValue]) {
        items.append(Item(statement: statement, values: values))
    }

    /// All of another one's, behind what is here.
    public mutating func add(_ other: PostgresBatch) { items += other.items }

    public var count: Int { items.count }

    static let begin = PostgresStatement("BEGIN")
    static let commit = PostgresStatement("COMMIT")
    static let rollback = PostgresStatement("ROLLBACK")

    var objection: String? {
        guard items.count <= Self.statementsMost else {
            return "\(items.count) statements in one batch; \(Self.statementsMost) is the most"
        }
        for item in items { if let why = item.statement.objection(to: item.values) { return why } }
        return nil
    }
}
