// A JSON Schema from the same declarations that reading uses, so that an editor completes keys, shows what they
// mean and marks what will be refused. Rules between fields are left to the check itself.
import Units

extension Shape {
    /// Draft 2020-12: the whole schema of a document of this shape.
    package func jsonSchema(title: String) -> JSONTree {
        var definitions: [JSONTree.Member] = []
        let members = schemaMembers(&definitions)
        let head: [JSONTree.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema"), .init("title", .string(title)),
        ]
        return .object(
            head + members + (definitions.isEmpty ? [] : [.init("$defs", .object(definitions))]))
    }

    fileprivate func schemaMembers(_ definitions: inout [JSONTree.Member]) -> [JSONTree.Member] {
        switch self {
        case .integer(let range, _):
            return [
                .init("type", "integer"), .init("minimum", .number(range.lowerBound)),
                .init("maximum", .number(range.upperBound)),
            ]
        case .decimal(let range, _):
            return [
                .init("type", "number"), .init("minimum", JSONTree(.number("\(range.lowerBound)"))),
                .init("maximum", JSONTree(.number("\(range.upperBound)"))),
            ]
        case .number(let range):
            return [
                .init("type", "number"), .init("minimum", JSONTree(.number("\(range.lowerBound)"))),
                .init("maximum", JSONTree(.number("\(range.upperBound)"))),
            ]
        case .bool: return [.init("type", "boolean")]
        case .choice(let words): return [.init("enum", .array(words.map { .string($0) }))]
        case .text(let form):
            return [.init("type", "string")] + (form.pattern.map { [.init("pattern", .string($0))] } ?? [])
        case .list(let element, let count):
            return [
                .init("type", "array"), .init("minItems", .number(count.lowerBound)),
                .init("maxItems", .number(count.upperBound)),
                .init("items", .object(element.schemaMembers(&definitions))),
            ]
        case .map(let keys, let value, let count):
            return [
                .init("type", "object"), .init("minProperties", .number(count.lowerBound)),
                .init("maxProperties", .number(count.upperBound)),
                .init(
                    "propertyNames",
                    .object(keys.pattern.map { [.init("pattern", .string($0))] } ?? [])),
                .init("additionalProperties", .object(value.schemaMembers(&definitions))),
            ]
        case .object(let object): return object.schemaMembers(&definitions)
        case .recursive(let title, let object):
            if !definitions.contains(where: { $0.key == title }) {
                // The name is taken before its inside is looked at, where it comes up again.
                let place = definitions.count
                definitions.append(.init(title, .null))
                let inside = object().schemaMembers(&definitions)
                definitions[place] = .init(title, .object(inside))
            }
            return [.init("$ref", .string("#/$defs/\(title)"))]
        }
    }
}

extension ObjectShape {
    fileprivate func schemaMembers(_ definitions: inout [JSONTree.Member]) -> [JSONTree.Member] {
        let required = fields.filter { if case .required = $0.presence { true } else { false } }
        var properties: [JSONTree.Member] = []
        for field in fields {
            properties.append(.init(field.key, .object(field.schemaMembers(&definitions))))
        }
        return [.init("type", "object"), .init("additionalProperties", false)]
            + (fewestKeys > 0 ? [.init("minProperties", .number(fewestKeys))] : [])
            + [
                .init("required", .array(required.map { .string($0.key) })),
                .init("properties", .object(properties)),
            ]
    }
}

extension FieldShape {
    fileprivate func schemaMembers(_ definitions: inout [JSONTree.Member]) -> [JSONTree.Member] {
        var members = [
            JSONTree.Member(
                "description", .string([summary, because].compactMap { $0 }.joined(separator: " ")))
        ]
        if case .defaulted(let value) = presence { members.append(.init("default", value)) }
        return members + shape.schemaMembers(&definitions)
    }
}
