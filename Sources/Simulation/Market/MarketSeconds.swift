// What happens every second of a run: reports leave and orders arrive, controllers step, and the market looks at where
// everybody stands.
internal import Ledger
internal import Pacing
internal import Units

extension MarketRun {
    /// How long a message between a region and the coordinator takes.
    static let transit = 0.2
    /// How often the coordinator plans.
    static let planSeconds = 5
    static let sampleSeconds = 300

    func everySecond() {
        let whole = Int(second)
        changeSessions()
        if conditions.promotes(at: second) { control.promote(at: now) }
        if let share = conditions.cuts(at: second) { cut(share) }
        for node in nodes where !conditions.isLost(node.number, second) { node.turn(clock(node.number)) }
        if money == .leases {
            for node in nodes {
                for lapse in node.tickFormers(clock(node.number)) {
                    control.root.freed(lapse.campaign, node.number, lapse.amount)
                }
                if whole % Self.planSeconds == 0 { report(node) }
            }
            fence()
        }
        if policy.isOurs, whole % Self.planSeconds == 1 { takeAims() }
        if policy.isOurs, whole % 60 == 1, isCoordinatorUp { warn() }
        if !control.controllers.isEmpty, whole % Int(control.period) == 0, whole > 0 { step() }
        if !policy.isOurs { synchronise(whole) }
        if whole % 3_600 == 0, whole > 0 { observeHour() }
        if whole % 60 == 0 { look() }
        if whole % Self.sampleSeconds == 0 { sample() }
    }

    private var isCoordinatorUp: Bool { nodes.contains { conditions.canSpeak($0.number, second) } }

    private func send(_ message: MarketMessage, after seconds: Double) {
        mail[tick + max(Int(seconds * Double(Self.ticksPerSecond)), 1), default: []].append(message)
    }

    /// The coordinator's messages may be on their way for long.
    private func tell(_ message: MarketMessage) {
        let stale = conditions.staleness(second)
        send(message, after: Self.transit + (stale > 0 ? stale * draws.nextUnit() : 0))
    }

    // MARK: Leases

    private func report(_ node: RegionNode) {
        guard conditions.canSpeak(node.number, second) else { return }
        let leases = plans.indices.map { campaign in
            let report = node.ledger.report(campaign)
            return LeaseReport(
                settled: report.settled, open: report.open, givenBack: report.givenBack,
                wanted: wanted(campaign, node))
        }
        let words = node.pacing?.words(forecast, at: clock(node.number), sent: second)
        send(
            .report(region: node.number, session: node.session, leases, words, sent: second),
            after: Self.transit)
    }

    /// What a region would like to have in hand: its plan for as long as it may have to go on alone, or what it
    /// spends in a minute where that is more.
    private func wanted(_ campaign: Int, _ node: RegionNode) -> Micros {
        let terms = wants[campaign]
        let plan = plans[campaign].regions[node.number]
        // Nothing where it may not run.
        guard plan.total > .zero else { return .zero }
        let from = clock(node.number)
        let to = from + .seconds(Int64(MarketControl.autonomy) + 60)
        let ahead =
            node.pacing?.due(campaign, from: from, to: to) ?? plan.spent(by: to) - plan.spent(by: from)
        let planned = Double(ahead.rawValue) / terms.shown
        // Who runs as fast as it goes has a part of what is left in hand, everywhere.
        let most = Double(budgets[campaign].rawValue) / 20
        let fast = terms.isHurried ? most : node.speed[campaign] * 60
        return Micros(Int64(max(planned * 1.2, fast))) + terms.price * 4
    }

    private func serve(_ region: Int, _ session: UInt32, _ leases: [LeaseReport], _ sent: Double) {
        guard nodes[region].session == session, !control.isFenced[region] else { return }
        var orders: [LeaseOrder] = []
        for (campaign, lease) in leases.enumerated() {
            control.root.reported(lease, campaign, region, session: UInt64(session))
            if let order = control.root.serve(campaign, region, at: second) { orders.append(order) }
        }
        control.renewedAt[region] = second
        // Counted from when the region asked, by its own clock.
        let lease = sent + conditions.skew(region) + MarketControl.autonomy - 6
        tell(.orders(region: region, orders, lease: lease))
    }

