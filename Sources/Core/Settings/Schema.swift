// How an object of a settings file becomes a Swift value: its fields, declared once, and what must hold
// between them.

/// A part of the settings that is an object in the file. Its `init()` holds every default. A required field
/// holds nothing sensible in it, which nobody sees: an object that lacks one is refused as a whole.
protocol SettingsObject: Sendable {
    init()
    static var schema: Schema<Self> { get }
}

/// One key of an object.
struct Field<Root: SettingsObject>: Sendable {
    let shape: FieldShape
    /// Sets the root's value, or tells the reading why not.
    let read: @Sendable (JSONTree, String, inout SettingsReading, inout Root) -> Void
    /// Nil where the root has no value.
    let show: @Sendable (Root) -> JSONTree?
}

/// What must hold between the fields of an object: a sentence for the reference, and the check itself.
struct Rule<Root: SettingsObject>: Sendable {
    let sentence: String
    let check: @Sendable (Root, inout Objections) -> Void

    init(_ sentence: String, check: @escaping @Sendable (Root, inout Objections) -> Void) {
        self.sentence = sentence
        self.check = check
    }
}

/// What a rule says against an object, by the key (or path) inside that object.
struct Objections {
    fileprivate(set) var all: [(key: String, found: String, allowed: String)] = []

    mutating func refuse(_ key: String, found: String, allowed: String) {
        all.append((key, found, allowed))
    }
}

struct Schema<Root: SettingsObject>: Sendable {
    let title: String
    let fields: [Field<Root>]
    let rules: [Rule<Root>]

    init(_ title: String, _ fields: [Field<Root>], rules: [Rule<Root>] = []) {
        precondition(Set(fields.map(\.shape.key)).count == fields.count, "\(title) declares a key twice")
        self.title = title
        self.fields = fields
        self.rules = rules
    }

    var shape: ObjectShape {
        ObjectShape(title: title, fields: fields.map(\.shape), rules: rules.map(\.sentence))
    }

    @Sendable func show(_ root: Root) -> JSONTree {
        .object(fields.compactMap { field in field.show(root).map { .init(field.shape.key, $0) } })
    }

    @Sendable func read(_ tree: JSONTree, _ path: String, _ reading: inout SettingsReading) -> Root? {
        guard case .object(let members) = tree.content else {
            return reading.refuse(tree, at: path, allowed: .object(shape))
        }
        let before = reading.count
        var root = Root()
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
        return reading.count == before ? root : nil
    }

    private func apply(
        _ rules: [Rule<Root>], to root: Root, at path: String, in tree: JSONTree,
        _ reading: inout SettingsReading
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
    typealias Place<Value> = any WritableKeyPath<Root, Value> & Sendable

    /// A key that must be there. What it holds in an example file is made from its parts where it has any.
    static func required<Value>(
        _ key: String, _ place: Place<Value>, _ kind: Kind<Value>, example: Value? = nil, _ summary: String
    ) -> Field {
        Field(
            key, .required(example: example.map(kind.show)), kind, summary, nil,
            set: { $0[keyPath: place] = $1 }, show: { kind.show($0[keyPath: place]) })
    }

    /// A key without which something is simply not there.
    static func optional<Value>(
        _ key: String, _ place: Place<Value?>, _ kind: Kind<Value>, _ summary: String
    ) -> Field {
        Field(
            key, .optional, kind, summary, nil, set: { $0[keyPath: place] = $1 },
            show: { $0[keyPath: place].map(kind.show) })
    }

    /// A key without which the default of the root's `init()` holds, for the reason given.
    static func defaulted<Value>(
        _ key: String, _ place: Place<Value>, _ kind: Kind<Value>, _ summary: String, because: String? = nil
    ) -> Field {
        Field(
            key, .defaulted(kind.show(Root()[keyPath: place])), kind, summary, because,
            set: { $0[keyPath: place] = $1 }, show: { kind.show($0[keyPath: place]) })
    }

    /// A key that may only say one thing, and must say it.
    static func constant(_ key: String, _ word: String, _ summary: String) -> Field {
        let kind = Kind<Void>.words([(word, ())]) { word }
        return Field(
            key, .required(example: .string(word)), kind, summary, nil, set: { _, _ in },
            show: { _ in .string(word) })
    }

    /// A key that is only for other readers of the file.
    static func unread(_ key: String, _ summary: String) -> Field {
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
