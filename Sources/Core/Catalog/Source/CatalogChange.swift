// What changed between two catalogs, thing by thing and key by key.
public import Documents

public struct CatalogChange: Sendable {
    public enum What: String, Sendable { case added, removed, changed }

    public let id: String
    public let what: What
    /// The keys that changed, for a thing that was there and still is.
    public let keys: [(key: String, before: JSONTree?, after: JSONTree?)]

    /// By id, in the order of the ids.
    public static func changes(
        from before: [(id: String, tree: JSONTree)], to after: [(id: String, tree: JSONTree)]
    ) -> [CatalogChange] {
        let old = Dictionary(before.map { ($0.id, $0.tree) }) { first, _ in first }
        let new = Dictionary(after.map { ($0.id, $0.tree) }) { first, _ in first }
        let ids = Set(old.keys).union(new.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return ids.compactMap { id in
            switch (old[id], new[id]) {
            case (nil, _): return CatalogChange(id: id, what: .added, keys: [])
            case (_, nil): return CatalogChange(id: id, what: .removed, keys: [])
            case (let old?, let new?):
                let keys = changedKeys(old, new)
                return keys.isEmpty ? nil : CatalogChange(id: id, what: .changed, keys: keys)
            }
        }
    }

    private static func changedKeys(
        _ old: JSONTree, _ new: JSONTree
    ) -> [(key: String, before: JSONTree?, after: JSONTree?)] {
        let (old, new) = (old.members, new.members)
        let keys = new.map(\.key) + old.map(\.key).filter { key in !new.contains { $0.key == key } }
        return keys.compactMap { key in
            let before = old.first { $0.key == key }?.value
            let after = new.first { $0.key == key }?.value
            return before?.line == after?.line ? nil : (key, before, after)
        }
    }
}

extension JSONTree {
    fileprivate var members: [Member] {
        if case .object(let members) = content { members } else { [] }
    }
}
