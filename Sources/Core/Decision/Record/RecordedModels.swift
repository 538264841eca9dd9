// What a record says of models: which there were, which tier predicted for whom and why not a better one, and, where the
// decision can be made again, what every profile said.
public import Features
internal import Units

/// One goal of a recorded decision.
public struct RecordedGoal: Equatable, Sendable {
    public let goal: PredictedGoal
    /// By tier, for how many candidates it predicted.
    public let candidates: [Int]
    /// Why the full and the distilled model were not used any more; nil where they were.
    public let falls: [TierFall?]
    /// Of the full and the distilled model for all campaigns; nil where there is none.
    public let versions: [UInt64?]
}

/// What a profile said at the moment of a decision.
public struct RecordedProfile: Equatable, Sendable {
    public let entity: FeatureEntity
    public let key: UInt64
    /// Changes that had made it; 0 where nothing was known.
    public let version: UInt32
    /// In the order of the schema's features of this kind; none where nothing was known. Only those that are present
    /// or stale have a value of their own.
    public let values: [(value: Float, code: FeatureCode)]

    public static func == (a: RecordedProfile, b: RecordedProfile) -> Bool {
        (a.entity, a.key, a.version) == (b.entity, b.key, b.version)
            && a.values.elementsEqual(b.values) {
                $0.code == $1.code && $0.value.bitPattern == $1.value.bitPattern
            }
    }

    func answers(_ ask: ProfileAsk, _ layout: ProfileLayout) -> Bool {
        ask.entity == entity && ask.key == key && (version == 0 || values.count == layout.columnCount)
    }

    func fill(_ rows: inout FeatureRows, ask: Int, _ layout: ProfileLayout) {
        rows.answerUnknown(ask: ask, layout)
        let row = Int(rows[ask: ask].row)
        for index in values.indices where values[index].code.isOwn {
            rows.set(row, layout.column(at: index), values[index].value, values[index].code)
        }
        rows.answered(ask: ask, version: version)
    }
}

struct ProfileName: Hashable, Sendable {
    let entity: FeatureEntity
    let key: UInt64

    init(_ entity: FeatureEntity, _ key: UInt64) { (self.entity, self.key) = (entity, key) }
}

public struct RecordedModels: Equatable, Sendable {
    /// Of the set.
    public let version: UInt64
    /// The first eight bytes of the schema's fingerprint.
    public let schema: UInt64
    public let goals: [RecordedGoal]
    /// In the order in which they were asked for; nil where the decision cannot be made again.
    public let profiles: [RecordedProfile]?

    /// Nil where there were none.
    init?(_ scan: inout RecordScan) throws(RecordRefusal) {
        guard try scan.small("whether there are models", most: 1) == 1 else { return nil }
        version = try scan.fixed(UInt64.self, "the models")
        schema = try scan.fixed(UInt64.self, "the schema")
        var goals: [RecordedGoal] = []
        for _ in 0..<(try scan.small("goals", most: PredictedGoal.allCases.count)) {
            goals.append(try Self.goal(&scan))
        }
        self.goals = goals
        guard try scan.small("whether there are profiles", most: 1) == 1 else {
            profiles = nil
            return
        }
        var profiles: [RecordedProfile] = []
        for _ in 0..<(try scan.small("profiles", most: 2 * ScoringRoom.rowsMost + 3)) {
            profiles.append(try Self.profile(&scan))
        }
        self.profiles = profiles
    }

    private static func goal(_ scan: inout RecordScan) throws(RecordRefusal) -> RecordedGoal {
        let code = try scan.fixed(UInt8.self, "a goal")
        guard let goal = PredictedGoal(rawValue: code) else { throw scan.refusal("goal \(code)", "0 to 2") }
        var candidates: [Int] = []
        for _ in ScoringTier.allCases {
            candidates.append(try scan.small("candidates", most: ScoringRoom.rowsMost))
        }
        var falls: [TierFall?] = []
        var versions: [UInt64?] = []
        for _ in 0..<ScoringTier.models {
            let code = try scan.fixed(UInt8.self, "why a tier was not used")
            let fall = TierFall(rawValue: code)
            if code != 0, fall == nil {
                throw scan.refusal("reason \(code)", "0 to \(TierFall.allCases.count)")
            }
            falls.append(fall)
            versions.append(
                try scan.small("whether there is a model", most: 1) == 1
                    ? try scan.fixed(UInt64.self, "a model") : nil)
        }
        return RecordedGoal(goal: goal, candidates: candidates, falls: falls, versions: versions)
    }

