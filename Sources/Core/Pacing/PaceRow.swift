// One campaign's control on one table. The plan says what to spend by when; the price of the budget follows from how
// far spend is from that; tokens hold spend to a multiple of the plan whatever the traffic does, before any feedback
// can see it; and what tokens hold back raises the price, so that the best of a surge is bought and not any part.
internal import Numerics
internal import Units

/// What a request reads and writes of a campaign, apart from all that only turns look at: two of them are a line of memory.
@usableFromInline
struct PaceGate: BitwiseCopyable {
    @usableFromInline var threshold: UInt32 = 0
    @usableFromInline var tokens: Int64 = 0
    @usableFromInline var lambda = 1.0
    @usableFromInline var arrivals: UInt64 = 0
}

struct PaceRow: BitwiseCopyable {
    /// Of the arrivals, the ones that were let through without a lot.
    var undrawn: UInt64 = 0
    /// What may be spent without a lot while nobody knows the traffic.
    var opening: Int64 = 0
    var impressions: UInt64 = 0
    var authorised: Int64 = 0
    var settled: Int64 = 0
    var freed: Int64 = 0
    /// What was spent here before this plan.
    var before = Micros.zero

    // What it was told.
    var plan: UInt32 = 0
    var isPaced = false
    var isGuaranteed = false
    /// A price holds spend to the plan; else tokens alone do.
    var isPriced = true
    var theta = 0.0
    var scale = 1.0
    var shown = 1.0
    /// Of what is set aside, the part that is billed: as it was told, or as it was seen.
    var billed = 1.0
    var price: Int64 = 1
    var answered = PaceReport()
    /// Of the campaign in all regions, as of the last directive: of its budget.
    var aheadInAll = 0.0
    /// Of its own additions, the part that the last directive contains.
    var localTaken = 0.0

    // What it found out.
    /// What the plan says until the end of the segment: micros a nanosecond, and how choosy the campaign can be.
    var isPlanned = false
    var segmentEnd: Int64 = 0
    var dueUntil: Int64 = 0
    var dueRate = 0.0
    var choice = 0.0
    var remaining = 1.0
    var total = Micros.zero
    var target: Int64 = 0
    var targetPart = 0.0
    var local = 0.0
    /// What tokens held back, as a price; it goes when the surge that it came from is over.
    var held = 0.0
    var localSum: Double { local + localTaken }
    var age = 0.0
    var arrivalsBefore: UInt64 = 0
    var undrawnBefore: UInt64 = 0
    var authorisedBefore: Int64 = 0
    /// Requests a second, of late and usually, and what a request that was let through came to spend.
    var fast = 0.0
    var slow = 0.0
    var yield = 0.0
    var admittedLately = 1.0
    var priceAt = 0.0

    /// The least and the most that a budget may be worth, as logarithms: from nothing to fifty. A logarithm of nothing there is none:
    /// below a third the price falls in a straight line, as each further step of a logarithm would change less and less of who wins,
    /// and who needs the least price would come to it hours behind.
    static let thetaRange = -2.0...4.0
    static let straight = -1.0
    /// Who is behind its plan although its money is worth nothing, and could be delivered, may have somebody else give up half a unit of
    /// value for one of its money: those who compete for the same requests give way to who is further behind.
    static let yielded = -3.0
    static let yieldedMost = 0.5
    /// Two units of somebody else's value may be given up for one of guaranteed money.
    static let guaranteedLeast = -2.0
    /// Seconds over which arrivals are taken for those of now, and for the usual ones.
    static let fastSeconds = 3.0
    static let slowSeconds = 1_200.0
    /// Or as long as so many take, where they are rare: their number strays by an eighth then, half of the dead band; but no longer.
    static let fastRequests = 30.0
    static let fastMost = 300.0
    /// How soon what tokens hold back becomes a price.
    static let priceSeconds = 60.0
    /// How soon it is forgotten when arrivals fall to less than usual, and else, and the most that it may be: a surge
    /// of twenty times.
    static let releaseSeconds = 120.0
    static let forgetSeconds = 1_800.0
    static let heldMost = 1.0
    /// What a campaign may catch up by shrinks while it is ahead of its plan: by a half for each half of a hundredth of
    /// its budget, and to no less than this.
    static let restraint = 100.0
    static let restrained = 0.9
    /// Of requests whose number nobody knows yet: one in 64.
    static let firstThreshold = UInt32.max / 64
    /// Impressions that tokens always leave room for: what is spent by ones comes in bunches.
    static let bunch: Int64 = 10
    /// Of a first plan, what may be spent before its traffic is known: a quarter of how far spend may ever stray from it.
    static let atRisk = 0.005

