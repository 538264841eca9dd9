// The coordinator's pacing of nodes that spend the same budgets: from what they say of their campaigns, one plan for each, whose
// parts follow from where the requests are, and a scale for each part that follows from where the money is spent.
public import Units

/// Knows nothing that is not said again within seconds, so whoever takes over begins without it: nodes go on by their parts
/// meanwhile. A campaign is planned when those who could spend it had time to say so, and anew when its plan is over or its
/// budget or its terms have changed. Where a node has come, or the requests have moved, the plan stays and is shared anew.
public struct FleetPacer: Sendable {
    public struct Limits: Sendable, Hashable {
        /// Nodes speak every five seconds: after so long all that can be heard have been.
        public var gathering = Interval.seconds(12)
        /// Whoever was not heard for so long spends nothing any more: its lease is over.
        public var silence: Interval
        /// Beyond it a campaign is not planned, and its nodes do not hold it back: as many as a root has accounts.
        public var campaigns = 4_096
        /// Of one campaign; another one is not directed.
        public var members = 1_024
        /// Campaigns, times hours, times kinds of requests on all nodes: where there are more, each campaign is planned by itself,
        /// since whoever plans them together answers for the ledger as well, which waits meanwhile.
        public var cells = 500_000
        /// Of campaigns that are planned together: each costs the spreading of its budget in each round, on however few nodes. As many as
        /// were measured with so many cells.
        public var together = 650
        /// All campaigns are planned together no more often than this: of the thread's time it is a small part, whatever changes.
        public var pause = Interval.seconds(1)

        public init(silence: Interval) { self.silence = silence }
    }

    struct Member: Sendable {
        let node: Int
        var start: UInt64
        var statement: PaceStatement
        var heardAt: Instant
        /// Its place among the plan's parts.
        var region: Int?
        /// Its session was fenced, and it was not heard since.
        var isFenced = false
        /// Its region takes no traffic: it goes on by what it was told last, with what still comes to it, and others have its part.
        var isOut = false
    }

    struct Campaign: Sendable {
        var terms: PacedTerms
        var dayEnd: Instant?
        var members: [Member] = []
        let heardSince: Instant
        var version: UInt32
        /// Members whose parts the plan has, in the order of its regions.
        var planned: [Int] = []
        var parts: [PaceOrder.Part] = []
        var pacer: FlightPacer?
        /// Of the plan: when it was made, when it is over, and what was left when it began.
        var plannedAt = Instant(nanoseconds: 0)
        var planEnd = Instant(nanoseconds: 0)
        var base = Micros.zero
        var verdict: Deliverability?
        /// The plan is of all that compete.
        var isTogether = false
        /// What the members of the plan had said of their supply when it was made or shared, in the order of its regions.
        var supplies: [[Double]] = []
        /// When the plan that this is the rest of began, and ends.
        var origin: (start: Instant, end: Instant)?
        /// When it was last looked at whether the requests are where the parts are.
        var comparedAt = Instant(nanoseconds: 0)
        /// A node has another catalog now.
        var hasOtherTerms = false
        /// When it was first seen that its budget or its terms are others than the plan's.
        var changedAt: Instant?
        /// A node has come, or come back, that the parts know nothing of.
        var hasNewcomer = false
        /// A node is gone that the parts count on.
        var hasLoss = false
        /// What the plan was made of, and what is there now.
        var budget: PaceBudget
        var latest: PaceBudget

        /// The day of its budget is over, and nobody has said what the next one's is.
        func isOver(_ now: Instant) -> Bool { dayEnd.map { $0 <= now } ?? false }

        /// Of which some node says that it could be shown now.
        var runs: Bool { members.contains { $0.statement.runs } }

        /// It has far less in its plan's time than on its other days: what it lacks there says nothing of its flight.
        func isQuiet(until end: Instant) -> Bool {
            end < terms.end && members.contains { !$0.statement.isUsualDay }
        }

        func present(_ now: Instant, _ silence: Interval) -> [Int] {
            members.indices.filter {
                !members[$0].isFenced && !members[$0].isOut && now <= members[$0].heardAt + silence
            }
        }
    }

