// What a journal keeps of shadows: for one decision of the sample, what each of them said of each candidate, beside what
// was decided by.
internal import Units

/// One record, whole. For tools: it allocates as it likes.
public struct RecordedShadow: Equatable, Sendable {
    public struct Model: Equatable, Sendable {
        public let name: String
        public let goal: PredictedGoal
        public let version: UInt64
        /// False where its time was over.
        public let isScored: Bool
    }

    public struct Row: Equatable, Sendable {
        /// Of the decision's catalog.
        public let lineItem: Int
        public let creative: Int
        public let goal: PredictedGoal
        public let tier: ScoringTier
        /// NaN where the settings' prior stood in.
        public let champion: Double
        /// By model; nil where it predicts for another goal, or was not asked.
        public let shadows: [Double?]

        /// To the last bit: two that are no numbers are the same.
        public static func == (a: Row, b: Row) -> Bool {
            (a.lineItem, a.creative, a.goal, a.tier) == (b.lineItem, b.creative, b.goal, b.tier)
                && a.champion.bitPattern == b.champion.bitPattern
                && a.shadows.map { $0?.bitPattern } == b.shadows.map { $0?.bitPattern }
        }
    }

    /// The version of the record's form, and the only one that is read.
    public static let version: UInt16 = 1
    /// Ads that one decision may have.
    public static let adsMost = DecisionWorkspace.winsMost
    /// Room for the largest one: all candidates and all shadows with the longest names.
    public static let bytesMost = 64 * 1024

    public let decision: UInt64
    /// The set of models, as the decision names it.
    public let models: UInt64
    public let shadows: [Model]
    public let rows: [Row]

    public init(_ bytes: RawSpan) throws(RecordRefusal) {
        var scan = RecordScan(bytes)
        decision = try scan.fixed(UInt64.self, "the decision")
        models = try scan.fixed(UInt64.self, "the models")
        var shadows: [Model] = []
        for _ in 0..<(try scan.small("the shadows", most: ShadowModel.most)) {
            let goal = try Self.goal(&scan)
            let name = String(decoding: try scan.counted("a name"), as: UTF8.self)
            let version = try scan.fixed(UInt64.self, "a version")
            let isScored = try scan.small("whether it was asked", most: 1) == 1
            shadows.append(Model(name: name, goal: goal, version: version, isScored: isScored))
        }
        var rows: [Row] = []
        for _ in 0..<(try scan.small("the candidates", most: ShadowSample.rowsMost)) {
            let lineItem = try scan.small("a line item")
            let creative = try scan.small("a creative")
            let goal = try Self.goal(&scan)
            let code = try scan.fixed(UInt8.self, "a tier")
            guard let tier = ScoringTier(rawValue: code) else {
                throw scan.refusal("tier \(code)", "0 to 2")
            }
            let champion = Double(bitPattern: try scan.fixed(UInt64.self, "a prediction"))
            var said: [Double?] = []
            for shadow in shadows {
                let isSaid = shadow.isScored && shadow.goal == goal
                said.append(
                    isSaid ? Double(bitPattern: try scan.fixed(UInt64.self, "a prediction")) : nil)
            }
            rows.append(
                Row(
                    lineItem: lineItem, creative: creative, goal: goal, tier: tier, champion: champion,
                    shadows: said))
        }
        (self.shadows, self.rows) = (shadows, rows)
        guard scan.left == 0 else { throw scan.refusal("\(scan.left) bytes more", "the end of the record") }
    }

    private static func goal(_ scan: inout RecordScan) throws(RecordRefusal) -> PredictedGoal {
        let code = try scan.fixed(UInt8.self, "a goal")
        guard let goal = PredictedGoal(rawValue: code) else { throw scan.refusal("goal \(code)", "0 to 2") }
        return goal
    }
}

extension ShadowSample {
    /// Writes the record of it, and says how long it is: `RecordedShadow.bytesMost` is room enough.
    public func write(into room: consuming MutableRawSpan) -> Int {
        var writer = ByteWriter(room)
        put(&writer)
        precondition(writer.fits, "a record of shadows is larger than the largest one")
        return writer.count
    }

    @_lifetime(writer: copy writer)
    private func put(_ writer: inout ByteWriter) {
        writer.put(fixed: number)
        writer.put(fixed: plan.models.version)
        writer.put(small: plan.shadows.count)
        for index in plan.shadows.indices {
            let shadow = plan.shadows[index]
            writer.put(shadow.planned.served.goal.rawValue)
            writer.put(counted: shadow.name.utf8Span.span.raw)
            writer.put(fixed: shadow.planned.served.version)
            writer.put(small: isScored[index] ? 1 : 0)
        }
        writer.put(small: rows.count)
        let scores = scores.span(Self.rowsMost * plan.shadows.count)
        for row in 0..<rows.count {
            writer.put(small: UInt64(rows[row].lineItem))
            writer.put(small: UInt64(rows[row].creative))
            writer.put(rows[row].goal.rawValue)
            writer.put(rows[row].tier.rawValue)
            writer.put(fixed: rows[row].champion.bitPattern)
            for index in plan.shadows.indices where isScored[index] {
                guard plan.shadows[index].planned.served.goal == rows[row].goal else { continue }
                writer.put(fixed: scores[index * Self.rowsMost + row].bitPattern)
            }
        }
    }
}
