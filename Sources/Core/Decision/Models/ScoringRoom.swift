// The memory of scoring: rows of features, what was predicted for them, and room for each model. Allocated once for a
// plan; a shard owns it with its decider.
internal import Features
internal import Inference
internal import Units

/// A creative of a line item for which something is predicted.
struct ScoredRow {
    var lineItem: UInt32 = 0
    var creative: UInt32 = 0
    var goal = PredictedGoal.click
    /// Whose models predict for it.
    var group: UInt32 = 0
    /// Where it stands in the table that finds it.
    var slot: UInt32 = 0
    var tier = ScoringTier.prior
    /// Of the set; none where no model predicted.
    var model: UInt16?
    /// Nil where the settings' prior stands in.
    var probability: Double?
}

/// A candidate that fits and has no price yet.
struct PendingCandidate {
    var candidate = RankedCandidate()
    var standing = CreativeStanding.unseen
    var asksForDeal = false
    /// Its line item pays for what is predicted.
    var goal: PredictedGoal?
    /// Nil where nothing is predicted for it, or no row was left.
    var row: Int?
}

/// How far one goal's predictions of a request had to fall.
struct GoalProgress {
    /// Of the full and of the distilled models: the last reason, where several fell.
    var falls = InlineArray<2, TierFall?>(repeating: nil)
    /// Candidates by the tier that predicted for them.
    var candidates = InlineArray<3, Int>(repeating: 0)

    var isAsked: Bool { candidates[0] + candidates[1] + candidates[2] > 0 }
}

struct ScoringRoom: ~Copyable {
    /// Creatives that one request scores, in all of its pods: two full pods of the largest kind and some beside. Those
    /// beyond are worth what the prior makes of them.
    static let rowsMost = 512

    let plan: ScoringPlan?
    /// The request's own row: what it says, its viewer, household and content.
    var request: FeatureRows
    /// By scored row, its line item's and creative's features.
    var rows: FeatureRows
    var scored: DecisionTable<ScoredRow>
    var pending: DecisionTable<PendingCandidate>
    /// Rows that are to be predicted for together.
    var batch: DecisionTable<UInt32>
    var goals = InlineArray<3, GoalProgress>(repeating: GoalProgress())
    /// By group, the best tier that has not fallen in this request.
    var tiers: DecisionTable<ScoringTier>
    /// Groups that candidates of the pod at hand are of, in the order of those.
    var asked: DecisionTable<UInt32>
    /// Of all groups, whether it is among those.
    private var isAsked: DecisionTable<Bool>
    /// By model, whether it has taken in the request's own values.
    private var isPrepared: DecisionTable<Bool>
    var now = Instant(nanoseconds: 0)
    var isFilled = false
    private var places: DecisionTable<UInt32>
    private let scratches: ModelScratches
    private let input: ScoringNumbers<Float>
    private let output: ScoringNumbers<Double>

    /// - Parameter most: candidates of one pod.
    init(_ plan: ScoringPlan?, most: Int) {
        self.plan = plan
        let width = plan?.models.features.schema.features.count ?? 1
        let rowCount = plan == nil ? 1 : Self.rowsMost
        let most = plan == nil ? 1 : most
        request = FeatureRows(width: width, capacity: 1, asksPerRow: 3)
        rows = FeatureRows(width: width, capacity: rowCount, asksPerRow: 2)
        scored = DecisionTable(rowCount)
        pending = DecisionTable(most)
        batch = DecisionTable(most)
        tiers = .filled(plan?.groups.count ?? 1, with: .full)
        asked = DecisionTable(plan?.groups.count ?? 1)
        isAsked = .filled(plan?.groups.count ?? 1, with: false)
        isPrepared = .filled(max(plan?.planned.count ?? 1, 1), with: false)
        places = DecisionTable(2 * rowCount)
        for _ in 0..<2 * rowCount { _ = places.append(0) }
        let features = plan?.planned.map(\.served.model.featureCount).max() ?? 1
        input = ScoringNumbers(most * features)
        output = ScoringNumbers(most)
        scratches = ModelScratches(plan?.planned ?? [])
    }

    var isOn: Bool { plan != nil }

    mutating func removeAll() {
        guard plan != nil else { return }
        for index in 0..<scored.count {
            places[Int(scored[index].slot)] = 0
            let group = Int(scored[index].group)
            tiers[group] = .full
            for tier in 0..<UInt8(ScoringTier.models) {
                if let tier = ScoringTier(rawValue: tier), let model = plan?.groups[group][tier] {
                    isPrepared[model] = false
                }
            }
        }
        scored.removeAll()
        pending.removeAll()
        request.removeAsks()
        rows.removeAsks()
        for index in goals.indices { goals[index] = GoalProgress() }
        isFilled = false
    }

