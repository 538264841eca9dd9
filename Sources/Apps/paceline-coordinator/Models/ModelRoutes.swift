// Models under /api/v1: packages are sent, and who serves which of them is said turn by turn, by the coordinator that leads.
import CatalogWire
import Documents
import HTTP
import Postgres
import Serving
import Units

/// Used on the root's thread only.
final class ModelRoutes {
    private let desk: ChangeDesk
    private let reads: AdminReads

    init(_ desk: ChangeDesk, _ reads: AdminReads) {
        self.desk = desk
        self.reads = reads
    }

    // MARK: Looking

    func versions(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let limit = query.page(CatalogRoutes.pageMost, &response), let before = query.before(&response)
        else { return }
        reads.page(
            ModelStatements.versions, [.int8(before), .int8(limit)], "versions", limit, request.place,
            &response)
    }

    // MARK: Changing

    func publish(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        let bytes = request.body.withUnsafeBytes { Array($0) }
        change(.publish(bytes, BlobDigest(of: bytes)), request, caller, &response)
    }

    func canary(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        turn(request, caller, &response) { version, fields throws(Malformed) in
            let most = Publication.Canary.nodesMost
            let nodes = Set(try fields.list("nodes", most: most).map(\.onlyText))
            guard !nodes.isEmpty, !nodes.contains("") else {
                throw Malformed(place: "nodes", allowed: "1 to \(most) names of nodes")
            }
            return .canary(package: version, nodes: nodes.sorted())
        }
    }

    func promote(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        turn(request, caller, &response) { version, _ in .promote(package: version) }
    }

    func rollBack(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        turn(request, caller, &response) { version, _ in .rollBack(package: version) }
    }

    private func turn(
        _ request: borrowing Request, _ caller: Caller, _ response: inout Response,
        _ edit: (Int64, Fields) throws(Malformed) -> ModelEdit
    ) {
        let made: ModelEdit
        do throws(Malformed) {
            let fields = try Fields(try JSONTree(body: request), at: "")
            made = try edit(Int64(try fields.number("version", 1...UInt32.max)), fields)
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        change(made, request, caller, &response)
    }

    private func change(
        _ edit: ModelEdit, _ request: borrowing Request, _ caller: Caller, _ response: inout Response
    ) {
        let head: ChangeHead
        do throws(Malformed) {
            head = try ChangeHead(request)
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        let whole = "models \(edit.name) \(edit.asked) \(head.condition)"
        let order = ModelOrder(
            edit: edit, condition: head.condition, key: head.key ?? desk.ownKey(),
            digest: BlobDigest(of: Array(whole.utf8)), who: caller.name, note: head.note)
        desk.take(order, request.place, &response)
    }
}

extension ModelEdit {
    /// All that was asked, so that the same under one key is known.
    fileprivate var asked: String {
        switch self {
        case .publish(_, let blob): blob.description
        case .canary(let package, let nodes): "\(package) \(nodes.joined(separator: " "))"
        case .promote(let package), .rollBack(let package): "\(package)"
        case .takeBack(let package, let why): "\(package) \(why)"
        }
    }
}

extension JSONTree {
    /// Empty for what is no text.
    fileprivate var onlyText: String { if case .string(let text) = content { text } else { "" } }
}
