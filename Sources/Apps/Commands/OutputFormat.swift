// `--json`: the same answer for programs, one JSON value a line.
public import Documents

extension Parameter where Value == Bool {
    /// For every command that has an answer for each of its files.
    public static var json: Parameter { .flag("json", "Print the answer as JSON, one line for each file.") }

    /// For every command that has one answer.
    public static var jsonLine: Parameter { .flag("json", "Print the answer as JSON, on one line.") }
}

extension Output {
    public mutating func print(_ tree: JSONTree) { print(tree.line) }
}
