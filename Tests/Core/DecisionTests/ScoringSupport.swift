// Models small enough to work out by hand: one tree with one split on a named feature.
import Catalog
import Decision
import Features
import Foundation
import Inference
import Units

/// A LightGBM model that gives the raw score `below` where the feature is not above a threshold, and `above` where it is;
/// what is missing counts as zero.
struct Stump {
    var features: [String]
    var split: Int
    var threshold: Double
    var below: Double
    var above: Double
    var objective = "regression"

    var model: Model {
        let text = """
            tree
            version=v4
            num_class=1
            num_tree_per_iteration=1
            label_index=0
            max_feature_idx=\(features.count - 1)
            objective=\(objective)
            feature_names=\(features.joined(separator: " "))
            feature_infos=\(features.map { _ in "[-100:100]" }.joined(separator: " "))
            tree_sizes=300

            Tree=0
            num_leaves=2
            num_cat=0
            split_feature=\(split)
            split_gain=1
            threshold=\(threshold)
            decision_type=2
            left_child=-1
            right_child=-2
            leaf_value=\(below) \(above)
            leaf_weight=1 1
            leaf_count=1 1
            internal_value=0
            internal_weight=2
            internal_count=2
            is_linear=0
            shrinkage=1


            end of trees

            """
        do {
            return try Model(copying: ModelCompiler.compile(ModelReader.read(Array(text.utf8))))
        } catch { fatalError("\(error)") }
    }
}

enum Scored {
    static let schema = """
        {"schema": "paceline/features/1", "name": "test", "version": 1, "features": [
          {"name": "hour", "entity": "request", "from": "hour", "owner": "us"},
          {"name": "zip", "entity": "request", "type": "category", "categories": ["94103", "10001"],
           "from": "postalCode", "owner": "us"},
          {"name": "genre", "entity": "content", "type": "category", "categories": ["news", "drama"],
           "default": 0, "from": "genre", "owner": "us"},
          {"name": "segment", "entity": "user", "type": "category", "categories": ["segment-1", "segment-7"],
           "from": "segment", "owner": "us"},
          {"name": "age", "entity": "user", "owner": "us", "freshSeconds": 60},
          {"name": "tv", "entity": "household", "default": 3, "owner": "us"},
          {"name": "seconds", "entity": "creative", "from": "seconds", "owner": "us"},
          {"name": "goal", "entity": "lineItem", "type": "category",
           "categories": ["cpm", "cpc", "cpcv", "cpa"], "from": "goal", "owner": "us"},
          {"name": "ctr", "entity": "lineItem", "owner": "us"},
          {"name": "finished", "entity": "creative", "default": 0.5, "owner": "us"}
        ]}
        """
    static let features: CompiledFeatures = {
        do { return try CompiledFeatures(reading: Array(schema.utf8)) } catch { fatalError("\(error)") }
    }()
    static let names = features.schema.features.map(\.name)

    /// Three campaigns that pay for a click, a view to the end and an action, and one by the thousand.
    static let snapshot: CatalogSnapshot = {
        var market = SmallMarket()
        market.bidders = [
            .init(id: "clicks", advertiser: "a", bid: 0), .init(id: "views", advertiser: "b", bid: 0),
            .init(id: "actions", advertiser: "c", bid: 0), .init(id: "plain", advertiser: "d", bid: 4),
        ]
        market.change = { source in
            let goals: [(Campaign.Goal, Double)] = [(.cpc, 2), (.cpcv, 0.02), (.cpa, 50)]
            for (index, (goal, value)) in goals.enumerated() {
                source.campaigns[index].goal = goal
                source.campaigns[index].goalValue = cpm(value)
                source.lineItems[index].bid = nil
            }
        }
        do { return try market.snapshot() } catch { fatalError("\(error)") }
    }()

    static func models(
        _ models: [ServedModel], priors: [PredictedGoal: Double] = [:]
    ) -> ServedModels { ServedModels(version: 77, features: features, models: models, priors: priors) }

    static func decider(_ models: ServedModels, settings: DecisionSettings = DecisionSettings()) -> Decider {
        do {
            let plan = try ScoringPlan(models, snapshot)
            return Decider(DecisionIndex(snapshot, settings), settings: settings, plan: plan)
        } catch { fatalError("\(error)") }
    }
}
