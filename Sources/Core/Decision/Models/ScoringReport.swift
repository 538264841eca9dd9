// What models said, for whoever asks why: every prediction with its tier, and the values that it was made from.
public import Features

public struct ScoringReport: Sendable {
    /// A value that models were given.
    public struct Value: Sendable {
        public let name: String
        public let value: Float
        public let code: FeatureCode
        /// Of a category, its word.
        public let word: String?
    }

    /// What was predicted for one candidate.
    public struct Prediction: Sendable {
        public let goal: PredictedGoal
        public let tier: ScoringTier
        /// Nil where the settings' prior stands in.
        public let probability: Double?
        /// The version of the model that said so; nil where it was none.
        public let model: UInt64?
        /// Whether it is one of its campaign's own.
        public let isOwn: Bool
        /// Of its line item and its creative.
        public let values: [Value]
    }

    public struct Goal: Sendable {
        public let goal: PredictedGoal
        /// By tier, for how many candidates it predicted.
        public let candidates: [Int]
        /// Why the full and the distilled models were not used any more.
        public let falls: [TierFall?]
        /// Of those for all campaigns.
        public let versions: [UInt64?]
    }

    /// Of the set.
    public let version: UInt64
    public let schema: String
    public let goals: [Goal]
    /// Of the request, its viewer, household and content.
    public let request: [Value]
}

extension ScoringRoom {
    var report: ScoringReport? {
        guard let plan else { return nil }
        let schema = plan.models.features.schema
        return ScoringReport(
            version: plan.models.version, schema: "\(schema.name) \(schema.version)",
            goals: PredictedGoal.allCases.compactMap { tally(of: $0) },
            request: isFilled ? Self.values(request, 0, plan) { $0 != .lineItem && $0 != .creative } : [])
    }

    /// How far a goal's predictions had to fall; nil where none were asked for.
    func tally(of goal: PredictedGoal) -> ScoringReport.Goal? {
        let place = Int(goal.rawValue)
        guard let plan, goals[place].isAsked else { return nil }
        return ScoringReport.Goal(
            goal: goal, candidates: (0..<3).map { goals[place].candidates[$0] },
            falls: (0..<ScoringTier.models).map { goals[place].falls[$0] },
            versions: (0..<ScoringTier.models).map {
                ScoringTier(rawValue: UInt8($0)).flatMap { plan.general(goal, $0)?.version }
            })
    }

    /// What a model predicted of an ad; nil where none did.
    func sold(lineItem: Int, creative: Int) -> AdPrediction? {
        guard plan != nil, let row = row(lineItem: lineItem, creative: creative), scored[row].model != nil,
            let probability = scored[row].probability
        else { return nil }
        return AdPrediction(goal: scored[row].goal, probability: probability)
    }

    func prediction(lineItem: Int, creative: Int) -> ScoringReport.Prediction? {
        guard let plan, let row = row(lineItem: lineItem, creative: creative) else { return nil }
        return ScoringReport.Prediction(
            goal: scored[row].goal, tier: scored[row].tier, probability: scored[row].probability,
            model: scored[row].model.map { plan.models.models[Int($0)].version },
            isOwn: scored[row].model.map { !plan.models.models[Int($0)].campaigns.isEmpty } ?? false,
            values: Self.values(rows, row, plan) { $0 == .lineItem || $0 == .creative })
    }

    private static func values(
        _ rows: borrowing FeatureRows, _ row: Int, _ plan: ScoringPlan, _ isWanted: (FeatureEntity) -> Bool
    ) -> [ScoringReport.Value] {
        var values: [ScoringReport.Value] = []
        for (column, feature) in plan.models.features.schema.features.enumerated()
        where isWanted(feature.entity) {
            let value = rows.value(row, column)
            let place = Int(exactly: value)
            let word = place.flatMap {
                feature.categories.indices.contains($0) ? feature.categories[$0] : nil
            }
            values.append(
                .init(name: feature.name, value: value, code: rows.code(row, column), word: word))
        }
        return values
    }
}

extension Decider {
    /// For how many candidates a tier of a goal predicted in the last decision.
    public func predicted(_ goal: PredictedGoal, _ tier: ScoringTier) -> Int {
        workspace.scoring.goals[Int(goal.rawValue)].candidates[Int(tier.rawValue)]
    }

    /// Why a tier of a goal was not used any more in the last decision; nil where it was, or where nothing was
    /// predicted.
    public func fall(of goal: PredictedGoal, _ tier: ScoringTier) -> TierFall? {
        guard tier < .prior else { return nil }
        return workspace.scoring.goals[Int(goal.rawValue)].falls[Int(tier.rawValue)]
    }

    /// How many values the last decision gave its models, by the number of what stands behind them. Looks at each: for
    /// some decisions of many.
    public var valuesByCode: InlineArray<5, Int> {
        var counts = InlineArray<5, Int>(repeating: 0)
        guard let plan = workspace.scoring.plan, workspace.scoring.isFilled else { return counts }
        for column in plan.requestColumns {
            counts[Int(workspace.scoring.request.code(0, column).rawValue)] += 1
        }
        for row in 0..<workspace.scoring.scored.count {
            for column in plan.ownColumns {
                counts[Int(workspace.scoring.rows.code(row, column).rawValue)] += 1
            }
        }
        return counts
    }

    /// Profiles that the last decision asked for, and how many of them were known.
    public var profilesAsked: (all: Int, known: Int) {
        let (request, rows) = (workspace.scoring.request.tally, workspace.scoring.rows.tally)
        return (request.all + rows.all, request.known + rows.known)
    }
}

extension FeatureRows {
    fileprivate var tally: (all: Int, known: Int) {
        var known = 0
        for index in 0..<askCount where self[ask: index].version > 0 { known += 1 }
        return (askCount, known)
    }
}
