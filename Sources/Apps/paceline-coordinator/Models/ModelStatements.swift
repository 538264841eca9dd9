// Packages of models and their turns in the database.
import CatalogWire
import Documents
import Postgres
import Units

enum ModelStatements {
    // MARK: For nodes

    static let published = PostgresStatement(
        """
        select t.number, p.sha256, p.bytes, p.format, p.number, to_json(t.nodes)::text,
            c.sha256, c.bytes, c.format, c.number
        from paceline.model_turns t join paceline.model_packages p on p.number = t.everybody
            left join paceline.model_packages c on c.number = t.canary
        order by t.number desc limit 1
        """)

    static func published(_ rows: PostgresRows) throws -> Publication? {
        guard rows.count == 1 else { return nil }
        let row = rows[0]
        var canary: Publication.Canary?
        if !row.isNull(9) {
            canary = .init(
                try PublishedBlob(row, at: 6, package: try row.read(9)),
                nodes: try JSONTree(reading: Array(row.read(5, as: String.self).utf8)).texts)
        }
        return Publication(
            version: try row.read(0), try PublishedBlob(row, at: 1, package: try row.read(4)), canary: canary)
    }

    // MARK: For who changes it

    static let turn = PostgresStatement(
        """
        select number, everybody, canary, to_json(nodes)::text from paceline.model_turns order by number desc limit 1
        """)
    static let number = PostgresStatement("select coalesce(max(number), 0) from paceline.model_packages")
    /// A package by its number, and whether its bytes are there still.
    static let package = PostgresStatement(
        """
        select p.number, b.sha256 is not null from paceline.model_packages p
            left join paceline.blobs b on b.sha256 = p.sha256
        where p.number = $1
        """, .int8)
    /// The newest that is of these bytes, and has them still.
    static let same = PostgresStatement(
        """
        select p.number from paceline.model_packages p join paceline.blobs b on b.sha256 = p.sha256
        where p.sha256 = $1 order by p.number desc limit 1
        """, .bytea)

    static let publish = PostgresStatement(
        "select paceline.publish_models($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", .int8, .int8, .int8,
        .bytea, .int8, .int8, .timestamptz, .text, .text, .text)
    static let change = PostgresStatement(
        "select paceline.turn_models($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", .int8, .int8, .int8,
        .timestamptz, .text, .text, .int8, .text, .int8, .int8, .textArray)

    // MARK: For who looks

    /// Each package with the last turns that were about it.
    static let versions = PostgresStatement(
        """
        select coalesce(json_agg(json_build_object('version', p.number, 'sha256', encode(p.sha256, 'hex'),
            'bytes', p.bytes, 'format', p.format, 'at', to_char(p.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'who', p.who, 'note', p.note, 'contents', p.contents,
            'isKept', exists (select from paceline.blobs b where b.sha256 = p.sha256),
            'serves', case when p.number = t.everybody then 'everybody' when p.number = t.canary then 'canary' end,
            'nodes', case when p.number = t.canary then to_json(t.nodes) else '[]' end,
            'turns', (select coalesce(json_agg(json_build_object('turn', a.number, 'what', a.what, 'who', a.who,
                    'at', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'note', a.note)
                    order by a.number desc), '[]')
                from (select * from paceline.model_turns where package = p.number order by number desc limit 8) as a)
            ) order by p.number desc), '[]')::text, min(p.number), count(*)
        from (select * from paceline.model_packages where number < $1 order by number desc limit $2) as p
            left join (select * from paceline.model_turns order by number desc limit 1) as t on true
        """, .int8, .int8)
}

extension JSONTree {
    /// The texts of a list.
    var texts: [String] {
        elements.compactMap { if case .string(let text) = $0.content { text } else { nil } }
    }
}
