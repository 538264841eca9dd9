// What a change of the catalog would do, for who asks before doing it.
import Catalog
import Documents
import Units

struct CatalogEffects {
    let tree: JSONTree

    /// A person reads these; the rest is counted.
    static let changesMost = 200
    /// Longer values are only named.
    private static let valueBytesMost = 1_024

    init(
        _ changes: [(key: CatalogKey, document: JSONTree?)], from before: CatalogDocuments, published: Int64
    ) {
        tree = [
            "isDryRun": true, "version": .string("\(published)"), "published": .number(published),
            "isChanged": .bool(!changes.isEmpty),
            "changes": .array(
                changes.prefix(Self.changesMost).map { Self.tree($0.key, before[$0.key], $0.document) }),
            "unreported": .number(max(changes.count - Self.changesMost, 0)),
        ]
    }

    private static func tree(_ key: CatalogKey, _ was: JSONTree?, _ becomes: JSONTree?) -> JSONTree {
        let what = was == nil ? "created" : becomes == nil ? "removed" : "changed"
        var fields: [JSONTree] = []
        if let was = was?.members, let becomes = becomes?.members {
            let names =
                was.map(\.key) + becomes.map(\.key).filter { name in !was.contains { $0.key == name } }
            for name in names {
                let old = was.first { $0.key == name }?.value
                let new = becomes.first { $0.key == name }?.value
                guard old?.lineInOrder != new?.lineInOrder else { continue }
                fields.append(field(name, old, new))
            }
        }
        return [
            "kind": .string(key.kind.rawValue), "id": .string(key.id), "what": .string(what),
            "fields": .array(fields),
        ]
    }

    private static func field(_ name: String, _ was: JSONTree?, _ becomes: JSONTree?) -> JSONTree {
        var members: [JSONTree.Member] = [.init("field", .string(name))]
        for (side, value) in [("was", was), ("becomes", becomes)] {
            let value = value ?? .null
            if value.line.utf8.count <= valueBytesMost { members.append(.init(side, value)) }
        }
        return .object(members)
    }
}

extension JSONTree {
    fileprivate var members: [Member]? { if case .object(let members) = content { members } else { nil } }
}
