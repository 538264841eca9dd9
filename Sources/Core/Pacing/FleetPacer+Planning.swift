// How the coordinator plans: each campaign from what the ledger has left of it, together with all that compete for the same
// requests where nodes say what those are; and how a plan is shared among nodes.
internal import Units

extension FleetPacer {
    /// Another plan, of what is left.
    mutating func plan(_ at: Int, _ now: Instant) {
        let present = sorted(campaigns[at].present(now, limits.silence), at)
        let open = present.reduce(Micros.zero) { $0 + campaigns[at].members[$1].statement.open }
        campaigns[at].hasOtherTerms = false
        campaigns[at].changedAt = nil
        (campaigns[at].hasNewcomer, campaigns[at].hasLoss) = (false, false)
        campaigns[at].budget = campaigns[at].latest
        campaigns[at].plannedAt = now
        campaigns[at].version &+= 1
        campaigns[at].base = campaigns[at].latest.left - open
        guard let curve = window(at, now)?.curve else {
            clear(at)
            return
        }
        if seesDay(present, at), let plan = together(now)[at] {
            install(plan, present, at, now, nil)
            return
        }
        install(alone(curve, present, at, now), present, at, now, nil)
    }

    /// Whose hours are not known yet is planned by itself: one node that begins anew is no reason, where the others have most of what it
    /// could compete for.
    private func seesDay(_ present: [Int], _ at: Int) -> Bool {
        var (all, seen) = (0.0, 0.0)
        for member in present.map({ campaigns[at].members[$0].statement }) {
            let supply = member.supply.reduce(0, +)
            all += supply
            if member.seesDay { seen += supply }
        }
        return all > 0
            ? seen >= Self.mostOfSupply * all
            : present.allSatisfy { campaigns[at].members[$0].statement.seesDay }
    }

    /// Two of three nodes that are alike are enough, and one of two is not.
    private static let mostOfSupply = 0.6

    /// The same plan, in other parts: what was promised stays, and so does what spend is off by.
    mutating func share(_ at: Int, _ now: Instant) {
        guard let former = campaigns[at].pacer?.plan(of: 0).curve, former.end > now else {
            plan(at, now)
            return
        }
        let present = sorted(campaigns[at].present(now, limits.silence), at)
        let open = present.reduce(Micros.zero) { $0 + campaigns[at].members[$1].statement.open }
        // What the ledger says was spent since the plan began, less what was to be: also what no node came to say. While a node is
        // fenced the ledger takes all that it held for spent, and what was said is nearer to the truth.
        let isAnyFenced = campaigns[at].members.contains(where: \.isFenced)
        let said = isAnyFenced ? campaigns[at].pacer?.spent(0, at: now) : nil
        let spent = said ?? campaigns[at].base - (campaigns[at].latest.left - open)
        let ahead = spent - former.spent(by: now)
        let yields = campaigns[at].members.map { member in
            member.region.map { campaigns[at].pacer?.campaigns[0].regions[$0].yield ?? 1 } ?? 1
        }
        (campaigns[at].hasNewcomer, campaigns[at].hasLoss) = (false, false)
        campaigns[at].plannedAt = now
        campaigns[at].version &+= 1
        campaigns[at].base -= former.spent(by: now)
        let rest = former.rest(from: now)
        let (verdict, origin) = (campaigns[at].verdict, campaigns[at].origin)
        let isTogether = campaigns[at].isTogether
        install(moved(rest, present, at), present, at, now, origin)
        (campaigns[at].verdict, campaigns[at].isTogether) = (verdict, isTogether)
        campaigns[at].pacer?.add(ahead, campaign: 0)
        for (region, member) in present.enumerated() {
            campaigns[at].pacer?.campaigns[0].regions[region].yield = yields[member]
        }
    }

    private func sorted(_ members: [Int], _ at: Int) -> [Int] {
        members.sorted { nodes[campaigns[at].members[$0].node] < nodes[campaigns[at].members[$1].node] }
    }

    private mutating func clear(_ at: Int) {
        campaigns[at].supplies = []
        campaigns[at].origin = nil
        campaigns[at].pacer = nil
        campaigns[at].planned = []
        campaigns[at].parts = []
        (campaigns[at].verdict, campaigns[at].isTogether) = (nil, false)
        for member in campaigns[at].members.indices { campaigns[at].members[member].region = nil }
    }

