// What a node answers: who it is and whether JSON is JSON on the request listeners; health and metrics on the
// operators' listener.
import HTTP
import JSON
import Kernel
import Reactor
import Serving
import Settings
import TLS
import Telemetry
import Units

/// Routes of the request listeners. One object per shard.
final class RequestRoutes: Responder {
    private var router = Router()
    private let checker: JSONChecker
    private let journal: NodeJournal?
    private let decisions: ShardDecisions?

    init(
        _ context: NodeContext, _ reactor: Reactor, _ journal: NodeJournal?, _ decisions: ShardDecisions?,
        _ notices: ShardNotices?
    ) {
        self.journal = journal
        self.decisions = decisions
        checker = JSONChecker(limitBytes: context.settings.limits.bodyBytes)
        router.addHealth(context.health)
        addIdentity(to: &router, context, reactor.driverName)
        router.add(.post, "/v1/json/check") { [checker] request, response in
            checker.respond(to: request, &response)
        }
        if let decisions {
            let bids = BidRoute(decisions: decisions)
            router.add(.post, "/openrtb2/bid") { request, response in bids.respond(to: request, &response) }
            let tags = TagRoute(decisions)
            router.add(.get, "/vast", changes: true) { request, response in
                tags.respond(to: request, &response)
            }
        }
        if let decisions, let notices, let shared = context.notices {
            NoticeRoute(shared, notices, decisions, context.journals).add(to: &router)
        }
    }

    /// Notices settle money, and health is asked for when it matters: in overload requests for ads let them go first.
    func yields(_ request: borrowing Request) -> Bool {
        guard let decisions, decisions.isOverloaded else { return false }
        return request.pathIs("/openrtb2/bid") || request.pathIs("/vast")
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        guard let journal, journal.wants(request.path) else {
            return router.respond(to: request, &response)
        }
        let began = Kernel.monotonicNow()
        router.respond(to: request, &response)
        journal.noteAccess(request, response, took: Kernel.monotonicNow() - began)
    }
}

/// Routes of the operators' listener, which has a thread of its own.
final class AdminRoutes: Responder {
    private var router = Router()
    /// Nil where nothing is journaled, or nothing decided.
    let explain: ExplainRoute?

    init(_ context: NodeContext, _ reactor: Reactor) {
        explain = ExplainRoute(context.settings, context.notices?.keys, on: reactor)
        router.addHealth(context.health)
        addIdentity(to: &router, context, reactor.driverName)
        if let explain {
            router.add(.get, "/explain") { request, response in explain.respond(to: request, &response) }
        }
        if let money = context.money {
            router.add(.get, "/v1/budgets") { _, response in BudgetsRoute(money: money).respond(&response) }
        }
        if let money = context.money {
            router.add(.get, "/v1/pacing") { _, response in
                PacingRoute(pacing: money.ledger.pacing).respond(&response)
            }
        }
        router.addMetrics(context.metrics)
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        router.respond(to: request, &response)
    }
}

private func addIdentity(to router: inout Router, _ context: NodeContext, _ driver: String) {
    router.add(.get, "/v1/node") { request, response in
        response.contentType = "application/json"
        let peer = request.peer
        // A byte may take six when it is escaped; a certificate may carry any number of URIs.
        let uriBytes = peer?.uris.reduce(0) { $0 + 6 * $1.utf8.count + 4 } ?? 0
        response.writeLine(upTo: 16 * 1024 + uriBytes) { room throws(JSONError) in
            var json = JSONWriter(room.mutableBytes)
            json.beginObject()
            json.field("name", context.settings.node.name)
            json.field("region", context.settings.node.region)
            json.field("version", context.version)
            json.field("driver", driver)
            json.field(
                "uptimeSeconds", (Kernel.monotonicNow() - context.startedAt).nanoseconds / 1_000_000_000)
            json.field("ready", context.health.report().isReady)
            json.key("catalog")
            context.catalogs?.describe(&json) ?? json.null()
            // Who the caller is to this node: the first thing to look at when a certificate is refused
            // elsewhere.
            json.key("peer")
            if let peer {
                json.beginObject()
                json.key("uris")
                json.beginArray()
                for uri in peer.uris { json.value(uri) }
                json.endArray()
                json.field("serial", peer.serial)
                json.endObject()
            } else {
                json.null()
            }
            json.endObject()
            return try json.finish()
        }
    }
}
