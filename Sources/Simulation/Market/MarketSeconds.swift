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
        if whole == 0 { begin() }
        changeSessions()
        if let share = conditions.cuts(at: second) { cut(share) }
        for node in nodes where !conditions.isLost(node.number, second) { node.turn(now) }
        if money == .leases {
            for node in nodes {
                for lapse in node.tickFormers(now) {
                    control.root.freed(lapse.campaign, node.number, lapse.amount)
                }
                if whole % Self.planSeconds == 0 { report(node) }
            }
            fence()
        }
        if policy == .paceline, whole % Self.planSeconds == 1, isCoordinatorUp { direct() }
        if !control.controllers.isEmpty, whole % Int(control.period) == 0, whole > 0 { step() }
        if policy != .paceline { synchronise(whole) }
        if whole % 3_600 == 0, whole > 0 { observeHour() }
        if whole % 60 == 0 { look() }
        if whole % Self.sampleSeconds == 0 { sample() }
    }

    private var isCoordinatorUp: Bool { nodes.contains { conditions.canSpeak($0.number, second) } }

    private func begin() {
        for node in nodes where policy == .paceline {
            for campaign in plans.indices { install(plans[campaign], campaign, version: 0, on: node) }
        }
    }

    private func install(_ plan: CampaignPlan, _ campaign: Int, version: UInt32, on node: RegionNode) {
        let one = demand.campaigns[campaign].pacing
        node.table.planned(
            campaign, curve: plan.regions[node.number], choice: plan.choice, plan: version,
            isPaced: one.mode != .asap, isGuaranteed: one.isGuaranteed,
            theta: control.pacer.theta(of: campaign),
            shown: one.shown, price: one.price, at: now)
    }

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
        var leases: [LeaseReport] = []
        var paces: [PaceReport] = []
        leases.reserveCapacity(plans.count)
        paces.reserveCapacity(plans.count)
        // Looked at three times for each campaign, and not to be copied as often.
        let pacer = control.pacer
        for campaign in plans.indices {
            let report = node.ledger.report(campaign)
            leases.append(
                LeaseReport(
                    settled: report.settled, open: report.open, givenBack: report.givenBack,
                    wanted: wanted(campaign, node, pacer)))
            if policy == .paceline { paces.append(node.table.report(of: campaign)) }
        }
        send(
            .report(
                region: node.number, session: node.session, leases, paces, plans: control.versions,
                sent: second),
            after: Self.transit)
    }

    /// What a region would like to have in hand: its plan for as long as it may have to go on alone, or what it
    /// spends in a minute where that is more.
    private func wanted(_ campaign: Int, _ node: RegionNode, _ pacer: FlightPacer) -> Micros {
        let terms = wants[campaign]
        // Nothing where it may not run.
        guard pacer.total(campaign, node.number) > .zero else { return .zero }
        let ahead = pacer.due(
            campaign, node.number, from: now, to: now + .seconds(Int64(MarketControl.autonomy) + 60))
        let planned = Double(ahead.rawValue) * pacer.scale(of: campaign, node.number) / terms.shown
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
        tell(.orders(region: region, orders, lease: sent + MarketControl.autonomy - 6))
    }

    /// A region that was not heard of for longer than its lease, and the margin, spends no more.
    private func fence() {
        for node in nodes where !control.isFenced[node.number] {
            let limit = conditions.isLost(node.number, second) ? 5 : MarketControl.autonomy + 6
            guard second - control.renewedAt[node.number] > limit, isCoordinatorUp else { continue }
            // Only a region whose process is known to be gone is fenced at once; its lease is counted out otherwise.
            control.isFenced[node.number] = true
            control.root.fenced(node.number)
            control.pacer.lost(node.number)
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
            let spentBefore = plans.indices.map { node.table.report(of: $0).spent }
            node.restart(demand, now)
            for campaign in plans.indices {
                let report = node.formers[node.formers.count - 1].report(campaign)
                outcomes[campaign].stranded = max(
                    outcomes[campaign].stranded, report.givenBack - before[campaign].givenBack)
                control.root.closed(
                    campaign, node.number, spentOrDoubted: report.settled + report.open,
                    next: UInt64(node.session))
                if policy == .paceline {
                    control.pacer.add(
                        spentBefore[campaign] - control.pacer.reported(campaign, node.number),
                        campaign: campaign)
                }
            }
            control.pacer.rejoined(node.number)
            control.isFenced[node.number] = false
            control.renewedAt[node.number] = second
            if policy == .paceline {
                for campaign in plans.indices {
                    install(
                        control.pacer.plan(of: campaign), campaign, version: control.versions[campaign],
                        on: node)
                }
            }
        }
    }

    // MARK: Ours

    private func direct() {
        var orders = nodes.map { _ in [PaceDirective]() }
        for campaign in plans.indices {
            control.pacer.direct(campaign, at: now) { orders[$0].append($1) }
            if outcomes[campaign].warnedAt == nil, control.pacer.cannotDeliver(campaign, at: now) {
                outcomes[campaign].warnedAt = second
            }
        }
        for (region, directives) in orders.enumerated() { tell(.directives(region: region, directives)) }
    }

    func deliverMail() {
        guard let messages = mail.removeValue(forKey: tick) else { return }
        for message in messages {
            switch message {
            case .report(let region, let session, let leases, let paces, let versions, let sent):
                // Whoever should take it is away.
                guard isCoordinatorUp, conditions.canSpeak(region, second) else { continue }
                for (campaign, pace) in paces.enumerated() where nodes[region].session == session {
                    control.pacer.reported(pace, campaign: campaign, region: region, plan: versions[campaign])
                }
                serve(region, session, leases, sent)
            case .orders(let region, let orders, let lease):
                guard conditions.canHear(region, second) else { continue }
                obey(orders, lease, nodes[region])
            case .directives(let region, let directives):
                guard conditions.canHear(region, second) else { continue }
                for directive in directives { nodes[region].table.directed(directive) }
            case .plan(let region, let campaign, let plan, let version):
                guard conditions.canHear(region, second) else {
                    send(message, after: 1)
                    continue
                }
                install(plan, campaign, version: version, on: nodes[region])
            case .signals(let region, let signals):
                guard conditions.canHear(region, second) else { continue }
                for (campaign, signal) in signals.enumerated() {
                    nodes[region].throttle.set(campaign, signal)
                }
            }
        }
    }

    private func obey(_ orders: [LeaseOrder], _ lease: Double, _ node: RegionNode) {
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
            guard policy == .paceline else { continue }
            var rest = demand.campaigns[campaign].pacing
            rest.budget = max(budget - control.pacer.spent(campaign, at: now), Micros(1))
            let supply = Supply(forecast, start: now, end: shape.end)
            let plan = Planner(supply).plan([rest])[0]
            control.versions[campaign] += 1
            control.pacer.replanned(campaign, plan, version: control.versions[campaign])
            aims[campaign] = (plan.curve, spent[campaign])
            for node in nodes {
                tell(
                    .plan(region: node.number, campaign: campaign, plan, version: control.versions[campaign]))
            }
        }
    }

    // MARK: Others

    private func step() {
        var signals: [PacingSignal] = []
        for campaign in plans.indices {
            let sum = control.known.reduce(0) { $0 + $1[campaign] }
            signals.append(control.controllers[campaign].step(spent: Micros(sum), at: now))
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
