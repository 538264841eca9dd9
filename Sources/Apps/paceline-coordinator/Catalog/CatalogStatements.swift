// The catalog in the database: what is asked of it, and the one transaction that changes it.
import Catalog
import CatalogWire
import Commands
import Documents
import HTTP
import Ledger
import LedgerStore
import Postgres
import Units

enum CatalogStatements {
    // MARK: For nodes

    static let published = PostgresStatement(
        "select number, sha256, bytes, format from paceline.catalog_versions order by number desc limit 1")

    static func published(_ rows: PostgresRows) throws -> Publication? {
        guard rows.count == 1 else { return nil }
        return Publication(version: try rows[0].read(0), try PublishedBlob(rows[0], at: 1))
    }

    // MARK: For who changes it

    static let number = PostgresStatement(
        "select coalesce(max(number), 0) from paceline.catalog_versions")
    /// Of each kind what a file would have of it.
    static let documents = PostgresStatement(
        """
        select kind, json_agg(document order by id)::text from paceline.catalog_objects group by kind
        """)
    static let version = PostgresStatement(
        "select version from paceline.catalog_objects where kind = $1 and id = $2", .text, .text)
    /// The same as `documents`, of the catalog as a version published it.
    static let formerDocuments = PostgresStatement(
        """
        select kind, json_agg(document order by id)::text from (
            select distinct on (kind, id) kind, id, document from paceline.catalog_history
            where version <= $1 order by kind, id, version desc) as former
        where document is not null group by kind
        """, .int8)

    private static let publish = PostgresStatement(
        "select paceline.publish_catalog($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)", .int8,
        .int8, .int8, .bytea, .int8, .int8, .timestamptz, .text, .text, .text, .textArray, .textArray,
        .textArray)
    /// The transaction that makes a draft the next version, or does nothing where another leads or published meanwhile.
    static func transaction(
        _ draft: CatalogDraft, _ order: CatalogOrder, _ stamp: ChangeStamp
    ) -> PostgresBatch {
        var made = PostgresBatch()
        made.add(keeping: draft.bytes, draft.digest, at: stamp.at)
        made.add(
            publish,
            values: stamp.leader + [
                .int8(draft.former), .bytea(draft.digest.bytes), .int8(Int64(draft.bytes.count)),
                .int8(draft.format), .timestamptz(stamp.at), .text(order.who), .text(order.name),
                .text(order.note), .textArray(draft.changes.map(\.key.kind.rawValue)),
                .textArray(draft.changes.map(\.key.id)), .textArray(draft.changes.map { $0.document?.line }),
            ])
        made.add(remembering: draft.answer, order.key, order.digest, at: stamp.at)
        return made
    }

    // MARK: For who looks

    /// Behind an id, at most so many; of those that name a parent, where one is given.
    static func page(parent: String) -> PostgresStatement {
        PostgresStatement(
            """
            select coalesce(json_agg(json_build_object('version', version::text, 'document', document) order by id),
                '[]')::text, max(id), count(*)
            from (select id, version, document from paceline.catalog_objects
                where kind = $1 and id > $2 and ($3 = '' or document ->> '\(parent)' = $3)
                order by id limit $4) as page
            """, .text, .text, .text, .int8)
    }

    static let one = PostgresStatement(
        "select document::text, version from paceline.catalog_objects where kind = $1 and id = $2", .text,
        .text)

    static let versions = PostgresStatement(
        """
        select coalesce(json_agg(json_build_object('version', number, 'sha256', encode(sha256, 'hex'), 'bytes', bytes,
            'format', format, 'at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'who', who,
            'what', what, 'note', note) order by number desc), '[]')::text, min(number), count(*)
        from (select * from paceline.catalog_versions where number < $1 order by number desc limit $2) as page
        """, .int8, .int8)

    /// What one entry is at most, before or after: many of them are one answer.
    private static func cut(_ column: String) -> String {
        "case when octet_length(\(column)::text) <= 65536 then \(column) end"
    }

    static let audit = PostgresStatement(
        """
        select coalesce(json_agg(json_build_object('ordinal', ordinal::text,
            'at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'who', who, 'what', what,
            'kind', kind, 'id', id, 'version', version, 'before', \(cut("before")), 'after', \(cut("after"))
            ) order by ordinal desc), '[]')::text, min(ordinal), count(*)
        from (select * from paceline.audit
            where ordinal < $1 and ($2 = '' or kind = $2) and ($3 = '' or id = $3) and ($4 = '' or who = $4)
            order by ordinal desc limit $5) as page
        """, .int8, .text, .text, .text, .int8)
}

extension PublishedBlob {
    /// From three columns: digest, bytes and format.
    init(_ row: PostgresRow, at column: Int, package: Int64? = nil) throws {
        let sha256: [UInt8] = try row.read(column)
        guard let digest = BlobDigest(bytes: sha256) else {
            throw Failure("the database has a SHA-256 of \(sha256.count) bytes")
        }
        self.init(
            digest: digest, bytes: Int(try row.read(column + 1, as: Int64.self)),
            format: UInt32(clamping: try row.read(column + 2, as: Int64.self)), package: package)
    }
}
