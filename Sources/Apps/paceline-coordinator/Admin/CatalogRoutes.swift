// The catalog under /api/v1: looked at by any coordinator, changed by the one that leads.
import Catalog
import CatalogWire
import Documents
import HTTP
import Kernel
import Postgres
import Serving
import Units

/// Used on the root's thread only.
final class CatalogRoutes {
    private let desk: ChangeDesk
    private let reads: AdminReads

    static let pageMost: Int64 = 1_000
    /// Each may have a large document before and after.
    static let auditPageMost: Int64 = 100

    init(_ desk: ChangeDesk, _ reads: AdminReads) {
        self.desk = desk
        self.reads = reads
    }

    // MARK: Looking

    func list(_ kind: EntityKind, _ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let limit = query.page(Self.pageMost, &response) else { return }
        let parent = kind.parent
        response.isHeld = true
        reads.ask(
            CatalogStatements.page(parent: parent ?? "id"),
            [
                .text(kind.rawValue), .text(query["after"] ?? ""), .text(parent.flatMap { query[$0] } ?? ""),
                .int8(limit),
            ],
            request.place
        ) { rows, response in
            let (text, last): (String, String?) = (try rows[0].read(0), try rows[0].read(1))
            let isFull = try rows[0].read(2, as: Int64.self) == limit
            let next: JSONTree = isFull ? last.map { .string($0) } ?? .null : .null
            response.contentType = "application/json"
            response.write("{\"\(kind.rawValue)\": \(text), \"next\": \(next.line)}\n")
        }
    }

    func get(_ key: CatalogKey, _ request: borrowing Request, _ response: inout Response) {
        response.isHeld = true
        reads.ask(CatalogStatements.one, [.text(key.kind.rawValue), .text(key.id)], request.place) {
            rows, response in
            guard rows.count == 1 else { return response.problem(.notFound, "no such thing in the catalog") }
            response.header("etag", "\"\(try rows[0].read(1, as: Int64.self))\"".utf8.span.bytes)
            response.contentType = "application/json"
            response.write(try rows[0].read(0, as: String.self) + "\n")
        }
    }

    /// All of it, as one file of a catalog's directory.
    func catalog(_ request: borrowing Request, _ response: inout Response) {
        response.isHeld = true
        reads.ask(CatalogStatements.documents, [], request.place) { rows, response in
            response.contentType = "application/json"
            response.write("{")
            for (index, row) in rows.enumerated() {
                let (kind, text): (String, String) = (try row.read(0), try row.read(1))
                response.write("\(index == 0 ? "" : ", ")\"\(kind)\": \(text)")
            }
            response.write("}\n")
        }
    }

    func versions(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let limit = query.page(Self.pageMost, &response), let before = query.before(&response) else {
            return
        }
        reads.page(
            CatalogStatements.versions, [.int8(before), .int8(limit)], "versions", limit, request.place,
            &response)
    }

    func audit(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let limit = query.page(Self.auditPageMost, &response), let before = query.before(&response)
        else { return }
        reads.page(
            CatalogStatements.audit,
            [
                .int8(before), .text(query["kind"] ?? ""), .text(query["id"] ?? ""),
                .text(query["who"] ?? ""),
                .int8(limit),
            ],
            "entries", limit, request.place, &response)
    }

    // MARK: Changing

    func put(_ key: CatalogKey, _ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        let body = request.body.withUnsafeBytes { Array($0) }
        change(.put(key, body), request, caller, &response)
    }

    func delete(_ key: CatalogKey, _ request: borrowing Request, _ caller: Caller, _ response: inout Response)
    {
        change(.delete(key), request, caller, &response)
    }

    func add(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        change(.add(request.body.withUnsafeBytes { Array($0) }), request, caller, &response)
    }

    func replace(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        change(.replace(request.body.withUnsafeBytes { Array($0) }), request, caller, &response)
    }

    func rollBack(_ request: borrowing Request, _ caller: Caller, _ response: inout Response) {
        do throws(Malformed) {
            let fields = try Fields(try JSONTree(body: request), at: "")
            let version = try fields.number("version", 1...UInt32.max)
            change(.rollBack(to: Int64(version)), request, caller, &response)
        } catch {
            response.problem(.badRequest, "the request is not one", error.members)
        }
    }

    func pause(
        _ pauses: Bool, _ request: borrowing Request, _ caller: Caller, _ response: inout Response
    ) {
        do throws(Malformed) {
            let campaign = try Fields(try JSONTree(body: request), at: "").text("campaign")
            change(.pause(campaign: campaign, pauses), request, caller, &response)
        } catch {
            response.problem(.badRequest, "the request is not one", error.members)
        }
    }

    private func change(
        _ edit: CatalogEdit, _ request: borrowing Request, _ caller: Caller, _ response: inout Response
    ) {
        let query = Query(request)
        let isDryRun = query["dryRun"]
        guard isDryRun.map({ $0 == "1" }) ?? true else { return response.malformed("dryRun", "1") }
        let now = Kernel.wallNow()
        var due: Instant?
        if let text = query["at"] {
            due = Timestamp.read(text)
            // Whether it is over already is asked behind the key: a repetition may come when it is.
            guard let due, due > now || isDryRun == nil, due <= now + ScheduleOrder.ahead else {
                let malformed = ScheduleOrder.malformed(at: now)
                return response.malformed(malformed.place, malformed.allowed)
            }
        }
        let head: ChangeHead
        do throws(Malformed) {
            head = try ChangeHead(request)
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        let whole =
            "\(request.method.token) \(edit.name) \(edit.key?.kind.rawValue ?? "") \(edit.key?.id ?? "") \(head.condition)\(due.map { " at \(Timestamp.text($0))" } ?? "")\n"
        var order = CatalogOrder(
            // What is not done is not remembered, and its key stays free for the change itself.
            edit: edit, condition: head.condition,
            key: isDryRun == nil ? head.key ?? desk.ownKey() : desk.ownKey(),
            digest: BlobDigest(of: Array(whole.utf8) + request.body.withUnsafeBytes { Array($0) }),
            who: caller.name, note: head.note, isDryRun: isDryRun != nil)
        if let due, isDryRun == nil {
            order.isDryRun = true
            return desk.take(ScheduleOrder(order: order, due: due, asked: now), request.place, &response)
        }
        desk.take(order, request.place, &response)
    }
}

extension EntityKind {
    /// The key by which its things name what they belong to.
    var parent: String? {
        switch self {
        case .campaigns, .creatives: "advertiser"
        case .lineItems: "campaign"
        case .inventory, .deals: "publisher"
        case .advertisers, .publishers, .blockLists: nil
        }
    }
}
