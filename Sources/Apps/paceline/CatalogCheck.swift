// `paceline catalog check`: everything that can be said about a catalog without serving from it, and the schema
// of its files.
import Catalog
import Commands
import Documents

enum CatalogCheck {
    static let paths = Parameter.arguments(
        "PATH", WordKind.file, atLeastOne: false, "A directory with a catalog's .json files, or a snapshot.")
    static let schema = Parameter.flag("schema", "Print the JSON Schema of a catalog's files, for editors.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks a catalog or a snapshot without serving from it.",
        discussion: """
            Of a directory, everything that is wrong is reported: each with its file, line and column, the path
            in the file, what was found and what is allowed. Of a snapshot, whether a node would serve from it:
            its format, its checksum, and that every number in it can be what it is. Exits with 1 where one is
            refused.
            """,
        parameters: [paths, schema, json],
        examples: [
            Example(
                "paceline catalog check Examples/catalog", "Check the demo.",
                prints: "Examples/catalog: ok, 10 line items of 5 campaigns"),
            Example(
                "mkdir bad; sed 's/USD/usd/' Examples/catalog/campaigns.json > bad/all.json; "
                    + "paceline catalog check bad",
                "References to what is not there are found too.", outcome: .failed),
            Example(
                "paceline catalog check --schema > catalog.schema.json", "Let your editor check as you type."),
            Example(
                "paceline catalog compile Examples/catalog --output demo.catalog; head -c 9000 demo.catalog > cut; "
                    + "paceline catalog check demo.catalog cut",
                "A snapshot that was cut off is refused.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard call[paths].isEmpty == call[schema] else {
            throw Failure("either a PATH is needed, or --schema", .usage)
        }
        if call[schema] { output.print(CatalogReading.jsonSchema.page) }
        var outcome = Outcome.ok
        for path in call[paths] where try !check(path, call, &output) { outcome = .failed }
        return outcome
    }

    private static func check(_ path: String, _ call: Invocation, _ output: inout Output) throws(Failure)
        -> Bool
    {
        let source: CatalogSource
        switch try CatalogInput.form(of: path) {
        case .directory:
            let reading = try CatalogInput.reading(path)
            do {
                source = try reading.finish()
            } catch {
                print(error, of: path, json: call[json], &output)
                return false
            }
        case .snapshot:
            guard
                let bytes = call.read(
                    path, limit: CatalogInput.snapshotLimitBytes, asJSON: call[json], &output)
            else { return false }
            do {
                source = CatalogSource(try CatalogSnapshot(copying: bytes))
            } catch {
                if call[json] {
                    output.print(["path": .string(path), "valid": false, "reason": .string("\(error)")])
                } else {
                    output.print("\(path): \(error)")
                }
                return false
            }
        }
        if call[json] {
            output.print([
                "path": .string(path), "valid": true, "lineItems": .number(source.lineItems.count),
                "campaigns": .number(source.campaigns.count),
            ])
        } else {
            output.print(
                "\(path): ok, \(source.lineItems.count) line items of \(source.campaigns.count) campaigns")
        }
        return true
    }

    /// What is wrong in a directory.
    static func print(_ refused: CatalogRefused, of path: String, json: Bool, _ output: inout Output) {
        guard json else {
            for line in CatalogInput.report(refused) { output.print(line) }
            return
        }
        let refusals = refused.refusals.map { refusal in
            guard case .object(let members) = refusal.refusal.tree.content else {
                return refusal.refusal.tree
            }
            return JSONTree.object([.init("file", .string(refusal.file))] + members)
        }
        output.print([
            "path": .string(path), "valid": false, "refusals": .array(refusals),
            "unreported": .number(refused.unreported),
        ])
    }
}
