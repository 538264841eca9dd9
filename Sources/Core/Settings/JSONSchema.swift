// The JSON Schema of a daemon's settings, from the same declarations that decoding uses, so that an editor
// completes keys, shows what they mean and marks what will be refused. Rules between fields are left to
// `check-config`.

extension Daemon {
    /// Draft 2020-12.
    public var jsonSchema: JSONTree {
        let head: [JSONTree.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema"),
            .init("title", .string("Settings of paceline-\(rawValue)")),
        ]
        return .object(head + Shape.object(shape).schemaMembers)
    }
}

extension Shape {
    fileprivate var schemaMembers: [JSONTree.Member] {
        switch self {
        case .integer(let range, _):
            [
                .init("type", "integer"), .init("minimum", .number(range.lowerBound)),
                .init("maximum", .number(range.upperBound)),
            ]
        case .choice(let words): [.init("enum", .array(words.map { .string($0) }))]
        case .text(let form):
            [.init("type", "string")] + (form.pattern.map { [.init("pattern", .string($0))] } ?? [])
        case .list(let element, let count):
            [
                .init("type", "array"), .init("minItems", .number(count.lowerBound)),
                .init("maxItems", .number(count.upperBound)), .init("items", .object(element.schemaMembers)),
            ]
        case .object(let object): object.schemaMembers
        }
    }
}

extension ObjectShape {
    fileprivate var schemaMembers: [JSONTree.Member] {
        let required = fields.filter { if case .required = $0.presence { true } else { false } }
        return [
            .init("type", "object"),
            .init("additionalProperties", false),
            .init("required", .array(required.map { .string($0.key) })),
            .init("properties", .object(fields.map { .init($0.key, .object($0.schemaMembers)) })),
        ]
    }
}

extension FieldShape {
    fileprivate var schemaMembers: [JSONTree.Member] {
        var members = [
            JSONTree.Member(
                "description", .string([summary, because].compactMap { $0 }.joined(separator: " ")))
        ]
        if case .defaulted(let value) = presence { members.append(.init("default", value)) }
        return members + shape.schemaMembers
    }
}
