// What each operation of /api/v1 takes and answers, for the OpenAPI document.
import Catalog
import CatalogWire
import DecisionJournal
import Documents

/// Every reader of JSON keeps a whole number up to here.
private let exact: Int64 = 9_007_199_254_740_991

struct OperationParameter {
    let name: String
    let place: String
    let summary: String
    let schema: JSONTree
    var isNeeded = false

    var tree: JSONTree {
        [
            "name": .string(name), "in": .string(place), "required": .bool(place == "path" || isNeeded),
            "description": .string(summary), "schema": schema,
        ]
    }

    static func query(_ name: String, _ summary: String, _ schema: JSONTree = ["type": "string"]) -> Self {
        Self(name: name, place: "query", summary: summary, schema: schema)
    }
    static func header(_ name: String, _ summary: String, _ schema: JSONTree = ["type": "string"]) -> Self {
        Self(name: name, place: "header", summary: summary, schema: schema)
    }
    static func limit(_ most: Int64) -> Self {
        query(
            "limit", "At most so many.", ["type": "integer", "minimum": 1, "maximum": .number(most)])
    }
    static let before = query(
        "before", "Only those before it: what the former page says under next.",
        ["type": "integer", "minimum": 1, "maximum": .number(exact)])
    static let id = Self(
        name: "id", place: "path", summary: "What the catalog calls it.",
        schema: ["type": "string", "pattern": "^[A-Za-z0-9_.:/-]{1,128}$"])
    static let number = Self(
        name: "id", place: "path", summary: "Its number.",
        schema: ["type": "string", "pattern": "^[0-9]{1,18}$"])
    static let campaign = query("campaign", "Only of this campaign.")
    static let dryRun = query(
        "dryRun", "1 answers what the change would do, and changes nothing.",
        ["type": "string", "enum": ["1"]])

    /// Of changes of the catalog.
    static let trying = [
        dryRun,
        query(
            "at",
            "When it is to be made, later than now: it is tried now and kept, and the leader makes it then or says why not.",
            ["type": "string", "format": "date-time", "maxLength": 25]),
    ]

    static let condition = [
        header(
            "If-Match", "The ETag that was seen last, or *.",
            ["type": "string", "pattern": "^\"[1-9][0-9]{0,17}\"$|^\\*$"])
    ]
    static let change =
        condition + [
            header("If-None-Match", "Only where it is not there.", ["type": "string", "enum": ["*"]])
        ] + written
    static let written = [
        header(
            "Idempotency-Key", "A change is made once under its key, which is kept for 7 days.",
            [
                "type": "string", "minLength": 1, "maxLength": .number(ChangeHead.keyBytesMost),
                "pattern": "^[!-~]+$",
            ]),
        header(
            "Paceline-Note", "Why, for the list of versions.",
            ["type": "string", "maxLength": .number(ChangeHead.noteBytesMost)]),
    ]
}

