// A command line that was understood: which command, and the words for each of its parameters.

/// What a command is told of how it was called.
public struct Invocation: Sendable {
    let command: Command
    /// From the program's name down to the command: `paceline json check`.
    public let path: String
    let words: [String: [String]]

    /// The value of a parameter of this command.
    public subscript<Value>(_ parameter: Parameter<Value>) -> Value {
        let name = parameter.shape.name
        precondition(
            command.parameters.contains { $0.name == name },
            "command '\(path)' reads '\(parameter.shape.spelling)' but does not list it")
        return parameter.value(words[name] ?? [])
    }
}

/// What a command line asks for.
enum Request: Sendable {
    case run(Invocation)
    case help(Command, path: String)
    case version
}

/// Why a command line was not understood: where, what was found, and what would be.
struct UsageError: Error, Equatable, Sendable {
    /// The command at which reading stopped, from the program's name on.
    let path: String
    let message: String
}
