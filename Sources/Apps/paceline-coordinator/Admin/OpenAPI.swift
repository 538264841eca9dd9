// The OpenAPI document of /api/v1, from the same tables that the handlers go by: addresses and roles from `AdminOperation`, what
// a campaign may be from the catalog's own schema.
import Catalog
import Documents
import HTTP

enum OpenAPI {
    static var document: JSONTree {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Paceline coordinator", "version": .string(PacelineCoordinator.version),
                "description":
                    "The catalog, models, who changes them, and the ledger. Any coordinator reads; only the one that leads writes, and the others answer 503 with its address.",
            ],
            "servers": [["url": "/", "description": "The listener `admin` of a coordinator."]],
            "security": [["token": []], ["certificate": []]],
            "paths": paths,
            "components": [
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description":
                            "Not asked for before the first token is made, where no certificate has a role.",
                    ],
                    "certificate": [
                        "type": "mutualTLS",
                        "description": "A client certificate to which the settings give a role.",
                    ],
                ],
                "schemas": .object(schemas),
            ],
        ]
    }

    // MARK: Addresses

    private static var paths: JSONTree {
        var members: [JSONTree.Member] = []
        var taken: Set<String> = []
        for one in AdminOperation.all where taken.insert(one.address).inserted {
            let together = AdminOperation.all.filter { $0.address == one.address }
            let path = AdminOperation.root + one.address + (one.address.hasSuffix("/") ? "{id}" : "")
            members.append(
                .init(
                    path,
                    .object(together.map { .init("\($0.method.token)".lowercased(), operation($0)) })))
        }
        return .object(members)
    }

    private static func operation(_ one: AdminOperation) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("operationId", .string(name(one))), .init("summary", .string(one.summary)),
            .init("description", .string("For the role \(one.role.rawValue) and those above it.")),
        ]
        let parameters = one.parameters
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters.map(\.tree)))) }
        if let body = one.body {
            members.append(
                .init(
                    "requestBody",
                    ["required": true, "content": .object([.init(one.bodyType, ["schema": body])])]))
        }
        members.append(.init("responses", responses(one)))
        return .object(members)
    }

    private static func name(_ one: AdminOperation) -> String {
        switch one {
        case .list(let kind): "list-\(kind.rawValue)"
        case .get(let kind): "get-\(kind.rawValue)"
        case .put(let kind): "put-\(kind.rawValue)"
        case .delete(let kind): "delete-\(kind.rawValue)"
        default:
            "\(one.method.token)".lowercased() + "-"
                + one.address.split(separator: "/").joined(separator: "-")
        }
    }

    private static func responses(_ one: AdminOperation) -> JSONTree {
        let answer: JSONTree = [
            "description": .string(one.method == .get ? "What is asked for." : "It is so now."),
            "headers": one.hasETag
                ? ["ETag": ["schema": ["type": "string"], "description": "For If-Match."]] : [:],
            "content": .object([.init(one.answerType, ["schema": one.answer])]),
        ]
        var all: [(Int, JSONTree)] = one.accepted.map { ($0, answer) }
        if one.isSchedulable {
            all.append(
                (
                    202,
                    [
                        "description":
                            "It is kept for its time: under which number, and what it would change as the catalog is now.",
                        "content": ["application/json": ["schema": reference("scheduled")]],
                    ]
                ))
        }
        for status in one.refused + [400, 401, 403, 429, 503] {
            all.append(
                (
                    status,
                    [
                        "description": .string(reasons[status] ?? "No."),
                        "content": ["application/problem+json": ["schema": reference("problem")]],
                    ]
                ))
        }
        return .object(all.sorted { $0.0 < $1.0 }.map { .init("\($0.0)", $0.1) })
    }

    private static let reasons: [Int: String] = [
        400: "The request is not one: `field` says where, `allowed` what may stand there.",
        401: "No token that is in force came with it, and no certificate with a role.",
        403: "The role may not, or the certificate has none.",
        404: "There is no such thing.",
        409: "It cannot be beside what is there, or under way.",
        412: "It is not as If-Match or If-None-Match says; `version` is what it is.",
        422:
            "The catalog or the ledger would not accept it; nothing was changed. `errors` says why, as `paceline catalog check` does.",
        428: "It is there; say with If-Match which version is meant.",
        429: "Too often: `limit` says of what, and Retry-After when it may be asked again.",
        503: "This coordinator does not lead (`leader` does), or the database does not answer.",
    ]

    // MARK: Schemas

    static func reference(_ name: String) -> JSONTree {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    static let version: JSONTree = ["type": "integer", "minimum": 1, "maximum": .number(UInt32.max)]

    static func list(_ key: String, of schema: JSONTree, isPage: Bool = true) -> JSONTree {
        var properties: [JSONTree.Member] = [.init(key, ["type": "array", "items": schema])]
        if isPage { properties.append(.init("next", ["type": ["string", "null"]])) }
        return object(properties)
    }

    static func object(_ properties: [JSONTree.Member]) -> JSONTree {
        [
            "type": "object", "required": .array(properties.map { .string($0.key) }),
            "properties": .object(properties),
        ]
    }

    private static var schemas: [JSONTree.Member] {
        let file = CatalogReading.jsonSchema
        var members: [JSONTree.Member] = [
            .init(
                "problem",
                [
                    "type": "object", "required": ["type", "title", "status"],
                    "properties": [
                        "type": ["type": "string"], "title": ["type": "string"],
                        "status": ["type": "integer"], "field": ["type": "string"],
                        "errors": ["type": "array", "items": reference("error")],
                    ],
                ]),
            .init(
                "error",
                object([
                    .init("kind", ["type": ["string", "null"]]), .init("id", ["type": ["string", "null"]]),
                    .init("field", ["type": "string"]), .init("line", ["type": ["integer", "null"]]),
                    .init("column", ["type": ["integer", "null"]]), .init("found", ["type": "string"]),
                    .init("allowed", ["type": "string"]), .init("nearest", ["type": ["string", "null"]]),
                ])),
            .init(
                "changed",
                [
                    "type": "object", "required": ["version", "published", "isChanged"],
                    "properties": [
                        "kind": ["type": "string"], "id": ["type": "string"], "version": ["type": "string"],
                        "published": ["type": "integer"], "isChanged": ["type": "boolean"],
                        "isDryRun": ["type": "boolean"], "unreported": ["type": "integer"],
                        "changes": ["type": "array", "items": reference("effect")],
                    ],
                ]),
            .init(
                "scheduled",
                [
                    "type": "object", "required": ["scheduled", "at", "what"],
                    "properties": [
                        "scheduled": ["type": "string"], "at": ["type": "string", "format": "date-time"],
                        "what": ["type": "string"], "kind": ["type": ["string", "null"]],
                        "id": ["type": ["string", "null"]], "published": ["type": "integer"],
                        "isChanged": ["type": "boolean"], "unreported": ["type": "integer"],
                        "changes": ["type": "array", "items": reference("effect")],
                    ],
                ]),
            .init(
                "effect",
                object([
                    .init("kind", ["type": "string"]), .init("id", ["type": "string"]),
                    .init("what", ["enum": ["created", "changed", "removed"]]),
                    .init(
                        "fields",
                        [
                            "type": "array",
                            "items": [
                                "type": "object", "required": ["field"],
                                "properties": ["field": ["type": "string"], "was": [:], "becomes": [:]],
                            ],
                        ]),
                ])),
            .init(
                "modelsChanged",
                [
                    "type": "object", "required": ["version", "isChanged"],
                    "properties": [
                        "version": ["type": "string"], "package": ["type": "integer"],
                        "everybody": ["type": "integer"], "canary": ["type": ["integer", "null"]],
                        "nodes": ["type": "array", "items": ["type": "string"]],
                        "isChanged": ["type": "boolean"],
                    ],
                ]),
            .init("catalog", file.withoutDefinitions.rebased),
        ]
        for kind in EntityKind.allCases {
            if let items = file["properties"]?[kind.rawValue]?["items"] {
                members.append(.init(kind.rawValue, items.rebased))
            }
        }
        if case .object(let definitions)? = file["$defs"]?.content {
            members += definitions.map { .init($0.key, $0.value.rebased) }
        }
        return members
    }
}

extension JSONTree {
    fileprivate var withoutDefinitions: JSONTree {
        guard case .object(let members) = content else { return self }
        return .object(members.filter { $0.key != "$defs" && $0.key != "$schema" })
    }

    /// References to the catalog's definitions lead to where they stand in an OpenAPI document.
    fileprivate var rebased: JSONTree {
        switch content {
        case .object(let members):
            .object(
                members.map { member in
                    if member.key == "$ref", case .string(let text) = member.value.content {
                        return .init(
                            "$ref", .string("#/components/schemas/" + text.dropFirst("#/$defs/".count)))
                    }
                    return .init(member.key, member.value.rebased)
                })
        case .array(let elements): .array(elements.map(\.rebased))
        default: self
        }
    }
}
