// `paceline openrtb check`: whether bid requests would be accepted, and what a node understands of them.
import Commands
import JSON
import OpenRTB
import Documents

enum OpenRTBCheck {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: true, "A bid request, or - for standard input.")
    static let json = Parameter.json

    private static let sample =
        #"{"id":"r1","imp":[{"id":"1","video":{"mimes":["video/mp4"],"maxduration":30}}]}"#

    static let command = Command(
        "check", "Checks bid requests, and says what is in them.",
        discussion: """
            Reads OpenRTB 2.6 as a node does: what it does not know is passed over, what could not be
            answered rightly is refused, with the path in the request, what was found there and what is
            allowed. Of an accepted request it says what was understood: impressions, pods and their
            slots, deals, what is known of inventory and device, and which consent fields are there.
            Exits with 1 where a request is refused or could not be read.
            """,
        parameters: [files, json],
        examples: [
            Example(
                "echo '\(sample)' > request.json; paceline openrtb check request.json",
                "See what is understood of a request.", prints: "request.json: ok"),
            Example(
                #"echo '{"id":"r2"}' > empty.json; paceline openrtb check empty.json"#,
                "A refusal comes with its place.", outcome: .failed,
                prints: "empty.json:1:1: imp: found nothing; allowed at least one impression"),
            Example("paceline openrtb check --json request.json", "The same for programs."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        var reader = BidRequestReader()
        var outcome = Outcome.ok
        for path in call[files] where !check(path, &reader, call, &output) { outcome = .failed }
        return outcome
    }

    /// Whether the request is accepted.
    private static func check(
        _ path: String, _ reader: inout BidRequestReader, _ call: Invocation, _ output: inout Output
    ) -> Bool {
        guard let bytes = call.read(path, limit: RequestLimits().bytes, asJSON: call[json], &output) else {
            return false
        }
        let name = InputFile.displayName(path)
        do {
            let request = try reader.read(bytes.span.bytes)
            let summary = RequestSummary(request)
            if call[json] {
                output.print(["file": .string(path), "valid": true, "request": summary.tree])
            } else {
                output.print("\(name): ok")
                for line in summary.lines { output.print("  \(line)") }
            }
            return true
        } catch {
            let place = JSONLocation(of: error.offset, in: bytes.span.bytes)
            if call[json] {
                output.print([
                    "file": .string(path), "valid": false, "path": .string(error.path),
                    "found": .string(error.found), "allowed": .string(error.allowed),
                    "line": .number(place.line), "column": .number(place.column),
                    "offset": .number(error.offset),
                ])
            } else {
                output.print("\(name):\(place.line):\(place.column): \(error)")
            }
            return false
        }
    }
}
