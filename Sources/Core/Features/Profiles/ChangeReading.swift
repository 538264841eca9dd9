// Changes as people and pipelines write them: a JSON object on a line, or a row of a table. What is wrong with one is
// told with its line, and the others are taken.
//
//     {"at": "2026-11-20T18:00:00Z", "user": "u-81", "set": {"age": 31, "tier": "paid"}}
//     {"at": "2026-11-20T18:00:05Z", "user": "u-81", "event": "impression", "value": 0.054, "item": "show-9"}
import Catalog
public import Documents
import Units

/// The changes of one line, all of one key.
public struct ToldChange: Equatable, Sendable {
    public let entity: FeatureEntity
    public let name: String
    public let change: ProfileChange
    /// When it was told: its own time where the line does not say.
    public let told: UInt32
}

public struct ChangeReading: Sendable {
    private let features: CompiledFeatures

    public init(_ features: CompiledFeatures) { self.features = features }

    private static let known = ["at", "toldAt", "set", "event", "value", "item"]

    /// The changes of a line of JSON, or all that is wrong with it.
    public func changes(_ line: [UInt8]) throws(DocumentRefused) -> [ToldChange] {
        var reading = DocumentReading(line)
        let tree = try reading.tree(of: line)
        guard case .object(let members) = tree.content else {
            let _: Int? = reading.refuse(
                tree, at: "", allowed: .text(TextForm(name: "an object", pattern: nil)))
            throw reading.refused
        }
        var fields: [String: JSONTree] = [:]
        for member in members {
            if let first = fields.updateValue(member.value, forKey: member.key) {
                reading.refuseRepeated(member, first: first.offset, at: member.key)
            }
            let all = Self.known + FeatureEntity.stored.map(\.rawValue)
            if !all.contains(member.key) { reading.refuseUnknown(member, at: member.key, known: all) }
        }
        let at = seconds("at", fields, tree, &reading)
        let told = fields["toldAt"] == nil ? at : seconds("toldAt", fields, tree, &reading)
        let entities = FeatureEntity.stored.filter { fields[$0.rawValue] != nil }
        guard entities.count == 1, let entity = entities.first else {
            reading.refuse(
                in: tree, at: "",
                found: "\(entities.count) of user, household, content, lineItem and creative",
                allowed: "the key of exactly one")
            throw reading.refused
        }
        guard case .string(let name)? = fields[entity.rawValue]?.content, !name.isEmpty else {
            reading.refuse(in: tree, at: entity.rawValue, found: "no key", allowed: "its key, as text")
            throw reading.refused
        }
        var changes: [ProfileChange] = []
        let key = CompiledFeatures.key(name)
        switch (fields["set"], fields["event"]) {
        case (let set?, nil): changes = values(set, entity, key, at ?? 0, &reading)
        case (nil, let event?): changes = happening(event, fields, entity, key, at ?? 0, &reading)
        default:
            reading.refuse(
                in: tree, at: "", found: "both or neither of set and event", allowed: "one of the two")
        }
        guard reading.count == 0, let told else { throw reading.refused }
        return changes.map { ToldChange(entity: entity, name: name, change: $0, told: told) }
    }

    private func seconds(
        _ key: String, _ fields: [String: JSONTree], _ tree: JSONTree, _ reading: inout DocumentReading
    ) -> UInt32? {
        let allowed = "a time as in 2026-11-20T18:00:00Z"
        guard let field = fields[key] else {
            reading.refuse(in: tree, at: key, found: "nothing", allowed: allowed)
            return nil
        }
        guard case .string(let text) = field.content, let instant = Timestamp.read(text),
            let seconds = UInt32(exactly: instant.nanoseconds / 1_000_000_000), seconds > 0
        else {
            reading.note(field, at: key)
            reading.refuse(in: tree, at: key, found: field.brief, allowed: allowed)
            return nil
        }
        return seconds
    }

    private func values(
        _ set: JSONTree, _ entity: FeatureEntity, _ key: UInt64, _ at: UInt32,
        _ reading: inout DocumentReading
    ) -> [ProfileChange] {
        guard case .object(let members) = set.content, !members.isEmpty else {
            reading.refuse(in: set, at: "set", found: set.brief, allowed: "an object of features")
            return []
        }
        let settable = features.schema.features.filter {
            $0.entity == entity && $0.isStored && $0.aggregate == nil
        }.map(
            \.name)
        return members.compactMap { member in
            let path = "set.\(member.step)"
            guard let column = features.column(member.key), settable.contains(member.key) else {
                reading.refuseUnknown(member, at: path, known: settable)
                return nil
            }
            guard let value = value(member.value, column) else {
                reading.note(member.value, at: path)
                reading.refuse(
                    in: member.value, at: path, found: member.value.brief, allowed: allowed(column))
                return nil
            }
            return .value(value, of: column, entity, key: key, at: at)
        }
    }

    private func value(_ tree: JSONTree, _ column: Int) -> Float? {
        switch (features.schema.features[column].kind, tree.content) {
        case (.number, .number(let digits)): number(digits)
        case (.flag, .bool(let flag)): flag ? 1 : 0
        case (.category, .string(let word)): features.place(of: word, in: column).map(Float.init)
        default: nil
        }
    }

