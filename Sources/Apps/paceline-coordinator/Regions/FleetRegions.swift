// The regions of a running fleet, while this process leads: a machine for each, fed by brokers, probes and operators; its word goes to
// nodes by way of their brokers, to the plans of pacing, and into the database for whoever leads next.
import Documents
import Fleet
import Kernel
import Ledger
import Postgres
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Used on the root's thread only. Away → reading → driving; away again where another coordinator leads.
final class FleetRegions {
    private let context: CoordinatorContext
    private unowned let root: Root
    private let pool: PostgresPool
    private let pacing: FleetPacing
    private let settings: [CoordinatorSettings.Region]
    private let limits: RegionLimits
    /// Nil where this process does not lead, or has not read yet what was before.
    private var rotation: RegionRotation?
    private var rows: [RegionRow] = []
    /// The database has a region that is out, and the settings do not have it: whose holders are in it nobody knows.
    private var hasStray = false
    private var epoch = Epoch(0)
    private var isReading = false
    private var mustReadAgain = false
    /// What the database was told last, by region, and what it is being told.
    private var noted: [(state: RegionState, share: Int)] = []
    private var isNoting = false

    /// Short beside the quarter of a second in which brokers ask.
    private static let turn = Interval.milliseconds(100)
    /// A share that moves by less is not written: who leads next goes on from the one before.
    private static let shareStep = 50

    init(_ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool, _ pacing: FleetPacing) {
        (self.context, self.root, self.pool, self.pacing) = (context, root, pool, pacing)
        settings = context.settings.regions
        let times = context.settings.rotation
        var limits = RegionLimits()
        (limits.suspectFor, limits.drainFor) = (times.suspect, times.drain)
        (limits.steadyFor, limits.rejoinFor) = (times.steady, times.rejoin)
        self.limits = limits
    }

    private var now: Instant { Kernel.boottimeNow() }

    func start() {
        tick()
    }

    // MARK: What is heard

    /// Nil where another coordinator leads.
    func heard(_ question: RegionQuestion) -> RegionWord? {
        guard root.leads else { return nil }
        guard rotation != nil, epoch == root.machine.epoch else { return nil }
        guard let region = region(of: question.holder) else { return hasStray ? nil : .ordinary }
        rotation?.spoke(region, question.counts, at: now)
        return rotation.map { RegionWord($0.state(region), share: $0.share(region)) }
    }

    /// Something else that a holder says, as brokers of a former version do as well.
    func met(_ holder: String) {
        guard root.leads, let region = region(of: holder) else { return }
        rotation?.met(region, at: now)
    }

    private func region(of holder: String) -> Int? {
        settings.firstIndex { $0.holders.contains(holder) }
    }

    func probed(_ region: Int, _ answers: Bool) {
        guard let effects = rotation?.probed(region, answers, at: now) else { return }
        follow(effects.map { (region, $0) })
    }

    // MARK: Turning

    private func tick() {
        if pool.reactor.timer(at: pool.reactor.now + Self.turn, { [weak self] in self?.tick() }) == nil {
            context.log.critical("the reactor has no timer left for the regions")
        }
        guard root.leads else { return leave() }
        guard epoch == root.machine.epoch, rotation != nil else {
            if epoch != root.machine.epoch { leave() }
            return read()
        }
        if let effects = rotation?.turn(at: now) { follow(effects) }
        note()
        show()
    }

    private func leave() {
        guard rotation != nil else { return }
        rotation = nil
        context.regions.all = []
    }

    /// A change as it looks in its turn: after all that was asked before it, here or of a former leader. Nil where this process
    /// does not lead, or has not read yet where regions stand.
    func inTurn(_ order: any ChangeOrder, _ found: [PostgresRows]) -> (any ChangeOrder)? {
        guard var change = order as? RegionChange else { return order }
        guard root.leads, epoch == root.machine.epoch, found.count > 1, let region = number(of: change.region)
        else { return nil }
        do {
            take(try found[1].map { try RegionRow($0) }, epoch)
        } catch {
            context.log.error("where regions stand could not be read", ["cause": .error(error)])
            return nil
        }
        guard let effects = effects(of: change.order, on: region) else { return nil }
        change.effects = effects
        return change
    }

