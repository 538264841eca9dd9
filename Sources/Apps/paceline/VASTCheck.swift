// `paceline vast check`: whether files are VAST as players read it and the IAB's schemas have it, and where
// they are not.
import Commands
import OpenRTB
import Documents

enum VASTCheck {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: true, "A file, or - for standard input.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks that files are valid VAST 3.0 or 4.2.",
        discussion: """
            Strict: well-formed XML in UTF-8 without a document type; every element and attribute known, in the
            schema's order; addresses absolute, with macros in brackets; durations HH:MM:SS or HH:MM:SS.mmm.
            The first error is reported with its line and its column, counted in bytes. Exits with 1 where a
            file is not valid or could not be read.
            """,
        parameters: [files, json],
        examples: [
            Example(
                #"echo '<VAST version="3.0"/>' | paceline vast check -"#,
                "An answer without an ad is valid.", prints: "(standard input): ok, VAST 3.0, 0 ads"),
            Example(
                #"echo '<VAST version="3.0"><Ad/></VAST>' >ad.xml; paceline vast check ad.xml"#,
                "An error comes with its place.", outcome: .failed,
                prints: "ad.xml:1:21: an ad has neither InLine nor Wrapper: <InLine>, <Wrapper>"),
            Example(
                #"echo '<VAST version="5.0"/>' | paceline vast check --json -"#,
                "The same for programs.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        var outcome = Outcome.ok
        for path in call[files] where !check(path, call, &output) { outcome = .failed }
        return outcome
    }

    /// Whether the file is valid.
    private static func check(_ path: String, _ call: Invocation, _ output: inout Output) -> Bool {
        guard let bytes = call.read(path, limit: VASTLimits.defaultBytes, asJSON: call[json], &output) else {
            return false
        }
        do throws(VASTError) {
            let summary = try VASTSummary(checking: bytes.span.bytes)
            if call[json] {
                output.print([
                    "file": .string(path), "valid": true, "version": .string("\(summary.version.text)"),
                    "ads": .number(summary.ads), "wrappers": .number(summary.wrappers),
                    "mediaFiles": .number(summary.mediaFiles),
                ])
            } else {
                let ads = summary.ads == 1 ? "1 ad" : "\(summary.ads) ads"
                output.print("\(InputFile.displayName(path)): ok, VAST \(summary.version.text), \(ads)")
            }
            return true
        } catch {
            report(error, path, bytes, call, &output)
            return false
        }
    }

    private static func report(
        _ error: VASTError, _ path: String, _ bytes: [UInt8], _ call: Invocation, _ output: inout Output
    ) {
        let place = error.location(in: bytes.span.bytes)
        if call[json] {
            output.print([
                "file": .string(path), "valid": false, "reason": .string("\(error.reason)"),
                "found": .string(error.found), "allowed": .string(error.allowed),
                "line": .number(place.line), "column": .number(place.column), "offset": .number(error.offset),
            ])
        } else {
            output.print("\(InputFile.displayName(path)):\(place.line):\(place.column): \(error)")
        }
    }
}
