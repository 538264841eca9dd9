// What scoring needs to know of models and a catalog beforehand, worked out once for both and read by all shards:
// which columns of the schema each model's features are, and what the catalog says of every line item and creative.
public import Catalog
internal import Features
internal import Inference
internal import Units

/// By one snapshot and one set of models.
public final class ScoringPlan: Sendable {
    public let models: ServedModels
    let requests: RequestFeatures
    let lineItems: CatalogFeatures
    let creatives: CatalogFeatures
    /// By line item, what it pays for and how much.
    let goals: [PlannedGoal]
    /// By their number in the set.
    let planned: [PlannedModel]
    /// Which models predict for whom: first those for all, by goal, then those of campaigns that have their own.
    let groups: [ModelGroup]
    /// Campaigns that models name and the catalog does not have.
    public let unknownCampaigns: [String]
    /// Columns that are the request's own, and those of line items and creatives.
    let requestColumns: [Int]
    let ownColumns: [Int]
    let shadows: [PlannedShadow]
    /// Columns of line items and creatives that some shadow reads.
    let shadowColumns: [Int]

    /// Takes some seconds for a million line items. Fails where a model wants a feature that the schema does not have.
    public init(_ models: ServedModels, _ snapshot: CatalogSnapshot) throws(ModelsRefused) {
        self.models = models
        let features = models.features.schema.features
        func isOwn(_ column: Int) -> Bool { [.lineItem, .creative].contains(features[column].entity) }
        requestColumns = features.indices.filter { !isOwn($0) }
        ownColumns = features.indices.filter(isOwn)
        var planned: [PlannedModel] = []
        for model in models.models { planned.append(try PlannedModel(model, models.features)) }
        self.planned = planned
        let grouping = try ModelGrouping(models, snapshot)
        (groups, unknownCampaigns) = (grouping.groups, grouping.unknownCampaigns)
        var shadowed: [(String, PlannedModel)] = []
        for shadow in models.shadows {
            shadowed.append((shadow.name, try PlannedModel(shadow.served, models.features)))
        }
        let columns = Set(shadowed.flatMap { _, model in model.own.map { Int(model.columns[Int($0)]) } })
            .sorted()
        shadows = shadowed.map { name, model in
            PlannedShadow(
                name: name, planned: model,
                places: model.own.compactMap { columns.firstIndex(of: Int(model.columns[Int($0)])) })
        }
        shadowColumns = columns
        requests = RequestFeatures(models.features)
        lineItems = .lineItems(models.features, snapshot)
        creatives = .creatives(models.features, snapshot)
        goals = (0..<snapshot.lineItemCount).map { PlannedGoal($0, snapshot, grouping) }
    }

    /// The model for all of a goal and tier.
    func general(_ goal: PredictedGoal, _ tier: ScoringTier) -> ServedModel? {
        groups[Int(goal.rawValue)][tier].map { models.models[$0] }
    }
}

/// What a line item pays for.
struct PlannedGoal: Sendable {
    /// Nil where its price does not depend on what is predicted.
    let goal: PredictedGoal?
    let value: Micros
    /// Whose models predict it.
    let group: UInt32

    init(_ row: Int, _ snapshot: CatalogSnapshot, _ grouping: ModelGrouping) {
        let item = snapshot.lineItemRow(row)
        let campaign = snapshot.campaignRow(item.campaign)
        value = item.goalValue ?? campaign.goalValue
        goal = item.bid == nil ? campaign.goal.predicted : nil
        group = grouping.group(ofCampaign: item.campaign)
    }
}

/// A model with where its features stand in the schema.
struct PlannedModel: Sendable {
    let served: ServedModel
    /// By the model's feature, its column.
    let columns: [UInt32]
    /// Features that all candidates of a request share.
    let shared: Set<Int>
    /// The others.
    let own: [UInt32]

    init(_ served: ServedModel, _ features: CompiledFeatures) throws(ModelsRefused) {
        self.served = served
        let model = served.model
        guard model.outputCount == 1 else {
            throw ModelsRefused(served, "\(model.outputCount) outputs", allowed: "one")
        }
        // The prediction of a row is a number of its own.
        guard model.head.transform.isOfOne else {
            throw ModelsRefused(served, "classes to choose from", allowed: "one probability")
        }
        let names = served.featureNames
        let all = features.schema.features
        guard names.count == model.featureCount || all.count == model.featureCount else {
            throw ModelsRefused(
                served, "\(model.featureCount) features without names",
                allowed: "names, or the \(all.count) columns of the schema \(features.schema.name)")
        }
        var columns: [UInt32] = []
        for feature in 0..<model.featureCount {
            guard !names.isEmpty else {
                columns.append(UInt32(feature))
                continue
            }
            guard let column = features.column(names[feature]) else {
                throw ModelsRefused(
                    served, "the feature \(names[feature])",
                    allowed: "those of the schema \(features.schema.name)")
            }
            columns.append(UInt32(column))
        }
        self.columns = columns
        let own = columns.indices.filter {
            let entity = all[Int(columns[$0])].entity
            return entity == .lineItem || entity == .creative
        }
        shared = Set(columns.indices).subtracting(own)
        self.own = own.map { UInt32($0) }
    }
}

extension OutputTransform {
    /// Each output is turned into a prediction by itself.
    fileprivate var isOfOne: Bool {
        switch self {
        case .softmax, .largest: false
        case .identity, .sigmoid, .exponential, .signedSquare, .softplus, .step: true
        }
    }
}
