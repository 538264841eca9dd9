// What a change would make of the catalog: read, changed, checked whole and compiled, on a thread of its own, as a large catalog
// takes seconds. Nothing is in the database before all of it is good.
import Catalog
import CatalogWire
import Documents
import HTTP
import Postgres
import Units

/// The next version.
struct CatalogDraft: Sendable {
    let former: Int64
    let changes: [(key: CatalogKey, document: JSONTree?)]
    let bytes: [UInt8]
    let digest: BlobDigest
    let format: Int64
    let answer: ChangeAnswer

    /// All documents together: an answer with the whole catalog fits in what one answer may be.
    static let textMost = 32 * 1024 * 1024
    /// Two of them are in each coordinator's memory.
    static let bytesMost = 256 * 1024 * 1024

    /// What a draft is made from, in this order.
    static func questions(_ order: CatalogOrder) -> PostgresBatch {
        var batch = PostgresBatch.questions(order.key)
        batch.add(CatalogStatements.number)
        batch.add(CatalogStatements.documents)
        switch order.edit {
        case .rollBack(let version): batch.add(CatalogStatements.formerDocuments, .int8(version))
        default:
            batch.add(
                CatalogStatements.version, .text(order.edit.key?.kind.rawValue ?? ""),
                .text(order.edit.key?.id ?? ""))
        }
        return batch
    }

    static func made(of found: [PostgresRows], _ order: CatalogOrder) -> ChangeOutcome {
        ChangeOutcome(found[0], order.digest) { try Making(found, order).outcome() }
    }
}

/// One draft in the making.
private struct Making {
    let order: CatalogOrder
    /// The published version; 0 where there is none.
    let former: Int64
    let before: CatalogDocuments
    /// The one thing's; nil where there is no such thing, or the change is not of one.
    let version: Int64?
    let restored: CatalogDocuments?

    init(_ found: [PostgresRows], _ order: CatalogOrder) throws {
        self.order = order
        former = try found[1][0].read(0)
        before = try CatalogDocuments(found[2])
        if case .rollBack = order.edit {
            restored = try CatalogDocuments(found[3])
            version = nil
        } else {
            restored = nil
            version = found[3].count == 1 ? try found[3][0].read(0) : nil
        }
    }

    func outcome() throws -> ChangeOutcome {
        try checkThere()
        let file: JSONTree
        var after = before
        var text: [UInt8] = []
        switch order.edit {
        case .put(let key, let body):
            after[key] = try document(key, body)
            file = after.file
            text = body
        case .delete(let key):
            after[key] = nil
            file = after.file
        case .add(let body):
            file = before.file(adding: try Self.tree(body))
            after = CatalogDocuments(file)
        case .replace(let body):
            file = try Self.tree(body)
            text = body
            after = CatalogDocuments(file)
        case .rollBack(let wanted):
            guard (1...max(former, 1)).contains(wanted), former > 0, let restored else {
                throw OrderRefusal(
                    .unprocessableContent, "no such version was published",
                    [.init("field", "version"), .init("allowed", .string("a number from 1 to \(former)"))])
            }
            after = restored
            file = after.file
        case .pause(let campaign, let pauses):
            let key = CatalogKey(.campaigns, campaign)
            after[key] = before[key]?.setting("paused", to: .bool(pauses))
            file = after.file
        }
        try checkCondition()
        let bytes: [UInt8]
        do throws(CatalogProblems) {
            bytes = try CatalogDocuments.compile(file, of: text)
        } catch {
            let isWhole = if case .replace = order.edit { true } else { false }
            let (key, isPut) = (order.edit.key, !text.isEmpty)
            throw OrderRefusal(error) { isWhole || isPut && $0 == key }
        }
        return try outcome(after, bytes)
    }

