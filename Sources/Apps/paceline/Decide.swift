// `paceline decide`: what would be answered to one bid request, and why, from a catalog on disk.
import Auction
import Catalog
import Commands
import Decision
import DecisionJournal
import Documents
import JSON
import Kernel
import OpenRTB
import Units

enum Decide {
    static let catalog = Parameter.option(
        "catalog", WordKind.file, "A catalog: a directory of JSON files, or a compiled snapshot.")
    static let request = Parameter.option(
        "request", WordKind.file, "An OpenRTB bid request, or - for standard input.")
    static let models = Parameter.option(
        "models", WordKind.file,
        "A directory with models.json, which predict clicks, views and actions; without it, fixed shares.")
    static let time = Parameter.option(
        "at", WordKind.instant, "When to decide, as in 2026-11-20T18:00:00Z; without it, now.")
    static let seed = Parameter.option(
        "seed", .integer(0...Int.max), default: 0, "Decides between equals, and numbers the bids.")
    static let format = Parameter.option(
        "format", .choice("FORMAT"), default: AnswerFormat.openrtb,
        "What to answer with: a bid response, or the first pod as a VAST document.")
    static let explain = Parameter.flag("explain", "Print the way to the answer instead of the answer.")
    static let json = Parameter.json

    private static let sample = "paceline decide --catalog Examples/catalog --request Examples/ctv-pod.json"

    static let command = Command(
        "decide", "Decides one bid request against a catalog, and says why.",
        discussion: """
            Prints the answer: a bid response with VAST in adm, or a pod as VAST. With --explain, what became
            of every line item instead: which filter took how many, what each ad that competed was worth, and
            where it stands. The same request, catalog, time and seed give the same bytes.

            Privacy, targeting, creatives, deals, floors, prices and pods are decided as a node does. Budgets
            have no end here, and the viewer has seen nothing: no line item is refused for what happened
            before, and no profile is known. Goals other than CPM are worth what --models predict or, without
            them, what fixed shares of clicks, views and actions make of them.

            Exits with 0 for bids and for a no-bid, whose nbr says why, and with 1 for a request or a catalog
            that is refused.
            """,
        parameters: [catalog, request, models, time, seed, format, explain, json],
        examples: [
            Example("\(sample) --at 2026-11-20T20:30:00-05:00 --explain", "See who fills a break, and why."),
            Example(
                "\(sample) --at 2026-11-20T20:30:00-05:00 --format vast > pod.xml; paceline vast check pod.xml",
                "The same break as VAST.", prints: "pod.xml: ok, VAST 4.2, 3 ads"),
            Example(
                "\(sample) --at 2026-11-20T20:30:00-05:00 --models Examples/predictions --explain",
                "The same with models: what they were given, and what they said."),
            Example(
                "echo '{}' | paceline decide --catalog Examples/catalog --request -",
                "A refusal comes with its place.", outcome: .failed,
                prints: "(standard input):1:1: id: found nothing; allowed a string that is not empty"),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard let catalog = call[catalog] else { throw Failure("--catalog is missing", .usage) }
        guard let path = call[request] else { throw Failure("--request is missing", .usage) }
        let snapshot = try CatalogInput.compiled(catalog)
        let bytes = try InputFile.read(path, limit: RequestLimits().bytes)
        let settings = DecisionSettings()
        var plan: ScoringPlan?
        if let path = call[models] {
            let served = try ModelDirectory(path, isMeasured: false).served
            do { plan = try ScoringPlan(served, snapshot) } catch { throw Failure("\(path): \(error)") }
        }
        var decider = Decider(DecisionIndex(snapshot, settings), settings: settings, plan: plan)
        let decision: Decision
        do {
            decision = try decider.decide(
                bytes.span.bytes, at: call[time] ?? Kernel.wallNow(),
                seed: UInt64(call[seed]), format: call[format], explains: call[explain])
        } catch {
            refuse(path, bytes, error, call, &output)
            return .failed
        }
        if call[explain], let report = decider.report {
            if call[json] {
                output.print(report.tree(decision))
            } else {
                for line in report.lines(decision) { output.print(line) }
            }
        } else {
            decider.answer.withUnsafeBytes { output.write($0) }
            output.write("\n")
        }
        return .ok
    }

    private static func refuse(
        _ path: String, _ bytes: [UInt8], _ error: OpenRTBError, _ call: Invocation, _ output: inout Output
    ) {
        let place = JSONLocation(of: error.offset, in: bytes.span.bytes)
        if call[json] {
            output.print([
                "valid": false, "path": .string(error.path), "found": .string(error.found),
                "allowed": .string(error.allowed), "line": .number(place.line),
                "column": .number(place.column),
            ])
        } else {
            output.print("\(InputFile.displayName(path)):\(place.line):\(place.column): \(error)")
        }
    }
}
