// The viewers of every region, the exchanges that ask for their breaks, and the players that show what was bought: what is
// due is sent whether or not anybody keeps up, and what happened is counted as they see it.
import Commands
import Fleet
import HTTP
import Kernel
import MarketSimulation
import Reactor
import Reconciliation
import Units

/// Used on one thread.
final class TrafficRun {
    private struct Node {
        let name: String
        let region: Int
        let endpoint: Endpoint
        /// Whether it answers.
        var isUp = true
        /// What health checks of a load balancer say: breaks go where it is ready, and bills to who sold what is billed.
        var isReady = true
        /// In thousandths, of what it could take.
        var share = 1_000
        /// Answers in a row that did not come in time.
        var late = 0
        var checkAt = Instant(nanoseconds: .min)
    }

    /// Something that is told of an ad: by the exchange, which tells bills until they are taken, or by the player, once.
    private struct Notice {
        let path: String
        let node: Int
        var bill: (ad: SoldAd, until: Instant, attempt: Int)?
    }

    private let shape: TrafficShape
    private let reactor: Reactor
    private let client: Client
    private let playback: Double
    private var nodes: [Node]
    private var requests: BreakRequests
    private var draws: Randomness
    private(set) var counts: [RegionCounts]
    private(set) var campaigns: [String: CampaignBills]
    private var files: TrafficFiles
    private var record: TrafficRecord?
    /// Why the record could not be written, which ends the run.
    private var recordFailure: Failure?
    private let began: Instant
    private var lastTick: Instant
    private var nextSecond: Instant
    /// In the order of their time, by the tick in which they are due.
    private var due: [Int64: [Notice]] = [:]
    private var lastDue: Int64
    private var waiting = 0
    private var underWay = 0

    private static let tick = Interval.milliseconds(20)
    /// An exchange's own limit; what comes later is of no use to it.
    private static let answerTime = Interval.milliseconds(500)
    private static let noticeTime = Interval.seconds(3)
    private static let lateMost = 3
    private static let checkPause = Interval.milliseconds(500)
    /// As long as nodes take them, with their defaults.
    private static let billLife = Interval.seconds(900)
    private static let retryMost = Interval.seconds(5)
    /// Beyond it players' notices are dropped, and bills are lost: memory for a few minutes of a node away.
    private static let noticesMost = 200_000
    private static let callsMost = 1_024

    /// - Parameters:
    ///   - record: a file for what becomes of each ad.
    ///   - playback: so many times faster than in life ads are watched.
    init(
        _ roster: Roster, _ shape: TrafficShape, output folder: String, record path: String?, seed: UInt64,
        playback: Double
    ) throws(Failure) {
        self.shape = shape
        self.playback = playback
        nodes = []
        for member in roster.members where member.role == .node {
            guard let text = member.serves, let region = member.region,
                let place = shape.regions.firstIndex(of: region)
            else { continue }
            let found = try RosterInput.endpoint(text, member.name)
            guard !found.url.isSecure else { throw Failure("\(member.name): traffic speaks plain HTTP") }
            nodes.append(Node(name: member.name, region: place, endpoint: found.endpoint))
        }
        guard !nodes.isEmpty else { throw Failure("the roster has no node with 'serves', so nothing to ask") }
        do {
            var limits = ReactorLimits()
            limits.streams = 2_048
            limits.timers = 4_096
            reactor = try Reactor(.automatic, limits: limits)
        } catch {
            throw Failure("could not set up I/O: \(error)")
        }
        client = Client(reactor: reactor)
        requests = BreakRequests(seed: seed)
        draws = Randomness(seed: seed &+ 1)
        counts = [RegionCounts](repeating: RegionCounts(), count: shape.regions.count)
        files = TrafficFiles(in: folder)
        campaigns = try files.kept()
        if let path { record = try TrafficRecord(path) }
        began = Kernel.monotonicNow()
        lastTick = began
        nextSecond = began
        lastDue = began.nanoseconds / Self.tick.nanoseconds
    }

    /// While it goes on; then only what is owed: bills that were told and not taken.
    func run(while goesOn: () -> Bool, farewell: Interval) throws(Failure) {
        while goesOn() { try turn(sends: true) }
        due = due.mapValues { $0.filter { $0.bill.map { $0.attempt > 0 } ?? false } }
        let end = Kernel.monotonicNow() + farewell
        while campaigns.values.contains(where: { $0.open > 0 }), Kernel.monotonicNow() < end {
            try turn(sends: false)
        }
        try record?.end()
        try files.keep(campaigns)
    }