extension AdminOperation {
    var summary: String {
        switch self {
        case .list(let kind): "Lists \(kind.rawValue), by id."
        case .get(let kind): "One of the \(kind.rawValue)."
        case .put(let kind): "Creates or replaces one of the \(kind.rawValue), and publishes the catalog."
        case .delete(let kind): "Removes one of the \(kind.rawValue), and publishes the catalog."
        case .catalog: "The whole catalog, as one file of a catalog's directory."
        case .add: "Creates all that a file has, and publishes the catalog once."
        case .importCatalog: "Makes the whole catalog what a file says, and publishes it."
        case .versions: "What was published, the newest first."
        case .rollBack: "Publishes the catalog as a former version had it."
        case .pause: "Pauses a campaign, and publishes the catalog."
        case .resume: "Resumes a campaign, and publishes the catalog."
        case .publishModels: "Sends a package of models, which nobody serves yet."
        case .modelNodes: "Which models each node serves or refuses, and what it has counted since."
        case .modelVersions:
            "Packages of models, the newest first, with who serves them and what became of them."
        case .canary: "Has some nodes serve a package before all others."
        case .promote: "Has everybody serve a package."
        case .rollBackModels: "Has everybody serve a former package again, and no node another one."
        case .scheduled:
            "Changes that wait for their time, and what became of others: with state=waiting in the order in which they are made, else the newest first."
        case .scheduledChange: "One of them, with its body."
        case .cancelScheduled:
            "Takes back one that waits, or says of one that was refused that somebody has seen it. It takes the role that the change takes."
        case .audit: "Who changed what, the newest first."
        case .tokens: "Who has a token."
        case .makeToken: "Makes a token, which is shown this once."
        case .revokeToken:
            "Revokes the token of this name, and says how many scheduled changes wait by it, which are made all the same."
        case .accounts: "Accounts of the ledger; of one campaign and day the one."
        case .order: "Opens an account or changes its budget."
        case .movements: "The last movements of money."
        case .sessions: "Holders' sessions."
        case .suspense: "Accounts with money that waits for evidence."
        case .verify: "Holds the balances against all movements, once a minute at most: Age says when."
        case .ledgerAudit: "Whom the audit of the database's timeline waits for, and what was entered."
        case .beginAudit:
            "Begins an audit: nothing is granted until every holder has said what it was granted."
        case .enter:
            "Says what a silent holder was granted that the ledger does not know. Where two operators say the same of an account, both by tokens or both by certificates, it is in suspense, and the account waits for that holder no more."
        case .me: "Who asks, what they may, and which coordinator answers."
        case .pacing:
            "Each campaign's plan: what is due and spent by now, each node's part, and why it cannot deliver."
        case .events:
            "Server-sent events: what has changed since Last-Event-ID, as soon as something has, or nothing after 25 seconds. Each answer ends; whoever listens asks again."
        case .regions:
            "Where each region stands: its state, its share of its traffic, what is seen of it, and who wants what of it."
        case .drain:
            "Takes a region out of service: its traffic goes to the others, which must have room for it or be forced."
        case .restore:
            "Puts a region back: it gets its traffic by and by, while its brokers and probes answer."
        case .failOver:
            "Takes a region as lost at once. Its money waits for its fences; nothing of it is reclaimed early."
        case .preview:
            "A creative as the fleet would serve it to a television set, a phone and a browser; nothing is fetched or counted."
        case .forecast:
            "What a campaign that is not saved could have: nodes decide samples of their recorded requests with it, and nothing is published."
        case .explain:
            "Why a decision came out as it did, by the node that has it in its journal; each showing is in the audit log."
        case .document: "This document."
        }
    }

    var parameters: [OperationParameter] {
        let pages = [OperationParameter.before]
        switch self {
        case .list(let kind):
            return [
                .query("after", "Only those behind this id: what the former page says under next."),
                .limit(CatalogRoutes.pageMost),
            ]
                + (kind.parent.map { [.query($0, "Only those that name it.")] } ?? [])
        case .get: return [.id]
        case .put: return [.id] + OperationParameter.trying + OperationParameter.change
        case .delete:
            return [.id] + OperationParameter.trying + OperationParameter.condition
                + OperationParameter.written
        case .importCatalog: return OperationParameter.trying + OperationParameter.change
        case .publishModels: return OperationParameter.written
        case .add, .rollBack, .pause, .resume:
            return OperationParameter.trying + OperationParameter.condition + OperationParameter.written
        case .drain, .restore, .failOver:
            return [.dryRun] + OperationParameter.condition + OperationParameter.written
        case .canary, .promote, .rollBackModels:
            return OperationParameter.condition + OperationParameter.written
        case .versions, .modelVersions: return pages + [.limit(CatalogRoutes.pageMost)]
        case .audit:
            return pages + [.limit(CatalogRoutes.auditPageMost)]
                + ["kind", "id", "who"].map { .query($0, "Only those of it.") }
        case .scheduled:
            return [
                .query(
                    "before",
                    "But with state=waiting: only those before it, what the former page says under next.",
                    OperationParameter.before.schema),
                .query(
                    "after",
                    "With state=waiting: only those that are made behind it, what the former page says under next.",
                    ["type": "integer", "minimum": 0, "maximum": .number(exact)]),
                .limit(CatalogRoutes.pageMost),
                .query(
                    "state", "Only those.",
                    ["type": "string", "enum": .array(ScheduledRoutes.states.map { .string($0) })]),
                .query("who", "Only those that they sent."),
            ]
        case .scheduledChange: return [.number]
        case .cancelScheduled: return [.number] + OperationParameter.written
        case .revokeToken:
            return [
                .init(name: "id", place: "path", summary: "The token's name.", schema: ["type": "string"])
            ]
        case .accounts:
            return [
                .campaign,
                .query(
                    "day", "A date: of the campaign's days the one.", ["type": "string", "format": "date"]),
                .query("list", "1 lists all accounts of the campaign.", ["type": "string", "enum": ["1"]]),
                .query(
                    "after", "Only behind this account.",
                    ["type": "integer", "minimum": 0, "maximum": .number(exact)]),
                .limit(1_000),
            ]
        case .order:
            return [
                .header(
                    "If-Match", "The account's ETag, where it is there.",
                    ["type": "string", "pattern": "^\"[0-9]{1,18}\"$"]),
                .init(
                    name: "Idempotency-Key", place: "header",
                    summary: "An order is done once under its key.",
                    schema: ["type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"],
                    isNeeded: true),
                .query(
                    "dryRun",
                    "true: what the change would come to, with the most that can still be spent; nothing of it is done.",
                    ["type": "string", "enum": ["true", "false"]]),
            ]
        case .movements:
            return [
                .campaign,
                .query(
                    "sinceSeconds", "Only after so many seconds since 1970.",
                    ["type": "integer", "minimum": 0, "maximum": 9_000_000_000]), .limit(1_000),
            ]
        case .sessions:
            return [
                .query(
                    "after", "Only behind this place.",
                    ["type": "integer", "minimum": 0, "maximum": .number(exact)]), .limit(1_000),
            ]
        case .events:
            return [
                .header(
                    "Last-Event-ID",
                    "The id of the last event that was seen. Without it all is told at once.",
                    ["type": "string", "pattern": "^[0-9]{1,19}([.][0-9]{1,19}){4}$"])
            ]
        case .preview:
            return [
                .init(
                    name: "creative", place: "query", summary: "What the catalog calls it.",
                    schema: ["type": "string", "minLength": 1, "maxLength": 128], isNeeded: true)
            ]
        case .explain:
            return [
                .init(
                    name: "id", place: "query",
                    summary: "An answer's bidid, or the id of one of its bids.",
                    schema: ["type": "string", "pattern": "^[0-9a-f]{16}$"], isNeeded: true)
            ]
        case .catalog, .forecast, .modelNodes, .tokens, .makeToken, .suspense, .verify, .ledgerAudit,
            .beginAudit,
            .enter, .me, .pacing, .regions,
            .document:
            return []
        }
    }

