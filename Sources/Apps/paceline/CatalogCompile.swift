// `paceline catalog compile`: from a directory of JSON files to the snapshot that nodes serve from.
import Catalog
import Commands
import Documents
import Kernel

enum CatalogCompile {
    static let directory = Parameter.argument(
        "DIR", WordKind.file, "A directory with a catalog's .json files.")
    static let target = Parameter.option("output", WordKind.file, "Where the snapshot goes.")
    static let json = Parameter.json

    static let command = Command(
        "compile", "Compiles a catalog into a snapshot.",
        discussion: """
            The same catalog gives the same bytes, however it is cut into files. The snapshot takes the place
            of another only whole. Everything that is wrong is reported, each with its file, line, path, what
            was found and what is allowed; nothing is written then. Exits with 1.
            """,
        parameters: [directory, target, json],
        examples: [
            Example(
                "paceline catalog compile Examples/catalog --output demo.catalog", "Compile the demo.",
                prints: "demo.catalog: 10 line items of 5 campaigns"),
            Example(
                "mkdir bad; sed 's/\"campaign\"/\"campain\"/' Examples/catalog/line-items.json > bad/all.json; "
                    + "paceline catalog compile bad --output bad.catalog",
                "What is wrong is told with its place.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard let target = call[target] else { throw Failure("--output is missing: a path", .usage) }
        let reading = try CatalogInput.reading(call[directory])
        let source: CatalogSource
        do {
            source = try reading.finish()
        } catch {
            CatalogCheck.print(error, of: call[directory], json: call[json], &output)
            return .failed
        }
        let bytes: [UInt8]
        do {
            bytes = try CatalogCompiler.compile(source)
        } catch {
            throw Failure("\(call[directory]): passed its check and does not compile: \(error)")
        }
        do {
            try Kernel.replace(target, with: bytes)
        } catch {
            throw Failure("\(error)")
        }
        if call[json] {
            output.print([
                "file": .string(target), "bytes": .number(bytes.count),
                "lineItems": .number(source.lineItems.count),
                "campaigns": .number(source.campaigns.count),
            ])
        } else {
            output.print(
                "\(target): \(source.lineItems.count) line items of \(source.campaigns.count) campaigns")
        }
        return .ok
    }
}
