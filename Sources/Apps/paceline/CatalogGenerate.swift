// `paceline catalog generate`: a large catalog as a directory of files, for tests of speed and size.
import Catalog
import Commands
import Documents
import Kernel

enum CatalogGenerate {
    static let directory = Parameter.argument("DIR", WordKind.file, "An empty directory, or one to be made.")
    static let lineItems = Parameter.option(
        "line-items", .integer(1...CatalogGenerator.mostLineItems), default: 10_000, "How many line items.")
    static let seed = Parameter.option(
        "seed", .integer(0...Int.max), default: 1, "The same seed gives the same catalog.")
    static let json = Parameter.json

    /// Things in one file: a few megabytes, which an editor still opens.
    private static let perFile = 5_000

    static let command = Command(
        "generate", "Makes up a large catalog, for measuring.",
        discussion: """
            Campaigns for connected TV with stated shares: nine line items in ten for one country, two in five
            without a narrower place, half for audiences, half within deals, three in ten not running. One in a
            hundred matches a request in the median.
            """,
        parameters: [directory, lineItems, seed, json],
        examples: [
            Example(
                "paceline catalog generate --line-items 500 --seed 7 large", "Make one of 500 line items.",
                prints: "large: 500 line items of 100 campaigns in 6 files"),
            Example(
                "paceline catalog generate --json --line-items 5 tiny; paceline catalog check tiny",
                "What is made up passes the check."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let path = call[directory]
        let names: [String]
        do {
            try Kernel.makeDirectory(path)
            names = try Kernel.entries(of: path)
        } catch {
            throw Failure("\(path): could not be made or listed: \(error)")
        }
        guard names.isEmpty else { throw Failure("\(path): has files in it; an empty directory is needed") }
        var generator = CatalogGenerator(lineItems: call[lineItems], seed: UInt64(call[seed]))
        let source = generator.source()
        var files = 0
        for kind in EntityKind.allCases {
            let trees = source.trees(kind).map(\.tree)
            for (number, start) in stride(from: 0, to: trees.count, by: perFile).enumerated() {
                let part = trees[start..<min(start + perFile, trees.count)]
                let lines = part.map { "    \($0.line)" }.joined(separator: ",\n")
                let text = "{\n  \"\(kind.rawValue)\": [\n\(lines)\n  ]\n}\n"
                try write(text, to: "\(path)/\(kind.rawValue)-\(number).json")
                files += 1
            }
        }
        if call[json] {
            output.print([
                "directory": .string(path), "files": .number(files),
                "lineItems": .number(source.lineItems.count),
                "campaigns": .number(source.campaigns.count),
            ])
        } else {
            output.print(
                "\(path): \(source.lineItems.count) line items of \(source.campaigns.count) campaigns in \(files) files"
            )
        }
        return .ok
    }

    private static func write(_ text: String, to path: String) throws(Failure) {
        do {
            try Kernel.replace(path, with: Array(text.utf8))
        } catch {
            throw Failure("\(error)")
        }
    }
}
