// A change of the catalog, as somebody asked for it.
import Catalog
import CatalogWire
import Documents
import HTTP
import Postgres

enum CatalogEdit: Sendable {
    case put(CatalogKey, [UInt8])
    case delete(CatalogKey)
    /// All that a file has, none of which is there yet.
    case add([UInt8])
    /// All of it by what a file says.
    case replace([UInt8])
    case rollBack(to: Int64)
    case pause(campaign: String, Bool)

    /// In the audit log.
    var name: String {
        switch self {
        case .put: "put"
        case .delete: "delete"
        case .add: "add"
        case .replace: "import"
        case .rollBack(let version): "rollback to \(version)"
        case .pause(_, true): "pause"
        case .pause(_, false): "resume"
        }
    }

    /// The one thing that is changed, where it is one.
    var key: CatalogKey? {
        switch self {
        case .put(let key, _), .delete(let key): key
        case .pause(let campaign, _): CatalogKey(.campaigns, campaign)
        case .add, .replace, .rollBack: nil
        }
    }
}

struct CatalogOrder: ChangeOrder {
    let edit: CatalogEdit
    let condition: ChangeCondition
    let key: String
    /// Of all that is asked.
    let digest: BlobDigest
    let who: String
    let note: String
    /// What it would do is answered, and nothing is done.
    var isDryRun = false
    /// As which scheduled change it is made.
    var scheduled: Int64?

    var kind: PublicationKind? { .catalog }
    var name: String { scheduled.map { "\(edit.name) as scheduled \($0)" } ?? edit.name }
    var questions: PostgresBatch { CatalogDraft.questions(self) }
    func draft(of found: [PostgresRows]) -> ChangeOutcome { CatalogDraft.made(of: found, self) }
}

extension OrderRefusal {
    /// - Parameter body: whether this thing stands in the body, and so has a line there.
    init(_ problems: CatalogProblems, isInBody body: (CatalogKey?) -> Bool) {
        self.init(
            .unprocessableContent, "the catalog would not be accepted",
            [
                .init("errors", .array(problems.all.map { $0.tree(withPlace: body($0.key)) })),
                .init("unreported", .number(problems.unreported)),
            ])
    }
}

extension CatalogProblem {
    /// With the words of `paceline catalog check`.
    func tree(withPlace isPlaced: Bool) -> JSONTree {
        [
            "kind": key.map { .string($0.kind.rawValue) } ?? .null, "id": key.map { .string($0.id) } ?? .null,
            "field": .string(field), "line": isPlaced ? .number(refusal.line) : .null,
            "column": isPlaced ? .number(refusal.column) : .null,
            "found": .string(refusal.found), "allowed": .string(refusal.allowed),
            "nearest": refusal.nearest.map { .string($0) } ?? .null,
        ]
    }
}