    /// The nearest number of single precision; none beyond its range.
    private func number(_ digits: String) -> Float? { Float(digits).flatMap { $0.isFinite ? $0 : nil } }

    private func allowed(_ column: Int) -> String {
        let feature = features.schema.features[column]
        switch feature.kind {
        case .number: return "a number"
        case .flag: return "true or false"
        case .category:
            // Enough to see what is meant.
            let shown = feature.categories.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
            return "one of its categories: \(shown)" + (feature.categories.count > 12 ? ", …" : "")
        }
    }

    private func happening(
        _ event: JSONTree, _ fields: [String: JSONTree], _ entity: FeatureEntity, _ key: UInt64, _ at: UInt32,
        _ reading: inout DocumentReading
    ) -> [ProfileChange] {
        let wanted = features.events.indices.filter { features.isWanted($0, by: entity) }
        guard case .string(let name) = event.content, let number = features.event(name),
            wanted.contains(number)
        else {
            reading.note(event, at: "event")
            reading.refuse(
                in: event, at: "event", found: event.brief,
                allowed: wanted.isEmpty
                    ? "none: no feature of a \(entity.rawValue) is computed of events"
                    : wanted.map { "\"\(features.events[$0])\"" }.joined(separator: ", "))
            return []
        }
        var amount = Micros.zero
        if let field = fields["value"] {
            guard case .number(let digits) = field.content, let exact = try? Micros(decimal: digits),
                exact.rawValue.magnitude <= UInt64(ProfileChange.amountMost)
            else {
                reading.note(field, at: "value")
                reading.refuse(
                    in: field, at: "value", found: field.brief,
                    allowed: "a number from -1000000 to 1000000 with at most six decimals")
                return []
            }
            amount = exact
        }
        var item: UInt64 = 0
        if let field = fields["item"] {
            guard case .string(let text) = field.content, !text.isEmpty else {
                reading.note(field, at: "item")
                reading.refuse(in: field, at: "item", found: field.brief, allowed: "text")
                return []
            }
            item = CompiledFeatures.key(text)
        }
        return [.event(number, entity, key: key, at: at, amount: amount.rawValue, item: item)]
    }

    // MARK: Tables

    /// What the columns of a table set, by its first row: `user,at,age,tier`. Or why it cannot be taken.
    public func columns(_ header: [String]) throws(TableRefusal) -> TableColumns {
        guard let first = header.first, let entity = FeatureEntity(rawValue: first), entity.isStored,
            header.count > 2, header[1] == "at"
        else {
            throw TableRefusal(
                "found the columns \(header.joined(separator: ",")); allowed: user, household, content, lineItem or creative, then at, then features"
            )
        }
        var columns: [Int] = []
        let settable = features.schema.features.filter {
            $0.entity == entity && $0.isStored && $0.aggregate == nil
        }.map(
            \.name)
        for name in header[2...] {
            guard let column = features.column(name), settable.contains(name) else {
                let near = nearestName(to: name, among: settable).map { "; did you mean '\($0)'?" } ?? ""
                throw TableRefusal(
                    "found the column \(name); allowed: \(settable.joined(separator: ", "))\(near)")
            }
            guard !columns.contains(column) else { throw TableRefusal("found the column \(name) twice") }
            columns.append(column)
        }
        return TableColumns(entity: entity, columns: columns)
    }

    /// The changes of a row; an empty field sets nothing.
    public func changes(_ fields: [String], _ table: TableColumns) throws(TableRefusal) -> [ToldChange] {
        guard fields.count == table.columns.count + 2 else {
            throw TableRefusal(
                "found \(fields.count) fields; allowed: \(table.columns.count + 2), as in the first row")
        }
        guard !fields[0].isEmpty else {
            throw TableRefusal("found no key; allowed: the key of a \(table.entity.rawValue)")
        }
        guard let instant = Timestamp.read(fields[1]),
            let at = UInt32(exactly: instant.nanoseconds / 1_000_000_000), at > 0
        else { throw TableRefusal("at: found \(fields[1]); allowed: a time as in 2026-11-20T18:00:00Z") }
        let key = CompiledFeatures.key(fields[0])
        var changes: [ToldChange] = []
        for (column, text) in zip(table.columns, fields[2...]) where !text.isEmpty {
            let value: Float? =
                switch features.schema.features[column].kind {
                case .number: number(text)
                case .flag: text == "true" || text == "1" ? 1 : text == "false" || text == "0" ? 0 : nil
                case .category: features.place(of: text, in: column).map(Float.init)
                }
            guard let value else {
                throw TableRefusal(
                    "\(features.schema.features[column].name): found \(text); allowed: \(allowed(column))")
            }
            changes.append(
                ToldChange(
                    entity: table.entity, name: fields[0],
                    change: .value(value, of: column, table.entity, key: key, at: at), told: at))
        }
        return changes
    }
}

/// What the columns of a table are.
public struct TableColumns: Sendable {
    public let entity: FeatureEntity
    let columns: [Int]
}

/// Why a table or a row of it is not taken.
public struct TableRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
