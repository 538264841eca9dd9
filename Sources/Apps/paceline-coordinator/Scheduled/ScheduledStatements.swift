// Scheduled changes in the database: what is asked of them, and what is written.
import Postgres
import Units

enum ScheduledStatements {
    // MARK: For who makes them

    /// How many wait, since when the first of them is due, and how many were refused and nobody has said that they saw it.
    static let standing = PostgresStatement(
        """
        select (select count(*) from paceline.scheduled_changes where state = 'waiting'),
            (select min(due) from paceline.scheduled_changes where state = 'waiting'),
            (select count(*) from paceline.scheduled_changes where state = 'refused')
        """)
    /// The next one that is due, but for those that are held back.
    static let next = PostgresStatement(
        """
        select number, due, deed, kind, id, target, body, condition, seen, who, note from paceline.scheduled_changes
        where state = 'waiting' and due <= $1 and number <> all ($2) order by due, number limit 1
        """, .timestamptz, .int8Array)
    /// What became of one, by whom and when, as which version, or with which refusal.
    static let state = PostgresStatement(
        """
        select state, deed, settled_by, settled_at, version, reason ->> 'title'
        from paceline.scheduled_changes where number = $1
        """, .int8)
    static let settle = PostgresStatement(
        "select paceline.settle_scheduled($1, $2, $3, $4, $5, $6, $7, $8)", .int8, .text, .text, .int8, .text,
        .timestamptz, .text, .text)
    static let requireLeader = PostgresStatement("select paceline.require_leader($1, $2)", .int8, .int8)

    // MARK: For who schedules

    /// The last number, how many wait, and how many bytes they have.
    static let room = PostgresStatement(
        """
        select coalesce(max(number), 0), count(*) filter (where state = 'waiting'),
            coalesce(sum(octet_length(body)) filter (where state = 'waiting'), 0)::bigint
        from paceline.scheduled_changes
        """)
    static let schedule = PostgresStatement(
        "select paceline.schedule_change($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)", .int8,
        .int8, .int8, .timestamptz, .text, .text, .text, .int8, .bytea, .text, .int8, .text, .text,
        .timestamptz)

    // MARK: For who looks

    private static func time(_ column: String) -> String {
        "to_char(\(column) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    }
    private static let shown = """
        'number', number::text, 'at', to_char(due at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'state', state,
            'what', deed, 'kind', kind, 'id', id, 'target', target, 'bytes', octet_length(body),
            'ifMatch', case condition when 'version' then '"' || seen || '"' when 'present' then '*' end,
            'ifNoneMatch', case condition when 'absent' then '*' end, 'who', who, 'note', note,
            'madeAt', \(time("made_at")), 'settledAt', \(time("settled_at")), 'settledBy', settled_by,
            'lateMilliseconds', case when state <> 'waiting' and settled_at >= due
                then (extract(epoch from settled_at - due) * 1000)::bigint end,
            'published', version, 'reason', reason
        """
    static let page = PostgresStatement(
        """
        select coalesce(json_agg(json_build_object(\(shown)) order by number desc), '[]')::text, min(number), count(*)
        from (select * from paceline.scheduled_changes
            where number < $1 and ($2 = '' or state = $2) and ($3 = '' or who = $3)
            order by number desc limit $4) as page
        """, .int8, .text, .text, .int8)
    /// In the order in which they are made, behind one of them.
    static let waiting = PostgresStatement(
        """
        select coalesce(json_agg(json_build_object(\(shown)) order by due, number), '[]')::text,
            (array_agg(number order by due desc, number desc))[1], count(*)
        from (select * from paceline.scheduled_changes
            where state = 'waiting' and ($2 = '' or who = $2)
                and ($1 < 0 or (due, number) > (select s.due, s.number from paceline.scheduled_changes s where s.number = $1))
            order by due, number limit $3) as page
        """, .int8, .text, .int8)
    static let one = PostgresStatement(
        """
        select json_build_object(\(shown),
            'document', case when octet_length(body) > 0 then convert_from(body, 'UTF8')::json end)::text
        from paceline.scheduled_changes where number = $1
        """, .int8)
}
