// A node's side of pacing: for each campaign what its budget is worth now and what share of requests it may compete
// for. It stands on the request path: a question costs a few loads, and nothing is allocated.
public import Units

/// The bounds and speeds of a node's control.
public struct PaceSettings: Sendable, Hashable {
    /// How much faster than planned a campaign may spend for a while: to catch up, or because traffic surges.
    public var catchUp = 2.0
    /// The same for a campaign that is where its plan says: where a price holds spend to the plan, tokens are for
    /// surges alone; where nothing but tokens does, they let it have hardly more than the plan.
    public var onPlan = 2.0
    public var onPlanUnpriced = 1.02
    /// How far the price of a budget moves, in logarithms, for being one whole budget ahead of its plan.
    public var gain = 40.0
    /// How far it moves each second that a campaign stays one whole budget ahead.
    public var integral = 0.011
    /// So many times that when a plan begins.
    public var firstHaste = 8.0
    /// So many times the gain then.
    public var firstGain = 4.0
    /// By how many percent spend falls where the price of a budget rises by one: of the usual spread of values.
    public var elasticity = 3.0
    /// What tokens must last, in seconds of expected spend, for a campaign not to be throttled.
    public var horizon = 10.0
    /// Arrivals may differ from the last twenty minutes' by this without any reaction.
    public var deadBand = 0.25
    /// They may rise by this before the price does, while the campaign is not ahead of its plan: tokens let it have twice as much.
    public var surgeBand = 0.69
    /// The price is not moved by less, so that it does not tremble.
    public var hysteresis = 0.01

    public init() {}
}

/// One for each shard or, in a simulation, region. Rows are the campaigns of one plan.
@safe public struct PaceTable: ~Copyable, @unchecked Sendable {
    public let settings: PaceSettings
    public let count: Int
    @usableFromInline let gates: UnsafeMutablePointer<PaceGate>
    private let rows: UnsafeMutablePointer<PaceRow>
    /// What this table is to spend, by row.
    private var curves: [SpendCurve?]
    private var choices: [[Double]]
    private var turnedAt: Instant

    public init(campaigns: Int, settings: PaceSettings = PaceSettings(), at now: Instant) {
        precondition(campaigns > 0, "a table needs rows")
        self.settings = settings
        count = campaigns
        unsafe gates = .allocate(capacity: campaigns)
        unsafe gates.initialize(repeating: PaceGate(), count: campaigns)
        unsafe rows = .allocate(capacity: campaigns)
        unsafe rows.initialize(repeating: PaceRow(), count: campaigns)
        curves = Array(repeating: nil, count: campaigns)
        choices = Array(repeating: [], count: campaigns)
        turnedAt = now
    }

    deinit {
        unsafe gates.deallocate()
        unsafe rows.deallocate()
    }

    // MARK: The request path

    /// Whether the campaign may compete for this request; an eligible request is counted either way.
    /// - uniform: drawn for this request and campaign. The same draw gives the same answer, so a decision that notes
    ///   a refusal can be replayed.
    @inlinable @inline(__always)
    public mutating func admits(_ campaign: Int, _ uniform: UInt32) -> Bool {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        unsafe gates[campaign].arrivals &+= 1
        return unsafe uniform < gates[campaign].threshold && gates[campaign].tokens > 0
    }

    /// What a unit of the campaign's budget must bring: a bid is worth its value less this times its price.
    @inlinable @inline(__always)
    public func price(_ campaign: Int) -> Double {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        return unsafe gates[campaign].lambda
    }

