// What operators see of an audit and do about it: begin one, and say what a silent holder had.
import Documents
import HTTP
import Ledger
import LedgerWire
import Postgres
import Serving
import Settings
import Units

/// Used on the root's thread only.
final class AuditRoutes {
    private let context: CoordinatorContext
    private let root: Root
    private let tokens: Tokens
    private let reads: AdminReads
    weak var server: Server?

    /// As many as a root has accounts.
    static let amountsMost: Int64 = 4_096

    private static let standing = PostgresStatement(
        """
        select t.mark, t.line, c.system = t.system and c.line = t.line, t.missing, t.owed,
            (select count(*) from paceline.accounts where missing <> 0),
            (select coalesce(json_agg(json_build_object('holder', e.holder, 'campaign', a.campaign,
                'day', (date '1970-01-01' + a.day::int)::text, 'who', e.who,
                'amount', trim_scale(e.amount::numeric / 1000000),
                'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) order by e.at, e.account), '[]')::text
                from paceline.audit_entries e join paceline.accounts a on a.id = e.account
                where e.mark = t.mark)
        from paceline.timeline t, paceline.current_timeline() c
        """)

    init(_ context: CoordinatorContext, _ root: Root, _ tokens: Tokens, _ reads: AdminReads) {
        (self.context, self.root, self.tokens, self.reads) = (context, root, tokens, reads)
    }

    /// From what is committed; why a presentation is not taken only the leader knows.
    func show(_ request: borrowing Request, _ response: inout Response) {
        response.isHeld = true
        reads.ask(Self.standing, [], request.place) { [context, root] rows, response in
            let row = rows[0]
            let holders = context.settings.holders
            func names(_ bits: Int64) -> JSONTree {
                .array(
                    holders.enumerated().filter { UInt64(bitPattern: bits) >> UInt64($0.offset) & 1 == 1 }
                        .map { .string($0.element) })
            }
            let entries = try JSONTree(reading: Array(try row.read(6, as: String.self).utf8))
            response.json([
                "audit": .string("\(try row.read(0, as: Int64.self))"),
                "timeline": .number(try row.read(1, as: Int64.self)),
                "isLookedAt": .bool(try row.read(2, as: Bool.self)),
                "waitsFor": names(try row.read(3, as: Int64.self)),
                "entered": names(try row.read(4, as: Int64.self)),
                "accounts": .number(try row.read(5, as: Int64.self)),
                "notTaken": .array(
                    root.machine.auditTroubles.sorted { $0.key < $1.key }.map { holder, why in
                        [
                            "holder": .string(
                                Int(holder.rawValue) < holders.count ? holders[Int(holder.rawValue)] : ""),
                            "cause": .string(why),
                        ]
                    }), "entries": entries,
            ])
        }
    }

    func begin(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        ask(.audit(by: caller.name), request.place, &response) { answer, response in
            guard case .auditBegan(let mark) = answer else {
                return response.problem(.internalServerError, "no answer")
            }
            response.json(["audit": .string("\(mark)")])
        }
    }

    func enter(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        let entry: AuditEntry
        do throws(Malformed) {
            let tree = try JSONTree(body: request)
            entry = try self.entry(tree, caller)
        } catch {
            return response.problem(.badRequest, "the entry is not one", error.members)
        }
        guard !tokens.isOpen else {
            return response.problem(
                .unprocessableContent,
                "two operators have to say the same, and without tokens nobody knows who is who; make two",
                [.init("field", "authorization"), .init("allowed", "a token")])
        }
        ask(.enter(entry), request.place, &response) { [context] answer, response in
            switch answer {
            case .entered(let amounts):
                response.json([
                    "holder": .string(context.settings.holders[Int(entry.holder.rawValue)]),
                    "amounts": .array(amounts.map(Self.tree)),
                ])
            case .refusedEntry(let refusal): Self.write(refusal, &response)
            default: response.problem(.internalServerError, "no answer")
            }
        }
    }

    private func entry(_ tree: JSONTree, _ caller: Caller) throws(Malformed) -> AuditEntry {
        let fields = try Fields(tree, at: "")
        let name = try fields.text("holder")
        guard let number = context.settings.holders.firstIndex(of: name) else {
            throw Malformed(
                place: "holder", allowed: context.settings.holders.map { "\"\($0)\"" }.joined(separator: ", ")
            )
        }
        guard let mark = UInt32(exactly: try fields.bits("audit")) else {
            throw Malformed(place: "audit", allowed: "what `GET /api/v1/ledger/audit` says, as a text")
        }
        var amounts: [AuditEntry.Amount] = []
        if fields.has("amounts") {
            let allowed = "a list of at most \(Self.amountsMost) amounts, each account once"
            guard case .array(let list) = try fields.tree("amounts", allowed).content,
                list.count <= Int(Self.amountsMost)
            else { throw Malformed(place: "amounts", allowed: allowed) }
            var named: Set<AccountName> = []
            for (index, one) in list.enumerated() {
                let amount = try Fields(one, at: "amounts[\(index)]")
                let account = AccountName(
                    campaign: try amount.text("campaign"), day: try amount.day("day"))
                guard named.insert(account).inserted else {
                    throw Malformed(place: "amounts[\(index)]", allowed: allowed)
                }
                amounts.append(AuditEntry.Amount(account, try amount.amount("amount")))
            }
        }
        let restIsZero = try fields.flag("restIsZero")
        guard restIsZero || !amounts.isEmpty else {
            throw Malformed(place: "amounts", allowed: "at least one, or \"restIsZero\": true")
        }
        let holder = HolderNumber(UInt8(number))
        return AuditEntry(
            mark: mark, holder: holder, amounts: amounts, restIsZero: restIsZero,
            candidate: root.candidate(holder), who: caller.name)
    }

    private static func tree(_ one: EnteredAmount) -> JSONTree {
        [
            "campaign": .string(one.name.campaign),
            "day": one.name.day.map { .string($0.date) } ?? .null,
            "amount": JSONTree(.number(one.amount.description)),
            "standing": .string(one.standing.rawValue),
        ]
    }

    private static func write(_ refusal: EntryRefusal, _ response: inout Response) {
        func name(_ name: AccountName) -> [JSONTree.Member] {
            [
                .init("campaign", .string(name.campaign)),
                .init("day", name.day.map { .string($0.date) } ?? .null),
            ]
        }
        switch refusal {
        case .notAsked(let mark):
            response.problem(
                .conflict, "no audit waits for this holder, or another one does",
                [.init("audit", .string("\(mark)"))])
        case .noSuchAccount(let account):
            response.problem(.unprocessableContent, "no such account", name(account))
        case .notMissing(let account):
            response.problem(
                .unprocessableContent, "the account does not wait for this holder", name(account))
        case .negative: response.problem(.unprocessableContent, "an amount is below zero")
        case .tooMuch(let account):
            response.problem(
                .unprocessableContent, "it is more than the account's budget", name(account))
        }
    }

    private func ask(
        _ command: RootCommand, _ place: AnswerPlace, _ response: inout Response,
        _ body: @escaping (RootAnswer?, inout Response) -> Void
    ) {
        response.isHeld = true
        let isTaken = root.ask([command]) { [weak self, root] outcome in
            self?.server?.answer(place) { response in
                guard case .answered(let answers) = outcome else { return response.notLeader(root) }
                body(answers.first, &response)
            }
        }
        if !isTaken {
            response.isHeld = false
            response.notLeader(root)
        }
    }
}