    let limits: Limits
    private let since: Instant
    /// Plans of one leadership are told from those of another.
    private let firstVersion: UInt32
    var campaigns: [Campaign] = []
    private var places: [String: Int] = [:]
    private(set) var nodes: [String] = []
    private var numbers: [String: Int] = [:]
    /// Nodes whose region takes no traffic.
    private var out: Set<Int> = []
    /// By node.
    var supplies: [Int: PaceSupply] = [:]
    /// What all campaigns were to have at one moment: asked for by each of those that are due then.
    var landscape: Landscape?
    /// As of the last words, some campaign's day is over of which nothing was heard since.
    private var isTurning = false

    /// A region's part of the requests may be off by so much before a plan is shared anew.
    static let drift = 0.15
    static let driftPause = Interval.seconds(60)
    private static let comparePause = Interval.seconds(15)
    /// Names that come and go: more of them than any fleet has nodes.
    private static let nodesMost = 65_536

    /// - epoch: of the leadership.
    public init(_ limits: Limits, epoch: UInt64, at now: Instant) {
        self.limits = limits
        since = now
        firstVersion = UInt32(truncatingIfNeeded: epoch & 0xFFFF) << 16 | 1
    }

    /// What a node expects of all its requests; nil where it does not know.
    public mutating func expects(_ supply: PaceSupply?, from node: String) {
        guard let number = number(of: node) else { return }
        supplies[number] = supply
    }

    /// Says what a node is to do, of those of its campaigns of which anybody can say it yet. All that it says at once is taken before
    /// any of it is planned: who competes is planned by the same moment's words.
    ///
    /// - start: of the node's process, so that a sum that begins anew is known to.
    public mutating func heard(
        _ all: [(statement: PaceStatement, budget: PaceBudget)], from node: String, start: UInt64,
        at now: Instant
    ) -> [PaceOrder] {
        guard let number = number(of: node) else { return [] }
        let taken = all.compactMap { statement, budget -> (at: Int, member: Int)? in
            guard let at = place(of: statement.terms, budget, now),
                let member = take(statement, number, start, at, now)
            else { return nil }
            // Words from before a midnight may come behind those of another node from after it.
            let isYesterdays = statement.dayEnd.map { $0 <= now } ?? false
            if !isYesterdays || campaigns[at].isOver(now) || campaigns[at].dayEnd == nil {
                campaigns[at].latest = budget
                campaigns[at].dayEnd = statement.dayEnd
            }
            loseSilent(at, now)
            return (at, member)
        }
        isTurning = campaigns.contains { $0.isOver(now) && !$0.present(now, limits.silence).isEmpty }
        return taken.compactMap { at, member in
            switch need(at, now) {
            case .plan: plan(at, now)
            case .share: share(at, now)
            case nil: break
            }
            return order(at, member, now)
        }
    }

    /// Of one campaign.
    public mutating func heard(
        _ statement: PaceStatement, from node: String, start: UInt64, _ budget: PaceBudget, at now: Instant
    ) -> PaceOrder? {
        heard([(statement, budget)], from: node, start: start, at: now).first
    }