    private mutating func install(
        _ plan: CampaignPlan, _ present: [Int], _ at: Int, _ now: Instant,
        _ origin: (start: Instant, end: Instant)?
    ) {
        let theta = campaigns[at].pacer?.theta(of: 0) ?? 0
        let parts = plan.regions.compactMap { part($0, plan.choice) }
        guard parts.count == present.count else {
            clear(at)
            return
        }
        clear(at)
        campaigns[at].planned = present
        for (region, member) in present.enumerated() { campaigns[at].members[member].region = region }
        campaigns[at].parts = parts
        campaigns[at].planEnd = plan.curve.end
        campaigns[at].origin = origin ?? (plan.curve.start, plan.curve.end)
        campaigns[at].supplies = present.map { campaigns[at].members[$0].statement.supply }
        // What one campaign is planned by itself says nothing of its chances.
        campaigns[at].isTogether = !plan.deliverability.possible.isEmpty
        let isTelling = campaigns[at].isTogether && !campaigns[at].isQuiet(until: plan.curve.end)
        campaigns[at].verdict = isTelling ? plan.deliverability : nil
        var pacer = FlightPacer(plans: [plan], regions: present.count, theta: theta)
        pacer.origin = origin
        pacer.replanned(0, plan, version: campaigns[at].version)
        campaigns[at].pacer = pacer
    }

    private func part(_ curve: SpendCurve, _ choice: [Double]) -> PaceOrder.Part? {
        let hourly = zip(curve.sums.dropFirst(), curve.sums).map { $0 - $1 }
        guard var part = PaceOrder.Part(start: curve.start, end: curve.end, hourly: hourly) else {
            return nil
        }
        part.choice = Array(choice.prefix(hourly.count))
        return part
    }

    // MARK: One campaign by itself

    /// What it is to spend until its plan's end, by its mode.
    private func window(_ at: Int, _ now: Instant) -> WindowPlan? {
        let one = campaigns[at]
        let present = one.present(now, limits.silence)
        let open = present.reduce(Micros.zero) { $0 + one.members[$1].statement.open }
        let sum = (0..<PaceStatement.hours).map { hour in
            present.reduce(0) { $0 + one.members[$1].statement.supply[hour] }
        }
        return WindowPlan(
            one.terms, left: max(one.latest.left - open, .zero),
            leftToday: one.latest.leftToday.map { max($0 - open, .zero) }, dayEnd: one.dayEnd,
            week: WeekOfSupply(day: sum), at: now)
    }

    /// A curve in parts, by where the requests are.
    private func alone(_ curve: SpendCurve, _ present: [Int], _ at: Int, _ now: Instant) -> CampaignPlan {
        let weeks = present.map { WeekOfSupply(day: campaigns[at].members[$0].statement.supply) }
        var hourly = present.map { _ in [Micros]() }
        for hour in 0..<curve.sums.count - 1 {
            let at = now + Interval(nanoseconds: Int64(hour) * HourOfWeek.length)
            let here = weeks.map { $0.requests(at: at) }
            let all = here.reduce(0, +)
            let amount = curve.sums[hour + 1] - curve.sums[hour]
            // What rounding leaves is the last one's: the parts are the plan.
            var left = amount
            for region in present.indices {
                let share = Micros(Int64((Double(amount.rawValue) * here[region] / all).rounded(.down)))
                let part = region == present.count - 1 ? left : share
                hourly[region].append(part)
                left -= part
            }
        }
        let parts = hourly.map {
            SpendCurve(start: curve.start, end: curve.end, hourly: $0.map { Double($0.rawValue) })
        }
        return CampaignPlan(campaigns[at].terms, curve, parts: parts)
    }

    /// The rest of a plan, whose parts follow the requests: of each node what it had, times what it expects now of what it expected
    /// then; who is new gets as much for a request as the others.
    private func moved(_ rest: SpendCurve, _ present: [Int], _ at: Int) -> CampaignPlan {
        let one = campaigns[at]
        let former = one.pacer?.plan(of: 0).regions ?? []
        var hourly = present.map { _ in [Double]() }
        for hour in 0..<rest.sums.count - 1 {
            let start = rest.start + Interval(nanoseconds: Int64(hour) * HourOfWeek.length)
            let middle = start + Interval(nanoseconds: HourOfWeek.length / 2)
            let place = HourOfWeek(middle).number % PaceStatement.hours
            let before = former.indices.reduce(0) { $0 + former[$1].rate(at: middle) }
            let supply = one.supplies.reduce(0) { $0 + $1[place] }
            let weights = present.map { member -> Double in
                let now = one.members[member].statement.supply[place]
                // Where nobody expects a request of it, all have as much: viewers of a node that is lost go to any other.
                guard now > 0 else { return 0 }
                guard let region = one.members[member].region, before > 0, one.supplies[region][place] > 0
                else { return now * (supply > 0 && before > 0 ? before / supply : 1) }
                return former[region].rate(at: middle) * now / one.supplies[region][place]
            }
            let all = weights.reduce(0, +)
            let amount = Double((rest.sums[hour + 1] - rest.sums[hour]).rawValue)
            for region in present.indices {
                let share = all > 0 ? weights[region] / all : 1 / Double(present.count)
                hourly[region].append(amount * share)
            }
        }
        var choice: [Double] = []
        if let plan = one.pacer?.plan(of: 0), !plan.choice.isEmpty {
            let passed = WindowPlan.hours(plan.curve.start, rest.start)
            choice = (0..<rest.sums.count - 1).map {
                plan.choice[min(Int(passed + Double($0) + 0.5), plan.choice.count - 1)]
            }
        }
        return CampaignPlan(
            one.terms, rest,
            parts: hourly.map { SpendCurve(start: rest.start, end: rest.end, hourly: $0) }, choice: choice)
    }

