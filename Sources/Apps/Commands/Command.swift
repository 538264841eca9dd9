// What a command is: one value, declared in one place, from which parsing, help and completion all follow.

/// How a command ended, as the shell sees it.
public enum Outcome: Int32, Sendable {
    case ok = 0
    /// The command did its work and the answer is no, or it could not do its work.
    case failed = 1
    /// The command line itself was wrong; nothing was done.
    case usage = 2
    /// There was nothing to do its work with, so that neither yes nor no can be said.
    case nothing = 3
}

/// Why a command could not do its work: what happened, where, and what to do. Printed after the command's
/// name.
public struct Failure: Error, Equatable, Sendable {
    public let message: String
    /// `usage` where the parameters are each right and do not go together.
    public let outcome: Outcome

    public init(_ message: String, _ outcome: Outcome = .failed) {
        self.message = message
        self.outcome = outcome
    }
}

/// One line that a reader can paste into a shell. The tests run every one of them, in order, in a fresh
/// folder for each command, and hold it to what is said here.
public struct Example: Sendable {
    public let line: String
    public let summary: String
    public let outcome: Outcome
    /// The first line that it prints to standard output, where that is worth showing.
    public let prints: String?

    public init(_ line: String, _ summary: String, outcome: Outcome = .ok, prints: String? = nil) {
        self.line = line
        self.summary = summary
        self.outcome = outcome
        self.prints = prints
    }
}

/// A command, or a group of them. A leaf runs; a group only leads to its subcommands, to any depth.
public struct Command: Sendable {
    public typealias Action = @Sendable (Invocation, inout Output) throws(Failure) -> Outcome

    enum Body: Sendable {
        case group([Command])
        case leaf(Action)
    }

    public let name: String
    public let summary: String
    public let discussion: String
    public let parameters: [ParameterShape]
    public let examples: [Example]
    let body: Body

    public var subcommands: [Command] {
        if case .group(let commands) = body { commands } else { [] }
    }

    /// A command that does something.
    public init(
        _ name: String, _ summary: String, discussion: String = "", parameters: [any CommandParameter] = [],
        examples: [Example], run: @escaping Action
    ) {
        self.init(name, summary, discussion, parameters.map(\.shape), examples, .leaf(run))
    }

    /// A name under which other commands stand.
    public init(_ name: String, _ summary: String, discussion: String = "", subcommands: [Command]) {
        self.init(name, summary, discussion, [], [], .group(subcommands))
    }

    private init(
        _ name: String, _ summary: String, _ discussion: String, _ parameters: [ParameterShape],
        _ examples: [Example], _ body: Body
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.parameters = parameters
        self.examples = examples
        self.body = body
        requireSoundDeclaration()
    }

    var options: [ParameterShape] { parameters.filter { $0.role != .argument } }
    var arguments: [ParameterShape] { parameters.filter { $0.role == .argument } }

    /// A declaration that could never be parsed as it reads is a mistake of ours: it stops every run of the
    /// program, so no test that starts it can miss it.
    private func requireSoundDeclaration() {
        for word in [name] + subcommands.map(\.name) + options.map(\.name) {
            precondition(isPlainWord(word), "command '\(name)': '\(word)' is not made of a-z, 0-9 and -")
        }
        let names = subcommands.map(\.name) + parameters.map(\.name)
        precondition(Set(names).count == names.count, "command '\(name)' declares a name twice")
        precondition(!names.contains("help"), "command '\(name)': 'help' belongs to the grammar")
        let early = arguments.dropLast()
        precondition(
            early.allSatisfy { $0.isRequired && !$0.repeats },
            "command '\(name)': only its last argument may be left out or repeat")
    }
}

/// Words that need no quoting in any shell, so that completion scripts can hold them as they are.
func isPlainWord(_ word: String) -> Bool {
    guard let first = word.utf8.first, first != UInt8(ascii: "-") else { return false }
    return word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
