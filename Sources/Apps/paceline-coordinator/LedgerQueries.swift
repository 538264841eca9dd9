// What operators ask of the ledger, as statements that give JSON: any coordinator answers them from what is committed.
import Postgres

enum LedgerQueries {
    /// Amounts as decimals of the currency's unit, like everywhere in our answers.
    private static func amount(_ column: String) -> String { "trim_scale(\(column)::numeric / 1000000)" }

    private static let account = """
        json_build_object('account', id, 'campaign', campaign, 'day', (date '1970-01-01' + day::int)::text,
            'currency', currency, 'parent', parent, 'highest', \(amount("highest")), 'isPaused', is_paused,
            'hasEnded', has_ended, 'budget', \(amount("budget")),
            'free', \(amount("greatest(budget - granted - settled - suspense - presumed, 0)")),
            'overhang', \(amount("greatest(granted + settled + suspense + presumed - budget, 0)")),
            'granted', \(amount("granted")), 'settled', \(amount("settled")), 'suspense', \(amount("suspense")),
            'presumedSpent', \(amount("presumed")), 'late', \(amount("late")), 'refunded', \(amount("refunded")),
            'version', version::text)
        """

    /// Of a campaign, or all; behind an account's number, at most so many.
    static let accounts = PostgresStatement(
        """
        select coalesce(json_agg(one order by id), '[]')::text, count(*) from (
            select id, \(account) as one from paceline.accounts
            where ($1 = '' or campaign = $1) and id > $2 order by id limit $3) as page
        """, .text, .int8, .int8)

    static let oneAccount = PostgresStatement(
        """
        select \(account)::text, version from paceline.accounts where campaign = $1 and day is not distinct from $2
        """, .text, .int8)

    static let movements = PostgresStatement(
        """
        select coalesce(json_agg(one order by at, stream, number, sequence), '[]')::text from (
            select m.at, m.stream, m.number, m.sequence, json_build_object(
                'at', to_char(m.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'key', m.stream || '/' || m.number || '/' || m.sequence, 'account', m.account,
                'campaign', a.campaign, 'day', (date '1970-01-01' + a.day::int)::text,
                'from', p.names[m.source + 1], 'to', p.names[m.target + 1],
                'amount', \(amount("m.amount")), 'currency', a.currency) as one
            from paceline.movements m join paceline.accounts a on a.id = m.account
                cross join (select array['free', 'granted', 'settled', 'suspense', 'presumedSpent', 'budget',
                    'exchange', 'late'] as names) as p
            where ($1 = '' or a.campaign = $1) and m.at > $2
            order by m.at desc, m.stream, m.number desc, m.sequence desc limit $3) as page
        """, .text, .timestamptz, .int8)

    static let sessions = PostgresStatement(
        """
        select coalesce(json_agg(one order by ordinal), '[]')::text from (
            select s.ordinal, json_build_object(
                'session', s.session::text, 'holder', s.holder, 'epoch', (s.session >> 40)::text,
                'state', case when s.is_presumed then 'presumedSpent' when s.is_fenced then 'fenced'
                    when s.is_cloned then 'cloned' else 'open' end, 'isCloned', s.is_cloned,
                'openedAt', to_char(s.opened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'granted', (select \(amount("coalesce(sum(granted - returned), 0)")) from paceline.cells c
                    where c.session = s.session),
                'settled', (select \(amount("coalesce(sum(settled), 0)")) from paceline.cells c
                    where c.session = s.session)) as one
            from paceline.sessions s where s.ordinal > $1 order by s.ordinal limit $2) as page
        """, .int8, .int8)

    /// And bills that other nodes have claimed and the node's own journal has not spoken of yet.
    static let suspense = PostgresStatement(
        """
        select coalesce(json_agg(json_build_object('account', id, 'campaign', campaign,
            'day', (date '1970-01-01' + day::int)::text, 'currency', currency, 'suspense', \(amount("suspense")),
            'presumedSpent', \(amount("presumed")), 'claims', coalesce(c.claims, 0),
            'claimed', \(amount("coalesce(c.claimed, 0)")),
            'oldestClaim', to_char(c.oldest at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) order by id), '[]')::text
        from paceline.accounts left join (
            select c.account, count(*) as claims, sum(c.paid + c.late) as claimed, min(c.at) as oldest
            from paceline.claims c join paceline.leaves l on l.node = c.node
                join paceline.sessions s on s.session = l.root
            where not c.is_merged and not s.is_presumed group by c.account) as c on c.account = id
        where suspense <> 0 or presumed <> 0 or c.claims is not null
        """)

    static let imbalances = PostgresStatement(
        """
        select json_build_object(
            'accounts', (select count(*) from paceline.accounts),
            'movements', (select count(*) from paceline.movements),
            'imbalances', (select coalesce(json_agg(json_build_object('account', account,
                'place', (array['free', 'granted', 'settled', 'suspense', 'presumedSpent', 'budget', 'exchange',
                    'late'])[place + 1],
                'says', \(amount("says")), 'comesTo', \(amount("comes_to"))) order by account, place), '[]')
                from paceline.imbalances))::text
        """)

    static let operation = PostgresStatement(
        "select request from paceline.operations where key = $1", .text)

    /// What those whose names are like this said last, each once.
    static let lastOrders = PostgresStatement(
        """
        select distinct on (who) who, request from paceline.operations where who like $1 order by who, at desc
        """, .text)
}