    private func turn(sends: Bool) throws(Failure) {
        let now = Kernel.monotonicNow()
        if now - lastTick >= Self.tick {
            if sends { breaks(from: lastTick, to: now) }
            lastTick = now
            notify(now)
            check(now)
        }
        if now >= nextSecond {
            nextSecond = nextSecond + .seconds(1)
            let wall = Kernel.wallNow().nanoseconds / 1_000_000
            let lines = counts.indices.map { counts[$0].line(shape.regions[$0], at: wall) }
            try files.append(lines.joined(), lines: lines.count)
            try files.keep(campaigns)
        }
        do { try reactor.turn(until: lastTick + Self.tick) } catch {
            throw Failure("the kernel ended our I/O: \(error)")
        }
        if let recordFailure { throw recordFailure }
    }

    private func note(_ kind: BillEvent.Kind, _ ad: SoldAd, _ node: Int) {
        do throws(Failure) {
            try record?.add(kind, ad, in: shape.regions[nodes[node].region])
        } catch {
            recordFailure = error
        }
    }

    // MARK: Breaks

    private func breaks(from last: Instant, to now: Instant) {
        let seconds = Double((now - last).nanoseconds) / 1e9
        let elapsed = Double((now - began).nanoseconds) / 1e9
        for region in shape.regions.indices {
            let (rate, shares) = shape.rate(region, at: elapsed)
            for _ in 0..<MarketTraffic.poisson(rate * seconds, &draws) {
                let pick = draws.nextUnit() * (shares.last ?? 1)
                let kind = shares.firstIndex { pick < $0 } ?? 0
                ask(TrafficShape.kinds[kind], of: region, now)
            }
        }
    }

    /// A viewer's own region, or the next one where that is away or not to have him, as names and load balancers would lead him.
    private func node(for region: Int) -> Int? {
        for step in shape.regions.indices {
            let wanted = (region + step) % shape.regions.count
            let up = nodes.indices.filter {
                nodes[$0].region == wanted && nodes[$0].isUp && nodes[$0].isReady
            }
            guard !up.isEmpty else { continue }
            let node = up[Int(draws.next(below: UInt64(up.count)))]
            if nodes[node].share == 1_000 || draws.next(below: 1_000) < UInt64(nodes[node].share) {
                return node
            }
        }
        // Nobody is to have more; whoever answers has it all the same.
        return nodes.indices.first { nodes[$0].isUp && nodes[$0].isReady }
    }

    private func ask(_ kind: BreakKind, of region: Int, _ now: Instant) {
        guard underWay < Self.callsMost, let node = node(for: region) else {
            counts[region].unanswered += 1
            return
        }
        let place = nodes[node].region
        counts[place].requests += 1
        if place != region { counts[place].guests += 1 }
        var request = ClientRequest(.post, nodes[node].endpoint, "/openrtb2/bid")
        request.headers = [("content-type", "application/json"), ("x-openrtb-version", "2.6")]
        request.body = requests.next(kind, region: region)
        underWay += 1
        client.send(request, deadline: now + Self.answerTime) { [unowned self] result in
            underWay -= 1
            let answer: ClientResponse
            switch result {
            case .success(let came): answer = came
            case .failure(let failure):
                counts[place].unanswered += 1
                return failed(failure, node)
            }
            nodes[node].late = 0
            counts[place].answers += 1
            guard answer.status == 200, let ads = SoldAd.all(in: answer.body) else { return }
            counts[place].ads += ads.count
            sell(ads, node)
        }
    }

    // MARK: What becomes of an ad

    private func sell(_ ads: [SoldAd], _ node: Int) {
        let now = Kernel.monotonicNow()
        // The break comes a moment after it was sold, and its ads one after the other.
        var at = now + .milliseconds(200 + Int64(draws.next(below: 1_800)))
        for ad in ads {
            note(.sold, ad, node)
            // Another buyer had one of twelve, and one of thirty is not shown, of which nobody says anything.
            guard draws.next(below: 12) > 0 else {
                put(Notice(path: ad.loss, node: node), at: now)
                continue
            }
            put(Notice(path: ad.win, node: node), at: now)
            guard draws.next(below: 30) > 0 else { continue }
            let length = Double(ad.seconds) / playback
            let watched = draws.next(below: 10) > 0 ? 1 : draws.nextUnit()
            for (event, path) in zip(SoldAd.events, ad.trackers) where event.part <= watched {
                put(
                    Notice(path: path, node: node),
                    at: at + Interval(nanoseconds: Int64(event.part * length * 1e9)))
            }
            put(Notice(path: ad.bill, node: node, bill: (ad, at + Self.billLife, 0)), at: at)
            at = at + Interval(nanoseconds: Int64(length * 1e9))
        }
    }

