// How an object of a document becomes a Swift value: its fields, declared once, and what must hold
// between them.

/// A Swift type that is an object in the document. Its `init()` holds every default. A required field
/// holds nothing sensible in it, which nobody sees: an object that lacks one is refused as a whole.
package protocol DocumentObject: Sendable {
    init()
    static var schema: Schema<Self> { get }
}

/// One key of an object.
package struct Field<Root: DocumentObject>: Sendable {
    package let shape: FieldShape
    /// Sets the root's value, or tells the reading why not.
    package let read: @Sendable (JSONTree, String, inout DocumentReading, inout Root) -> Void
    /// Nil where the root has no value.
    package let show: @Sendable (Root) -> JSONTree?
}

/// What must hold between the fields of an object: a sentence for the reference, and the check itself.
package struct Rule<Root: DocumentObject>: Sendable {
    package let sentence: String
    package let check: @Sendable (Root, inout Objections) -> Void

    package init(_ sentence: String, check: @escaping @Sendable (Root, inout Objections) -> Void) {
        self.sentence = sentence
        self.check = check
    }
}

/// What a rule says against an object, by the key (or path) inside that object.
package struct Objections {
    fileprivate(set) var all: [(key: String, found: String, allowed: String)] = []

    package mutating func refuse(_ key: String, found: String, allowed: String) {
        all.append((key, found, allowed))
    }
}

package struct Schema<Root: DocumentObject>: Sendable {
    package let title: String
    package let fields: [Field<Root>]
    package let rules: [Rule<Root>]

    package let fewestKeys: Int

    package init(
        _ title: String, _ fields: [Field<Root>], rules: [Rule<Root>] = [], fewestKeys: Int = 0
    ) {
        precondition(Set(fields.map(\.shape.key)).count == fields.count, "\(title) declares a key twice")
        self.title = title
        self.fields = fields
        self.rules = rules
        self.fewestKeys = fewestKeys
    }

    package var shape: ObjectShape {
        ObjectShape(
            title: title, fields: fields.map(\.shape), rules: rules.map(\.sentence), fewestKeys: fewestKeys)
    }

    @Sendable package func show(_ root: Root) -> JSONTree {
        .object(fields.compactMap { field in field.show(root).map { .init(field.shape.key, $0) } })
    }

    @Sendable package func read(_ tree: JSONTree, _ path: String, _ reading: inout DocumentReading) -> Root? {
        let before = reading.count
        let root = readAnyway(tree, path, &reading)
        return reading.count == before ? root : nil
    }

    /// The same for who can use what was read of an object with mistakes: what is wrong holds its default.
    package func readAnyway(_ tree: JSONTree, _ path: String, _ reading: inout DocumentReading) -> Root {
        let before = reading.count
        var root = Root()
        guard case .object(let members) = tree.content else {
            let _: Root? = reading.refuse(tree, at: path, allowed: .object(shape))
            return root
        }
        if members.count < fewestKeys {
            reading.refuse(
                in: tree, at: path, found: "an object of \(members.count) keys",
                allowed: "at least \(fewestKeys) of " + fields.map(\.shape.key).joined(separator: ", "))
        }
        var firsts: [String: Int] = [:]
        for member in members {
            let place = pathInside(path, member.step)
            if let first = firsts.updateValue(member.keyOffset, forKey: member.key) {
                firsts[member.key] = first
                reading.refuseRepeated(member, first: first, at: place)
            } else if let field = fields.first(where: { $0.shape.key == member.key }) {
                reading.note(member.value, at: place)
                field.read(member.value, place, &reading, &root)
            } else {
                reading.refuseUnknown(member, at: place, known: fields.map(\.shape.key))
            }
        }
        for field in fields {
            guard case .required = field.shape.presence, firsts[field.shape.key] == nil else { continue }
            reading.refuseMissing(tree, at: pathInside(path, field.shape.key), allowed: field.shape.shape)
        }
        // Rules look at whole objects: with a field unread they would object to a default that nobody meant.
        if reading.count == before { apply(rules, to: root, at: path, in: tree, &reading) }
        return root
    }

    private func apply(
        _ rules: [Rule<Root>], to root: Root, at path: String, in tree: JSONTree,
        _ reading: inout DocumentReading
    ) {
        var objections = Objections()
        for rule in rules { rule.check(root, &objections) }
        for objection in objections.all {
            reading.refuse(
                in: tree, at: pathInside(path, objection.key), found: objection.found,
                allowed: objection.allowed)
        }
    }
}

extension Field {
    package typealias Place<Value> = any WritableKeyPath<Root, Value> & Sendable

    /// A key that must be there. What it holds in an example file is made from its parts where it has any.
    package static func required<Value>(
        _ key: String, _ place: Place<Value>, _ kind: Kind<Value>, example: Value? = nil, _ summary: String
    ) -> Field {
        Field(
            key, .required(example: example.map(kind.show)), kind, summary, nil,
            set: { $0[keyPath: place] = $1 }, show: { kind.show($0[keyPath: place]) })
    }

    /// A key without which something is simply not there.
    package static func optional<Value>(
        _ key: String, _ place: Place<Value?>, _ kind: Kind<Value>, _ summary: String
    ) -> Field {
        Field(
            key, .optional, kind, summary, nil, set: { $0[keyPath: place] = $1 },
            show: { $0[keyPath: place].map(kind.show) })
    }

    /// A key without which the default of the root's `init()` holds, for the reason given.
    package static func defaulted<Value>(
        _ key: String, _ place: Place<Value>, _ kind: Kind<Value>, _ summary: String, because: String? = nil
    ) -> Field {
        Field(
            key, .defaulted(kind.show(Root()[keyPath: place])), kind, summary, because,
            set: { $0[keyPath: place] = $1 }, show: { kind.show($0[keyPath: place]) })
    }

    /// A key that may only say one thing, and must say it.
    package static func constant(_ key: String, _ word: String, _ summary: String) -> Field {
        let kind = Kind<Void>.words([(word, ())]) { word }
        return Field(
            key, .required(example: .string(word)), kind, summary, nil, set: { _, _ in },
            show: { _ in .string(word) })
    }

    /// A key that is only for other readers of the file.
    package static func unread(_ key: String, _ summary: String) -> Field {
        let kind = Kind<Void>.text(
            TextForm(name: "a string", pattern: nil), read: { _ in () }, show: { "" })
        return Field(key, .optional, kind, summary, nil, set: { _, _ in }, show: { _ in nil })
    }

    private init<Value>(
        _ key: String, _ presence: FieldShape.Presence, _ kind: Kind<Value>, _ summary: String,
        _ because: String?,
        set: @escaping @Sendable (inout Root, Value) -> Void, show: @escaping @Sendable (Root) -> JSONTree?
    ) {
        self.init(
            shape: FieldShape(
                key: key, presence: presence, shape: kind.shape, summary: summary, because: because),
            read: { tree, path, reading, root in
                if let value = kind.read(tree, path, &reading) { set(&root, value) }
            }, show: show)
    }
}