    // MARK: All that compete

    /// What all campaigns are to have from now on, guaranteed ones first, the others so that those who compete for the same requests
    /// share what there is; none where a node does not say what it expects, or where they are too many. A campaign of which some
    /// node has not seen all hours of a day yet is no reason to take what others want for free, but for it itself that says too little.
    private mutating func together(_ now: Instant) -> [Int: CampaignPlan] {
        if let landscape, landscape.at == now { return landscape.plans ?? [:] }
        let plans = planned(now)
        landscape = Landscape(
            at: now, plans: plans, basis: plans == nil ? [] : campaigns.map(Landscape.Basis.init))
        return plans ?? [:]
    }

    /// Whose day is over is in none: what is left of it is nothing that it could take from others tomorrow. Nor is who is paused.
    private func planned(_ now: Instant) -> [Int: CampaignPlan]? {
        let rows = campaigns.indices.filter {
            !campaigns[$0].isOver(now) && campaigns[$0].runs
                && !campaigns[$0].present(now, limits.silence).isEmpty
        }
        let members = rows.map { campaigns[$0].present(now, limits.silence) }
        let numbers = Set(
            zip(rows, members).flatMap { at, those in those.map { campaigns[at].members[$0].node } }
        ).sorted()
        guard let kinds = numbers.first.flatMap({ supplies[$0]?.kinds }),
            numbers.allSatisfy({ supplies[$0]?.kinds == kinds }),
            rows.count <= limits.together,
            rows.count * numbers.count * kinds * PaceStatement.hours <= limits.cells
        else { return nil }
        var regions: [Int: Int] = [:]
        for (region, number) in numbers.enumerated() { regions[number] = region }
        let windows = rows.map { window($0, now) }
        guard let end = windows.compactMap({ $0?.end }).max() else { return nil }
        let supply = supply(numbers, kinds, from: now, to: end)
        var asked: [(row: Int, campaign: PacingCampaign)] = []
        for ((at, those), window) in zip(zip(rows, members), windows) {
            guard let window else { continue }
            asked.append((at, campaign(at, those, window, regions, supply, now)))
        }
        let plans = Planner(supply).plan(asked.map(\.campaign))
        var all: [Int: CampaignPlan] = [:]
        for (one, plan) in zip(asked, plans) {
            let those = sorted(campaigns[one.row].present(now, limits.silence), one.row)
            let own = those.compactMap { regions[campaigns[one.row].members[$0].node] }
            all[one.row] = plan.until(one.campaign.end, regions: own)
        }
        return all
    }

    private func campaign(
        _ at: Int, _ members: [Int], _ window: WindowPlan, _ regions: [Int: Int], _ supply: Supply,
        _ now: Instant
    ) -> PacingCampaign {
        let one = campaigns[at]
        let kinds = supply.inventories
        var targeted = [Double](repeating: 0, count: regions.count * kinds)
        var affordable = [Double](repeating: 1, count: regions.count * kinds)
        var byHour = [Double](repeating: 0, count: supply.hours * regions.count)
        let shift = Self.shift(now)
        for member in members.map({ one.members[$0] }) {
            guard let region = regions[member.node] else { continue }
            let (shares, payable) = (member.statement.shares, member.statement.affordable)
            let isKnown = shares.count == kinds && shares.contains { $0 > 0 }
            for kind in 0..<kinds {
                targeted[region * kinds + kind] = isKnown ? shares[kind] : 1
                if payable.count == kinds { affordable[region * kinds + kind] = payable[kind] }
            }
            // Kinds differ by shares, and hours by what is expected in all of them.
            for hour in 0..<supply.hours {
                let whole = (0..<kinds).reduce(0) { sum, kind in
                    let cell = region * kinds + kind
                    return sum + supply.at(hour, region, kind) * targeted[cell] * affordable[cell]
                }
                let (here, next) = Self.clockHours(now, hour)
                let own = member.statement.supply
                let expected = ((1 - shift) * own[here] + shift * own[next]) * supply.length(ofHour: hour)
                byHour[hour * regions.count + region] = whole > 0 ? expected / whole : 0
            }
        }
        var campaign = PacingCampaign(
            id: one.terms.id, start: now, end: window.end, budget: window.curve.total, mode: one.terms.mode,
            isGuaranteed: one.terms.isGuaranteed, price: one.terms.price, targeted: targeted,
            affordable: affordable, shown: one.terms.shown)
        campaign.byHour = byHour
        campaign.before = WindowPlan.hours(one.terms.start, now)
        campaign.after = WindowPlan.hours(window.end, one.terms.end)
        return campaign
    }