    mutating func begin(
        _ gate: inout PaceGate, plan: UInt32, isPaced: Bool, isGuaranteed: Bool, theta: Double, shown: Double,
        price: Micros, goesOn: Bool
    ) {
        // Open impressions of an earlier plan are billed in this one: the sums go on.
        var row = PaceRow()
        row.arrivalsBefore = gate.arrivals
        (row.undrawn, row.undrawnBefore) = (undrawn, undrawn)
        row.authorised = authorised
        row.authorisedBefore = authorised
        row.settled = settled
        row.freed = freed
        row.isPriced = isPriced
        row.shown = shown
        row.billed = shown
        row.price = price.rawValue
        let few = Self.bunch * price.rawValue
        if goesOn {
            (row.fast, row.slow, row.yield, row.age) = (fast, slow, yield, age)
            row.billed = billed
            row.opening = opening
            gate.tokens = isPaced ? min(gate.tokens, few) : .max / 4
        } else {
            gate.threshold = .max
            gate.tokens = isPaced ? few : .max / 4
        }
        self = row
        before = spentInAll
        self.plan = plan
        self.isPaced = isPaced
        self.isGuaranteed = isGuaranteed
        self.theta = theta
        priceAt = theta
        gate.lambda = worth(at: theta)
    }

    /// Below one, the price of what is guaranteed falls in a straight line, and below zero: then it wins over better
    /// bids. That of all others falls to zero, and below it for who is given way to.
    private func worth(at theta: Double) -> Double {
        if isGuaranteed, theta < 0 { return max(1 + theta, Self.guaranteedLeast) }
        guard theta < Self.straight else { return Double.exp(theta) }
        let least = Self.thetaRange.lowerBound
        let part = max((theta - least) / (Self.straight - least), 0)
        return Double.exp(Self.straight) * part + Self.yieldedMost * min(theta - least, 0)
    }

    /// What will have been spent when all that is open is billed or not.
    var expectedSpend: Micros { spentInAll - before }

    /// What became of what was set aside so far, on top of twenty impressions as planned.
    var shownOfLate: Double {
        let prior = 20 * Double(price)
        return min((Double(settled) + prior * shown) / (Double(settled + freed) + prior), 1)
    }

    private var spentInAll: Micros {
        let open = Double(authorised - settled - freed)
        return Micros(settled + Int64((max(open, 0) * shownOfLate).rounded()))
    }

    mutating func turn(
        _ gate: inout PaceGate, _ seconds: Double, at now: Int64, _ settings: PaceSettings
    ) {
        age += seconds
        // A turn that came late begins a segment where the last one ended.
        let due = dueRate * Double(now - dueUntil) * scale
        dueUntil = now
        targetPart += due
        let whole = targetPart.rounded(.down)
        target += Int64(whole)
        targetPart -= whole
        measure(gate, seconds)
        guard isPaced else { return }
        let spent = expectedSpend
        followPlan(&gate, spent, seconds, settings)
        fillTokens(&gate, spent, due, seconds, settings)
        throttle(&gate, seconds, settings)
    }

    private mutating func measure(_ gate: PaceGate, _ seconds: Double) {
        let came = Double(gate.arrivals &- arrivalsBefore)
        let spent = Double(authorised - authorisedBefore)
        arrivalsBefore = gate.arrivals
        authorisedBefore = authorised
        let rate = came / seconds
        // Where a request comes in seconds, three of these say nothing of how many come.
        let few = min(max(Self.fastSeconds, Self.fastRequests / max(fast, slow, 0.1)), Self.fastMost)
        fast += (rate - fast) * min(seconds / min(few, max(age, seconds)), 1)
        let share = min(seconds / min(Self.slowSeconds, max(age, seconds)), 1)
        slow += (rate - slow) * share
        let undrawn = Double(undrawn &- undrawnBefore)
        undrawnBefore = self.undrawn
        let admitted = undrawn + max(came - undrawn, 0) * Double(gate.threshold) / Double(UInt32.max)
        if admitted > 0 {
            // A ratio of sums, and not a mean of ratios: most seconds have no impression at all.
            let weight = min(admitted / max(slow * min(Self.slowSeconds, age), 1), 1)
            yield += (spent / admitted - yield) * weight
        }
    }