    /// A change was made: it holds before it is answered.
    func made(_ order: any ChangeOrder, version: Int64) {
        if let change = order as? RegionChange, let region = number(of: change.region),
            epoch == root.machine.epoch, rows.indices.contains(region), rows[region].version < version,
            let effects = rotation?.asked(region, change.order, at: now)
        {
            (rows[region].version, rows[region].order) = (version, change.order)
            follow(effects.map { (region, $0) })
        }
        read()
    }

    private func read() {
        guard root.leads, root.isMigrated else { return }
        guard !isReading else {
            mustReadAgain = true
            return
        }
        isReading = true
        mustReadAgain = false
        let asked = root.machine.epoch
        pool.run(RegionStatements.all, within: context.settings.database.timeout) { [weak self] outcome in
            guard let self else { return }
            isReading = false
            if case .done(let found) = outcome, root.leads, root.machine.epoch == asked {
                do {
                    take(try found[0].map { try RegionRow($0) }, asked)
                } catch {
                    context.log.error("where regions stand could not be read", ["cause": .error(error)])
                }
            }
            if mustReadAgain { read() }
        }
    }

    private func take(_ found: [RegionRow], _ asked: Epoch) {
        hasStray = found.contains { row in
            (row.share < 1_000 || row.order != .serve) && !settings.contains { $0.name == row.name }
        }
        let former = epoch == asked ? rows : []
        rows = settings.indices.map { region in
            let row =
                found.first { $0.name == settings[region].name } ?? RegionRow(name: settings[region].name)
            // What was read before a change that is known here says nothing against it.
            guard former.indices.contains(region), former[region].version > row.version else { return row }
            return former[region]
        }
        guard rotation != nil, epoch == asked else { return begin(asked) }
        for (region, row) in rows.enumerated() {
            if let effects = rotation?.asked(region, row.order, at: now) {
                follow(effects.map { (region, $0) })
            }
        }
    }

    /// From where the former leader stood.
    private func begin(_ asked: Epoch) {
        var rotation = RegionRotation(
            settings.map { RegionTerms(name: $0.name, carries: $0.carries, isProbed: !$0.probes.isEmpty) },
            limits: limits, at: now)
        for (region, row) in rows.enumerated() {
            rotation.resume(region, row.state, share: row.share, row.order, at: now)
        }
        (self.rotation, epoch) = (rotation, asked)
        noted = rows.map { ($0.state, $0.share) }
        tellPacing()
    }

    private func follow(_ effects: [(region: Int, effect: RegionEffect)]) {
        for (region, effect) in effects {
            let name = settings[region].name
            switch effect {
            case .setShare(let share):
                context.log.debug(
                    "a region's share is another one",
                    ["region": .string(name), "shareThousandths": .integer(share)])
            case .alert(let alert): say(alert, name)
            }
        }
        if !effects.isEmpty { tellPacing() }
    }

    private func say(_ alert: RegionAlert, _ region: String) {
        let fields: LogFields = ["region": .string(region)]
        switch alert {
        case .signalsDisagree:
            context.log.warning(
                "a region's brokers and its probes say different things; nothing moves", fields)
        case .draining: context.log.warning("a region's traffic moves to the others", fields)
        case .lost: context.log.error("a region is out of service", fields)
        case .rejoined: context.log.notice("a region has all of its traffic again", fields)
        case .capacityShort:
            context.log.error("a region should go, and the others cannot carry all that it has", fields)
        }
    }

    private func tellPacing() {
        guard let rotation else { return }
        pacing.leaveOut(Set(settings.indices.filter { rotation.share($0) == 0 }.map { settings[$0].name }))
    }