    /// How much of the clock's next hour lies in each hour from now on.
    private static func shift(_ now: Instant) -> Double {
        Double(now.nanoseconds % HourOfWeek.length) / Double(HourOfWeek.length)
    }

    /// The hours of the clock in which an hour from now on lies.
    private static func clockHours(_ now: Instant, _ hour: Int) -> (here: Int, next: Int) {
        let here = (HourOfWeek(now).number + hour) % PaceStatement.hours
        return (here, (here + 1) % PaceStatement.hours)
    }

    /// Between the middles of two hours traffic changes evenly.
    private func supply(_ numbers: [Int], _ kinds: Int, from now: Instant, to end: Instant) -> Supply {
        let shift = Self.shift(now)
        let hours = Supply.hours(from: now, to: end)
        var requests: [Double] = []
        requests.reserveCapacity(hours * numbers.count * kinds)
        for hour in 0..<hours {
            let start = now + Interval(nanoseconds: Int64(hour) * HourOfWeek.length)
            let length = min(Double((end - start).nanoseconds) / Double(HourOfWeek.length), 1)
            let (here, next) = Self.clockHours(now, hour)
            for number in numbers {
                for kind in 0..<kinds {
                    let places = supplies[number]?.places ?? []
                    let mean = (1 - shift) * places[here * kinds + kind] + shift * places[next * kinds + kind]
                    requests.append(mean * length)
                }
            }
        }
        return Supply(
            regions: numbers.count, inventories: kinds, start: now, end: end, requests: requests)
    }
}

/// Plans of one moment, and what they were made of: whose words have changed since has none there.
struct Landscape: Sendable {
    struct Basis: Sendable, Hashable {
        let terms: PacedTerms
        let budget: PaceBudget
        let dayEnd: Instant?
        let members: Int
        let runs: Bool

        init(_ one: FleetPacer.Campaign) {
            (terms, budget, dayEnd) = (one.terms, one.latest, one.dayEnd)
            (members, runs) = (one.members.count, one.runs)
        }
    }

    let at: Instant
    /// Nil where they could not be made together.
    let plans: [Int: CampaignPlan]?
    /// By campaign.
    let basis: [Basis]

    func isOf(_ one: FleetPacer.Campaign, _ at: Int) -> Bool {
        at < basis.count && basis[at] == Basis(one)
    }
}

extension CampaignPlan {
    /// Of a plan of all, one campaign's own part: its regions, and nothing behind its end.
    func until(_ end: Instant, regions own: [Int]) -> CampaignPlan {
        CampaignPlan(
            id: id, curve: curve.until(end), regions: own.map { regions[$0].until(end) }, choice: choice,
            deliverability: deliverability, isUnpaced: isUnpaced)
    }
}

extension SpendCurve {
    fileprivate func until(_ end: Instant) -> SpendCurve {
        guard end < self.end else { return self }
        let hours = Supply.hours(from: start, to: end)
        let hourly = (0..<hours).map { Double((sums[$0 + 1] - sums[$0]).rawValue) }
        return SpendCurve(start: start, end: end, hourly: hourly)
    }

    /// What is to come of it.
    func rest(from now: Instant) -> SpendCurve {
        let hours = Supply.hours(from: now, to: end)
        let hourly = (0..<hours).map { hour -> Double in
            let from = now + Interval(nanoseconds: Int64(hour) * HourOfWeek.length)
            let to = min(from + Interval(nanoseconds: HourOfWeek.length), end)
            return Double((spent(by: to) - spent(by: from)).rawValue)
        }
        return SpendCurve(start: now, end: end, hourly: hourly)
    }
}
