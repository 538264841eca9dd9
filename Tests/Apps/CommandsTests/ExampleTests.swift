// Every example of every help page is run, and held to what the page says of it.
import Testing

@testable import Commands
@testable import paceline

private let commands = Paceline.program.root.walk(from: "paceline")

@Suite struct ExampleTests {
    @Test(arguments: commands.filter { $0.command.subcommands.isEmpty }.map(\.path))
    func examplesDoWhatTheySay(_ path: String) throws {
        let command = try #require(commands.first { $0.path == path }).command
        #expect(!command.examples.isEmpty, "\(path) shows no example")
        // In one folder and in order, as a reader would try them.
        let scratch = try Scratch()
        for example in command.examples {
            let result = try scratch.run(example.line)
            #expect(result.status == example.outcome.rawValue, "\(example.line)\n\(result.errors)")
            #expect(result.errors.isEmpty, "\(example.line)\n\(result.errors)")
            if let prints = example.prints {
                #expect(result.output.hasPrefix("\(prints)\n"), "\(example.line)\n\(result.output)")
            }
            #expect(example.line.contains(path), "this shows something else: \(example.line)")
        }
    }

    @Test(arguments: commands.map(\.path))
    func helpSaysEverythingOnAPageThatFits(_ path: String) throws {
        let place = try #require(commands.first { $0.path == path })
        let result = try Scratch().run("\(path) --help")
        #expect(result.status == 0 && result.errors.isEmpty)
        let page = result.output
        #expect(page.hasPrefix("\(path): \(place.command.summary)\n"))
        let names = place.command.subcommands.map(\.name) + place.command.parameters.map(\.usage)
        for name in names + place.command.examples.map(\.line) { #expect(page.contains(name)) }
        let examples = Set(place.command.examples.map { "  \($0.line)" })
        for line in page.split(separator: "\n") where !examples.contains(String(line)) {
            #expect(line.count <= 80, "\(line)")
        }
    }
}
