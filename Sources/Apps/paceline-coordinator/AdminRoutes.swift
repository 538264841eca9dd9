// The operators' side: the ledger as it is committed, and budgets as they shall be.
import Documents
import HTTP
import JSON
import Kernel
import Ledger
import LedgerStore
import LedgerWire
import Postgres
import Serving
import Settings
import TLS
import Telemetry
import Units

/// Used on the root's thread only.
final class AdminRoutes: Responder {
    private let context: CoordinatorContext
    private let root: Root
    private let pool: PostgresPool
    private let funding: CatalogFunding?
    private var router = Router()
    /// Keys of changes that are under way.
    private var keys: Set<String> = []
    weak var server: Server?

    private static let pageMost: Int64 = 1_000
    private static let keyBytesMost = 128

    init(
        _ context: CoordinatorContext, _ root: Root, _ pacing: FleetPacing, _ pool: PostgresPool,
        _ funding: CatalogFunding?
    ) {
        self.funding = funding
        self.context = context
        self.root = root
        self.pool = pool
        router.addHealth(context.health)
        router.addMetrics(context.metrics)
        router.add(.get, "/v1/coordinator") { [unowned self] _, response in identify(&response) }
        router.add(.get, "/v1/pacing") { _, response in
            guard let standings = pacing.standings() else { return response.notLeader(root) }
            response.json(standings)
        }
        router.add(.get, "/api/v1/ledger/accounts") { [unowned self] in accounts($0, &$1) }
        router.add(.put, "/api/v1/ledger/accounts") { [unowned self] in order($0, &$1) }
        router.add(.get, "/api/v1/ledger/movements") { [unowned self] request, response in
            let query = Query(request)
            list(
                LedgerQueries.movements,
                [
                    .text(query["campaign"] ?? ""),
                    .timestamptz(
                        Instant(nanoseconds: (Int64(query["sinceSeconds"] ?? "0") ?? 0) &* 1_000_000_000)),
                    .int8(query.limit(Self.pageMost)),
                ], "movements", request.place, &response)
        }
        router.add(.get, "/api/v1/ledger/sessions") { [unowned self] request, response in
            let query = Query(request)
            list(
                LedgerQueries.sessions, [.int8(query.after), .int8(query.limit(Self.pageMost))], "sessions",
                request.place, &response)
        }
        router.add(.get, "/api/v1/ledger/suspense") { [unowned self] request, response in
            list(LedgerQueries.suspense, [], "accounts", request.place, &response)
        }
        router.add(.get, "/api/v1/ledger/verify") { [unowned self] request, response in
            list(LedgerQueries.imbalances, [], nil, request.place, &response)
        }
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        router.respond(to: request, &response)
    }

    private func identify(_ response: inout Response) {
        let leader: JSONTree =
            root.leader.map { ["name": .string($0.name), "address": .string($0.address)] } ?? .null
        response.json([
            "name": .string(context.settings.name), "version": .string(context.version),
            "leads": .bool(root.leads),
            "epoch": .string("\(root.machine.epoch.rawValue)"), "leader": leader,
            "catalog": funding?.tree ?? .null,
        ])
    }

    // MARK: Reading

    /// Answers with a list that a statement gives as JSON, under its name.
    private func list(
        _ statement: PostgresStatement, _ values: [PostgresValue], _ name: String?, _ place: AnswerPlace,
        _ response: inout Response
    ) {
        response.isHeld = true
        ask(statement, values, place) { rows, response in
            let text: String = try rows[0].read(0)
            response.contentType = "application/json"
            response.write(name.map { "{\"\($0)\": \(text)}\n" } ?? text + "\n")
        }
    }

    private func ask(
        _ statement: PostgresStatement, _ values: [PostgresValue], _ place: AnswerPlace,
        _ body: @escaping (PostgresRows, inout Response) throws -> Void
    ) {
        var batch = PostgresBatch(begins: false, commits: false)
        batch.add(statement, values: values)
        pool.run(batch, within: .seconds(20)) { [weak self] outcome in
            self?.server?.answer(place) { response in
                guard case .done(let found) = outcome else {
                    let why = outcome.failure.map { "\($0)" } ?? "no answer"
                    return response.problem(
                        .serviceUnavailable, "the database does not answer", [.init("detail", .string(why))])
                }
                do {
                    try body(found[0], &response)
                } catch {
                    response.problem(.internalServerError, "\(error)")
                }
            }
        }
    }

    private func accounts(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let campaign = query["campaign"], query["list"] == nil else {
            return list(
                LedgerQueries.accounts,
                [
                    .text(query["campaign"] ?? ""), .int8(query.afterAccount),
                    .int8(query.limit(Self.pageMost)),
                ],
                "accounts", request.place, &response)
        }
        guard let day = query.day else {
            return response.problem(.badRequest, "day is a date such as 2026-11-28")
        }
        response.isHeld = true
        ask(LedgerQueries.oneAccount, [.text(campaign), day], request.place) { rows, response in
            guard rows.count == 1 else { return response.problem(.notFound, "no such account") }
            let version: Int64 = try rows[0].read(1)
            response.header("etag", "\"\(version)\"".utf8.span.bytes)
            response.contentType = "application/json"
            response.write(try rows[0].read(0, as: String.self) + "\n")
        }
    }

