// The catalog's documents as trees: read as the database has them, and changed member by member.
import Catalog
import Documents
import Postgres

extension CatalogDocuments {
    /// Of `CatalogStatements.documents`: a row for each kind.
    init(_ rows: PostgresRows) throws {
        var members: [JSONTree.Member] = []
        for row in rows {
            let text: String = try row.read(1)
            members.append(.init(try row.read(0), try JSONTree(reading: Array(text.utf8))))
        }
        self.init(.object(members))
    }
}

extension JSONTree {
    var text: String? { if case .string(let text) = content { text } else { nil } }

    /// An object with this member, in place of one of the same key or at its end; without it where there is no value.
    func setting(_ key: String, to value: JSONTree?) -> JSONTree {
        guard case .object(let members) = content else { return self }
        return .object(members.filter { $0.key != key } + (value.map { [Member(key, $0)] } ?? []))
    }
}
