// Which models of a set predict for which line items: campaigns that are named by a model have their own, and all others
// share those that name nobody.
internal import Catalog

/// The models of one goal for some campaigns.
struct ModelGroup: Hashable, Sendable {
    var goal: PredictedGoal
    /// By their number in the set; nil where there is none.
    var full: Int?
    var distilled: Int?

    subscript(_ tier: ScoringTier) -> Int? {
        get {
            switch tier {
            case .full: full
            case .distilled: distilled
            case .prior: nil
            }
        }
        set {
            switch tier {
            case .full: full = newValue
            case .distilled: distilled = newValue
            case .prior: preconditionFailure("a prior is no model")
            }
        }
    }
}

/// Worked out once for a set and a catalog.
struct ModelGrouping {
    /// First those for all, by goal.
    private(set) var groups: [ModelGroup]
    private(set) var unknownCampaigns: [String] = []
    /// By row of the catalog.
    private var ofCampaign: [UInt32]

    init(_ models: ServedModels, _ snapshot: CatalogSnapshot) throws(ModelsRefused) {
        groups = PredictedGoal.allCases.map { ModelGroup(goal: $0) }
        var own: [String: [(number: Int, model: ServedModel)]] = [:]
        for (number, model) in models.models.enumerated() {
            for campaign in model.campaigns { own[campaign, default: []].append((number, model)) }
            guard model.campaigns.isEmpty else { continue }
            try Self.put(number, model, into: &groups[Int(model.goal.rawValue)])
        }
        ofCampaign = []
        var (numbers, seen): ([ModelGroup: UInt32], Set<String>) = ([:], [])
        for row in 0..<snapshot.campaignCount {
            let goal = snapshot.campaignRow(row).goal.predicted
            var group = goal.map { Int($0.rawValue) } ?? 0
            let id = own.isEmpty ? "" : snapshot.id(.campaigns, at: row)
            if let named = own[id] {
                seen.insert(id)
                // What it has no own model of, that for all predicts.
                var mine = ModelGroup(goal: groups[group].goal)
                for (number, model) in named where model.goal == goal {
                    try Self.put(number, model, into: &mine)
                }
                if mine.full != nil || mine.distilled != nil {
                    mine.full = mine.full ?? groups[group].full
                    mine.distilled = mine.distilled ?? groups[group].distilled
                    let number = numbers[mine] ?? UInt32(groups.count)
                    if numbers[mine] == nil {
                        numbers[mine] = number
                        groups.append(mine)
                    }
                    group = Int(number)
                }
            }
            ofCampaign.append(UInt32(group))
        }
        unknownCampaigns = own.keys.filter { !seen.contains($0) }.sorted()
    }

    private static func put(_ number: Int, _ model: ServedModel, into group: inout ModelGroup)
        throws(ModelsRefused)
    {
        guard group[model.tier] == nil else {
            throw ModelsRefused(model, "a second one", allowed: "one for each goal, tier and campaign")
        }
        group[model.tier] = number
    }

    func group(ofCampaign row: Int) -> UInt32 { ofCampaign[row] }
}

extension Campaign.Goal {
    /// Nil where what is paid does not depend on it.
    var predicted: PredictedGoal? {
        switch self {
        case .cpm: nil
        case .cpc: .click
        case .cpcv: .completedView
        case .cpa: .action
        }
    }
}
