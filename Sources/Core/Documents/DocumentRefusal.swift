// Why a document is not accepted. It is read to its end, so that one run tells everything that is
// wrong.

/// One thing that is wrong in a document: where, what was found, and what is allowed there.
public struct DocumentRefusal: Equatable, Sendable {
    /// `admin.listen.port`, `listen[0].tls`; empty where the file as a whole is meant.
    public let path: String
    /// Both from 1, the column in bytes, as compilers count them.
    public let line: Int
    public let column: Int
    public let found: String
    public let allowed: String
    /// The known key or word that was most likely meant.
    public let nearest: String?
}

extension DocumentRefusal: CustomStringConvertible {
    /// `12:7: admin.port: found the number 70000; allowed an integer from 1 to 65535`, to follow a file's
    /// name.
    public var description: String {
        let place = "\(line):\(column): " + (path.isEmpty ? "" : "\(path): ")
        return place + "found \(found); allowed \(allowed)"
            + (nearest.map { "; did you mean '\($0)'?" } ?? "")
    }
}

extension DocumentRefusal {
    public var tree: JSONTree {
        [
            "path": .string(path), "line": .number(line), "column": .number(column), "found": .string(found),
            "allowed": .string(allowed), "nearest": nearest.map { .string($0) } ?? .null,
        ]
    }
}

/// A document that was not accepted. Nothing starts on it.
public struct DocumentRefused: Error, Equatable, Sendable {
    /// In the order in which they stand in the file.
    public let refusals: [DocumentRefusal]
    /// Those beyond the limit on how many are reported.
    public let unreported: Int
}