    /// Money was set aside for an impression.
    @inline(__always)
    public mutating func spent(_ campaign: Int, _ amount: Micros) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        unsafe rows[campaign].authorised &+= amount.rawValue
        unsafe gates[campaign].tokens &-= amount.rawValue
        unsafe rows[campaign].impressions &+= 1
    }

    /// An impression was billed; what was set aside for it beyond the bill is free again.
    @inline(__always)
    public mutating func settled(_ campaign: Int, _ paid: Micros, of reserved: Micros) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        unsafe rows[campaign].settled &+= paid.rawValue
        unsafe rows[campaign].freed &+= (reserved.rawValue &- paid.rawValue)
    }

    /// An impression will not be billed.
    @inline(__always)
    public mutating func freed(_ campaign: Int, _ amount: Micros) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        unsafe rows[campaign].freed &+= amount.rawValue
    }

    // MARK: For who stands off the request path

    /// What others counted since the table was made, all of it as sums that only grow but for `open`.
    /// - undrawn: of the arrivals, those that were let through without a lot.
    /// - open: what is set aside and neither billed nor free again.
    public mutating func observed(
        _ campaign: Int, arrivals: UInt64, undrawn: UInt64, authorised: Micros, settled: Micros, open: Micros
    ) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        let more = unsafe authorised.rawValue &- rows[campaign].authorised
        unsafe gates[campaign].arrivals = arrivals
        unsafe rows[campaign].undrawn = undrawn
        let ofOpening = unsafe min(max(more, 0), rows[campaign].opening)
        unsafe rows[campaign].opening &-= ofOpening
        unsafe gates[campaign].tokens &-= more &- ofOpening
        // What is open was counted somewhat before what was authorised: held against the sum of the turn before, no
        // impression is taken to be free again because its count is on its way.
        let freed = unsafe rows[campaign].authorised &- settled.rawValue &- max(open.rawValue, 0)
        unsafe rows[campaign].freed = max(rows[campaign].freed, freed)
        unsafe rows[campaign].authorised = authorised.rawValue
        unsafe rows[campaign].settled = settled.rawValue
        // Nobody knows beforehand how many of the bids are won.
        unsafe rows[campaign].billed = rows[campaign].shownOfLate
    }

    /// The share of requests that the campaign may compete for until the next turn, in parts of 2^32.
    public func share(of campaign: Int) -> UInt32 {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        guard unsafe rows[campaign].isPlanned else { return .max }
        return unsafe rows[campaign].isPaced && gates[campaign].tokens <= 0 ? 0 : gates[campaign].threshold
    }

    /// A first plan, whose traffic nobody knows. So much of it may be spent without a lot as does no harm whatever the
    /// traffic is, so that who comes first is served; when that is spent, the traffic is known. A request is taken to cost
    /// an impression. What tokens keep is there from the start: else a campaign would begin behind its plan by so long.
    public mutating func opened(_ campaign: Int, at now: Instant) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        let kept = (curves[campaign]?.rate(at: now) ?? 0) * settings.horizon
        unsafe gates[campaign].tokens = max(gates[campaign].tokens, Int64(kept))
        unsafe rows[campaign].yield = Double(rows[campaign].price)
        unsafe gates[campaign].threshold = PaceRow.firstThreshold
        let harmless = unsafe max(
            Int64(PaceRow.atRisk * Double(rows[campaign].total.rawValue)),
            PaceRow.bunch * rows[campaign].price)
        unsafe rows[campaign].opening = max(harmless - rows[campaign].authorised, 0)
    }

    /// Of what a campaign may spend before there is any plan, what it has not.
    func firstOpening(of campaign: Int, _ terms: PacedTerms) -> Micros {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        let most = max(PaceRow.bunch * terms.price.rawValue, terms.beforeAnyPlan.rawValue)
        return unsafe Micros(max(most - rows[campaign].authorised, 0))
    }

    /// What the campaign may spend without a lot until the next turn.
    public func opening(of campaign: Int) -> Micros {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        return unsafe rows[campaign].isPlanned ? Micros(rows[campaign].opening) : .zero
    }

    /// What will come of what is set aside and not billed yet.
    public func expectedOfOpen(_ campaign: Int) -> Micros {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        return unsafe rows[campaign].expectedSpend + rows[campaign].before - Micros(rows[campaign].settled)
    }

    /// How far the campaign is behind its plan, of its plan's whole, and the share that it was let compete for of late.
    public func standing(of campaign: Int) -> (behind: Double, admitted: Double) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        let total = unsafe max(Double(rows[campaign].total.rawValue), 1)
        let spent = unsafe Double(rows[campaign].expectedSpend.rawValue)
        return unsafe ((Double(rows[campaign].target) - spent) / total, rows[campaign].admittedLately)
    }

    /// Whether a price holds the campaign to its plan, or tokens alone.
    func isPriced(_ campaign: Int) -> Bool {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        return unsafe rows[campaign].isPriced
    }

    mutating func setPriced(_ campaign: Int, _ isPriced: Bool) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        guard unsafe rows[campaign].isPriced != isPriced else { return }
        // What tokens held back was no surge; and what was learned long ago is no price of now.
        unsafe rows[campaign].held = 0
        if isPriced { unsafe rows[campaign].local = 0 }
        unsafe rows[campaign].isPriced = isPriced
    }

    /// The price that it was told holds no more: it is one.
    mutating func forgetTold(_ campaign: Int) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        unsafe rows[campaign].theta = 0
    }

    /// The plan that it goes by.
    func curve(of campaign: Int) -> SpendCurve? { curves[campaign] }

    /// A row of another table goes on here.
    public mutating func adopt(_ campaign: Int, from other: borrowing PaceTable, _ row: Int) {
        precondition(campaign >= 0 && campaign < count && row >= 0 && row < other.count, "no such row")
        unsafe gates[campaign] = other.gates[row]
        unsafe rows[campaign] = other.rows[row]
        curves[campaign] = other.curves[row]
        choices[campaign] = other.choices[row]
    }

    // MARK: Plans and directives

    /// A plan's part for this table. What was spent under an earlier plan counts no more for it.
    /// - isPaced: false for a campaign that runs as fast as it goes.
    /// - goesOn: what was found out about its traffic stays, for the same campaign's next plan.
    public mutating func planned(
        _ campaign: Int, curve: SpendCurve, choice: [Double], plan: UInt32, isPaced: Bool,
        isGuaranteed: Bool, theta: Double, shown: Double, price: Micros, goesOn: Bool = false,
        at now: Instant
    ) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        curves[campaign] = curve
        choices[campaign] = choice
        unsafe rows[campaign].begin(
            &gates[campaign], plan: plan, isPaced: isPaced, isGuaranteed: isGuaranteed, theta: theta,
            shown: shown,
            price: price,
            goesOn: goesOn)
        unsafe rows[campaign].segmentEnd = now.nanoseconds
        unsafe rows[campaign].dueUntil = now.nanoseconds
        unsafe rows[campaign].total = curve.total
        unsafe rows[campaign].isPlanned = true
    }

    public mutating func stopped(_ campaign: Int) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        curves[campaign] = nil
        unsafe rows[campaign].isPlanned = false
        unsafe gates[campaign].threshold = 0
    }

    public mutating func directed(_ directive: PaceDirective) {
        let row = Int(directive.campaign)
        guard row >= 0, row < count, unsafe rows[row].plan == directive.plan,
            unsafe directive.answers.at >= rows[row].answered.at
        else { return }
        unsafe rows[row].local -= directive.answers.local - rows[row].localTaken
        unsafe rows[row].localTaken = directive.answers.local
        unsafe rows[row].theta = directive.theta
        unsafe rows[row].scale = max(directive.scale, 0)
        unsafe rows[row].aheadInAll = directive.ahead
        unsafe rows[row].answered = directive.answers
    }

    /// Nobody has said for long how all regions stand together: this one goes by its own part.
    public mutating func leftAlone(_ campaign: Int) {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        unsafe rows[campaign].aheadInAll = 0
    }

    /// What may be spent until the next turn at the campaign's share, whatever traffic comes; nil where nothing holds it.
    public func atRisk(_ campaign: Int) -> Micros? {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        guard unsafe rows[campaign].isPlanned && rows[campaign].isPaced else { return nil }
        return unsafe Micros(max(gates[campaign].tokens, 0))
    }

    /// The logarithm of the price that it was told.
    func told(_ campaign: Int) -> Double {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        return unsafe rows[campaign].theta
    }

    /// The logarithm of the price that it was told, and what it added to that.
    func theta(of campaign: Int) -> Double {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        return unsafe rows[campaign].theta + rows[campaign].local
    }

    /// What it added to the logarithm of the price that it was told.
    func local(of campaign: Int) -> Double {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        return unsafe rows[campaign].local
    }

    /// What its plan spends here in a span.
    func due(_ campaign: Int, from: Instant, to: Instant) -> Micros {
        guard let curve = curves[campaign] else { return .zero }
        let scale = unsafe rows[campaign].scale
        let amount = (curve.spent(by: to) - curve.spent(by: from)).rawValue
        return Micros(Int64((Double(amount) * scale).rounded()))
    }

    /// Micros a second, in the mean of the plan.
    func meanRate(of campaign: Int) -> Double {
        guard let curve = curves[campaign] else { return 0 }
        let scale = unsafe rows[campaign].scale
        return Double(curve.total.rawValue) * scale / (Double((curve.end - curve.start).nanoseconds) / 1e9)
    }

    public func report(of campaign: Int) -> PaceReport {
        precondition(campaign >= 0 && campaign < count, "there is no such row")
        var report = PaceReport()
        unsafe report.spent = rows[campaign].expectedSpend
        unsafe report.target = Micros(rows[campaign].target)
        unsafe report.local = rows[campaign].localSum
        report.at = turnedAt
        unsafe report.admitted = rows[campaign].admittedLately
        return report
    }

    /// A second or so has passed: tokens are filled, prices follow, and shares are set anew.
    public mutating func turn(at now: Instant) {
        let seconds = Double((now - turnedAt).nanoseconds) / 1e9
        guard seconds > 0 else { return }
        turnedAt = now
        for campaign in 0..<count where unsafe rows[campaign].isPlanned {
            if unsafe now.nanoseconds >= rows[campaign].segmentEnd { beginSegment(campaign, now) }
            unsafe rows[campaign].turn(&gates[campaign], seconds, at: now.nanoseconds, settings)
        }
    }

    /// Looks the plan up for the next minute: within one its rate hardly changes, and a table has thousands of rows.
    private func beginSegment(_ campaign: Int, _ now: Instant) {
        guard let curve = curves[campaign] else { return }
        let from = unsafe Instant(nanoseconds: rows[campaign].segmentEnd)
        let end = now < curve.end ? min(now + Self.segment, curve.end) : now + Self.segment
        let sum = curve.spent(by: end).rawValue - curve.spent(by: from).rawValue
        let length = Double((end - from).nanoseconds)
        let place = Double((now - curve.start).nanoseconds) / Double(HourOfWeek.length)
        unsafe rows[campaign].segmentEnd = end.nanoseconds
        unsafe rows[campaign].dueRate = Double(sum) / length
        unsafe rows[campaign].choice = choice(campaign, place)
        unsafe rows[campaign].remaining = remaining(curve, now)
    }

    private static let segment = Interval.seconds(60)

    private func remaining(_ curve: SpendCurve, _ now: Instant) -> Double {
        let whole = Double((curve.end - curve.start).nanoseconds)
        return max(Double((curve.end - now).nanoseconds) / whole, 0)
    }

    /// The logarithm of how choosy the campaign can be now, between the middles of hours.
    private func choice(_ campaign: Int, _ place: Double) -> Double {
        let choices = choices[campaign]
        guard !choices.isEmpty else { return 0 }
        let at = min(max(place - 0.5, 0), Double(choices.count - 1))
        let hour = Int(at)
        let next = min(hour + 1, choices.count - 1)
        return choices[hour] + (choices[next] - choices[hour]) * (at - Double(hour))
    }
}
