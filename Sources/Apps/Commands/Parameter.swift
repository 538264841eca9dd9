// What a command takes: flags, options with a value, and positional arguments. A parameter is declared once
// as a typed value, listed in its command, and read from a call with that same value.

/// What parsing, help and completion need to know of a parameter, whatever the type of its value.
public struct ParameterShape: Sendable {
    enum Role: Sendable { case flag, option, argument }

    let role: Role
    /// Without the dashes.
    let name: String
    let summary: String
    let isRequired: Bool
    let repeats: Bool
    /// What stands for the value in help; empty for a flag.
    let placeholder: String
    let defaultWord: String?
    let allowed: String
    let completion: Candidates
    let accepts: @Sendable (String) -> Bool

    /// As the user writes it: `--json`, `FILE`.
    public var spelling: String { role == .argument ? name : "--\(name)" }
}

/// Any parameter, so that a command can list those of different types.
public protocol CommandParameter: Sendable {
    var shape: ParameterShape { get }
}

/// A parameter whose value is a `Value` in the call.
public struct Parameter<Value: Sendable>: CommandParameter {
    public let shape: ParameterShape
    /// Words that the shape has accepted become the value.
    let value: @Sendable ([String]) -> Value
}

extension Parameter {
    /// `--name`, given or not.
    public static func flag(_ name: String, _ summary: String) -> Parameter where Value == Bool {
        Parameter(
            shape: ParameterShape(
                role: .flag, name: name, summary: summary, isRequired: false, repeats: false, placeholder: "",
                defaultWord: nil, allowed: "", completion: .nothing, accepts: { _ in true }),
            value: { !$0.isEmpty })
    }

    /// `--name VALUE`, nil where it is not given.
    public static func option<Element>(
        _ name: String, _ kind: WordKind<Element>, _ summary: String
    ) -> Parameter where Value == Element? {
        Parameter(
            shape: kind.shape(.option, name, summary, isRequired: false),
            value: { $0.first.map(kind.accepted) })
    }

    /// `--name VALUE`, with the value that holds where it is not given.
    public static func option(
        _ name: String, _ kind: WordKind<Value>, default value: Value, _ summary: String
    ) -> Parameter {
        Parameter(
            shape: kind.shape(.option, name, summary, isRequired: false, default: "\(value)"),
            value: { $0.first.map(kind.accepted) ?? value })
    }

    /// `--name VALUE` that must be given.
    public static func requiredOption(
        _ name: String, _ kind: WordKind<Value>, _ summary: String
    ) -> Parameter {
        Parameter(
            shape: kind.shape(.option, name, summary, isRequired: true),
            value: { words in
                guard let word = words.first else { preconditionFailure("parsing let --\(name) be left out") }
                return kind.accepted(word)
            })
    }

    /// One word that must be there.
    public static func argument(_ name: String, _ kind: WordKind<Value>, _ summary: String) -> Parameter {
        Parameter(
            shape: kind.shape(.argument, name, summary, isRequired: true),
            value: { words in
                guard let word = words.first else { preconditionFailure("parsing let \(name) be left out") }
                return kind.accepted(word)
            })
    }

    /// All the words that are left.
    public static func arguments<Element>(
        _ name: String, _ kind: WordKind<Element>, atLeastOne: Bool, _ summary: String
    ) -> Parameter where Value == [Element] {
        Parameter(
            shape: kind.shape(.argument, name, summary, isRequired: atLeastOne, repeats: true),
            value: { $0.map(kind.accepted) })
    }
}
