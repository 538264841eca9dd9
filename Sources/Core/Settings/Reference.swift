// The reference of a daemon's settings as a page of Markdown: docs/settings.md is this text, and a test holds
// it to it.
import Documents

extension Daemon {
    public var reference: String {
        var page = ReferencePage()
        page.add(shape, at: "")
        return """
            # Settings of paceline-\(rawValue)

            One JSON file, read once at start. Nothing starts on a file that holds an unknown key, a wrong
            type or a value out of range: every such place is reported with its line, what was found and
            what is allowed.

            - `paceline check-config FILE` checks a file without starting anything.
            - `paceline check-config --example \(rawValue)` prints a file to start from.
            - `paceline check-config --schema \(rawValue)` prints the JSON Schema, for editors.
            - `paceline check-config --reference \(rawValue)` prints this page.

            \(page.text)
            """
    }
}

/// The page as it grows: a section for each object, the first time that it comes up.
private struct ReferencePage {
    var text = ""
    private var sections: [String: String] = [:]

    mutating func add(_ object: ObjectShape, at path: String) {
        sections[object.title] = path
        text += path.isEmpty ? "## The file\n\n" : "\n## `\(path)`\n\n"
        text += "| key | value | default | what it is, and why the default |\n|---|---|---|---|\n"
        for field in object.fields { text += row(field, at: pathInside(path, field.key)) }
        if !object.rules.isEmpty { text += "\n" + object.rules.map { "- \($0)\n" }.joined() }
        for field in object.fields {
            let (inner, place) = field.shape.object(at: pathInside(path, field.key))
            if let inner, sections[inner.title] == nil { add(inner, at: place) }
        }
    }

    private func row(_ field: FieldShape, at path: String) -> String {
        let fallback =
            switch field.presence {
            case .required: "required"
            case .optional: "none"
            case .defaulted(let value):
                if case .object = value.content { "all defaults" } else { "`\(value.line)`" }
            }
        let (inner, place) = field.shape.object(at: path)
        let section = inner.map { "; see `\(sections[$0.title] ?? place)`" } ?? ""
        let about = [field.summary, field.because.map { "*\($0)*" }].compactMap { $0 }.joined(separator: " ")
        return "| `\(field.key)` | \(field.shape.allowed)\(section) | \(fallback) | \(about) |\n"
    }
}

extension Shape {
    /// The object that the shape is or lists, and the path of one such object.
    fileprivate func object(at path: String) -> (ObjectShape?, String) {
        switch self {
        case .object(let object): (object, path)
        case .list(let element, _): element.object(at: path + "[]")
        case .integer, .decimal, .number, .bool, .choice, .text, .map, .recursive: (nil, path)
        }
    }
}