    private mutating func number(of node: String) -> Int? {
        if let number = numbers[node] { return number }
        guard nodes.count < Self.nodesMost else { return nil }
        nodes.append(node)
        numbers[node] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func place(of terms: PacedTerms, _ budget: PaceBudget, _ now: Instant) -> Int? {
        if let place = places[terms.id] { return place }
        guard campaigns.count < limits.campaigns else { return nil }
        campaigns.append(
            Campaign(terms: terms, heardSince: now, version: firstVersion, budget: budget, latest: budget))
        places[terms.id] = campaigns.count - 1
        return campaigns.count - 1
    }

    /// Gives the place among the members.
    private mutating func take(
        _ statement: PaceStatement, _ node: Int, _ start: UInt64, _ at: Int, _ now: Instant
    ) -> Int? {
        let former = campaigns[at].members.firstIndex { $0.node == node }
        let statement = statement.isGuess ? guessed(statement, former, at) : statement
        guard let member = former else {
            guard campaigns[at].members.count < limits.members else { return nil }
            campaigns[at].members.append(
                Member(
                    node: node, start: start, statement: statement, heardAt: now, isOut: out.contains(node)))
            if !out.contains(node) { campaigns[at].hasNewcomer = true }
            campaigns[at].terms = statement.terms
            return campaigns[at].members.count - 1
        }
        // While a catalog comes to one node after the other, the last that changed is right.
        if campaigns[at].members[member].statement.terms != statement.terms {
            campaigns[at].hasOtherTerms = true
            campaigns[at].terms = statement.terms
        }
        let isAnother = campaigns[at].members[member].start != start
        // What was shared by a guess is shared anew.
        if campaigns[at].members[member].statement.isGuess, !statement.isGuess {
            campaigns[at].hasNewcomer = true
        }
        // Who is resumed is planned by what is left, and with others.
        let ran = campaigns[at].runs
        defer { if !ran, campaigns[at].runs { campaigns[at].hasOtherTerms = true } }
        campaigns[at].members[member].start = start
        campaigns[at].members[member].statement = statement
        campaigns[at].members[member].heardAt = now
        campaigns[at].members[member].isFenced = false
        if campaigns[at].members[member].isOut {
            // What it still spends is said and counts, as long as the plan knows it.
            if let region = campaigns[at].members[member].region, statement.plan == campaigns[at].version,
                !isAnother
            {
                var report = statement.report
                report.at = now
                campaigns[at].pacer?.reported(report, campaign: 0, region: region, plan: statement.plan)
            }
            return member
        }
        guard let region = campaigns[at].members[member].region else {
            campaigns[at].hasNewcomer = true
            return member
        }
        let isLost = campaigns[at].pacer?.isLost[region] ?? false
        if isLost || isAnother {
            campaigns[at].pacer?.rejoined(region)
            // What its last process spent unsaid is in the ledger, and comes into the plan from there.
            campaigns[at].hasNewcomer = true
        }
        if statement.plan == campaigns[at].version {
            var report = statement.report
            report.at = now
            campaigns[at].pacer?.reported(report, campaign: 0, region: region, plan: statement.plan)
        }
        return member
    }

    /// Who has seen nothing yet is taken to have what its process before had, else as much as each of the others. Where nobody knows
    /// anything, all have a part by all their requests.
    private func guessed(_ statement: PaceStatement, _ former: Int?, _ at: Int) -> PaceStatement {
        var statement = statement
        let members = campaigns[at].members
        if let known = former.map({ members[$0].statement }) {
            (statement.supply, statement.shares) = (known.supply, known.shares)
            (statement.affordable, statement.seesDay) = (known.affordable, known.seesDay)
            (statement.isUsualDay, statement.isGuess) = (known.isUsualDay, known.isGuess)
            return statement
        }
        statement.seesDay = false
        let others = members.filter { !$0.statement.isGuess && !$0.isFenced && !$0.isOut }
        guard !others.isEmpty else { return statement }
        statement.supply = (0..<PaceStatement.hours).map { hour in
            others.reduce(0) { $0 + $1.statement.supply[hour] } / Double(others.count)
        }
        return statement
    }

    private mutating func loseSilent(_ at: Int, _ now: Instant) {
        for (region, member) in campaigns[at].planned.enumerated()
        where now > campaigns[at].members[member].heardAt + limits.silence {
            if campaigns[at].pacer?.isLost[region] == false { lose(region, of: at) }
        }
    }

    /// Whether traffic goes to the node's region. Where none does, no plan counts on the node.
    public mutating func takesTraffic(_ takes: Bool, _ node: String) {
        guard let number = number(of: node), out.contains(number) == takes else { return }
        if takes { out.remove(number) } else { out.insert(number) }
        for at in campaigns.indices {
            for member in campaigns[at].members.indices where campaigns[at].members[member].node == number {
                campaigns[at].members[member].isOut = !takes
                // The parts are made anew either way: for as long as it is out, and not for a node that is silent for a while.
                campaigns[at].hasNewcomer = true
                if !takes, let region = campaigns[at].members[member].region,
                    campaigns[at].pacer?.isLost[region] == false
                {
                    lose(region, of: at)
                }
            }
        }
    }

    /// The node's session is fenced: it spends nothing until it is heard again, and others spend its part.
    public mutating func fenced(_ node: String) {
        guard let number = numbers[node] else { return }
        for at in campaigns.indices {
            for member in campaigns[at].members.indices where campaigns[at].members[member].node == number {
                campaigns[at].members[member].isFenced = true
                guard let region = campaigns[at].members[member].region else { continue }
                if campaigns[at].pacer?.isLost[region] == false { lose(region, of: at) }
            }
        }
    }

    private mutating func lose(_ region: Int, of at: Int) {
        campaigns[at].pacer?.lost(region)
        campaigns[at].hasLoss = true
    }

    // MARK: What is due

    private enum Need { case plan, share }

    private mutating func need(_ at: Int, _ now: Instant) -> Need? {
        guard now >= max(campaigns[at].heardSince, since) + limits.gathering else { return nil }
        // What is left of yesterday is no plan for today: nodes go on at the rate of the plan that is over.
        guard !campaigns[at].isOver(now) else { return nil }
        let isRested = now >= campaigns[at].plannedAt + limits.gathering
        guard campaigns[at].pacer != nil else { return isRested && mayPlan(at, now) ? .plan : nil }
        if now >= campaigns[at].planEnd {
            // Others whose day ends with it are heard of within seconds, and whoever competes is planned together.
            if isTurning, now < campaigns[at].planEnd + limits.gathering { return nil }
            return mayPlan(at, now) ? .plan : nil
        }
        // Whoever has come or changed is followed by others in the same seconds.
        guard isRested else { return nil }
        let (budget, latest) = (campaigns[at].budget, campaigns[at].latest)
        if campaigns[at].hasOtherTerms || latest.lifetime != budget.lifetime || latest.today != budget.today {
            // Others may have changed with it, and whoever competes is planned together: all of them are heard by then.
            let since = campaigns[at].changedAt ?? now
            campaigns[at].changedAt = since
            return now >= since + limits.gathering && mayPlan(at, now) ? .plan : nil
        }
        if campaigns[at].hasNewcomer { return .share }
        if campaigns[at].hasLoss {
            campaigns[at].hasLoss = false
            if campaigns[at].pacer?.canMakeUp(for: 0, at: now) == false { return .share }
        }
        guard now >= campaigns[at].plannedAt + Self.driftPause,
            now >= campaigns[at].comparedAt + Self.comparePause
        else { return nil }
        campaigns[at].comparedAt = now
        return hasMoved(campaigns[at], now) ? .share : nil
    }

    /// Whoever is due soon after others were planned waits for its next word, and so does whoever has other money now than it was
    /// planned by then.
    private func mayPlan(_ at: Int, _ now: Instant) -> Bool {
        guard let landscape, landscape.plans != nil else { return true }
        if now == landscape.at { return landscape.isOf(campaigns[at], at) }
        return now < landscape.at || now >= landscape.at + limits.pause
    }

    /// Whether the requests of this hour are elsewhere than where they were expected when the plan was shared.
    private func hasMoved(_ one: Campaign, _ now: Instant) -> Bool {
        let hour = HourOfWeek(now).number % PaceStatement.hours
        let present = one.present(now, limits.silence)
        let supply = present.map { one.members[$0].statement.supply[hour] }
        let before = present.map { one.members[$0].region.map { one.supplies[$0][hour] } ?? 0 }
        let (all, whole) = (supply.reduce(0, +), before.reduce(0, +))
        guard all > 0, whole > 0 else { return false }
        return zip(supply, before).contains { abs($0 / all - $1 / whole) > Self.drift }
    }

    // MARK: Orders

    private mutating func order(_ at: Int, _ member: Int, _ now: Instant) -> PaceOrder? {
        guard campaigns[at].pacer != nil else {
            // Nothing was planned yet, or nothing is to be spent.
            let isIdle = campaigns[at].version != firstVersion
            return isIdle ? PaceOrder(campaign: campaigns[at].terms.id, plan: 0) : nil
        }
        guard let region = campaigns[at].members[member].region, !campaigns[at].members[member].isOut else {
            return nil
        }
        var order = PaceOrder(campaign: campaigns[at].terms.id, plan: campaigns[at].version)
        campaigns[at].pacer?.direct(0, at: now) { number, directive in
            guard number == region else { return }
            (order.scale, order.ahead, order.theta) = (directive.scale, directive.ahead, directive.theta)
        }
        // Nobody gives way to who cannot be delivered.
        if campaigns[at].verdict?.isDeliverable != true {
            order.theta = max(order.theta, PaceRow.thetaRange.lowerBound)
        }
        if campaigns[at].members[member].statement.plan != campaigns[at].version {
            order.part = campaigns[at].parts[region]
        }
        return order
    }

    /// A campaign's place; nil for one that nobody speaks of.
    func place(of campaign: String) -> Int? { places[campaign] }
}
