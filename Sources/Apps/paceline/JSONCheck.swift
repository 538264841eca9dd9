// `paceline json check`: whether files are JSON as Paceline reads it, and where they are not.
import Commands
import Documents
import JSON

enum JSONCheck {
    /// Larger files are not read by anything of Paceline's in one piece.
    static let limitBytes = 256 * 1024 * 1024

    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: true, "A file, or - for standard input.")
    static let depth = Parameter.option(
        "depth", .integer(1...JSONLimits.deepest), default: JSONLimits.usualDepth,
        "How deep objects and arrays may nest; nodes read the default.")
    static let unique = Parameter.flag("unique-keys", "Refuse a key that appears twice in one object.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks that files are valid JSON.",
        discussion: """
            Strict: RFC 8259 to the letter, in UTF-8 without a byte order mark, with no lone surrogates, and
            nothing after the value. The first error is reported with its line and its column, counted in
            bytes. Exits with 1 where a file is not valid or could not be read.
            """,
        parameters: [files, depth, unique, json],
        examples: [
            Example(
                #"echo '{"bid": 1.25}' | paceline json check -"#, "Check what another program prints.",
                prints: "(standard input): ok"),
            Example(
                #"echo '{"bid": 01.25}' > bid.json; paceline json check bid.json"#,
                "An error comes with its place.", outcome: .failed,
                prints: "bid.json:1:9: a number starts with a needless zero"),
            Example(
                #"echo '{"bid": 1, "bid": 2}' | paceline json check --unique-keys --json -"#,
                "The same for programs. A repeated key is valid JSON, but seldom meant.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        var outcome = Outcome.ok
        for path in call[files] where !check(path, call, &output) { outcome = .failed }
        return outcome
    }

    /// Whether the file is valid.
    private static func check(_ path: String, _ call: Invocation, _ output: inout Output) -> Bool {
        guard let bytes = call.read(path, limit: limitBytes, asJSON: call[json], &output) else {
            return false
        }
        do {
            try validate(bytes, depth: call[depth], unique: call[unique])
            if call[json] {
                output.print(["file": .string(path), "valid": true])
            } else {
                output.print("\(InputFile.displayName(path)): ok")
            }
            return true
        } catch {
            let place = error.location(in: bytes.span.bytes)
            if call[json] {
                output.print([
                    "file": .string(path), "valid": false, "reason": .string("\(error.reason)"),
                    "line": .number(place.line), "column": .number(place.column),
                    "offset": .number(error.offset),
                ])
            } else {
                output.print("\(InputFile.displayName(path)):\(place.line):\(place.column): \(error.reason)")
            }
            return false
        }
    }

    private static func validate(_ bytes: [UInt8], depth: Int, unique: Bool) throws(JSONError) {
        let limits = JSONLimits(bytes: limitBytes, depth: depth)
        guard unique else { return try JSONDocument.validate(bytes.span.bytes, limits: limits) }
        var scratch = JSONScratch(maximumBytes: bytes.count)
        try JSONDocument(bytes.span.bytes, scratch: &scratch, limits: limits).refuseDuplicateKeys()
    }
}
