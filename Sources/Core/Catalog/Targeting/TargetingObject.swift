// A targeting expression as it is written in a file: an object whose keys must all hold.
public import Documents

/// `{"country": ["USA"], "not": {"genre": ["news"]}}`: each key is a condition, and all of them must hold.
public struct TargetingObject: DocumentObject, Equatable {
    var all: [TargetingObject]?
    var any: [TargetingObject]?
    /// One, or none: a value cannot hold itself.
    var not: [TargetingObject]?
    var lists = ValueLists()
    var livestream: Bool?
    var radius: [Circle]?
    var daypart: [Daypart]?
    var custom: [String: [String]]?

    public init() {}

    /// A list of postal codes may be this long; it is the longest that people write.
    static let mostValues = 10_000
    static let mostBranches = 256

    package static let schema = Schema<Self>(
        "targeting",
        [
            .optional("all", \.all, .list(of: .targeting, count: 1...mostBranches), "Each of these holds."),
            .optional(
                "any", \.any, .list(of: .targeting, count: 1...mostBranches), "At least one of these holds."),
            .optional(
                "not", \.not,
                Kind<TargetingObject>.targeting.mapped({ [$0] }, { $0.first ?? TargetingObject() }),
                "This does not hold."),
            .list(.country, "Countries, as exchanges write them: USA."),
            .list(.region, "Regions in their country: USA/NY.", .placeInCountry),
            .list(.metro, "Metro areas, by Nielsen's or Google's number: 501."),
            .list(.city, "Cities in their country: USA/New York.", .placeInCountry),
            .list(.postalCode, "Postal codes in their country: USA/10001.", .placeInCountry),
            .optional(
                "radius", \.radius, .list(of: .object, count: 1...mostValues), "In one of these circles."),
            .list(.deviceType, "OpenRTB's device types, by number: 3 is connected TV.", .number),
            .list(.os, "Operating systems, in any case: roku."),
            .list(.genre, "Genres of the content."),
            .list(.rating, "Content ratings: TV-14."),
            .list(.language, "Languages of the content: en."),
            .optional("livestream", \.livestream, .bool, "Whether the content is live; unknown is neither."),
            .list(.network, "Networks of the content."),
            .list(.channel, "Channels of the content."),
            .list(.publisher, "Ids of publishers.", .identifier),
            .list(.inventory, "Ids of inventory.", .identifier),
            .list(.audience, "Segments of the viewer.", .identifier),
            .list(.deal, "Ids of deals. The line item then wins within them only.", .identifier),
            .optional(
                "daypart", \.daypart, .list(of: .object, count: 1...64),
                "At these times of the viewer's clock."),
            .optional(
                "custom", \.custom, .valuesByKey,
                "By key of the request's own key-values: one of the values of each key."),
        ], fewestKeys: 1)

    /// What the object means.
    public var expression: Targeting {
        var terms: [Targeting] = []
        if let all { terms += all.map(\.expression) }
        if let any { terms.append(.any(any.map(\.expression))) }
        if let not { terms += not.map { .not($0.expression) } }
        for list in lists.all { terms.append(.values(list.dimension, list.values)) }
        if let livestream { terms.append(.values(.livestream, [livestream ? "1" : "0"])) }
        if let radius { terms.append(.radius(radius)) }
        if let daypart { terms.append(.daypart(daypart.reduce(WeekMask()) { $0.union($1.mask) })) }
        guard let custom else { return terms.count == 1 ? terms[0] : .all(terms) }
        for (key, values) in custom.sorted(by: { $0.key < $1.key }) {
            terms.append(.values(.custom, values.map { "\(key)=\($0)" }))
        }
        return terms.count == 1 ? terms[0] : .all(terms)
    }

