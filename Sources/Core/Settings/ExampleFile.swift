// A settings file to start from: every setting that has a value of its own, with its default or an example.
public import Documents

extension Daemon {
    /// A file that is accepted as it is, and shows everything that can be said without naming further files.
    public var exampleFile: JSONTree { shape.example }
}

extension ObjectShape {
    fileprivate var example: JSONTree {
        .object(fields.compactMap { field in field.example.map { .init(field.key, $0) } })
    }
}

extension FieldShape {
    fileprivate var example: JSONTree? {
        switch presence {
        case .optional: nil
        case .defaulted(let value): value
        case .required(let example): example ?? shape.example
        }
    }
}

extension Shape {
    /// Made of the parts of the shape, where it has any.
    fileprivate var example: JSONTree? {
        switch self {
        case .object(let object): object.example
        case .list(let element, _): element.example.map { [$0] }
        case .integer, .decimal, .number, .bool, .choice, .text, .map, .recursive: nil
        }
    }
}
