// Everything that can be asked under /api/v1: by which method and address, and who may. Handlers, the OpenAPI document and the
// tests all go by this table.
import Catalog
import HTTP

/// What somebody may do: each role all that those before it may.
enum AdminRole: String, CaseIterable, Comparable, Sendable {
    /// Looks.
    case viewer
    /// Keeps things running: pauses and resumes campaigns, goes back to former models, takes regions out and puts them back.
    case operator_ = "operator"
    /// Plans: changes the catalog, models and budgets.
    case trafficker
    /// Says who else may what, and sees who did what.
    case admin

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    static func < (left: AdminRole, right: AdminRole) -> Bool { left.rank < right.rank }
}

enum AdminOperation: Hashable, Sendable {
    case list(EntityKind)
    case get(EntityKind)
    case put(EntityKind)
    case delete(EntityKind)
    case catalog, add, importCatalog, versions, rollBack, pause, resume
    case publishModels, modelNodes, modelVersions, canary, promote, rollBackModels
    case audit
    case tokens, makeToken, revokeToken
    case accounts, order, movements, sessions, suspense, verify
    case ledgerAudit, beginAudit, enter
    case me, pacing, events
    case regions, drain, restore, failOver
    case document

    static let all: [AdminOperation] =
        EntityKind.allCases.flatMap { [.list($0), .get($0), .put($0), .delete($0)] } + [
            .catalog, .add, .importCatalog, .versions, .rollBack, .pause, .resume, .publishModels,
            .modelNodes, .modelVersions, .canary, .promote, .rollBackModels, .audit, .tokens, .makeToken,
            .revokeToken, .accounts, .order, .movements, .sessions, .suspense, .verify, .ledgerAudit,
            .beginAudit,
            .enter, .me, .pacing, .events, .regions, .drain, .restore, .failOver, .document,
        ]

    static let root = "/api/v1/"

    var method: Method {
        switch self {
        case .list, .get, .catalog, .versions, .modelNodes, .modelVersions, .audit, .tokens, .accounts,
            .movements, .sessions, .suspense,
            .verify, .ledgerAudit, .me, .pacing, .events, .regions, .document:
            .get
        case .put, .order: .put
        case .delete, .revokeToken: .delete
        case .add, .importCatalog, .rollBack, .pause, .resume, .publishModels, .canary, .promote,
            .rollBackModels, .makeToken, .beginAudit, .enter, .drain, .restore, .failOver:
            .post
        }
    }

    /// Behind the root. An address that ends in a slash goes on with the id of the thing that is meant.
    var address: String {
        switch self {
        case .list(let kind): kind.rawValue
        case .get(let kind), .put(let kind), .delete(let kind): kind.rawValue + "/"
        case .catalog: "catalog"
        case .add: "catalog/add"
        case .importCatalog: "catalog/import"
        case .versions: "catalog/versions"
        case .rollBack: "catalog/rollback"
        case .pause: "catalog/pause"
        case .resume: "catalog/resume"
        case .publishModels: "models"
        case .modelNodes: "models"
        case .modelVersions: "models/versions"
        case .canary: "models/canary"
        case .promote: "models/promote"
        case .rollBackModels: "models/rollback"
        case .audit: "audit"
        case .tokens, .makeToken: "tokens"
        case .revokeToken: "tokens/"
        case .accounts, .order: "ledger/accounts"
        case .movements: "ledger/movements"
        case .sessions: "ledger/sessions"
        case .suspense: "ledger/suspense"
        case .verify: "ledger/verify"
        case .ledgerAudit, .beginAudit: "ledger/audit"
        case .enter: "ledger/audit/entries"
        case .me: "me"
        case .pacing: "pacing"
        case .events: "events"
        case .regions: "regions"
        case .drain: "regions/drain"
        case .restore: "regions/restore"
        case .failOver: "regions/failover"
        case .document: "openapi.json"
        }
    }

    var role: AdminRole {
        switch self {
        case .list, .get, .catalog, .versions, .modelNodes, .modelVersions, .accounts, .movements, .sessions,
            .suspense, .verify, .ledgerAudit, .me, .pacing, .events, .regions,
            .document:
            .viewer
        case .pause, .resume, .rollBackModels, .beginAudit, .enter, .drain, .restore, .failOver: .operator_
        case .put, .delete, .add, .importCatalog, .rollBack, .publishModels, .canary, .promote, .order:
            .trafficker
        case .audit, .tokens, .makeToken, .revokeToken: .admin
        }
    }

    /// What an address below the root is of, with the id in it.
    static func find(_ address: Substring) -> (operations: [AdminOperation], id: String) {
        let exact = all.filter { $0.address == address }
        if !exact.isEmpty { return (exact, "") }
        // The ids of things may have slashes.
        guard let slash = address.firstIndex(of: "/"), address.index(after: slash) < address.endIndex,
            let id = unescaped(address[address.index(after: slash)...])
        else { return ([], "") }
        return (all.filter { $0.address == address[...slash] }, id)
    }
}

/// A part of an address without its percent signs; nil where that is no text.
func unescaped(_ text: Substring) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst(), let low = rest.popFirst(),
            let value = UInt8(hexadecimal: high, low)
        else { return nil }
        bytes.append(value)
    }
    return String(validating: bytes, as: UTF8.self)
}

extension UInt8 {
    /// Of two digits of hexadecimal.
    init?(hexadecimal high: UInt8, _ low: UInt8) {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
            default: nil
            }
        }
        guard let high = digit(high), let low = digit(low) else { return nil }
        self = high << 4 | low
    }
}
