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
    /// Where it stands in the table that finds it.
    var slot: UInt32 = 0
    var tier = ScoringTier.prior
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
    var tier = ScoringTier.full
    /// Of the full and of the distilled model.
    var falls = InlineArray<2, TierFall?>(repeating: nil)
    var isPrepared = InlineArray<2, Bool>(repeating: false)
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
        places = DecisionTable(2 * rowCount)
        for _ in 0..<2 * rowCount { _ = places.append(0) }
        let features = plan?.planned.compactMap { $0?.served.model.featureCount }.max() ?? 1
        input = ScoringNumbers(most * features)
        output = ScoringNumbers(most)
        scratches = ModelScratches(plan?.planned ?? [])
    }

    var isOn: Bool { plan != nil }

    mutating func removeAll() {
        guard plan != nil else { return }
        for index in 0..<scored.count { places[Int(scored[index].slot)] = 0 }
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

    /// A new one; nil where none is left.
    mutating func add(lineItem: Int, creative: Int, _ goal: PredictedGoal) -> Int? {
        var slot = first(lineItem, creative)
        while places[slot] != 0 { slot = (slot + 1) % places.count }
        let row = scored.count
        let one = ScoredRow(
            lineItem: UInt32(lineItem), creative: UInt32(creative), goal: goal,
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
    mutating func predict(_ goal: PredictedGoal, _ tier: ScoringTier) -> Bool {
        guard let plan, let planned = plan.planned[ScoringPlan.place(of: goal, tier)] else { return false }
        let model = planned.served.model
        let width = model.featureCount
        let place = ScoringPlan.place(of: goal, tier)
        if !goals[Int(goal.rawValue)].isPrepared[Int(tier.rawValue)] {
            var target = input.first(width)
            for feature in 0..<width { target[feature] = request.value(0, Int(planned.columns[feature])) }
            model.prepare(input.span(width), &scratches[place])
            goals[Int(goal.rawValue)].isPrepared[Int(tier.rawValue)] = true
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
        model.score(input.span(count * width), into: &scores, &scratches[place])
        model.head.predict(&scores)
        planned.served.calibrator?.replace(&scores)
        for index in 0..<count where !(scores[index] >= 0 && scores[index] <= 1) { return false }
        for index in 0..<count {
            scored[Int(batch[index])].probability = scores[index]
            scored[Int(batch[index])].tier = tier
        }
        return true
    }
}

/// A scratch for each model, at its place.
@safe struct ModelScratches: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutablePointer<ModelScratch>
    private let isThere: [Bool]

    init(_ planned: [PlannedModel?]) {
        isThere = planned.map { $0 != nil }
        unsafe start = .allocate(capacity: max(planned.count, 1))
        for index in planned.indices {
            guard let one = planned[index] else { continue }
            let scratch = ModelScratch(for: one.served.model, shared: one.shared)
            unsafe (start + index).initialize(to: scratch)
        }
    }

    deinit {
        for index in isThere.indices where isThere[index] { unsafe (start + index).deinitialize(count: 1) }
        unsafe start.deallocate()
    }

    subscript(_ place: Int) -> ModelScratch {
        unsafeAddress {
            precondition(isThere[place], "there is no such model")
            return unsafe UnsafePointer(start + place)
        }
        nonmutating unsafeMutableAddress {
            precondition(isThere[place], "there is no such model")
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
