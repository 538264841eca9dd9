// `paceline model compare`: shadows beside the models that decided, from what a node journaled.
import Commands
import Decision
import DecisionJournal
import Documents
import Units

enum ModelCompare {
    static let journal = Parameter.requiredOption(
        "journal", WordKind.file,
        "A segment, a journal's directory, or the directory of a node's journals.")
    static let wait = Parameter.option(
        "wait", WordKind.integer(0...604_800), default: 300,
        "Seconds that an ad's notices may take: what was shown later than that before the journal's end is not judged."
    )
    static let json = Parameter.json

    private static let parts = [0.01, 0.1, 0.5, 0.9, 0.99]

    static let command = Command(
        "compare", "Compares shadows with the models that decided.",
        discussion: """
            A package may have models with the role of a shadow: a node asks them about a sample of its decisions, when
            the answers are out, and journals what they say (models.shadowOneIn, models.shadowMilliseconds). Here is, for
            each of them and the champion, about the same candidates: how many there were, the mean, and by how much
            the two differ. Of ads that were shown, notices tell what happened: the log loss, and by how much predictions
            miss in the mean over ten bins; the smaller, the better. Ads are shown because of what the champion said,
            so a shadow is judged where the champion was pleased. Nothing is told of actions.

            Exits with 3 where no record of a shadow was found.
            """,
        parameters: [journal, wait, json],
        examples: [
            Example(
                "mkdir journal; paceline model compare --journal journal",
                "What the shadows of a node said.", outcome: .nothing,
                prints:
                    "no record of a shadow: see models.shadowOneIn"),
            Example(
                "mkdir -p journal; paceline model compare --journal journal --wait 60 --json",
                "For a program, an ad being over after a minute.", outcome: .nothing),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let comparison = ShadowComparison([call[journal]], wait: .seconds(Int64(call[wait])))
        for complaint in comparison.complaints { output.complain("\(call.path): \(complaint)") }
        if call[json] {
            output.print([
                "decisions": .number(comparison.decisions),
                "shadows": .array(comparison.all.map(tree)),
            ])
        } else if comparison.decisions == 0 {
            output.print(
                "no record of a shadow: see models.shadowOneIn")
        } else {
            for pair in comparison.all { for line in lines(pair) { output.print(line) } }
        }
        if !comparison.complaints.isEmpty { return .failed }
        return comparison.decisions == 0 ? .nothing : .ok
    }

    private static func lines(_ pair: ShadowPair) -> [String] {
        var lines = [
            "\(pair.goal.name): shadow \(pair.name) \(hexadecimal(pair.version)), "
                + "asked in \(pair.decisions) decisions",
            columns(["", "said", "mean", "judged", "happened", "their mean", "log loss", "off by"]),
            columns(["champion"] + cells(pair.champion)), columns([pair.name] + cells(pair.shadow)),
        ]
        let tiers = zip(ScoringTier.allCases, pair.tiers).filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        if !tiers.isEmpty { lines.append("  champion by tier: \(tiers.joined(separator: ", "))") }
        if let quantiles = pair.differences(at: parts) {
            let texts = zip(parts, quantiles).map { "\(Int(($0 * 100).rounded())) %: \(fixed(Double($1)))" }
            lines.append("  shadow less champion: \(texts.joined(separator: ", "))")
        }
        if pair.unpredicted > 0 {
            lines.append("  \(pair.unpredicted) candidates more for which the champion had no prediction")
        }
        if pair.senseless > 0 {
            lines.append(
                "  \(pair.senseless) candidates more of which the shadow said what is no probability")
        }
        return lines
    }

    private static func cells(_ tally: PredictionTally) -> [String] {
        guard tally.count > 0 else { return ["0"] + [String](repeating: "-", count: 6) }
        let said = ["\(tally.count)", fixed(tally.mean), "\(tally.outcomes)"]
        guard tally.outcomes > 0 else { return said + [String](repeating: "-", count: 4) }
        return said + [tally.happened, tally.judgedMean, tally.logLoss, tally.miss].map(fixed)
    }

    private static func columns(_ cells: [String]) -> String {
        let padded = cells.enumerated().map { index, cell in
            let blank = String(repeating: " ", count: max(0, (index == 0 ? 20 : 11) - cell.count))
            return index == 0 ? "  " + cell + blank : blank + cell
        }
        return padded.joined()
    }

    /// With five places behind the point.
    private static func fixed(_ number: Double) -> String {
        let scaled = Int64((abs(number) * 100_000).rounded())
        let rest = String(scaled % 100_000)
        let zeros = String(repeating: "0", count: 5 - rest.count)
        return "\(number < 0 && scaled > 0 ? "-" : "")\(scaled / 100_000).\(zeros)\(rest)"
    }

    private static func tree(_ pair: ShadowPair) -> JSONTree {
        func said(_ tally: PredictionTally) -> JSONTree {
            func judged(_ number: Double) -> JSONTree {
                tally.outcomes > 0 ? JSONTree(.number(fixed(number))) : .null
            }
            return [
                "predictions": .number(tally.count),
                "mean": tally.count > 0 ? JSONTree(.number(fixed(tally.mean))) : .null,
                "judged": .number(tally.outcomes), "happened": judged(tally.happened),
                "judgedMean": judged(tally.judgedMean), "logLoss": judged(tally.logLoss),
                "offBy": judged(tally.miss),
            ]
        }
        let quantiles = pair.differences(at: parts) ?? []
        return [
            "goal": .string("\(pair.goal)"), "shadow": .string(pair.name),
            "version": .string(hexadecimal(pair.version)), "decisions": .number(pair.decisions),
            "champion": said(pair.champion), "said": said(pair.shadow),
            "differences": .object(
                zip(parts, quantiles).map {
                    .init("p\(Int(($0 * 100).rounded()))", JSONTree(.number(fixed(Double($1)))))
                }),
            "unpredicted": .number(pair.unpredicted), "senseless": .number(pair.senseless),
        ]
    }
}