    // MARK: Changing

    private func order(_ request: borrowing Request, _ response: inout Response) {
        guard let key = request.text("idempotency-key"), key.utf8.count <= Self.keyBytesMost, !key.isEmpty
        else {
            return response.problem(
                .badRequest,
                "a change needs an Idempotency-Key of its own, of at most \(Self.keyBytesMost) bytes")
        }
        let body = request.body.withUnsafeBytes { Array($0) }
        let order: AccountOrder
        do throws(Malformed) {
            let tree: JSONTree
            do { tree = try JSONTree(reading: body) } catch {
                throw Malformed(place: "the body", allowed: "JSON: \(error)")
            }
            let who = request.peer?.uris.first ?? "without a certificate"
            order = try AccountOrder(tree, ifMatch: request.text("if-match"), key: key, who: who)
        } catch {
            return response.problem(.badRequest, "the change is not one", error.members)
        }
        guard root.leads else { return response.notLeader(root) }
        guard keys.insert(key).inserted else {
            return response.problem(.conflict, "a change with this Idempotency-Key is under way")
        }
        response.isHeld = true
        let place = request.place
        pool.run(LedgerQueries.operation, .text(key), within: .seconds(5)) { [weak self] outcome in
            self?.look(outcome, order, place)
        }
    }

    /// What the key was used for before; nothing, mostly.
    private func look(_ outcome: PostgresOutcome, _ order: AccountOrder, _ place: AnswerPlace) {
        let key = order.operation.key
        guard case .done(let found) = outcome else {
            keys.remove(key)
            server?.answer(place) { $0.problem(.serviceUnavailable, "the database does not answer") }
            return
        }
        if found[0].count == 1 {
            keys.remove(key)
            let known = try? found[0][0].read(0, as: String.self)
            guard known == order.operation.request else {
                server?.answer(place) {
                    $0.problem(.unprocessableContent, "this Idempotency-Key was used for another change")
                }
                return
            }
            // Done before: as it is now.
            let day: PostgresValue = order.name.day.map { .int8(Int64($0.number)) } ?? .null
            return ask(LedgerQueries.oneAccount, [.text(order.name.campaign), day], place) { rows, response in
                response.contentType = "application/json"
                response.write(try rows[0].read(0, as: String.self) + "\n")
            }
        }
        let isTaken = root.ask([.order(order)]) { [weak self] outcome in
            guard let self else { return }
            keys.remove(key)
            server?.answer(place) { self.answer(outcome, order, &$0) }
        }
        if !isTaken {
            keys.remove(key)
            server?.answer(place) { [root] in $0.notLeader(root) }
        }
    }

    private func answer(_ outcome: IssuerOutcome, _ order: AccountOrder, _ response: inout Response) {
        guard case .answered(let answers) = outcome else { return response.notLeader(root) }
        switch answers.first {
        case .ordered(let account, let version, let isNew):
            if isNew { response.status = .created }
            response.header("etag", "\"\(version)\"".utf8.span.bytes)
            response.json([
                "account": .number(account.rawValue), "campaign": .string(order.name.campaign),
                "currency": .string("\(order.currency)"),
                "budget": JSONTree(.number(order.budget.description)),
                "version": .string("\(version)"),
            ])
        case .refusedOrder(.otherVersion(let version)):
            response.problem(
                order.version == nil ? .preconditionRequired : .preconditionFailed,
                order.version == nil
                    ? "the account is there; say with If-Match which version the change is meant for"
                    : "the account is not as you saw it",
                [.init("version", .string("\(version)"))])
        case .refusedOrder(let reason):
            response.problem(
                .unprocessableContent, "the ledger does not take the change",
                [.init("reason", .string("\(reason)"))])
        default: response.problem(.internalServerError, "no answer")
        }
    }
}

extension AccountOrder {
    /// A change as operators write it.
    init(_ tree: JSONTree, ifMatch: String?, key: String, who: String) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        let currency = try fields.currency("currency")
        let campaign = try fields.text("campaign")
        let day = try fields.day("day")
        var version: UInt64?
        if let ifMatch {
            guard let number = UInt64(ifMatch.filter { $0 != "\"" }) else {
                throw Malformed(place: "If-Match", allowed: "the ETag of the account")
            }
            version = number
        }
        self.init(
            name: AccountName(campaign: campaign, day: day), currency: currency,
            parent: day == nil ? nil : AccountName(campaign: campaign), budget: try fields.amount("budget"),
            highest: try fields.amount("highest"), version: version,
            operation: OperationRecord(
                key: key, who: who, request: "PUT accounts \(ifMatch ?? "") \(tree.line)"))
        isPaused = try fields.flag("isPaused")
        hasEnded = try fields.flag("hasEnded")
    }
}