    /// The row of a creative of a line item; nil where there is none.
    func row(lineItem: Int, creative: Int) -> Int? {
        var slot = first(lineItem, creative)
        while places[slot] != 0 {
            let row = Int(places[slot]) - 1
            if scored[row].lineItem == UInt32(lineItem), scored[row].creative == UInt32(creative) {
                return row
            }
            slot = (slot + 1) % places.count
        }
        return nil
    }

    /// Notes the groups of a goal that rows from this one on are of.
    mutating func findGroups(of goal: PredictedGoal, from first: Int) {
        asked.removeAll()
        for row in first..<scored.count where scored[row].goal == goal && !isAsked[Int(scored[row].group)] {
            isAsked[Int(scored[row].group)] = true
            _ = asked.append(scored[row].group)
        }
        for index in 0..<asked.count { isAsked[Int(asked[index])] = false }
    }

    /// A new one; nil where none is left.
    mutating func add(lineItem: Int, creative: Int, _ goal: PredictedGoal, group: UInt32) -> Int? {
        var slot = first(lineItem, creative)
        while places[slot] != 0 { slot = (slot + 1) % places.count }
        let row = scored.count
        let one = ScoredRow(
            lineItem: UInt32(lineItem), creative: UInt32(creative), goal: goal, group: group,
            slot: UInt32(truncatingIfNeeded: slot))
        guard scored.append(one) else { return nil }
        places[slot] = UInt32(row + 1)
        return row
    }

    private func first(_ lineItem: Int, _ creative: Int) -> Int {
        var mixer = SplitMix64(state: UInt64(lineItem) << 32 ^ UInt64(creative))
        return Int(truncatingIfNeeded: mixer.next() >> 1) % places.count
    }

    /// Predicts for the batch. False where the model says what is no probability; then nothing is kept.
    mutating func predict(by number: Int, _ tier: ScoringTier) -> Bool {
        guard let plan else { return false }
        let planned = plan.planned[number]
        let model = planned.served.model
        let width = model.featureCount
        if !isPrepared[number] {
            var target = input.first(width)
            for feature in 0..<width { target[feature] = request.value(0, Int(planned.columns[feature])) }
            model.prepare(input.span(width), &scratches[number])
            isPrepared[number] = true
        }
        let count = batch.count
        var target = input.first(count * width)
        for index in 0..<count {
            let row = Int(batch[index])
            for at in planned.own.indices {
                let feature = Int(planned.own[at])
                target[index &* width &+ feature] = rows.value(row, Int(planned.columns[feature]))
            }
        }
        var scores = output.first(count)
        model.score(input.span(count * width), into: &scores, &scratches[number])
        model.head.predict(&scores)
        planned.served.calibrator?.replace(&scores)
        for index in 0..<count where !(scores[index] >= 0 && scores[index] <= 1) { return false }
        for index in 0..<count {
            scored[Int(batch[index])].probability = scores[index]
            scored[Int(batch[index])].tier = tier
            scored[Int(batch[index])].model = UInt16(truncatingIfNeeded: number)
        }
        return true
    }
}

/// A scratch for each model, at its place.
@safe struct ModelScratches: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutablePointer<ModelScratch>
    private let count: Int

    init(_ planned: [PlannedModel]) {
        count = planned.count
        unsafe start = .allocate(capacity: max(count, 1))
        for index in planned.indices {
            let scratch = ModelScratch(for: planned[index].served.model, shared: planned[index].shared)
            unsafe (start + index).initialize(to: scratch)
        }
    }

    deinit {
        unsafe start.deinitialize(count: count)
        unsafe start.deallocate()
    }

    subscript(_ place: Int) -> ModelScratch {
        unsafeAddress {
            precondition(place >= 0 && place < count, "there is no such model")
            return unsafe UnsafePointer(start + place)
        }
        nonmutating unsafeMutableAddress {
            precondition(place >= 0 && place < count, "there is no such model")
            return unsafe start + place
        }
    }
}

/// Numbers on their way to and from a model.
@safe
struct ScoringNumbers<Number: BinaryFloatingPoint & BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutablePointer<Number>
    private let capacity: Int

    init(_ capacity: Int) {
        self.capacity = max(capacity, 1)
        unsafe start = .allocate(capacity: self.capacity)
        unsafe start.initialize(repeating: 0, count: self.capacity)
    }

    deinit { unsafe start.deallocate() }

    /// To be written before anything else is asked of it, and not beyond the owner's life.
    @_lifetime(immortal)
    func first(_ count: Int) -> MutableSpan<Number> {
        precondition(count <= capacity, "beyond the memory")
        let span = unsafe MutableSpan(_unsafeStart: start, count: count)
        return unsafe _overrideLifetime(span, copying: ())
    }

    @_lifetime(immortal)
    func span(_ count: Int) -> Span<Number> {
        precondition(count <= capacity, "beyond the memory")
        let span = unsafe Span(_unsafeStart: start, count: count)
        return unsafe _overrideLifetime(span, copying: ())
    }
}
