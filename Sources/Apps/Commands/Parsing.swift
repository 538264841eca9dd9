// Reads a command line against the declarations. Strict: nothing is abbreviated, guessed or ignored, and a
// refusal names the nearest word that would have been understood.
import Documents

extension Command {
    /// What the words after the program's name ask for. `self` is the whole program.
    func parse(_ words: [String]) throws(UsageError) -> Request {
        var command = self
        var path = name
        var rest = words[...]
        while case .group = command.body {
            guard let word = rest.popFirst() else {
                throw UsageError(path: path, message: "a subcommand is missing; \(command.subcommandNames)")
            }
            if word == "--help" || word == "-h" { return .help(command, path: path) }
            if word == "--version", path == name { return .version }
            guard let next = command.subcommands.first(where: { $0.name == word }) else {
                throw command.unknownWord(word, at: path)
            }
            command = next
            path += " \(word)"
        }
        var reading = Reading(command: command, path: path, isProgram: path == name)
        return try reading.read(rest)
    }

    private var subcommandNames: String {
        "one of: \(subcommands.map(\.name).joined(separator: ", "))"
    }

    private func unknownWord(_ word: String, at path: String) -> UsageError {
        if word.hasPrefix("-") {
            let options = path == name ? ["--help", "--version"] : ["--help"]
            return UsageError(path: path, message: "unknown option '\(word)'" + suggestion(word, options))
        }
        return UsageError(
            path: path, message: "unknown subcommand '\(word)'" + suggestion(word, subcommands.map(\.name)))
    }
}

/// Reads the words of one leaf command.
private struct Reading {
    let command: Command
    let path: String
    /// The program is this one command, so `--version` is its.
    let isProgram: Bool
    var words: [String: [String]] = [:]
    var positional: [String] = []

    mutating func read(_ input: ArraySlice<String>) throws(UsageError) -> Request {
        var rest = input
        while let word = rest.popFirst() {
            if word == "--" {
                positional += rest
                break
            }
            if word == "--help" || word == "-h" {
                // A mistake before it is said: the page alone would hide that the words mean nothing.
                try placeArguments(isWhole: false)
                return .help(command, path: path)
            }
            if word == "--version", isProgram { return .version }
            if word.hasPrefix("-"), word != "-" {
                try readOption(word, &rest)
            } else {
                positional.append(word)
            }
        }
        for option in command.options where option.isRequired && words[option.name] == nil {
            throw refused("\(option.usage) is missing: \(option.allowed)")
        }
        try placeArguments(isWhole: true)
        return .run(Invocation(command: command, path: path, words: words))
    }

    private mutating func readOption(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let spelling = String(parts[0])
        let attached = parts.count == 2 ? String(parts[1]) : nil
        guard let option = command.options.first(where: { $0.spelling == spelling }) else {
            let known = command.options.map(\.spelling) + (isProgram ? ["--help", "--version"] : ["--help"])
            throw refused("unknown option '\(spelling)'" + suggestion(spelling, known))
        }
        if option.role == .flag {
            if attached != nil { throw refused("'\(spelling)' takes no value; found '\(word)'") }
            words[option.name] = [""]
            return
        }
        if words[option.name] != nil { throw refused("'\(spelling)' is given twice") }
        guard let value = attached ?? rest.first else {
            throw refused("'\(spelling)' needs a value: \(option.allowed)")
        }
        if attached == nil {
            // A forgotten value would otherwise eat the next option, and say so only much later.
            if value.hasPrefix("--") {
                throw refused(
                    "'\(spelling)' needs a value: \(option.allowed); "
                        + "found '\(value)' (where that is the value, write \(spelling)=\(value))")
            }
            rest.removeFirst()
        }
        try require(option, accepts: value)
        words[option.name] = [value]
    }

    /// - Parameter isWhole: there is nothing more to come, so what must be there is.
    private mutating func placeArguments(isWhole: Bool) throws(UsageError) {
        var rest = positional[...]
        for argument in command.arguments {
            let taken = argument.repeats ? rest : rest.prefix(1)
            rest = rest.dropFirst(taken.count)
            if taken.isEmpty, argument.isRequired, isWhole {
                throw refused("\(argument.name) is missing: \(argument.allowed)")
            }
            for word in taken { try require(argument, accepts: word) }
            words[argument.name] = Array(taken)
        }
        if let extra = rest.first { throw refused("unexpected argument '\(extra)'") }
    }

    private func require(_ parameter: ParameterShape, accepts value: String) throws(UsageError) {
        if parameter.accepts(value) { return }
        var message = "\(parameter.spelling): found '\(value)'; allowed: \(parameter.allowed)"
        if case .words(let known) = parameter.completion { message += suggestion(value, known) }
        throw refused(message)
    }

    private func refused(_ message: String) -> UsageError { UsageError(path: path, message: message) }
}

private func suggestion(_ word: String, _ known: [String]) -> String {
    nearestName(to: word, among: known).map { "; did you mean '\($0)'?" } ?? ""
}
