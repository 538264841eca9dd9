// The models that decisions are made with: for each goal those that predict it, by tier, over the features of one
// schema.
public import Features
public import Inference
public import Units

/// What is predicted of an impression. Numbers are given once: journals hold them.
public enum PredictedGoal: UInt8, CaseIterable, Sendable {
    case click = 0
    case completedView = 1
    case action = 2

    public var name: String {
        switch self {
        case .click: "click"
        case .completedView: "completed view"
        case .action: "action"
        }
    }
}

/// Which of a goal's predictions is used, best first. Numbers are given once: journals hold them.
public enum ScoringTier: UInt8, CaseIterable, Sendable, Comparable {
    case full = 0
    /// A smaller model that was taught by the full one.
    case distilled = 1
    /// One number for all impressions.
    case prior = 2

    public static func < (a: ScoringTier, b: ScoringTier) -> Bool { a.rawValue < b.rawValue }

    /// Those that have a model.
    static let models = 2
}

/// Why a tier was not used. Numbers are given once: journals hold them.
public enum TierFall: UInt8, CaseIterable, Sendable {
    /// There is no such model.
    case missing = 1
    /// It takes longer than what is left of the request's time.
    case deadline = 2
    /// Requests wait for longer than they may.
    case load = 3
    /// It said what is no number, or no probability.
    case senseless = 4

    public var sentence: String {
        switch self {
        case .missing: "there is no model of it"
        case .deadline: "it takes longer than the time that is left"
        case .load: "the shard is overloaded"
        case .senseless: "it gave what is no probability"
        }
    }
}

/// One model of a goal.
public struct ServedModel: Sendable {
    public let goal: PredictedGoal
    /// Full or distilled.
    public let tier: ScoringTier
    public let model: Model
    /// From what the model predicts to a probability that holds.
    public let calibrator: Calibrator?
    /// By which records name it.
    public let version: UInt64
    /// What one candidate took when the model was loaded; nil where nobody measured it.
    public let cost: Interval?
    /// What its features are called in the schema; none where it has their order.
    let featureNames: [String]
    /// The ids of those that it predicts for in place of the model for all; none where it is that one.
    public let campaigns: [String]

    /// - Parameter columns: the schema's features in the model's order, where its own names are not theirs.
    public init(
        _ goal: PredictedGoal, _ tier: ScoringTier, _ model: Model, calibrator: Calibrator?, version: UInt64,
        columns: [String]? = nil, campaigns: [String] = [], cost: Interval? = nil
    ) {
        precondition(tier != .prior, "a prior is no model")
        (self.goal, self.tier, self.model) = (goal, tier, model)
        (self.calibrator, self.version, self.cost) = (calibrator, version, cost)
        self.campaigns = campaigns
        featureNames = columns ?? model.head.featureNames
    }
}

/// All models at one time. A decision sees one of these, whole.
public struct ServedModels: Sendable {
    /// As many decide at one time, and each of them has a scratch on each shard.
    public static let most = 1_024

    /// By which records name the set.
    public let version: UInt64
    public let features: CompiledFeatures
    public let models: [ServedModel]
    /// Those that are only compared.
    public let shadows: [ShadowModel]
    /// By goal, the mean that was observed; nil where the settings' prior stands in.
    public let priors: [Double?]

    public init(
        version: UInt64, features: CompiledFeatures, models: [ServedModel], shadows: [ShadowModel] = [],
        priors: [PredictedGoal: Double] = [:]
    ) {
        precondition(shadows.count <= ShadowModel.most, "more shadows than a sample has room for")
        precondition(models.count <= Self.most, "more models than a set may have")
        precondition(priors.values.allSatisfy { (0...1).contains($0) }, "a prior is a probability")
        (self.version, self.features, self.models, self.shadows) = (version, features, models, shadows)
        self.priors = PredictedGoal.allCases.map { priors[$0] }
    }
}

/// Why models cannot be used with a schema.
public struct ModelsRefused: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ model: ServedModel, _ found: String, allowed: String) {
        let whose = model.campaigns.first.map { " for the campaign \($0)" } ?? ""
        description =
            "the \(model.tier) model of \(model.goal.name)s\(whose): found \(found); allowed \(allowed)"
    }
}
