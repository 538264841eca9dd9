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
    private let watch: ModelWatch
    private let reads: AdminReads
    private unowned let root: Root

    init(_ desk: ChangeDesk, _ watch: ModelWatch, _ reads: AdminReads, _ root: Root) {
        (self.desk, self.watch, self.reads, self.root) = (desk, watch, reads, root)
    }

    // MARK: Looking

    func nodes(_ response: inout Response) { watch.nodes(&response) }

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

    /// At the nodes that are named; else at a share of each region's, or at one of each.
    func canary(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        guard let chosen = watch.choose(share: nil) else { return response.notLeader(root) }
        let most = Publication.Canary.nodesMost
        let watch = watch
        turn(request, caller, &response) { version, fields throws(Malformed) in
            var nodes = chosen
            if fields.has("nodes") {
                nodes = Set(try fields.list("nodes", most: most).map(\.onlyText)).sorted()
            } else if fields.has("share") {
                nodes = watch.choose(share: try fields.real("share", 0...1)) ?? []
            }
            guard (1...most).contains(nodes.count), !nodes.contains("") else {
                throw Malformed(
                    place: "nodes",
                    allowed:
                        "1 to \(most) names of nodes; found \(nodes.count), where those stand that the coordinator has heard of their models"
                )
            }
            return .canary(package: version, nodes: nodes)
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
        // Nodes that the coordinator has chosen are not what was asked.
        var asked = Array("models \(edit.name) \(head.condition)\n".utf8)
        if case .publish(_, let blob) = edit {
            asked += Array(blob.description.utf8)
        } else {
            asked += request.body.withUnsafeBytes { Array($0) }
        }
        let order = ModelOrder(
            edit: edit, condition: head.condition, key: head.key ?? desk.ownKey(),
            digest: BlobDigest(of: asked), who: caller.name, note: head.note)
        desk.take(order, request.place, &response)
    }
}

extension JSONTree {
    /// Empty for what is no text.
    fileprivate var onlyText: String { if case .string(let text) = content { text } else { "" } }
}