    private func put(_ notice: Notice, at time: Instant) {
        guard !notice.path.isEmpty else { return }
        guard waiting < Self.noticesMost else {
            if let bill = notice.bill, bill.attempt > 0 { lose(bill.ad, notice.node) }
            return
        }
        waiting += 1
        due[max(time.nanoseconds / Self.tick.nanoseconds, lastDue + 1), default: []].append(notice)
    }

    private func notify(_ now: Instant) {
        let until = now.nanoseconds / Self.tick.nanoseconds
        while lastDue < until {
            lastDue += 1
            for notice in due.removeValue(forKey: lastDue) ?? [] {
                waiting -= 1
                tell(notice, now)
            }
        }
    }

    private func tell(_ notice: Notice, _ now: Instant) {
        guard var bill = notice.bill else {
            // A player whose node is away tells nobody.
            guard nodes[notice.node].isUp, underWay < Self.callsMost else { return }
            underWay += 1
            return client.send(
                ClientRequest(.get, nodes[notice.node].endpoint, notice.path), deadline: now + Self.noticeTime
            ) { [unowned self] _ in underWay -= 1 }
        }
        if bill.attempt == 0 {
            campaigns[bill.ad.campaign, default: CampaignBills()].open += 1
            campaigns[bill.ad.campaign, default: CampaignBills()].openAmount += bill.ad.cost
            note(.told, bill.ad, notice.node)
        }
        bill.attempt += 1
        guard now < bill.until else { return lose(bill.ad, notice.node) }
        var again = notice
        again.bill = bill
        guard nodes[notice.node].isUp, underWay < Self.callsMost else { return retry(again, bill.attempt) }
        underWay += 1
        client.send(
            ClientRequest(.get, nodes[notice.node].endpoint, notice.path), deadline: now + Self.noticeTime
        ) { [unowned self] result in
            underWay -= 1
            switch result {
            case .success(let answer) where answer.status / 100 == 2:
                billed(bill.ad, notice.node)
            case .success(let answer) where answer.status / 100 == 4:
                close(bill.ad, as: .refused, notice.node)
                campaigns[bill.ad.campaign]?.refused += 1
            case .success: retry(again, bill.attempt)
            case .failure(let failure):
                failed(failure, notice.node)
                retry(again, bill.attempt)
            }
        }
    }

    private func retry(_ notice: Notice, _ attempt: Int) {
        let pause = min(Self.retryMost.nanoseconds, 250_000_000 << Int64(min(attempt, 8)))
        put(notice, at: Kernel.monotonicNow() + Interval(nanoseconds: pause))
    }

    private func billed(_ ad: SoldAd, _ node: Int) {
        close(ad, as: .acknowledged, node)
        campaigns[ad.campaign]?.bills += 1
        campaigns[ad.campaign]?.billed += ad.cost
        counts[nodes[node].region].bills += 1
        counts[nodes[node].region].billed += ad.cost
    }

    private func close(_ ad: SoldAd, as end: BillEvent.Kind, _ node: Int) {
        campaigns[ad.campaign]?.open -= 1
        campaigns[ad.campaign]?.openAmount -= ad.cost
        note(end, ad, node)
    }

    private func lose(_ ad: SoldAd, _ node: Int) {
        close(ad, as: .lost, node)
        campaigns[ad.campaign]?.lost += 1
        campaigns[ad.campaign]?.lostAmount += ad.cost
    }

    // MARK: Health

    /// A node that is not there is left at once, and a slow one at the third time.
    private func failed(_ failure: ClientFailure, _ node: Int) {
        if case .timedOut = failure {
            nodes[node].late += 1
            guard nodes[node].late >= Self.lateMost else { return }
        }
        guard nodes[node].isUp else { return }
        nodes[node].isUp = false
        nodes[node].late = 0
        nodes[node].checkAt = Kernel.monotonicNow() + Self.checkPause
    }

    private func check(_ now: Instant) {
        for index in nodes.indices where now >= nodes[index].checkAt {
            nodes[index].checkAt = now + Self.checkPause + Self.answerTime
            client.send(
                ClientRequest(.get, nodes[index].endpoint, "/readyz"), deadline: now + Self.answerTime
            ) { [unowned self] result in
                if case .success(let answer) = result {
                    nodes[index].isReady = answer.status == 200
                    nodes[index].share = answer.header("paceline-share").flatMap { Int($0) } ?? 1_000
                    // One that is not ready answers what still comes; one that has just begun is there when it is ready.
                    if nodes[index].isReady { nodes[index].isUp = true }
                }
                nodes[index].checkAt = Kernel.monotonicNow() + Self.checkPause
            }
        }
    }
}