    var body: JSONTree? {
        switch self {
        case .put(let kind): OpenAPI.reference(kind.rawValue)
        case .add, .importCatalog, .forecast: OpenAPI.reference("catalog")
        case .rollBack, .promote, .rollBackModels:
            OpenAPI.object([.init("version", OpenAPI.version)])
        case .publishModels:
            ["type": "string", "format": "binary", "maxLength": .number(ModelPackage.bytesMost)]
        case .canary:
            [
                "type": "object", "required": ["version"],
                "properties": [
                    "version": OpenAPI.version, "share": ["type": "number", "minimum": 0, "maximum": 1],
                    "nodes": [
                        "type": "array", "minItems": 1, "maxItems": .number(Publication.Canary.nodesMost),
                        "items": ["type": "string", "minLength": 1, "maxLength": 128],
                    ],
                ],
            ]
        case .drain, .failOver:
            [
                "type": "object", "required": ["region"],
                "properties": [
                    "region": ["type": "string", "minLength": 1, "maxLength": 256],
                    "force": ["type": "boolean"],
                ],
            ]
        case .restore:
            OpenAPI.object([.init("region", ["type": "string", "minLength": 1, "maxLength": 256])])
        case .pause, .resume:
            OpenAPI.object([.init("campaign", ["type": "string", "minLength": 1, "maxLength": 256])])
        case .makeToken:
            OpenAPI.object([
                .init("name", ["type": "string", "minLength": 1, "maxLength": 64]),
                .init("role", ["enum": .array(AdminRole.allCases.map { .string($0.rawValue) })]),
                .init("days", ["type": "integer", "minimum": 1, "maximum": .number(TokenRoutes.daysMost)]),
            ])
        case .order:
            [
                "type": "object", "required": ["campaign", "currency", "budget", "highest"],
                "properties": [
                    "campaign": ["type": "string", "minLength": 1, "maxLength": 256],
                    "day": ["type": "string", "format": "date"],
                    "currency": ["type": "string", "pattern": "^[A-Z]{3}$"],
                    "budget": ["type": "number", "minimum": 0], "highest": ["type": "number", "minimum": 0],
                    "isPaused": ["type": "boolean"], "hasEnded": ["type": "boolean"],
                ],
            ]
        case .enter:
            [
                "type": "object", "required": ["holder", "audit"],
                "properties": [
                    "holder": ["type": "string", "minLength": 1, "maxLength": 256],
                    "audit": ["type": "string", "pattern": "^[0-9]{1,10}$"],
                    "amounts": [
                        "type": "array", "maxItems": .number(AuditRoutes.amountsMost),
                        "items": [
                            "type": "object", "required": ["campaign", "amount"],
                            "properties": [
                                "campaign": ["type": "string", "minLength": 1, "maxLength": 256],
                                "day": ["type": "string", "format": "date"],
                                "amount": ["type": "number", "minimum": 0],
                            ],
                        ],
                    ],
                    "restIsZero": ["type": "boolean"],
                ],
            ]
        default: nil
        }
    }

