// A change of the catalog that waits for its time, as the database has it: the same order that would be made at once, by its parts.
import Catalog
import CatalogWire
import Postgres
import Units

struct ScheduledChange: Sendable {
    let number: Int64
    let due: Instant
    let edit: CatalogEdit
    let condition: ChangeCondition
    let who: String
    let note: String

    init(_ row: PostgresRow) throws {
        number = try row.read(0)
        due = try row.read(1)
        let parts = ScheduledParts(
            deed: try row.read(2), kind: try row.read(3), id: try row.read(4), target: try row.read(5),
            body: try row.read(6))
        guard let edit = CatalogEdit(parts) else {
            throw ScheduledUnreadable(number: number, what: parts.deed)
        }
        self.edit = edit
        condition = try ChangeCondition(
            word: row.read(7), version: row.read(8),
            unreadable: ScheduledUnreadable(number: number, what: "its condition"))
        who = try row.read(9)
        note = try row.read(10)
    }
}

/// The database has what no coordinator of this version has written.
struct ScheduledUnreadable: Error, CustomStringConvertible {
    let number: Int64
    let what: String
    var description: String { "scheduled change \(number) is not one of this version's: \(what)" }
}

/// An edit as columns.
struct ScheduledParts: Sendable {
    let deed: String
    let kind: String?
    let id: String?
    let target: Int64?
    let body: [UInt8]
}

extension CatalogEdit {
    init?(_ parts: ScheduledParts) {
        let key = parts.kind.flatMap(EntityKind.init(rawValue:)).flatMap { kind in
            parts.id.map { CatalogKey(kind, $0) }
        }
        switch (parts.deed, key, parts.target) {
        case ("put", let key?, _): self = .put(key, parts.body)
        case ("delete", let key?, _): self = .delete(key)
        case ("add", _, _): self = .add(parts.body)
        case ("import", _, _): self = .replace(parts.body)
        case ("rollback", _, let target?): self = .rollBack(to: target)
        case ("pause", let key?, _): self = .pause(campaign: key.id, true)
        case ("resume", let key?, _): self = .pause(campaign: key.id, false)
        default: return nil
        }
    }

    var parts: ScheduledParts {
        var (body, target): ([UInt8], Int64?) = ([], nil)
        switch self {
        case .put(_, let bytes), .add(let bytes), .replace(let bytes): body = bytes
        case .rollBack(let version): target = version
        case .delete, .pause: break
        }
        return ScheduledParts(
            deed: target == nil ? name : "rollback", kind: key?.kind.rawValue, id: key?.id, target: target,
            body: body)
    }

    /// Who may ask for it, and so who may take it back.
    static func role(ofDeed deed: String) -> AdminRole {
        deed == "pause" || deed == "resume" ? AdminOperation.pause.role : AdminOperation.importCatalog.role
    }
}

extension ChangeCondition {
    init(word: String, version: Int64?, unreadable: ScheduledUnreadable) throws {
        switch (word, version) {
        case ("nothing", _): self = .nothing
        case ("absent", _): self = .absent
        case ("present", _): self = .present
        case ("version", let version?): self = .version(version)
        default: throw unreadable
        }
    }

    var word: String {
        switch self {
        case .nothing: "nothing"
        case .absent: "absent"
        case .present: "present"
        case .version: "version"
        }
    }

    var version: Int64? { if case .version(let version) = self { version } else { nil } }
}