    /// A region that was not heard of for longer than its lease, and the margin, spends no more.
    private func fence() {
        for node in nodes where !control.isFenced[node.number] {
            let limit = conditions.isLost(node.number, second) ? 5 : MarketControl.autonomy + 6
            guard second - control.renewedAt[node.number] > limit, isCoordinatorUp else { continue }
            // Only a region whose process is known to be gone is fenced at once; its lease is counted out otherwise.
            control.isFenced[node.number] = true
            control.root.fenced(node.number)
            control.fleet.fenced(MarketControl.name(of: node.number))
        }
    }

    /// A region comes back, or is heard of again after its fence: with a new session, and a closing of the last.
    private func changeSessions() {
        guard money == .leases else { return }
        for node in nodes
        where control.isFenced[node.number] && conditions.canSpeak(node.number, second)
            && conditions.canHear(node.number, second)
        {
            let before = plans.indices.map { node.ledger.report($0) }
            node.restart(demand, clock(node.number))
            for campaign in plans.indices {
                let report = node.formers[node.formers.count - 1].report(campaign)
                outcomes[campaign].stranded = max(
                    outcomes[campaign].stranded, report.givenBack - before[campaign].givenBack)
                control.root.closed(
                    campaign, node.number, spentOrDoubted: report.settled + report.open,
                    next: UInt64(node.session))
            }
            control.isFenced[node.number] = false
            control.renewedAt[node.number] = second
        }
    }

    // MARK: Ours

    /// What the coordinator has planned is what a campaign is held against, until its budget changes.
    private func takeAims() {
        for campaign in plans.indices {
            guard let since = awaitsAim[campaign],
                let plan = control.fleet.plan(of: demand.campaigns[campaign].pacing.id),
                plan.curve.start > since
            else { continue }
            awaitsAim[campaign] = nil
            aims[campaign] = (plan.curve, spent[campaign])
            outcomes[campaign].limit = plan.deliverability.limit
        }
    }

    private func warn() {
        for campaign in plans.indices where outcomes[campaign].warnedAt == nil {
            if control.fleet.cannotDeliver(demand.campaigns[campaign].pacing.id, at: now) {
                outcomes[campaign].warnedAt = second
            }
        }
    }

    func deliverMail() {
        guard let messages = mail.removeValue(forKey: tick) else { return }
        for message in messages {
            switch message {
            case .report(let region, let session, let leases, let words, let sent):
                // Whoever should take it is away.
                guard isCoordinatorUp, conditions.canSpeak(region, second) else { continue }
                serve(region, session, leases, sent)
                guard let words, nodes[region].session == session, !control.isFenced[region] else { continue }
                let orders = control.pace(region, session, words, at: now)
                tell(.paced(region: region, session: session, orders, answering: words))
            case .orders(let region, let orders, let lease):
                guard conditions.canHear(region, second) else { continue }
                obey(orders, lease, nodes[region])
            case .paced(let region, let session, let orders, let words):
                guard conditions.canHear(region, second), nodes[region].session == session else { continue }
                nodes[region].pacing?.hear(orders, answering: words, at: clock(region))
            case .signals(let region, let signals):
                guard conditions.canHear(region, second) else { continue }
                for (campaign, signal) in signals.enumerated() {
                    nodes[region].throttle.set(campaign, signal)
                }
            }
        }
    }

    private func obey(_ orders: [LeaseOrder], _ lease: Double, _ node: RegionNode) {
        let now = clock(node.number)
        node.ledger.lease(until: shape.instant(lease), now)
        for order in orders where order.session == UInt64(node.session) {
            if order.isRecalled {
                node.ledger.recall(order.campaign, now)
            } else {
                node.ledger.allow(order.campaign, upTo: order.upTo, isLast: order.isLast, now)
            }
        }
    }

