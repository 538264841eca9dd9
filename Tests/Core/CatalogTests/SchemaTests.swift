// The JSON Schema in docs is the one that the declarations make, and a validator that others wrote accepts with it
// what is read and refuses what is not.
import Documents
import Foundation
import Testing

@testable import Catalog

/// Reads lines: a schema, then documents; answers with a line for each document, `true` where it is valid.
private let validator = """
    import json, sys
    from jsonschema import Draft202012Validator
    lines = sys.stdin.read().splitlines()
    schema = json.loads(lines[0])
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for line in lines[1:]: print(validator.is_valid(json.loads(line)))
    """

private func python(_ script: String, _ input: String) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["timeout", "30", "python3", "-c", script]
    let (input1, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input1
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try input1.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try input1.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
}

private let hasValidator = (try? python("import jsonschema", "").status) == 0

/// Documents, and whether they are allowed.
private let documents: [(String, Bool)] = [
    ("{}", true), (#"{"deals": []}"#, true), (#"{"deal": []}"#, false), ("[]", false),
    (#"{"deals": [{"id": "d", "name": "D", "floor": 1.25}]}"#, true),
    (#"{"deals": [{"id": "d", "name": "D", "floor": -1}]}"#, false),
    (#"{"deals": [{"id": "d d", "name": "D"}]}"#, false), (#"{"deals": [{"name": "D"}]}"#, false),
    (#"{"deals": [{"id": "d", "name": "D", "auction": "second-price"}]}"#, true),
    (#"{"deals": [{"id": "d", "name": "D", "auction": "dutch"}]}"#, false),
    (line(#"{"country": ["USA"]}"#), true), (line("{}"), false), (line(#"{"country": []}"#), false),
    (line(#"{"contry": ["USA"]}"#), false), (line(#"{"not": {"any": [{"not": {"os": ["roku"]}}]}}"#), true),
    (line(#"{"not": {"any": [{"not": {"oss": ["roku"]}}]}}"#), false), (line(#"{"all": []}"#), false),
    (line(#"{"custom": {"section": ["a"]}}"#), true), (line(#"{"custom": {"se=ction": ["a"]}}"#), false),
    (line(#"{"custom": {}}"#), false), (line(#"{"livestream": "yes"}"#), false),
    (line(#"{"radius": [{"latitude": 91, "longitude": 0, "kilometers": 5}]}"#), false),
    (line(#"{"radius": [{"latitude": 41.5, "longitude": 0, "kilometers": 5}]}"#), true),
    (line(#"{"daypart": [{"days": ["mon"], "from": "18:15", "to": "24:00"}]}"#), true),
    (line(#"{"daypart": [{"days": ["mon"], "from": "18:10"}]}"#), false),
]

private func line(_ targeting: String) -> String {
    #"{"lineItems": [{"id": "l", "campaign": "c", "name": "L", "creatives": ["x"], "targeting": \#(targeting)}]}"#
}

@Suite struct SchemaTests {
    @Test func docsHoldTheSchemaThatReads() throws {
        let file = repository.appending(path: "docs/catalog.schema.json")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(
            text == CatalogReading.jsonSchema.page + "\n",
            "write it anew: paceline catalog check --schema > docs/catalog.schema.json")
    }

    /// What the reader says of each document alone, without what is between files.
    @Test func theReaderAllowsTheSame() {
        for (text, isAllowed) in documents {
            var reading = CatalogReading()
            reading.add("a.json", Array(text.utf8))
            var refused: CatalogRefused?
            do throws(CatalogRefused) { _ = try reading.finish() } catch { refused = error }
            let own = refused?.refusals.filter { !$0.description.contains("unknown id") } ?? []
            #expect(own.isEmpty == isAllowed, "\(text): \(own)")
        }
    }

    @Test(.enabled(if: hasValidator, "python3 has no jsonschema"))
    func aPublicValidatorSaysTheSame() throws {
        let demo = try demoFiles().map {
            String(decoding: $0.bytes, as: UTF8.self).replacing("\n", with: " ")
        }
        let lines = [CatalogReading.jsonSchema.line] + documents.map(\.0) + demo
        let answer = try python(validator, lines.joined(separator: "\n"))
        #expect(answer.status == 0)
        let valid = answer.output.split(separator: "\n").map { $0 == "True" }
        #expect(valid == documents.map(\.1) + demo.map { _ in true })
    }
}
