// A change of the catalog, as somebody asked for it, and what is answered.
import Catalog
import Documents
import HTTP
import Serving

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

/// What a change says of what it is meant for: of its one thing, or of the catalog's number.
enum CatalogCondition: Sendable {
    case nothing
    /// `If-None-Match: *`
    case absent
    /// `If-Match: *`
    case present
    case version(Int64)
}

struct CatalogOrder: Sendable {
    let edit: CatalogEdit
    let condition: CatalogCondition
    /// Who asked gave one, or it is this process's own.
    let key: String
    /// Of all that is asked.
    let digest: [UInt8]
    let who: String
    let note: String
}

/// Why a change is refused: nothing of it is done.
struct OrderRefusal: Error {
    let status: Status
    let title: String
    let members: [JSONTree.Member]

    init(_ status: Status, _ title: String, _ members: [JSONTree.Member] = []) {
        self.status = status
        self.title = title
        self.members = members
    }

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

/// What is answered to a change that was made, or had been made already.
struct CatalogAnswer: Sendable {
    let status: Status
    /// The one thing's, or the catalog's.
    let version: Int64
    let body: String
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
