// `paceline pod solve`: fills one pod from a file and says who got in, who did not, and why.
import Auction
import Commands
import DecisionJournal
import JSON
import Documents
import Units

enum PodSolve {
    /// A hundred times what the largest problem takes.
    static let limitBytes = 4 * 1024 * 1024

    static let file = Parameter.argument("FILE", WordKind.file, "A pod problem, or - for standard input.")
    static let steps = Parameter.option(
        "steps", .integer(0...1_000_000_000), default: PodLimits.steps,
        "Steps that the search may take before it settles for a bound.")
    static let json = Parameter.jsonLine

    static let command = Command(
        "solve", "Fills a pod with the ads that are worth the most together.",
        discussion: """
            The file is one object. "impressions" are the parts of the pod in their order, each with OpenRTB's
            minduration, maxduration, rqddurs, bidfloor, mincpmpersec and durfloors; with poddur and maxseq it
            is a dynamic part for several ads, without them a slot for one. "candidates" have a duration and
            a value, and may have name, lineItem, creative, advertiser, mediaFile, price (what floors are held
            against; else the value), tier (sponsorship, guaranteed or open), categories, and avoids: the
            categories that they share no pod with.

            For the whole pod: poddedupe (1 advertiser, 2 category, 3 creative, 4 media file; without it 1
            and 3), apartInPod and apartWhenAdjacent (categories), blockedCategories, blockedAdvertisers,
            firstPremium and lastPremium (shares of the value), and for what the viewer saw before: seen (a
            creative, an advertiser or both), seenCreative and seenAdvertiser ("ignore", "exclude", or the
            share of its value that an ad loses).

            Amounts are decimals with at most six decimals. An earlier tier goes before any value of a later
            one. Exits with 1 where the file is refused or could not be read; an empty pod is an answer.
            """,
        parameters: [file, steps, json],
        examples: [
            Example(
                #"echo '{"impressions": [{"poddur": 60, "maxseq": 3}], "candidates": [{"name": "car", "duration": 30, "value": 9}, {"name": "tea", "duration": 45, "value": 12}, {"name": "film", "duration": 30, "value": 8}]}' > pod.json; paceline pod solve pod.json"#,
                "Two shorter ads are worth more than one that fills the pod.",
                prints: "pod.json: 2 ads, 60 s, worth 17: the best there is (3 steps)"),
            Example(
                "paceline pod solve --json - < pod.json", "The same for programs.",
                outcome: .ok),
            Example(
                "sed 's/poddur/podduration/' pod.json | paceline pod solve -",
                "A mistake comes with its place.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        let path = call[file]
        guard let bytes = call.read(path, limit: limitBytes, asJSON: call[json], &output) else {
            return .failed
        }
        let pod: PodFile
        do {
            pod = try PodFile(try JSONTree(reading: bytes))
        } catch let refusal as PodRefusal {
            return refuse(path, bytes, refusal.offset, refusal.message, call, &output)
        } catch let error as JSONError {
            return refuse(path, bytes, error.offset, "\(error.reason)", call, &output)
        } catch {
            return refuse(path, bytes, 0, "\(error)", call, &output)
        }
        var solver = PodSolver()
        let solution = solver.solve(pod.problem, steps: call[steps])
        if call[json] {
            output.print(tree(path, pod, solution))
        } else {
            for line in lines(path, pod, solution) { output.print(line) }
        }
        return .ok
    }

    private static func refuse(
        _ path: String, _ bytes: [UInt8], _ offset: Int, _ message: String, _ call: Invocation,
        _ output: inout Output
    ) -> Outcome {
        let place = JSONError(.malformed, at: offset).location(in: bytes.span.bytes)
        if call[json] {
            output.print([
                "file": .string(path), "valid": false, "reason": .string(message),
                "line": .number(place.line), "column": .number(place.column),
            ])
        } else {
            output.print("\(InputFile.displayName(path)):\(place.line):\(place.column): \(message)")
        }
        return .failed
    }

    private static func lines(_ path: String, _ pod: borrowing PodFile, _ solution: PodSolution) -> [String] {
        let seconds = (0..<solution.count).reduce(0) {
            $0 + Int(pod.problem.candidate(solution[$1].candidate).seconds)
        }
        let proof =
            solution.isProven
            ? "the best there is" : "no pod is worth more than \(solution.bound.text)"
        var lines = [
            "\(InputFile.displayName(path)): \(counted(solution.count, "ad")), \(seconds) s, worth "
                + "\(solution.score.text): \(proof) (\(counted(solution.steps, "step")))"
        ]
        for position in 0..<solution.count {
            let place = solution[position]
            lines.append(
                "  \(position + 1)  \(pod.names[place.candidate])  "
                    + "\(pod.problem.candidate(place.candidate).seconds) s  worth \(place.value)"
                    + "  impressions[\(place.segment)]")
        }
        for (index, name) in pod.names.enumerated() {
            let outcome = pod.problem.outcome(of: index, in: solution)
            if case .placed = outcome { continue }
            lines.append("  -  \(name): \(outcome.sentence)")
        }
        return lines
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    private static func tree(_ path: String, _ pod: borrowing PodFile, _ solution: PodSolution) -> JSONTree {
        var ads: [JSONTree] = []
        for position in 0..<solution.count {
            let place = solution[position]
            ads.append([
                "candidate": .number(place.candidate), "name": .string(pod.names[place.candidate]),
                "impression": .number(place.segment), "value": .amount(place.value),
            ])
        }
        var left: [JSONTree] = []
        for (index, name) in pod.names.enumerated() {
            let outcome = pod.problem.outcome(of: index, in: solution)
            if case .placed = outcome { continue }
            left.append([
                "candidate": .number(index), "name": .string(name), "reason": .string(outcome.sentence),
            ])
        }
        return [
            "file": .string(path), "valid": true, "pod": .array(ads), "value": solution.score.tree,
            "bound": solution.bound.tree, "proven": .bool(solution.isProven),
            "steps": .number(solution.steps),
            "left": .array(left),
        ]
    }
}

extension JSONTree {
    fileprivate static func amount(_ amount: Micros) -> JSONTree { JSONTree(.number("\(amount)")) }
}

extension PodScore {
    /// Only the tiers that have something.
    fileprivate var text: String {
        let parts = PriorityTier.allCases.filter { self[$0] > .zero }
        if parts.isEmpty || parts == [.open] { return "\(open)" }
        return parts.map { "\(self[$0]) \($0)" }.joined(separator: " + ")
    }

    fileprivate var tree: JSONTree {
        .object(PriorityTier.allCases.map { .init("\($0)", .amount(self[$0])) })
    }
}
