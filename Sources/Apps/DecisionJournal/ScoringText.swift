// What models said in a decision, for people and for programs.
import Commands
public import Decision
public import Documents
import Features
import Units

extension ScoringReport {
    /// - Parameter pods: whose candidates' predictions are shown.
    func lines(_ pods: [DecisionReport.Pod]) -> [String] {
        var lines = ["", "models \(hexadecimal(version)), features of \(schema)"]
        lines += goals.flatMap { ScoringText.lines($0.goal, $0.candidates, $0.falls, $0.versions) }
        if !request.isEmpty {
            lines.append("    of the request: \(request.map(\.text).joined(separator: ", "))")
        }
        var shown: Set<String> = []
        for candidate in pods.flatMap(\.candidates) {
            guard let prediction = candidate.prediction,
                shown.insert("\(candidate.lineItem), \(candidate.creative)").inserted
            else { continue }
            let values = prediction.values.map(\.text).joined(separator: ", ")
            lines.append(
                "    \(candidate.lineItem), \(candidate.creative): \(prediction.text)"
                    + (values.isEmpty ? "" : "; \(values)"))
        }
        return lines
    }

    var tree: JSONTree {
        [
            "version": .string(hexadecimal(version)), "schema": .string(schema),
            "goals": .array(goals.map { ScoringText.tree($0.goal, $0.candidates, $0.falls, $0.versions) }),
            "request": .array(request.map(\.tree)),
        ]
    }
}

extension RecordedModels {
    /// Of a record whose decision is not made again.
    var lines: [String] {
        ["", "models \(hexadecimal(version))"]
            + goals.flatMap { ScoringText.lines($0.goal, $0.candidates, $0.falls, $0.versions) }
    }

    public var tree: JSONTree {
        [
            "version": .string(hexadecimal(version)), "schema": .string(hexadecimal(schema)),
            "goals": .array(goals.map { ScoringText.tree($0.goal, $0.candidates, $0.falls, $0.versions) }),
            "profiles": profiles.map { .number($0.count) } ?? .null,
        ]
    }
}

private enum ScoringText {
    static func lines(
        _ goal: PredictedGoal, _ candidates: [Int], _ falls: [TierFall?], _ versions: [UInt64?]
    ) -> [String] {
        var lines: [String] = []
        for tier in ScoringTier.allCases {
            let place = Int(tier.rawValue)
            let version =
                versions.indices.contains(place)
                ? versions[place].map { " \(hexadecimal($0))" } ?? "" : ""
            if candidates[place] > 0 {
                lines.append("    \(goal.name): \(tier)\(version) for \(candidates[place]) candidates")
            }
            if falls.indices.contains(place), let fall = falls[place] {
                lines.append("    \(goal.name): not \(tier)\(version): \(fall.sentence)")
            }
        }
        return lines
    }

    static func tree(
        _ goal: PredictedGoal, _ candidates: [Int], _ falls: [TierFall?], _ versions: [UInt64?]
    ) -> JSONTree {
        .object([
            .init("goal", .string("\(goal)")),
            .init(
                "tiers",
                .array(
                    ScoringTier.allCases.map { tier in
                        let place = Int(tier.rawValue)
                        let hasModel = versions.indices.contains(place)
                        return [
                            "tier": .string("\(tier)"), "candidates": .number(candidates[place]),
                            "model": hasModel
                                ? versions[place].map { .string(hexadecimal($0)) } ?? .null : .null,
                            "notUsed": hasModel ? falls[place].map { .string("\($0)") } ?? .null : .null,
                        ]
                    })),
        ])
    }
}

extension ScoringReport.Prediction {
    fileprivate var text: String {
        let said = probability.map { "\($0)" } ?? "the settings' prior"
        let own = isOwn ? model.map { ", the campaign's own \(hexadecimal($0))" } ?? "" : ""
        return "\(goal.name) \(said) (\(tier)\(own))"
    }

    var tree: JSONTree {
        [
            "goal": .string("\(goal)"), "tier": .string("\(tier)"),
            "probability": probability.map { JSONTree(.number("\($0)")) } ?? .null,
            "model": model.map { .string(hexadecimal($0)) } ?? .null, "isOwn": .bool(isOwn),
            "features": .array(values.map(\.tree)),
        ]
    }
}

extension ScoringReport.Value {
    fileprivate var text: String {
        let shown = value.isNaN ? "-" : word ?? "\(value)"
        return code == .present ? "\(name) \(shown)" : "\(name) \(shown) (\(code))"
    }

    fileprivate var tree: JSONTree {
        [
            "name": .string(name), "value": value.isNaN ? .null : JSONTree(.number("\(value)")),
            "code": .string("\(code)"),
        ]
    }
}
