// `GET /api/v1/catalog/preview?creative=ID`: a creative as the fleet would serve it, from what is published. Any coordinator answers.
import Catalog
import CatalogWire
import Documents
import HTTP
import Kernel
import Postgres
import Reactor
import Serving
import Units

/// Used on the root's thread only.
final class PreviewRoutes {
    private let reads: AdminReads
    private let remote: ReactorRemote
    private var making = 0

    /// Each takes a decider's memory for a moment.
    private static let makingMost = 4

    private static let one = PostgresStatement(
        """
        select c.document::text, a.document::text from paceline.catalog_objects c
            join paceline.catalog_objects a on a.kind = 'advertisers' and a.id = c.document->>'advertiser'
        where c.kind = 'creatives' and c.id = $1
        """, .text)

    init(_ reads: AdminReads, on reactor: Reactor) {
        self.reads = reads
        remote = reactor.remote
    }

    /// Taken from the root's thread to the root's thread, through the one that decides.
    private final class Held: @unchecked Sendable {
        weak var routes: PreviewRoutes?
        let place: AnswerPlace
        init(_ routes: PreviewRoutes, _ place: AnswerPlace) { (self.routes, self.place) = (routes, place) }
    }

    func show(_ request: borrowing Request, _ response: inout Response) {
        guard let id = Query(request)["creative"], !id.isEmpty, id.utf8.count <= 128 else {
            return response.malformed("creative", "what the catalog calls a creative")
        }
        guard making < Self.makingMost else {
            response.header("retry-after", "1")
            return response.problem(.serviceUnavailable, "other previews are being made; ask again")
        }
        making += 1
        response.isHeld = true
        let held = Held(self, request.place)
        reads.find(Self.one, [.text(id)]) { [weak self] in self?.make($0, held) }
    }

    private func make(_ found: Result<PostgresRows, AdminReads.Silence>, _ held: Held) {
        do {
            let rows = try found.get()
            guard rows.count == 1 else {
                return end(held) { $0.problem(.notFound, "no such creative in the catalog") }
            }
            let texts: [String] = [try rows[0].read(0), try rows[0].read(1)]
            let remote = remote
            try Thread(name: "preview") {
                let made = Result {
                    let trees = try texts.map { try JSONTree(reading: Array($0.utf8)) }
                    return try CreativePreview(trees[0], trees[1]).tree(at: Kernel.wallNow())
                }
                _ = remote.post { _ in held.routes?.made(made, held) }
            }.detach()
        } catch let silence as AdminReads.Silence {
            end(held) { silence.write(&$0) }
        } catch {
            end(held) { $0.problem(.internalServerError, "\(error)") }
        }
    }

    private func made(_ made: Result<JSONTree, any Error>, _ held: Held) {
        switch made {
        case .success(let tree): end(held) { $0.json(tree) }
        case .failure(let error):
            end(held) { $0.problem(.internalServerError, "the creative could not be shown: \(error)") }
        }
    }

    private func end(_ held: Held, _ body: (inout Response) -> Void) {
        making -= 1
        reads.server?.answer(held.place, body)
    }
}