    /// Of what the body is.
    var bodyType: String { self == .publishModels ? "application/octet-stream" : "application/json" }

    /// Of what the answer is.
    var answerType: String { self == .events ? "text/event-stream" : "application/json" }

    var hasETag: Bool {
        switch self {
        case .get, .put, .delete, .add, .importCatalog, .rollBack, .pause, .resume, .publishModels, .canary,
            .promote, .rollBackModels, .order, .drain, .restore, .failOver, .cancelScheduled:
            true
        default: false
        }
    }

    /// Whether it can be asked for at a later time.
    var isSchedulable: Bool { parameters.contains { $0.name == "at" } }

    /// Codes of answers that are no refusals.
    var accepted: [Int] {
        switch self {
        case .put, .add, .importCatalog, .publishModels, .order: [200, 201]
        case .makeToken: [201]
        default: [200]
        }
    }

    /// Codes of refusals, but those of every operation.
    var refused: [Int] {
        switch self {
        case .get, .revokeToken, .accounts, .scheduledChange, .explain, .preview: [404]
        case .cancelScheduled: [404, 409, 422]
        case .put, .importCatalog: [409, 412, 422, 428]
        case .delete: [404, 409, 412, 422, 428]
        case .add, .rollBack: [409, 412, 422]
        case .canary, .promote, .rollBackModels: [412, 422]
        case .publishModels, .forecast: [422]
        case .pause, .resume: [404, 409, 412, 422]
        case .makeToken: [409, 422]
        case .order: [409, 412, 422, 428]
        case .enter: [409, 422]
        case .drain, .restore, .failOver: [404, 409, 412, 422]
        case .list, .versions, .scheduled, .modelNodes, .modelVersions, .audit, .movements, .sessions,
            .catalog, .tokens,
            .suspense, .verify, .ledgerAudit, .beginAudit, .me, .pacing, .events, .regions,
            .document:
            []
        }
    }

    var answer: JSONTree {
        let any: JSONTree = ["type": "object"]
        switch self {
        case .list(let kind):
            return OpenAPI.list(
                kind.rawValue,
                of: OpenAPI.object([
                    .init("version", ["type": "string"]), .init("document", OpenAPI.reference(kind.rawValue)),
                ]))
        case .get(let kind): return OpenAPI.reference(kind.rawValue)
        case .put, .delete, .add, .importCatalog, .rollBack, .pause, .resume:
            return OpenAPI.reference("changed")
        case .pacing: return OpenAPI.list("campaigns", of: any, isPage: false)
        case .regions: return OpenAPI.list("regions", of: any, isPage: false)
        case .events: return ["type": "string"]
        case .publishModels, .canary, .promote, .rollBackModels: return OpenAPI.reference("modelsChanged")
        case .catalog: return OpenAPI.reference("catalog")
        case .versions, .modelVersions: return OpenAPI.list("versions", of: any)
        case .scheduled: return OpenAPI.list("scheduled", of: any)
        case .audit: return OpenAPI.list("entries", of: any)
        case .tokens: return OpenAPI.list("tokens", of: any, isPage: false)
        case .movements: return OpenAPI.list("movements", of: any, isPage: false)
        case .sessions: return OpenAPI.list("sessions", of: any, isPage: false)
        case .suspense: return OpenAPI.list("accounts", of: any, isPage: false)
        case .modelNodes, .accounts, .makeToken, .revokeToken, .order, .verify, .ledgerAudit, .beginAudit,
            .enter, .me, .drain, .restore, .failOver, .scheduledChange, .cancelScheduled, .explain,
            .forecast, .preview,
            .document:
            return any
        }
    }
}
