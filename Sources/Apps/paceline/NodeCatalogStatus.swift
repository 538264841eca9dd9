// What a node says of its catalog, read from `GET /v1/node`, and how people are told.
import Documents

struct NodeCatalogStatus {
    let version: String?
    let lineItems: String?
    let refused: String?
    /// Nil where the catalog comes from files.
    let published: (version: String?, isHere: Bool, ageSeconds: Int?)?

    /// Nil where the node has none in its settings.
    init?(_ identity: [UInt8]) {
        guard let tree = try? JSONTree(reading: identity), let catalog = tree["catalog"],
            case .object = catalog.content
        else { return nil }
        version = catalog["version"]?.text
        lineItems = catalog["lineItems"]?.text
        refused = catalog["refused"]?.text
        published = catalog["published"].map { one in
            (one["version"]?.text, one["here"]?.flag ?? false, one["ageSeconds"]?.text.flatMap { Int($0) })
        }
    }

    var lines: [String] {
        var line = "  catalog \(version ?? "none"), \(lineItems ?? "0") line items"
        if let published {
            switch published.version {
            case let version? where published.isHere: line += "; published as version \(version)"
            case let version?: line += "; version \(version) is published, and not served"
            case nil: line += "; nobody says which is published"
            }
            if let age = published.ageSeconds { line += ", as of \(duration(age)) ago" }
        }
        return [line] + (refused.map { ["  refused: \($0)"] } ?? [])
    }

    var tree: JSONTree {
        func text(_ value: String?) -> JSONTree { value.map { .string($0) } ?? .null }
        var members: [JSONTree.Member] = [.init("version", text(version)), .init("refused", text(refused))]
        if let published {
            members.append(
                .init(
                    "published",
                    [
                        "version": published.version.map { JSONTree(.number($0)) } ?? .null,
                        "here": .bool(published.isHere),
                        "ageSeconds": published.ageSeconds.map { .number($0) } ?? .null,
                    ]))
        }
        return .object(members)
    }
}
