// Everything that can be asked under /api/v1: by which method and address, and who may. Handlers, the OpenAPI document and the
// tests all go by this table.
import Catalog
import HTTP
import Settings

/// What somebody may do: each role all that those before it may.
enum AdminRole: String, CaseIterable, Comparable, Sendable {
    /// Looks.
    case viewer
    /// Keeps things running: pauses and resumes campaigns, goes back to former models, takes regions out and puts them back, and looks
    /// at single decisions, which may tell of a viewer.
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
    case scheduled, scheduledChange, cancelScheduled
    case audit
    case tokens, makeToken, revokeToken
    case accounts, order, movements, sessions, suspense, verify
    case ledgerAudit, beginAudit, enter
    case me, pacing, events
    case regions, drain, restore, failOver
    case explain, forecast, preview
    case document

    static let all: [AdminOperation] =
        EntityKind.allCases.flatMap { [.list($0), .get($0), .put($0), .delete($0)] } + [
            .catalog, .add, .importCatalog, .versions, .rollBack, .pause, .resume, .publishModels,
            .modelNodes, .modelVersions, .canary, .promote, .rollBackModels, .scheduled, .scheduledChange,
            .cancelScheduled, .audit, .tokens, .makeToken,
            .revokeToken, .accounts, .order, .movements, .sessions, .suspense, .verify, .ledgerAudit,
            .beginAudit,
            .enter, .me, .pacing, .events, .regions, .drain, .restore, .failOver, .explain,
            .forecast, .preview, .document,
        ]

    static let root = "/api/v1/"

    var method: Method {
        switch self {
        case .list, .get, .catalog, .versions, .modelNodes, .modelVersions, .audit, .tokens, .accounts,
            .movements, .sessions, .suspense, .scheduled, .scheduledChange,
            .verify, .ledgerAudit, .me, .pacing, .events, .regions, .explain,
            .preview, .document:
            .get
        case .put, .order: .put
        case .delete, .revokeToken, .cancelScheduled: .delete
        case .add, .importCatalog, .rollBack, .pause, .resume, .publishModels, .canary, .promote,
            .rollBackModels, .makeToken, .beginAudit, .enter, .drain, .restore, .failOver, .forecast:
            .post
        }
    }

    /// The whole address, with `{id}` for the id of the thing that is meant.
    var route: StaticString {
        switch self {
        case .list(let kind): kind.route
        case .get(let kind), .put(let kind), .delete(let kind): kind.routeOfOne
        case .catalog: "/api/v1/catalog"
        case .add: "/api/v1/catalog/add"
        case .importCatalog: "/api/v1/catalog/import"
        case .versions: "/api/v1/catalog/versions"
        case .rollBack: "/api/v1/catalog/rollback"
        case .pause: "/api/v1/catalog/pause"
        case .resume: "/api/v1/catalog/resume"
        case .publishModels: "/api/v1/models"
        case .modelNodes: "/api/v1/models"
        case .modelVersions: "/api/v1/models/versions"
        case .canary: "/api/v1/models/canary"
        case .promote: "/api/v1/models/promote"
        case .rollBackModels: "/api/v1/models/rollback"
        case .scheduled: "/api/v1/scheduled"
        case .scheduledChange, .cancelScheduled: "/api/v1/scheduled/{id}"
        case .audit: "/api/v1/audit"
        case .tokens, .makeToken: "/api/v1/tokens"
        case .revokeToken: "/api/v1/tokens/{id}"
        case .accounts, .order: "/api/v1/ledger/accounts"
        case .movements: "/api/v1/ledger/movements"
        case .sessions: "/api/v1/ledger/sessions"
        case .suspense: "/api/v1/ledger/suspense"
        case .verify: "/api/v1/ledger/verify"
        case .ledgerAudit, .beginAudit: "/api/v1/ledger/audit"
        case .enter: "/api/v1/ledger/audit/entries"
        case .me: "/api/v1/me"
        case .pacing: "/api/v1/pacing"
        case .events: "/api/v1/events"
        case .regions: "/api/v1/regions"
        case .drain: "/api/v1/regions/drain"
        case .restore: "/api/v1/regions/restore"
        case .failOver: "/api/v1/regions/failover"
        case .preview: "/api/v1/catalog/preview"
        case .forecast: "/api/v1/catalog/forecast"
        case .explain: "/api/v1/explain"
        case .document: "/api/v1/openapi.json"
        }
    }

    /// Behind the root. An address that ends in a slash goes on with the id of the thing that is meant.
    var address: String {
        let text = "\(route)".dropFirst(Self.root.count)
        return String(text.hasSuffix("{id}") ? text.dropLast("{id}".count) : text)
    }

    var role: AdminRole {
        switch self {
        case .list, .get, .catalog, .versions, .modelNodes, .modelVersions, .accounts, .movements, .sessions,
            .suspense, .verify, .ledgerAudit, .me, .pacing, .events, .regions, .scheduled, .scheduledChange,
            .preview, .document:
            .viewer
        // Who may ask for a change may take it back: its handler looks at which it is.
        case .cancelScheduled: .operator_
        case .pause, .resume, .rollBackModels, .beginAudit, .enter, .drain, .restore, .failOver, .explain:
            .operator_
        case .put, .delete, .add, .importCatalog, .rollBack, .publishModels, .canary, .promote, .order,
            .forecast:
            .trafficker
        case .audit, .tokens, .makeToken, .revokeToken: .admin
        }
    }

    /// Whether it is one of the changes, or else of the questions, as far as rates are concerned.
    var isChange: Bool { method != .get }

    /// Of questions only this one has every node work, and an entry in the audit log.
    var hasEffects: Bool { if case .explain = self { true } else { isChange } }

    /// How many tokens of its rate it takes: what the leader or the database has to do for it.
    var cost: Int {
        switch self {
        // All of it is read, and the balances are added up from all movements.
        case .catalog, .verify: CoordinatorSettings.Rates.dearest
        // Each entry has documents.
        case .audit: 5
        // Every node reads its journal.
        case .explain, .forecast: 5
        // Much is checked and compiled, or kept.
        case .add, .importCatalog, .rollBack, .publishModels: CoordinatorSettings.Rates.dearest
        // The whole catalog is compiled.
        case .put, .delete, .pause, .resume: 2
        default: 1
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

extension EntityKind {
    fileprivate var route: StaticString {
        switch self {
        case .advertisers: "/api/v1/advertisers"
        case .campaigns: "/api/v1/campaigns"
        case .lineItems: "/api/v1/lineItems"
        case .creatives: "/api/v1/creatives"
        case .publishers: "/api/v1/publishers"
        case .inventory: "/api/v1/inventory"
        case .deals: "/api/v1/deals"
        case .blockLists: "/api/v1/blockLists"
        }
    }

    fileprivate var routeOfOne: StaticString {
        switch self {
        case .advertisers: "/api/v1/advertisers/{id}"
        case .campaigns: "/api/v1/campaigns/{id}"
        case .lineItems: "/api/v1/lineItems/{id}"
        case .creatives: "/api/v1/creatives/{id}"
        case .publishers: "/api/v1/publishers/{id}"
        case .inventory: "/api/v1/inventory/{id}"
        case .deals: "/api/v1/deals/{id}"
        case .blockLists: "/api/v1/blockLists/{id}"
        }
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
