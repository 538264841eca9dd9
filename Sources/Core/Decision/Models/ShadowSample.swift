// A copy of what one decision gave its models: taken when the answer is made, asked of shadows whenever there is time.
internal import Features
internal import Inference
internal import OpenRTB

/// Room for one decision's copy and what shadows say of it, made for one plan. Allocates nothing once it is made.
public struct ShadowSample: ~Copyable {
    /// Candidates of one decision that are copied, the first ones: two pods of as many as one scores by default.
    public static let rowsMost = 128

    struct Row {
        var lineItem: UInt32 = 0
        var creative: UInt32 = 0
        var goal = PredictedGoal.click
        var tier = ScoringTier.prior
        /// Of the model that decided; NaN where the settings' prior stood in.
        var champion = Double.nan
    }

    public let plan: ScoringPlan
    /// The decision's.
    public private(set) var number: UInt64 = 0
    var rows = DecisionTable<Row>(Self.rowsMost)
    /// Of the request, by column.
    var request: ScoringNumbers<Float>
    /// By row, the columns of line items and creatives.
    var own: ScoringNumbers<Float>
    /// By shadow and row.
    var scores: ScoringNumbers<Double>
    /// By shadow.
    var isScored = DecisionTable<Bool>(ShadowModel.most)

    public init(_ plan: ScoringPlan) {
        self.plan = plan
        request = ScoringNumbers(plan.models.features.schema.features.count)
        own = ScoringNumbers(Self.rowsMost * plan.shadowColumns.count)
        scores = ScoringNumbers(Self.rowsMost * plan.shadows.count)
        for _ in plan.shadows { _ = isScored.append(false) }
    }

    /// Takes in what the decider has just decided. False where nothing was predicted.
    public mutating func take(_ decision: Decision, by decider: borrowing Decider) -> Bool {
        rows.removeAll()
        guard decider.workspace.scoring.scored.count > 0 else { return false }
        number = decision.id
        let width = plan.models.features.schema.features.count
        var shared = request.first(width)
        for column in 0..<width { shared[column] = decider.workspace.scoring.request.value(0, column) }
        let count = min(decider.workspace.scoring.scored.count, Self.rowsMost)
        let columns = plan.shadowColumns
        var values = own.first(count * columns.count)
        for row in 0..<count {
            let scored = decider.workspace.scoring.scored[row]
            _ = rows.append(
                Row(
                    lineItem: scored.lineItem, creative: scored.creative, goal: scored.goal,
                    tier: scored.tier, champion: scored.probability ?? .nan))
            for place in columns.indices {
                values[row * columns.count + place] =
                    decider.workspace.scoring.rows.value(row, columns[place])
            }
        }
        for shadow in plan.shadows.indices { isScored[shadow] = false }
        return true
    }

    /// Candidates that a shadow is asked about.
    public func count(for shadow: Int) -> Int {
        let goal = plan.shadows[shadow].planned.served.goal
        var count = 0
        for row in 0..<rows.count where rows[row].goal == goal { count += 1 }
        return count
    }

    public var isAnyScored: Bool {
        for shadow in plan.shadows.indices where isScored[shadow] { return true }
        return false
    }
}

/// What asking shadows takes: rows as they want them, and a scratch for each. Used by one thread.
public struct ShadowScorer: ~Copyable {
    private let input: ScoringNumbers<Float>
    private let output = ScoringNumbers<Double>(ShadowSample.rowsMost)
    private let scratches: ModelScratches

    public init(_ plan: ScoringPlan) {
        let widest = plan.shadows.map { $0.planned.served.model.featureCount }.max() ?? 1
        input = ScoringNumbers(ShadowSample.rowsMost * widest)
        scratches = ModelScratches(plan.shadows.map(\.planned))
    }

    /// Asks one shadow about the candidates of its goal. What it says is kept as it is, sense or none.
    public mutating func score(_ sample: inout ShadowSample, by shadow: Int) {
        let plan = sample.plan
        let planned = plan.shadows[shadow].planned
        let width = planned.served.model.featureCount
        let count = sample.count(for: shadow)
        guard count > 0 else { return }
        let request = sample.request.span(plan.models.features.schema.features.count)
        let own = sample.own.span(sample.rows.count * plan.shadowColumns.count)
        var target = input.first(count * width)
        for feature in 0..<width { target[feature] = request[Int(planned.columns[feature])] }
        planned.served.model.prepare(input.span(width), &scratches[shadow])
        var place = 0
        for row in 0..<sample.rows.count where sample.rows[row].goal == planned.served.goal {
            for (feature, at) in zip(planned.own, plan.shadows[shadow].places) {
                target[place * width + Int(feature)] = own[row * plan.shadowColumns.count + at]
            }
            place += 1
        }
        var scores = output.first(count)
        planned.served.model.score(input.span(count * width), into: &scores, &scratches[shadow])
        planned.served.model.head.predict(&scores)
        planned.served.calibrator?.replace(&scores)
        var kept = sample.scores.first(ShadowSample.rowsMost * plan.shadows.count)
        place = 0
        for row in 0..<sample.rows.count where sample.rows[row].goal == planned.served.goal {
            kept[shadow * ShadowSample.rowsMost + row] = scores[place]
            place += 1
        }
        sample.isScored[shadow] = true
    }
}

/// A shadow with where its features stand.
struct PlannedShadow: Sendable {
    let name: String
    let planned: PlannedModel
    /// By the features that candidates do not share, the place among the copied columns.
    let places: [Int]
}