    /// An object that means an expression, for whoever makes catalogs instead of reading them.
    public init(meaning expression: Targeting) {
        switch expression {
        case .all(let terms), .any(let terms):
            precondition(!terms.isEmpty, "an object cannot say all or any of nothing")
            let objects = terms.map { TargetingObject(meaning: $0) }
            if case .any = expression {
                any = objects
            } else if let joined = Self.joined(objects) {
                // As people write it: conditions on different things stand in one object.
                self = joined
            } else {
                all = objects
            }
        case .not(let term): not = [TargetingObject(meaning: term)]
        case .values(.livestream, let values) where values == ["0"] || values == ["1"]:
            livestream = values == ["1"]
        case .values(.custom, let pairs):
            var custom: [String: [String]] = [:]
            for pair in pairs {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                precondition(parts.count == 2, "\(pair) has no key")
                custom[String(parts[0]), default: []].append(String(parts[1]))
            }
            precondition(
                custom.count == 1, "an object asks for values of several keys at once, not of one of them")
            self.custom = custom
        case .values(let dimension, let values): lists[dimension] = values
        case .radius(let circles): radius = circles
        case .daypart(let mask): daypart = Daypart.parts(of: mask)
        }
    }

    /// One object for all of them, where no two have the same key.
    private static func joined(_ objects: [TargetingObject]) -> TargetingObject? {
        var joined = TargetingObject()
        func take<Value>(_ place: WritableKeyPath<TargetingObject, Value?>, _ value: Value?) -> Bool {
            guard let value else { return true }
            guard joined[keyPath: place] == nil else { return false }
            joined[keyPath: place] = value
            return true
        }
        for object in objects {
            for list in object.lists.all {
                guard joined.lists[list.dimension] == nil else { return nil }
                joined.lists[list.dimension] = list.values
            }
            guard take(\.all, object.all), take(\.any, object.any), take(\.not, object.not),
                take(\.livestream, object.livestream), take(\.radius, object.radius),
                take(\.daypart, object.daypart), take(\.custom, object.custom)
            else { return nil }
        }
        return joined
    }

    fileprivate subscript(values dimension: Dimension) -> [String]? {
        get { lists[dimension] }
        set { lists[dimension] = newValue }
    }
}

extension Field where Root == TargetingObject {
    fileprivate static func list(_ dimension: Dimension, _ summary: String, _ kind: Kind<String> = .words)
        -> Field
    {
        .optional(
            dimension.name, \.[values: dimension], .list(of: kind, count: 1...TargetingObject.mostValues),
            summary)
    }
}

extension Kind where Value == TargetingObject {
    static var targeting: Kind {
        Kind(
            shape: .recursive(title: "targeting") { TargetingObject.schema.shape },
            read: { tree, path, reading in TargetingObject.schema.read(tree, path, &reading) },
            show: { TargetingObject.schema.show($0) })
    }
}

extension Kind where Value == String {
    /// A place that only its country makes unique.
    fileprivate static var placeInCountry: Kind {
        .text(
            TextForm(
                name: "a country, a slash and a place, as in USA/NY",
                pattern: "^[A-Za-z]{2,3}/[^\\u0000-\\u001f]+$"),
            read: { text in
                let parts = text.utf8.split(
                    separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, (2...3).contains(parts[0].count), (1...128).contains(parts[1].count),
                    parts[0].allSatisfy({ isLower($0 | 0x20) }),
                    text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
                else { return nil }
                return text
            }, show: { $0 })
    }

    fileprivate static var number: Kind {
        .text(
            TextForm(name: "a number of at most four digits, as a string", pattern: "^[0-9]{1,4}$"),
            read: { (1...4).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) ? $0 : nil }, show: { $0 })
    }
}

extension Kind where Value == [String: [String]] {
    /// Lists of values by key: at most 64 keys of a name without an equals sign.
    fileprivate static var valuesByKey: Kind {
        let keys = TextForm(name: "of 1 to 64 letters, digits, -, _ and .", pattern: "^[A-Za-z0-9_.-]{1,64}$")
        return .map(
            keys: keys, isKey: isKey, of: .list(of: .words, count: 1...TargetingObject.mostValues),
            count: 1...64)
    }
}

private func isKey(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            isDigit(byte) || isLower(byte | 0x20) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
}