    private mutating func followPlan(
        _ gate: inout PaceGate, _ spent: Micros, _ seconds: Double, _ settings: PaceSettings
    ) {
        let part = max(Double(total.rawValue) * scale, Double(price))
        let ahead = Double((spent - answered.spent).rawValue - (target - answered.target.rawValue)) / part
        // Towards the end the same distance must be made good in less time.
        let gain = min(max(settings.gain, 1.1 / max(remaining, 1e-6)), 40 * settings.gain)
        // What stays wrong is learned: while nobody is heard from, this table finds its price by itself. A price that is not in force
        // moves nothing, and would move without end.
        if isPriced { local += settings.integral * ahead * seconds }
        var surge = 0.0
        let aheadNow = self.ahead(spent)
        if fast > 0, slow > 0, age > Self.fastSeconds {
            // Mostly arrivals are about what they were: of a sixteenth more or less no logarithm is asked.
            let quotient = fast / slow
            let isUsual = settings.deadBand > 0.07 && quotient > 0.9375 && quotient < 1.0625
            let ratio = isUsual ? 0 : Double.log(quotient)
            // Of what a surge brings, a campaign may take what tokens let it have while it is not ahead.
            let rise = max(settings.deadBand, settings.surgeBand * (1 - Self.restraint * max(aheadNow, 0)))
            if ratio > rise { surge = ratio - rise }
            if ratio < -settings.deadBand { surge = ratio + settings.deadBand }
            let release = ratio < -settings.deadBand ? Self.releaseSeconds : Self.forgetSeconds
            held -= held * min(seconds / release, 1)
        }
        let wanted =
            theta + local + held + gain * ahead + (min(max(surge, -1), 3) + choice) / settings.elasticity
        // Below the least price only whoever plans for all may go.
        let least = theta < Self.thetaRange.lowerBound ? Self.yielded : Self.thetaRange.lowerBound
        let bounded = min(max(wanted, least), Self.thetaRange.upperBound)
        guard abs(bounded - priceAt) > settings.hysteresis else { return }
        priceAt = bounded
        gate.lambda = worth(at: bounded)
    }

    /// In all regions, and here since then. A few impressions more or less say nothing.
    private func ahead(_ spent: Micros) -> Double {
        let here = Double((spent - answered.spent).rawValue - (target - answered.target.rawValue))
        return aheadInAll + here / (Double(total.rawValue) * scale + 200 * Double(price))
    }

    private func fillTokens(
        _ gate: inout PaceGate, _ spent: Micros, _ due: Double, _ seconds: Double, _ settings: PaceSettings
    ) {
        // What is set aside is more than what will be billed.
        let rate = due / max(billed, 0.05)
        let most = max(Self.bunch * price, Int64(60 * rate / seconds))
        let onPlan = isPriced ? settings.onPlan : settings.onPlanUnpriced
        let limit = min(
            max(onPlan - Self.restraint * ahead(spent), Self.restrained), settings.catchUp)
        gate.tokens = min(gate.tokens + Int64((limit * rate).rounded(.up)), most)
    }

    private mutating func throttle(
        _ gate: inout PaceGate, _ seconds: Double, _ settings: PaceSettings
    ) {
        let expected = yield * fast * settings.horizon
        let isHeld = gate.threshold != .max
        // Let go later than taken hold of, so that it does not flutter.
        let enough = isHeld ? 1.5 * expected : expected
        var share = 1.0
        if Double(gate.tokens) < enough, expected > 0 {
            share = max(Double(max(gate.tokens, 0)) / expected, 0.001)
        }
        share = min(share, 1)
        gate.threshold = share >= 1 ? .max : UInt32(share * Double(UInt32.max))
        admittedLately += (share - admittedLately) * min(seconds / 10, 1)
        if share < 1 {
            held += seconds / Self.priceSeconds * -Double.log(max(share, 0.05)) / settings.elasticity
            held = min(held, Self.heldMost)
        }
    }
}
