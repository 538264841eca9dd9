// The operators' side: what is asked under /api/v1, by whom, and the ledger as it is committed, with budgets as they shall be.
import Catalog
import CatalogWire
import Documents
import Fleet
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
    private let funding: CatalogFunding
    private let bulletins: [PublicationKind: Bulletin]
    private let tokens: Tokens
    private let reads: AdminReads
    private let check: LedgerCheck
    private let catalog: CatalogRoutes
    private let models: ModelRoutes
    private let scheduled: ScheduledRoutes
    private let tokenRoutes: TokenRoutes
    private let audits: AuditRoutes
    private let pacing: FleetPacing
    private let events: EventRoutes
    private let regions: RegionRoutes
    private let explain: ExplainRoutes
    private let forecasts: ForecastRoutes
    private let previews: PreviewRoutes
    private let console: ConsoleFiles?
    private var rates: AdminRates
    private let limited: LimitedMetrics
    private var router = Router()
    /// Keys of changes that are under way.
    private var keys: Set<String> = []
    weak var server: Server? {
        didSet {
            reads.server = server
            audits.server = server
            events.server = server
        }
    }

    private static let pageMost: Int64 = 1_000
    private static let keyBytesMost = 128

    init(
        _ context: CoordinatorContext, _ root: Root, _ pacing: FleetPacing, _ pool: PostgresPool,
        _ reads: AdminReads, _ funding: CatalogFunding, _ bulletins: [PublicationKind: Bulletin],
        _ desk: ChangeDesk,
        _ watch: ModelWatch, _ regions: FleetRegions, _ questions: QuestionDesk, _ tokens: Tokens,
        _ events: EventRoutes, _ console: ConsoleFiles?, _ limited: LimitedMetrics
    ) {
        rates = AdminRates(context.settings.rates)
        self.limited = limited
        self.funding = funding
        self.pacing = pacing
        self.events = events
        self.console = console
        self.bulletins = bulletins
        self.tokens = tokens
        self.context = context
        self.root = root
        self.pool = pool
        self.reads = reads
        check = LedgerCheck(reads)
        catalog = CatalogRoutes(desk, reads)
        models = ModelRoutes(desk, watch, reads, root)
        scheduled = ScheduledRoutes(desk, reads)
        self.regions = RegionRoutes(desk, regions, root)
        explain = ExplainRoutes(questions, root, reads)
        previews = PreviewRoutes(reads, on: pool.reactor)
        forecasts = ForecastRoutes(questions, root, reads, on: pool.reactor)
        tokenRoutes = TokenRoutes(tokens, root, reads)
        audits = AuditRoutes(context, root, tokens, reads)
        router.addHealth(context.health)
        router.addMetrics(context.metrics)
        router.add(.get, "/v1/coordinator") { [unowned self] _, response in identify(&response) }
        router.add(.get, "/v1/pacing") { [unowned self] _, response in standings(&response) }
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        let path = request.path.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        if let console, ConsoleFiles.has(path) { return console.respond(to: request, path, &response) }
        guard path.hasPrefix(AdminOperation.root) else { return router.respond(to: request, &response) }
        let (operations, id) = AdminOperation.find(path.dropFirst(AdminOperation.root.utf8.count))
        guard !operations.isEmpty else { return response.problem(.notFound, "no such address") }
        let method = request.method == .head ? .get : request.method
        guard let operation = operations.first(where: { $0.method == method }) else {
            response.header(
                "allow", operations.map { "\($0.method.token)" }.joined(separator: ", ").utf8.span.bytes)
            return response.problem(.methodNotAllowed, "the address does not know the method")
        }
        request.note(route: operation.route)
        guard method == .get || !Self.isOfAnotherOrigin(request) else {
            return response.problem(.forbidden, "a page of another origin may change nothing here")
        }
        let standing = tokens.standing(of: request)
        guard isWithinRates(operation, standing, request, &response),
            let caller = standing.caller(needs: operation.role, &response),
            Query(request).hasOnly(
                operation.parameters.filter { $0.place == "query" }.map(\.name), &response)
        else { return }
        perform(operation, id, request, caller, &response)
    }

    /// Also of those who are refused for want of a token: who tries tokens is slowed down by where they come from.
    private func isWithinRates(
        _ operation: AdminOperation, _ standing: Standing, _ request: borrowing Request,
        _ response: inout Response
    ) -> Bool {
        let subject = RateSubject(standing, request.address)
        guard let refusal = rates.take(operation.cost, isChange: operation.isChange, subject, at: root.now)
        else {
            return true
        }
        limited.counter(refusal, subject).add()
        response.tooOften(refusal, subject, operation.cost)
        return false
    }

    /// By what browsers say, and nobody else: without tokens, or by a client's certificate, a page somewhere else could have a browser ask.
    /// Where a browser says itself of which site its page is, that counts: no page writes that header. Else the origin has to be of the address
    /// that was asked.
    private static func isOfAnotherOrigin(_ request: borrowing Request) -> Bool {
        if let site = request.text("sec-fetch-site") { return site != "same-origin" && site != "none" }
        guard let origin = request.text("origin") else { return false }
        guard let mark = origin.firstRange(of: "://") else { return true }
        return String(origin[mark.upperBound...]) != request.text("host")
    }

    private func perform(
        _ operation: AdminOperation, _ id: String, _ request: borrowing Request, _ caller: Caller,
        _ response: inout Response
    ) {
        switch operation {
        case .list(let kind): catalog.list(kind, request, &response)
        case .get(let kind): catalog.get(CatalogKey(kind, id), request, &response)
        case .put(let kind): catalog.put(CatalogKey(kind, id), request, caller, &response)
        case .delete(let kind): catalog.delete(CatalogKey(kind, id), request, caller, &response)
        case .catalog: catalog.catalog(request, &response)
        case .add: catalog.add(request, caller, &response)
        case .importCatalog: catalog.replace(request, caller, &response)
        case .versions: catalog.versions(request, &response)
        case .rollBack: catalog.rollBack(request, caller, &response)
        case .pause: catalog.pause(true, request, caller, &response)
        case .resume: catalog.pause(false, request, caller, &response)
        case .publishModels: models.publish(request, caller, &response)
        case .modelNodes: models.nodes(&response)
        case .modelVersions: models.versions(request, &response)
        case .canary: models.canary(request, caller, &response)
        case .promote: models.promote(request, caller, &response)
        case .rollBackModels: models.rollBack(request, caller, &response)
        case .scheduled: scheduled.list(request, &response)
        case .scheduledChange: scheduled.show(id, request, &response)
        case .cancelScheduled: scheduled.cancel(id, request, caller, &response)
        case .audit: catalog.audit(request, &response)
        case .tokens: tokenRoutes.list(request, &response)
        case .makeToken: tokenRoutes.make(request, caller, &response)
        case .revokeToken: tokenRoutes.revoke(id, request, caller, &response)
        case .accounts: accounts(request, &response)
        case .order: order(request, caller, &response)
        case .movements: movements(request, &response)
        case .sessions:
            let query = Query(request)
            guard let after = query.after(&response),
                let limit = query.page(Self.pageMost, otherwise: Self.pageMost, &response)
            else { return }
            reads.list(
                LedgerQueries.sessions, [.int8(after), .int8(limit)], "sessions", request.place, &response)
        case .suspense: reads.list(LedgerQueries.suspense, [], "accounts", request.place, &response)
        case .verify: check.show(request, &response)
        case .ledgerAudit: audits.show(request, &response)
        case .beginAudit: audits.begin(request, caller, &response)
        case .enter: audits.enter(request, caller, &response)
        case .me: me(caller, &response)
        case .pacing: standings(&response)
        case .events: events.listen(request, &response)
        case .regions: regions.list(&response)
        case .drain: regions.change(.drain, request, caller, &response)
        case .restore: regions.change(.serve, request, caller, &response)
        case .failOver: regions.change(.failover, request, caller, &response)
        case .preview: previews.show(request, &response)
        case .forecast: forecasts.forecast(request, &response)
        case .explain: explain.explain(request, caller, &response)
        case .document: response.json(OpenAPI.document)
        }
    }

    private var leader: JSONTree {
        root.leader.map { ["name": .string($0.name), "address": .string($0.address)] } ?? .null
    }

    private func standings(_ response: inout Response) {
        guard let standings = pacing.standings() else { return response.notLeader(root) }
        response.json(standings)
    }

    private func me(_ caller: Caller, _ response: inout Response) {
        response.json([
            "who": .string(caller.name), "role": .string(caller.role.rawValue),
            "needsToken": .bool(!tokens.isOpen), "by": .string(caller.by.rawValue),
            "coordinator": [
                "name": .string(context.settings.name), "version": .string(context.version),
                "leads": .bool(root.leads), "epoch": .string("\(root.machine.epoch.rawValue)"),
                "leader": leader,
                "holders": .array(context.settings.holders.map { .string($0) }),
            ],
        ])
    }

    private func identify(_ response: inout Response) {
        response.json([
            "name": .string(context.settings.name), "version": .string(context.version),
            "leads": .bool(root.leads),
            "epoch": .string("\(root.machine.epoch.rawValue)"), "leader": leader,
            "catalog": funding.tree, "published": bulletins[.catalog]?.tree ?? .null,
            "models": bulletins[.models]?.tree ?? .null, "needsToken": .bool(!tokens.isOpen),
            "clones": .array(
                root.clones.map {
                    ["session": .string("\($0.session.rawValue)"), "holder": .string($0.holder)]
                }),
        ])
    }

    // MARK: Reading

    private func movements(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        // As far as an instant goes.
        let since = query.number("sinceSeconds", 0...9_000_000_000, otherwise: 0, &response)
        guard let since, let limit = query.page(Self.pageMost, otherwise: Self.pageMost, &response) else {
            return
        }
        reads.list(
            LedgerQueries.movements,
            [
                .text(query["campaign"] ?? ""), .timestamptz(Instant(nanoseconds: since * 1_000_000_000)),
                .int8(limit),
            ], "movements", request.place, &response)
    }

    private func accounts(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let after = query.after(&response),
            let limit = query.page(Self.pageMost, otherwise: Self.pageMost, &response)
        else { return }
        guard query["list"].map({ $0 == "1" }) ?? true else { return response.malformed("list", "1") }
        guard let campaign = query["campaign"], query["list"] == nil else {
            return reads.list(
                LedgerQueries.accounts,
                [.text(query["campaign"] ?? ""), .int8(after), .int8(limit)],
                "accounts", request.place, &response)
        }
        guard let day = query.day else {
            return response.problem(.badRequest, "day is a date such as 2026-11-28")
        }
        response.isHeld = true
        reads.ask(LedgerQueries.oneAccount, [.text(campaign), day], request.place) { rows, response in
            guard rows.count == 1 else { return response.problem(.notFound, "no such account") }
            let version: Int64 = try rows[0].read(1)
            response.header("etag", "\"\(version)\"".utf8.span.bytes)
            response.contentType = "application/json"
            response.write(try rows[0].read(0, as: String.self) + "\n")
        }
    }

    // MARK: Changing

    private func order(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        let isDry = Query(request)["dryRun"]
        if let isDry, isDry != "true", isDry != "false" {
            return response.malformed("dryRun", "true or false")
        }
        let key = request.text("idempotency-key") ?? ""
        guard isDry == "true" || !key.isEmpty && key.utf8.count <= Self.keyBytesMost else {
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
            order = try AccountOrder(tree, ifMatch: request.text("if-match"), key: key, who: caller.name)
        } catch {
            return response.problem(.badRequest, "the change is not one", error.members)
        }
        guard root.leads else { return response.notLeader(root) }
        if isDry == "true" { return weigh(order, &response) }
        guard keys.insert(key).inserted else {
            return response.problem(.conflict, "a change with this Idempotency-Key is under way")
        }
        response.isHeld = true
        let place = request.place
        pool.run(LedgerQueries.operation, .text(key), within: .seconds(5)) { [weak self] outcome in
            self?.look(outcome, order, place)
        }
    }

    /// What the change would come to, from the leader's book; nothing of it is done.
    private func weigh(_ order: AccountOrder, _ response: inout Response) {
        switch root.outlook(of: order) {
        case .taken(let outlook): response.json(.object(Self.members(order) + Self.members(outlook)))
        case .refused(let reason): refuse(order, reason, &response)
        case nil: response.notLeader(root)
        }
    }

    private static func members(_ order: AccountOrder) -> [JSONTree.Member] {
        [.init("campaign", .string(order.name.campaign)), .init("currency", .string("\(order.currency)"))]
    }

    /// The most that can still be spent is what an operator has to see before a budget is cut.
    private static func members(_ outlook: BudgetOutlook) -> [JSONTree.Member] {
        func amount(_ amount: Micros) -> JSONTree { JSONTree(.number(amount.description)) }
        return [
            .init("budget", amount(outlook.budget)), .init("spent", amount(outlook.spent)),
            .init("stillBillable", amount(outlook.stillBillable)), .init("most", amount(outlook.most)),
            .init("overhang", amount(outlook.overhang)),
        ]
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
            return reads.ask(LedgerQueries.oneAccount, [.text(order.name.campaign), day], place) {
                rows, response in
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
            var members: [JSONTree.Member] = [.init("account", .number(account.rawValue))]
            members += Self.members(order)
            if let outlook = root.outlook(of: account, with: order.budget) {
                members += Self.members(outlook)
            } else {
                members.append(.init("budget", JSONTree(.number(order.budget.description))))
            }
            response.json(.object(members + [.init("version", .string("\(version)"))]))
        case .refusedOrder(let reason): refuse(order, reason, &response)
        default: response.problem(.internalServerError, "no answer")
        }
    }

    private func refuse(_ order: AccountOrder, _ reason: Ledger.OrderRefusal, _ response: inout Response) {
        switch reason {
        case .otherVersion(let version):
            response.problem(
                order.version == nil ? .preconditionRequired : .preconditionFailed,
                order.version == nil
                    ? "the account is there; say with If-Match which version the change is meant for"
                    : "the account is not as you saw it",
                [.init("version", .string("\(version)"))])
        case .audited:
            response.problem(
                .conflict,
                "the account is audited: until every holder has said what it was granted nobody knows what a change comes to; ask again when GET /api/v1/ledger/audit says that nobody is waited for",
                [.init("reason", .string("\(reason)"))])
        default:
            response.problem(
                .unprocessableContent, "the ledger does not take the change",
                [.init("reason", .string("\(reason)"))])
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
