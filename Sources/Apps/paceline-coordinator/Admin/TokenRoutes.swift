// Tokens are made, listed and revoked by admins. The token itself is in one answer and nowhere else.
import CatalogWire
import Documents
import HTTP
import Kernel
import Postgres
import Serving
import Units

/// Used on the root's thread only.
final class TokenRoutes {
    private let tokens: Tokens
    private let root: Root
    private let reads: AdminReads

    init(_ tokens: Tokens, _ root: Root, _ reads: AdminReads) {
        self.tokens = tokens
        self.root = root
        self.reads = reads
    }

    /// A year: who still needs it then has another one made.
    static let daysMost: UInt32 = 366

    private static let list = PostgresStatement(
        """
        select coalesce(json_agg(json_build_object('name', name, 'role', role, 'madeBy', made_by,
            'madeAt', to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'expiresAt', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'revokedAt', to_char(revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            order by name, made_at), '[]')::text
        from (select * from paceline.tokens order by made_at desc limit 1000) as page
        """)
    /// One row where it was made: there may be no other of the name in force, and the first one is an admin's, as nobody could
    /// make another one else.
    private static let make = PostgresStatement(
        """
        with made as (
            insert into paceline.tokens (hash, name, role, made_at, made_by, expires_at)
            select $1, $2, $3, $4, $5, $6 where $3 = 'admin' or $7 or exists (select from paceline.tokens)
            on conflict do nothing returning name, role, expires_at
        ), noted as (
            insert into paceline.audit (at, who, what, kind, id, after)
            select $4, $5, 'create token', 'tokens', name, to_jsonb(made) from made
        )
        select (select count(*) from made), (select count(*) from paceline.tokens), pg_notify('paceline_tokens', '')::text
        """, .bytea, .text, .text, .timestamptz, .text, .timestamptz, .bool)
    private static let revoke = PostgresStatement(
        """
        with gone as (
            update paceline.tokens set revoked_at = $2 where name = $1 and revoked_at is null returning name, role, expires_at
        ), noted as (
            insert into paceline.audit (at, who, what, kind, id, before)
            select $2, $3, 'revoke token', 'tokens', name, to_jsonb(gone) from gone
        )
        select (select count(*) from gone), pg_notify('paceline_tokens', '')::text,
            (select count(*) from paceline.scheduled_changes where state = 'waiting' and who = $1)
        """, .text, .timestamptz, .text)

    func list(_ request: borrowing Request, _ response: inout Response) {
        reads.list(Self.list, [], "tokens", request.place, &response)
    }

    func make(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        guard root.leads else { return response.notLeader(root) }
        let (name, role, days): (String, AdminRole, UInt32)
        do throws(Malformed) {
            let fields = try Fields(try JSONTree(body: request), at: "")
            name = try fields.text("name", most: 64)
            guard AuditName.isForTokens(name) else {
                throw Malformed(
                    place: "name",
                    allowed:
                        "a name that the audit log has for nobody else: without ://, not \"\(AuditName.unknown)\", and with neither \"certificate \" nor \"coordinator \" before it"
                )
            }
            let word = try fields.text("role")
            guard let known = AdminRole(rawValue: word) else {
                throw Malformed(
                    place: "role",
                    allowed: AdminRole.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
            }
            role = known
            days = try fields.number("days", 1...Self.daysMost)
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        let token = Tokens.drawn()
        let now = Kernel.wallNow()
        let expires = now + .seconds(Int64(days) * 86_400)
        let tokens = tokens
        response.isHeld = true
        reads.ask(
            Self.make,
            [
                .bytea(BlobDigest(of: Array(token.utf8)).bytes), .text(name), .text(role.rawValue),
                .timestamptz(now),
                .text(caller.name), .timestamptz(expires), .bool(caller.by == .certificate && !tokens.isOpen),
            ], request.place
        ) { rows, response in
            let (made, all): (Int64, Int64) = (try rows[0].read(0), try rows[0].read(1))
            guard made == 1 else {
                return all == 0
                    ? response.problem(
                        .unprocessableContent,
                        "the first token is an admin's, as nobody could make others else",
                        [.init("field", "role"), .init("allowed", "\"admin\"")])
                    : response.problem(
                        .conflict, "a token of this name is in force; revoke it first",
                        [.init("field", "name")])
            }
            tokens.look()
            response.status = .created
            response.json([
                "name": .string(name), "role": .string(role.rawValue), "days": .number(days),
                "token": .string(token),
            ])
        }
    }

    func revoke(_ name: String, _ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        guard root.leads else { return response.notLeader(root) }
        let tokens = tokens
        response.isHeld = true
        reads.ask(
            Self.revoke, [.text(name), .timestamptz(Kernel.wallNow()), .text(caller.name)], request.place
        ) { rows, response in
            guard try rows[0].read(0, as: Int64.self) == 1 else {
                return response.problem(.notFound, "no token of this name is in force")
            }
            tokens.look()
            // They are made all the same: whoever revokes looks at them.
            response.json([
                "name": .string(name), "revoked": true,
                "waiting": .number(try rows[0].read(2, as: Int64.self)),
            ])
        }
    }
}

extension JSONTree {
    /// The body of a request.
    init(body request: borrowing Request) throws(Malformed) {
        do {
            try self.init(reading: request.body.withUnsafeBytes { Array($0) })
        } catch {
            throw Malformed(place: "the body", allowed: "JSON: \(error)")
        }
    }
}