    private func outcome(_ after: CatalogDocuments, _ bytes: [UInt8]) throws -> ChangeOutcome {
        let changes = after.changes(from: before)
        if changes.isEmpty, former > 0, !isRollBack, !order.isDryRun {
            return .answered(answer(.ok, version ?? former, isNew: false))
        }
        let textBytes = after.file.line.utf8.count
        guard textBytes <= CatalogDraft.textMost, bytes.count <= CatalogDraft.bytesMost else {
            throw OrderRefusal(
                .unprocessableContent,
                "the catalog is larger than what is published: \(textBytes) bytes of at most \(CatalogDraft.textMost), compiled \(bytes.count) of \(CatalogDraft.bytesMost)"
            )
        }
        if order.isDryRun {
            let effects = CatalogEffects(changes, from: before, published: former)
            return .answered(ChangeAnswer(status: .ok, version: former, body: effects.tree.line))
        }
        let isNew =
            switch order.edit {
            case .put: version == nil
            case .add: true
            case .replace: former == 0
            default: false
            }
        let draft = CatalogDraft(
            former: former, changes: changes, bytes: bytes, digest: BlobDigest(of: bytes),
            format: Int64(CatalogSnapshot.format),
            answer: answer(isNew ? .created : .ok, former + 1, isNew: true))
        return .draft(
            ChangeDraft(number: former + 1, answer: draft.answer) { [order] in
                CatalogStatements.transaction(draft, order, $0)
            })
    }

    private var isRollBack: Bool { if case .rollBack = order.edit { true } else { false } }

    private func answer(_ status: Status, _ version: Int64, isNew: Bool) -> ChangeAnswer {
        var members: [JSONTree.Member] = []
        if let key = order.edit.key {
            members = [.init("kind", .string(key.kind.rawValue)), .init("id", .string(key.id))]
        }
        members += [
            .init("version", .string("\(version)")), .init("published", .number(isNew ? former + 1 : former)),
            .init("isChanged", .bool(isNew)),
        ]
        return ChangeAnswer(status: status, version: version, body: JSONTree.object(members).line)
    }

    // MARK: What is asked

    /// What is removed or paused is there.
    private func checkThere() throws(OrderRefusal) {
        switch order.edit {
        case .delete(let key) where before[key] == nil:
            throw OrderRefusal(.notFound, "no such thing in the catalog")
        case .pause(let campaign, _) where before[CatalogKey(.campaigns, campaign)] == nil:
            throw OrderRefusal(.notFound, "no such campaign in the catalog")
        default: break
        }
    }

    private func checkCondition() throws(OrderRefusal) {
        let isOne = order.edit.key != nil
        let current = isOne ? version : former == 0 ? nil : former
        let shown: [JSONTree.Member] = [.init("version", current.map { .string("\($0)") } ?? .null)]
        let what = isOne ? "it" : "the catalog"
        switch order.condition {
        case .nothing:
            switch order.edit {
            case .put, .delete, .replace:
                guard current != nil else { break }
                throw OrderRefusal(
                    .preconditionRequired,
                    "\(what) is there; say with If-Match which version the change is meant for", shown)
            case .add, .rollBack, .pause: break
            }
        case .absent where current != nil:
            throw OrderRefusal(.preconditionFailed, "\(what) is there already", shown)
        case .present where current == nil:
            throw OrderRefusal(.preconditionFailed, "\(what) is not there", shown)
        case .version(let wanted) where wanted != current:
            throw OrderRefusal(.preconditionFailed, "\(what) is not as you saw it", shown)
        case .absent, .present, .version: break
        }
    }

    private static func tree(_ body: [UInt8]) throws(OrderRefusal) -> JSONTree {
        do {
            return try JSONTree(reading: body)
        } catch {
            throw OrderRefusal(
                .badRequest, "the body is not JSON",
                [.init("field", "the body"), .init("allowed", .string("JSON: \(error)"))])
        }
    }

    /// The body, which must be of the thing that the address names; what else is in it the catalog's check says.
    private func document(_ key: CatalogKey, _ body: [UInt8]) throws(OrderRefusal) -> JSONTree {
        let tree = try Self.tree(body)
        guard case .object(let members) = tree.content else {
            throw OrderRefusal(
                .badRequest, "the body is not an object",
                [.init("field", "the body"), .init("allowed", "an object")])
        }
        let ids = members.filter { $0.key == "id" }
        guard ids.count == 1, case .string(key.id) = ids[0].value.content else {
            throw OrderRefusal(
                .unprocessableContent, "the body is of something else",
                [
                    .init("field", "id"), .init("found", ids.first?.value ?? .null),
                    .init("allowed", .string("\"\(key.id)\", as in the address")),
                ])
        }
        return tree
    }
}
