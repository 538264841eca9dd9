// `/api/v1/scheduled`: which changes wait for their time, what became of others, and the way to take one back.
import CatalogWire
import Documents
import HTTP
import Postgres
import Serving

/// Used on the root's thread only.
final class ScheduledRoutes {
    private let desk: ChangeDesk
    private let reads: AdminReads

    static let states = ["waiting", "made", "refused", "cancelled", "dismissed"]

    init(_ desk: ChangeDesk, _ reads: AdminReads) { (self.desk, self.reads) = (desk, reads) }

    func list(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let limit = query.page(CatalogRoutes.pageMost, &response), let before = query.before(&response),
            let after = query.after(&response)
        else { return }
        let (state, who) = (query["state"] ?? "", query["who"] ?? "")
        guard state.isEmpty || Self.states.contains(state) else {
            return response.malformed("state", Self.states.joined(separator: ", "))
        }
        // What waits goes by its times, and all else is told from its end.
        guard query[state == "waiting" ? "before" : "after"] == nil else {
            return state == "waiting"
                ? response.malformed("before", "nothing with state=waiting, which goes on behind `after`")
                : response.malformed(
                    "after", "nothing but with state=waiting; all else goes on with `before`")
        }
        let (statement, place) =
            state == "waiting"
            ? (ScheduledStatements.waiting, [PostgresValue.int8(after)])
            : (ScheduledStatements.page, [.int8(before), .text(state)])
        reads.page(
            statement, place + [.text(who), .int8(limit)], "scheduled", limit, request.place, &response)
    }

    func show(_ id: String, _ request: borrowing Request, _ response: inout Response) {
        guard let number = Self.number(id, &response) else { return }
        response.isHeld = true
        reads.ask(ScheduledStatements.one, [.int8(number)], request.place) { rows, response in
            guard rows.count == 1 else { return response.problem(.notFound, "no such scheduled change") }
            response.contentType = "application/json"
            response.write(try rows[0].read(0, as: String.self) + "\n")
        }
    }

    func cancel(_ id: String, _ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        guard let number = Self.number(id, &response) else { return }
        let head: ChangeHead
        do throws(Malformed) {
            head = try ChangeHead(request)
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        let order = CancelOrder(
            number: number, role: caller.role, key: head.key ?? desk.ownKey(),
            digest: BlobDigest(of: Array("DELETE scheduled \(number)".utf8)), who: caller.name,
            note: head.note)
        desk.take(order, request.place, &response)
    }

    private static func number(_ id: String, _ response: inout Response) -> Int64? {
        guard let number = Int64(id), number > 0 else {
            response.problem(.notFound, "no such scheduled change")
            return nil
        }
        return number
    }
}
