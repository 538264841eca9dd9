// A catalog as documents, one for each thing: what is kept of it where it is changed thing by thing. It is checked and compiled
// as a whole, as one file of a catalog would be.
public import Documents

/// Which thing of a catalog.
public struct CatalogKey: Hashable, Sendable {
    public let kind: EntityKind
    public let id: String

    public init(_ kind: EntityKind, _ id: String) {
        self.kind = kind
        self.id = id
    }
}

/// What is wrong in a thing of a catalog, in the words in which a file with it is refused.
public struct CatalogProblem: Equatable, Sendable {
    /// Nil where no thing of a catalog stands at that place.
    public let key: CatalogKey?
    /// Within the thing: `flight.end`, `creatives[2]`; or of the whole, where no thing is meant.
    public let field: String
    public let refusal: DocumentRefusal
}

public struct CatalogProblems: Error, Equatable, Sendable {
    public let all: [CatalogProblem]
    /// Those beyond the limit on how many are reported.
    public let unreported: Int
}

public struct CatalogDocuments: Sendable {
    private var all: [EntityKind: [String: JSONTree]] = [:]

    public init() {}

    /// Of a file that was compiled. What has no id is left out.
    public init(_ file: JSONTree) {
        for kind in EntityKind.allCases {
            for document in file.things(kind) {
                if let id = document.id { all[kind, default: [:]][id] = document }
            }
        }
    }

    public subscript(_ key: CatalogKey) -> JSONTree? {
        get { all[key.kind]?[key.id] }
        set { all[key.kind, default: [:]][key.id] = newValue }
    }

    /// All of it as one file, by kind and id.
    public var file: JSONTree {
        .object(
            EntityKind.allCases.map { kind in
                let things = (all[kind] ?? [:]).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                return JSONTree.Member(kind.rawValue, .array(things.map(\.value)))
            })
    }

    /// The same with all that another file has behind it, whatever is wrong with that: compiling says it.
    public func file(adding other: JSONTree) -> JSONTree {
        guard case .object(let members) = other.content, case .object(let own) = file.content else {
            return other
        }
        let joined = own.map { one in
            let kind = EntityKind(rawValue: one.key)
            return JSONTree.Member(
                one.key, .array(one.value.elements + (kind.map { other.things($0) } ?? [])))
        }
        let rest = members.filter { member in
            if case .array = member.value.content { return EntityKind(rawValue: member.key) == nil }
            return true
        }
        return .object(joined + rest)
    }

    /// What makes these documents of others, by kind and id; nil for what is to go.
    public func changes(from former: CatalogDocuments) -> [(key: CatalogKey, document: JSONTree?)] {
        EntityKind.allCases.flatMap { kind -> [(key: CatalogKey, document: JSONTree?)] in
            let (old, new) = (former.all[kind] ?? [:], all[kind] ?? [:])
            let ids = Set(old.keys).union(new.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return ids.compactMap { id in
                let (before, after) = (old[id]?.lineInOrder, new[id]?.lineInOrder)
                return before == after ? nil : (CatalogKey(kind, id), new[id])
            }
        }
    }

    /// The snapshot of a catalog that is one file, or all that is wrong in it.
    ///
    /// - Parameter bytes: what the tree was read from, so that refusals say the line.
    public static func compile(_ file: JSONTree, of bytes: [UInt8] = []) throws(CatalogProblems) -> [UInt8] {
        var reading = CatalogReading()
        reading.add("", file, of: bytes)
        do throws(CatalogRefused) {
            return try compiled(reading.finish())
        } catch {
            throw CatalogProblems(
                all: error.refusals.map { file.problem($0.refusal) }, unreported: error.unreported)
        }
    }

    private static func compiled(_ source: consuming CatalogSource) -> [UInt8] {
        do {
            return try CatalogCompiler.compile(source)
        } catch {
            preconditionFailure("a catalog passed its check and does not compile: \(error)")
        }
    }
}

extension JSONTree {
    fileprivate func things(_ kind: EntityKind) -> [JSONTree] {
        self[kind.rawValue]?.elements ?? []
    }

    /// A refusal of this file by the thing that it is about: `campaigns[3].flight.end`.
    fileprivate func problem(_ refusal: DocumentRefusal) -> CatalogProblem {
        let path = refusal.path
        guard let open = path.firstIndex(of: "["), let close = path[open...].firstIndex(of: "]"),
            let kind = EntityKind(rawValue: String(path[..<open])),
            let index = Int(path[path.index(after: open)..<close]), case let things = things(kind),
            things.indices.contains(index), let id = things[index].id
        else { return CatalogProblem(key: nil, field: path, refusal: refusal) }
        let rest = path[path.index(after: close)...]
        return CatalogProblem(
            key: CatalogKey(kind, id), field: String(rest.first == "." ? rest.dropFirst() : rest),
            refusal: refusal)
    }

    /// The tree on one line with its keys in order and no zeros at the ends of its decimals, which is the same for trees that say the same.
    public var lineInOrder: String { inOrder.line }

    private var inOrder: JSONTree {
        switch content {
        case .object(let members):
            .object(
                members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                    .map { Member($0.key, $0.value.inOrder) })
        case .array(let elements): .array(elements.map(\.inOrder))
        case .number(let text): JSONTree(.number(text.shortDecimal))
        default: self
        }
    }
}

extension String {
    /// 28.5 for 28.50, as programs write what people wrote. Numbers with exponents stay as they are.
    fileprivate var shortDecimal: String {
        guard utf8.contains(UInt8(ascii: ".")), !utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "e") })
        else {
            return self
        }
        var short = self[...]
        while short.last == "0" { short.removeLast() }
        if short.last == "." { short.removeLast() }
        return String(short)
    }
}