    private static func profile(_ scan: inout RecordScan) throws(RecordRefusal) -> RecordedProfile {
        let number = try scan.fixed(UInt8.self, "whose a profile is")
        guard let entity = FeatureEntity(number: number) else {
            throw scan.refusal("a profile of \(number)", "1 to \(FeatureEntity.allCases.count - 1)")
        }
        let key = try scan.fixed(UInt64.self, "a profile's key")
        let version = UInt32(try scan.small("a profile's version", most: Int(UInt32.max)))
        var values: [(value: Float, code: FeatureCode)] = []
        if version > 0 {
            for _ in 0..<(try scan.small("a profile's values", most: FeatureSchema.mostFeatures)) {
                let number = try scan.fixed(UInt8.self, "a value's code")
                guard let code = FeatureCode(rawValue: number) else {
                    throw scan.refusal("code \(number)", "0 to \(FeatureCode.allCases.count - 1)")
                }
                let bits = code.isOwn ? try scan.fixed(UInt32.self, "a value") : Float.nan.bitPattern
                values.append((Float(bitPattern: bits), code))
            }
        }
        return RecordedProfile(entity: entity, key: key, version: version, values: values)
    }
}

extension FeatureCode {
    /// What was told, and not what stands in for it.
    fileprivate var isOwn: Bool { self == .present || self == .stale }
}

extension ScoringRoom {
    /// - Parameter whole: with what every profile said, so that the decision can be made again.
    @_lifetime(writer: copy writer)
    func put(_ writer: inout ByteWriter, whole: Bool) {
        guard let plan else { return writer.put(small: 0) }
        writer.put(small: 1)
        writer.put(fixed: plan.models.version)
        writer.put(fixed: plan.models.features.shortFingerprint)
        var count = 0
        for index in goals.indices where goals[index].isAsked { count += 1 }
        writer.put(small: count)
        for index in goals.indices where goals[index].isAsked { put(goal: index, plan, &writer) }
        guard whole else { return writer.put(small: 0) }
        writer.put(small: 1)
        writer.put(small: request.askCount + rows.askCount)
        Self.put(request, plan, &writer)
        Self.put(rows, plan, &writer)
    }

    @_lifetime(writer: copy writer)
    private func put(goal index: Int, _ plan: ScoringPlan, _ writer: inout ByteWriter) {
        writer.put(UInt8(truncatingIfNeeded: index))
        for tier in 0..<3 { writer.put(small: goals[index].candidates[tier]) }
        for tier in 0..<ScoringTier.models {
            writer.put(goals[index].falls[tier]?.rawValue ?? 0)
            if let goal = PredictedGoal(rawValue: UInt8(truncatingIfNeeded: index)),
                let tier = ScoringTier(rawValue: UInt8(truncatingIfNeeded: tier)),
                let model = plan.general(goal, tier)
            {
                writer.put(small: 1)
                writer.put(fixed: model.version)
            } else {
                writer.put(small: 0)
            }
        }
    }

    @_lifetime(writer: copy writer)
    private static func put(_ rows: borrowing FeatureRows, _ plan: ScoringPlan, _ writer: inout ByteWriter) {
        for index in 0..<rows.askCount {
            let ask = rows[ask: index]
            writer.put(ask.entity.number)
            writer.put(fixed: ask.key)
            writer.put(small: UInt64(ask.version))
            guard ask.version > 0 else { continue }
            let layout = plan.models.features.layout(of: ask.entity)
            writer.put(small: layout.columnCount)
            for place in 0..<layout.columnCount {
                let column = layout.column(at: place)
                let code = rows.code(Int(ask.row), column)
                writer.put(code.rawValue)
                if code.isOwn { writer.put(fixed: rows.value(Int(ask.row), column).bitPattern) }
            }
        }
    }
}
