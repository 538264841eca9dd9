// What a broker answers its operators.
import CatalogWire
import Documents
import HTTP
import Serving
import Settings
import Telemetry

/// Used on the desk's thread only.
final class BrokerRoutes: Responder {
    private var router = Router()

    init(_ context: BrokerContext) {
        router.addHealth(context.health)
        router.addMetrics(context.metrics)
        router.add(.get, "/v1/broker") { [context] _, response in
            let state = context.view.state
            response.json(
                state.tree(
                    name: context.settings.name, version: context.version, holders: context.settings.holders,
                    published: context.relays.map { .init($0.kind.rawValue, $0.follower.state.tree) }))
        }
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        router.respond(to: request, &response)
    }
}