    /// Every third campaign's budget is cut, and all that changes is planned anew from what is left.
    private func cut(_ share: Double) {
        for campaign in stride(from: 0, to: plans.count, by: 3) {
            let budget = Micros(Int64(Double(budgets[campaign].rawValue) * share))
            budgets[campaign] = budget
            outcomes[campaign].spentAtCut = Micros(spent[campaign])
            control.root.cut(campaign, to: budget)
            control.root.callIn(campaign)
            // What regions hold can still be spent: the operator sees it before the cut is confirmed.
            ceilings[campaign] = max(budget, control.root.committed(campaign))
            let known = Micros(control.known.reduce(0) { $0 + $1[campaign] })
            var rest = demand.campaigns[campaign].pacing
            rest.budget = max(budget - (policy.isOurs ? Micros(spent[campaign]) : known), Micros(1))
            let plan = Planner(Supply(forecast, start: now, end: shape.end)).plan([rest])[0]
            aims[campaign] = (plan.curve, spent[campaign])
            // The coordinator's own takes its place.
            awaitsAim[campaign] = now
            control.restart(campaign, policy, plan.curve, spent: known)
        }
    }

    // MARK: Others

    private func step() {
        var signals: [PacingSignal] = []
        for campaign in plans.indices {
            let sum = control.known.reduce(0) { $0 + $1[campaign] }
            let spent = Micros(sum) - control.spentBefore[campaign]
            signals.append(control.controllers[campaign].step(spent: spent, at: now))
        }
        for node in nodes { tell(.signals(region: node.number, signals)) }
    }

    /// Systems without leases: bills are counted every second where they can be heard of, and budgets are looked at.
    private func synchronise(_ whole: Int) {
        for node in nodes where conditions.canSpeak(node.number, second) {
            control.known[node.number] = node.billed
        }
        guard money != .leases else { return }
        let interval = money == .floatAccounts ? 1 : money == .sharedCache ? 2 : 10
        guard whole % interval == 0 else { return }
        for node in nodes where conditions.canHear(node.number, second) {
            for campaign in plans.indices {
                let sum = control.known.reduce(0) { $0 + $1[campaign] }
                let left = max(budgets[campaign].rawValue - sum, 0)
                switch money {
                case .floatAccounts:
                    // Ten cents, or what is left.
                    node.available[campaign] = min(max(node.available[campaign], 100_000), left)
                default: node.available[campaign] = left
                }
            }
        }
    }

    // MARK: Looking

    /// The forecast goes on learning: a new plan is made from what is known by then.
    private func observeHour() {
        let hour = HourOfWeek(now - .seconds(1))
        for region in shape.regions.indices {
            for inventory in shape.inventories.indices {
                let at = region * shape.inventories.count + inventory
                forecast.observe(region: region, inventory: inventory, hour: hour, requests: hourCounts[at])
                hourCounts[at] = 0
            }
        }
    }

    func planned(_ campaign: Int) -> Int64 {
        aims[campaign].from + aims[campaign].plan.spent(by: now).rawValue
    }

    private func look() {
        for campaign in plans.indices {
            let distance =
                Double(abs(spent[campaign] - planned(campaign))) / Double(max(budgets[campaign].rawValue, 1))
            if distance > MarketMeasures.astray { outcomes[campaign].lastAstray = Int(second) / 60 }
            guard distance > outcomes[campaign].distance else { continue }
            outcomes[campaign].distance = distance
            outcomes[campaign].distanceMinute = Int(second) / 60
        }
    }

    private func sample() {
        samples.append(
            MarketSample(
                second: second, spent: spent, planned: plans.indices.map { planned($0) },
                regions: regionSpent,
                requests: regionRequests))
        for region in shape.regions.indices {
            regionSpent[region] = 0
            regionRequests[region] = 0
        }
    }
}
