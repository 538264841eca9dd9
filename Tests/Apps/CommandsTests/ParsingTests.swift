// What a command line means, and what is said of one that means nothing.
import Testing

@testable import Commands

private enum Colour: String, CaseIterable { case red, green, blue }

private let colour = Parameter.option("colour", WordKind<Colour>.choice("COLOUR"), "A colour.")
private let count = Parameter.option("count", .integer(1...9), default: 3, "How many.")
private let loud = Parameter.flag("loud", "Shout.")
private let source = Parameter.argument("SOURCE", WordKind.file, "From where.")
private let paint = Parameter.requiredOption("with", WordKind.file, "The paint.")
private let targets = Parameter.arguments("TARGET", WordKind.file, atLeastOne: false, "To where.")

private let tree = Command(
    "tool", "Does things.",
    subcommands: [
        Command(
            "paint", "Paints.", parameters: [source, targets, colour, count, loud],
            examples: [], run: { _, _ in .ok }),
        Command("coat", "Coats.", parameters: [paint, loud], examples: [], run: { _, _ in .ok }),
        Command(
            "deep", "A group.",
            subcommands: [
                Command(
                    "deeper", "A group in a group.",
                    subcommands: [Command("deepest", "A command.", examples: [], run: { _, _ in .ok })])
            ]),
    ])

@Suite struct ParsingTests {
    private func call(_ line: String) throws -> Invocation {
        let request = try tree.parse(line.split(separator: " ").map(String.init))
        guard case .run(let call) = request else {
            throw UsageError(path: "", message: "no call: \(request)")
        }
        return call
    }

    @Test func aListIsReadWholeOrRefused() {
        let kind = WordKind.list(of: .integer(1...9))
        #expect(kind.value(of: "3,1,9") == [3, 1, 9] && kind.value(of: "") == [])
        for word in ["3,x", "3;4", "0", "3,10"] { #expect(kind.value(of: word) == nil, "\(word)") }
    }

    @Test func readsEveryKindOfParameter() throws {
        let call = try call("paint --colour green in --loud --count=7 out1 out2")
        #expect(call.path == "tool paint")
        #expect(call[source] == "in")
        #expect(call[targets] == ["out1", "out2"])
        #expect(call[colour] == .green)
        #expect(call[count] == 7)
        #expect(call[loud])
    }

    @Test func fillsInWhatIsNotGiven() throws {
        let call = try call("paint in")
        #expect(call[targets] == [])
        #expect(call[colour] == nil)
        #expect(call[count] == 3)
        #expect(!call[loud])
    }

    @Test func whatMustBeGivenIsReadAndShownSo() throws {
        #expect(try call("coat --with=tin")[paint] == "tin")
        let command = try #require(tree.subcommands.first { $0.name == "coat" })
        #expect(
            command.help(path: "tool coat", isProgram: false).contains("  tool coat --with FILE [--loud]\n"))
    }

    @Test func takesWordsAsTheyAreAfterTwoDashes() throws {
        let call = try call("paint --loud -- --loud -x -")
        #expect(call[source] == "--loud")
        #expect(call[targets] == ["-x", "-"])
    }

    @Test func findsCommandsAtAnyDepth() throws {
        #expect(try call("deep deeper deepest").path == "tool deep deeper deepest")
    }

    @Test(arguments: [
        ("--help", "tool"), ("-h", "tool"), ("deep --help", "tool deep"), ("paint --help", "tool paint"),
        ("deep deeper -h", "tool deep deeper"), ("paint --colour red --help in", "tool paint"),
    ])
    func helpIsThereAtEveryLevel(_ line: String, _ expected: String) throws {
        guard case .help(_, let path) = try tree.parse(line.split(separator: " ").map(String.init)) else {
            Issue.record("no help for '\(line)'")
            return
        }
        #expect(path == expected)
    }

    @Test(arguments: [
        ("", "tool", "a subcommand is missing; one of: paint, coat, deep"),
        ("piant in", "tool", "unknown subcommand 'piant'; did you mean 'paint'?"),
        ("xyzzy", "tool", "unknown subcommand 'xyzzy'"),
        ("--versoin", "tool", "unknown option '--versoin'; did you mean '--version'?"),
        ("deep deper deepest", "tool deep", "unknown subcommand 'deper'; did you mean 'deeper'?"),
        ("deep --version", "tool deep", "unknown option '--version'"),
        ("paint", "tool paint", "SOURCE is missing: a path"),
        ("coat --loud", "tool coat", "--with FILE is missing: a path"),
        ("paint in --color red", "tool paint", "unknown option '--color'; did you mean '--colour'?"),
        ("paint in --color=red", "tool paint", "unknown option '--color'; did you mean '--colour'?"),
        ("paint in -l", "tool paint", "unknown option '-l'"),
        (
            "paint in --colour gren", "tool paint",
            "--colour: found 'gren'; allowed: red, green, blue; did you mean 'green'?"
        ),
        ("paint in --colour", "tool paint", "'--colour' needs a value: red, green, blue"),
        (
            "paint in --colour --loud", "tool paint",
            "'--colour' needs a value: red, green, blue; found '--loud' (where that is the value, write --colour=--loud)"
        ),
        ("paint in --colour red --colour red", "tool paint", "'--colour' is given twice"),
        ("paint in --count 10", "tool paint", "--count: found '10'; allowed: an integer from 1 to 9"),
        ("paint in --count x", "tool paint", "--count: found 'x'; allowed: an integer from 1 to 9"),
        ("paint in --count=", "tool paint", "--count: found ''; allowed: an integer from 1 to 9"),
        ("paint in --loud=yes", "tool paint", "'--loud' takes no value; found '--loud=yes'"),
        ("deep deeper deepest one --help", "tool deep deeper deepest", "unexpected argument 'one'"),
        ("paint in --nope --help", "tool paint", "unknown option '--nope'"),
        ("deep deeper deepest one", "tool deep deeper deepest", "unexpected argument 'one'"),
    ])
    func saysWhatIsWrongAndWhere(_ line: String, _ path: String, _ message: String) {
        #expect(throws: UsageError(path: path, message: message)) {
            try tree.parse(line.split(separator: " ").map(String.init))
        }
    }
}
