// The catalog under /api/v1: looked at by any coordinator, changed by the one that leads.
import Catalog
import Digests
import Documents
import HTTP
import Postgres
import Serving
import Units

/// Used on the root's thread only.
final class CatalogRoutes {
    private let desk: CatalogDesk
    private let reads: AdminReads

    static let pageMost: Int64 = 1_000
    /// Each may have a large document before and after.
    static let auditPageMost: Int64 = 100
    static let keyBytesMost = 128
    static let noteBytesMost = 1_024

    init(_ desk: CatalogDesk, _ reads: AdminReads) {
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
        page(
            CatalogStatements.versions, [.int8(before), .int8(limit)], "versions", limit, request.place,
            &response)
    }

    func audit(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        guard let limit = query.page(Self.auditPageMost, &response), let before = query.before(&response)
        else { return }
        page(
            CatalogStatements.audit,
            [
                .int8(before), .text(query["kind"] ?? ""), .text(query["id"] ?? ""),
                .text(query["who"] ?? ""),
                .int8(limit),
            ],
            "entries", limit, request.place, &response)
    }

    /// The newest first; the next page is before the last one of this.
    private func page(
        _ statement: PostgresStatement, _ values: [PostgresValue], _ name: String, _ limit: Int64,
        _ place: AnswerPlace, _ response: inout Response
    ) {
        response.isHeld = true
        reads.ask(statement, values, place) { rows, response in
            let (text, last): (String, Int64?) = (try rows[0].read(0), try rows[0].read(1))
            let isFull = try rows[0].read(2, as: Int64.self) == limit
            response.contentType = "application/json"
            response.write(
                "{\"\(name)\": \(text), \"next\": \(isFull ? last.map { "\"\($0)\"" } ?? "null" : "null")}\n")
        }
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
        let condition: CatalogCondition
        let (key, note): (String?, String)
        do throws(Malformed) {
            condition = try CatalogCondition(request)
            key = request.text("idempotency-key")
            if let key, !(1...Self.keyBytesMost).contains(key.utf8.count) {
                throw Malformed(
                    place: "Idempotency-Key", allowed: "a text of 1 to \(Self.keyBytesMost) bytes")
            }
            note = request.text("paceline-note") ?? ""
            guard note.utf8.count <= Self.noteBytesMost, note.unicodeScalars.allSatisfy({ $0.value >= 32 })
            else {
                throw Malformed(
                    place: "Paceline-Note", allowed: "a line of at most \(Self.noteBytesMost) bytes")
            }
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        let whole =
            "\(request.method.token) \(edit.name) \(edit.key?.kind.rawValue ?? "") \(edit.key?.id ?? "") \(condition)\n"
        let order = CatalogOrder(
            edit: edit, condition: condition, key: key ?? desk.ownKey(),
            digest: digest(of: Array(whole.utf8) + request.body.withUnsafeBytes { Array($0) }),
            who: caller.name, note: note)
        desk.take(order, request.place, &response)
    }
}

extension CatalogCondition {
    init(_ request: borrowing Request) throws(Malformed) {
        let (match, noneMatch) = (request.text("if-match"), request.text("if-none-match"))
        switch (match, noneMatch) {
        case (nil, nil): self = .nothing
        case (nil, "*"): self = .absent
        case (nil, _?): throw Malformed(place: "If-None-Match", allowed: "*")
        case ("*", nil): self = .present
        case (let tag?, nil):
            guard tag.utf8.count > 2, tag.hasPrefix("\""), tag.hasSuffix("\""),
                let version = Int64(tag.dropFirst().dropLast()), version > 0
            else {
                throw Malformed(
                    place: "If-Match", allowed: "an ETag as it was answered, such as \"12\", or *")
            }
            self = .version(version)
        case (_?, _?):
            throw Malformed(place: "If-None-Match", allowed: "nothing beside an If-Match")
        }
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