    /// One region after the other.
    private func note() {
        guard let rotation, !isNoting else { return }
        let due = settings.indices.first { region in
            let (state, share) = (rotation.state(region), rotation.share(region))
            return state != noted[region].state
                || share != noted[region].share
                    && (share % 1_000 == 0 || abs(share - noted[region].share) >= Self.shareStep)
        }
        guard let due else { return }
        isNoting = true
        let (state, share) = (rotation.state(due), rotation.share(due))
        var batch = PostgresBatch()
        let stamp = ChangeStamp(epoch: epoch, process: context.start, at: Kernel.wallNow())
        batch.add(
            RegionStatements.note,
            values: stamp.leader + [
                .text(settings[due].name), .text("\(state)"), .int8(Int64(share)), .timestamptz(stamp.at),
                .text("coordinator \(context.settings.name)"),
            ])
        pool.run(batch, within: context.settings.database.timeout) { [weak self] outcome in
            guard let self else { return }
            isNoting = false
            // Whatever was not acknowledged is said again.
            guard case .done = outcome, noted.indices.contains(due) else { return }
            noted[due] = (state, share)
            read()
        }
    }

    // MARK: Looking

    private func show() {
        guard let rotation else { return }
        context.regions.all = settings.indices.map { region in
            let (inside, outside) = rotation.signals(region)
            return RegionView.One(
                state: rotation.state(region), share: rotation.share(region), inside: inside,
                outside: outside)
        }
    }

    func number(of name: String) -> Int? { settings.firstIndex { $0.name == name } }
    var names: [String] { settings.map(\.name) }

    /// What a change would come to; nil where this process does not lead, or has not read yet where regions stand.
    func effects(of order: RegionOrder, on region: Int) -> RegionEffects? {
        guard root.leads, let rotation, epoch == root.machine.epoch, let book = root.machine.book else {
            return nil
        }
        let takes =
            switch order {
            case .serve: limits.rejoinFor
            case .drain: limits.drainFor
            case .failover: Interval.zero
            }
        return RegionEffects(
            outlook: rotation.outlook(without: region, at: now), leased: leased(region, book),
            lease: context.settings.leases.lease, takes: takes)
    }

    private func leased(_ region: Int, _ book: GrantBook) -> [(currency: String, amount: Micros)] {
        let holders = Set(
            settings[region].holders.compactMap { context.settings.holders.firstIndex(of: $0) })
        var sums: [String: Micros] = [:]
        for child in book.children where holders.contains(Int(child.holder.rawValue)) && !child.isFenced {
            for account in book.accounts.indices {
                let open = book.open(child.session, AccountIndex(UInt32(account)))
                if open > .zero { sums["\(book.accounts[account].currency)", default: .zero] += open }
            }
        }
        return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Nil where this process does not lead, or has not read yet where regions stand.
    var tree: JSONTree? {
        guard root.leads else { return nil }
        guard !settings.isEmpty else { return ["regions": .array([])] }
        guard let rotation, epoch == root.machine.epoch else { return nil }
        return ["regions": .array(settings.indices.map { tree($0, rotation) })]
    }

    private func tree(_ region: Int, _ rotation: RegionRotation) -> JSONTree {
        let (one, row) = (settings[region], rows[region])
        let (inside, outside) = rotation.signals(region)
        func text(_ text: String) -> JSONTree { text.isEmpty ? .null : .string(text) }
        return [
            "region": .string(one.name), "state": .string("\(rotation.state(region))"),
            "share": .number(rotation.share(region)), "since": text(row.since),
            "asked": .string(rotation.order(region).rawValue), "isForced": .bool(row.isForced),
            "who": text(row.who), "why": text(row.why), "askedAt": text(row.askedAt),
            "version": .string("\(row.version)"), "inside": .bool(inside),
            "outside": outside.map { .bool($0) } ?? .null, "movesByItself": .bool(!one.probes.isEmpty),
            "nodes": .number(rotation.nodes(region)), "carries": .number(one.carries),
            "requestsPerSecond": RegionEffects.rate(rotation.requests(region, at: now)),
            "holders": .array(one.holders.map { .string($0) }),
        ]
    }
}
