// What the pacing's thread does once a second.
import Decision
import Kernel
import Ledger
import Pacing
import Units

/// Used by the pacing's thread only.
final class PacingRun: @unchecked Sendable {
    private let pacing: NodePacing
    private let money: NodeMoney
    private let file: ForecastFile
    private var forecast: Forecast
    private var week: WeekOfSupply
    private var pacer: RegionPacer
    private var campaigns: [PacedCampaign] = []
    private var places: [Int] = []
    private var version: UInt64 = 0
    /// The hour that is being counted: its start, since when it is, and the requests before.
    private var hour: Int64
    private var hourSince: Instant
    private var requestsBefore: UInt64 = 0
    /// Nil where the node plans for itself.
    private var words: PacingWords?
    private var seen: PlacesSeen

    private static let hourLength: Int64 = 3_600_000_000_000

    /// That of the session that runs.
    private var ledger: NodeLedger { money.ledger }

    init(_ pacing: NodePacing, _ money: NodeMoney, _ file: ForecastFile) {
        (self.pacing, self.money, self.file) = (pacing, money, file)
        let ledger = money.ledger
        let now = ledger.clock.now
        forecast = file.read()
        week = WeekOfSupply(forecast, from: now)
        words = ledger.remote.map { PacingWords($0.link, ledger.session.rawValue) }
        pacer = RegionPacer([], words == nil ? .own : .directed, at: now)
        hour = now.nanoseconds / Self.hourLength
        hourSince = now
        seen = PlacesSeen(at: now)
    }

    func turn() {
        let now = ledger.clock.now
        if let next = pacing.takeNext() {
            (campaigns, places) = next
            pacer.replace(campaigns.map(\.terms), at: now)
        }
        observeHour(now)
        let counted = pacing.counted(places)
        let (money, spending) = ledger.spending
        if let outcome = pacing.takeHeard() { words?.hear(outcome, &pacer, at: now) }
        pacer.turn(
            { place in
                let campaign = campaigns[place]
                var sight = PacedSight()
                (sight.arrivals, sight.undrawn) = (counted[place].arrivals, counted[place].undrawn)
                sight.values = counted[place].values
                sight.authorised = Micros(counted[place].authorised)
                let spent = spending[campaign.terms.id] ?? CampaignSpending()
                (sight.settled, sight.open) = (spent.settled, spent.open)
                guard let one = money[campaign.terms.id] else { return sight }
                sight.left = one.lifetime.free + one.lifetime.granted
                if let day = one.day { sight.leftToday = day.free + day.granted }
                if let today = one.today {
                    sight.dayEnd = BudgetDay(number: today.number + 1).start(
                        startsAtMinutes: campaign.dayStartsAtMinutes)
                }
                return sight
            }, week: week, at: now)
        speak(money, now)
        publish(now)
    }

    private func publish(_ now: Instant) {
        version += 1
        var entries = [PaceEntry?](repeating: nil, count: (places.max() ?? 0) + 1)
        for (row, place) in places.enumerated() {
            entries[place] = pacer.entry(row, shards: pacing.shardCount)
        }
        var shown = NodePacing.Shown()
        (shown.standing, shown.turnedAt, shown.version) = (pacer.standing, Kernel.monotonicNow(), version)
        shown.heardAt = words?.heardAt
        shown.rows = campaigns.indices.map { row in
            let (behind, share) = pacer.progress(row)
            return PacingRow(
                campaign: campaigns[row].terms.id, mode: campaigns[row].terms.mode,
                share: share == .max ? 1 : Double(share) * 0x1p-32,
                price: pacer.isPriced(row) ? pacer.price(row) : nil, behind: behind,
                isPlanned: pacer.isPlanned(row))
        }
        pacing.publish(PacingTable(version: version, entries: entries), shown)
    }

    /// Tells the coordinator where the node stands, where there is one and it is time.
    private func speak(_ money: [String: CampaignMoney], _ now: Instant) {
        let all = pacing.counted([NodePacing.allRequests])[0].arrivals
        guard let rows = words?.next(of: campaigns.count, requests: all, at: now) else { return }
        seen.count(pacing, campaigns, places, at: now)
        let day = words?.supply(week, at: now) ?? []
        var spoken: [Int] = []
        let statements = rows.compactMap { row -> (day: String?, PaceStatement)? in
            let campaign = campaigns[row]
            let today = money[campaign.terms.id]?.today
            let end = today.map {
                BudgetDay(number: $0.number + 1).start(startsAtMinutes: campaign.dayStartsAtMinutes)
            }
            guard var statement = pacer.statement(row, dayEnd: end, supply: day) else { return nil }
            seen.tell(&statement, of: campaign, at: now)
            spoken.append(row)
            return (today?.date, statement)
        }
        // Who does not know its days yet says nothing of what campaigns could share: at night all of them would fall short.
        let supply = forecast.knowsTheDay(region: 0, inventory: 0) ? seen.supply(day) : nil
        words?.say(statements, spoken, supply) { [unowned pacing] in pacing.heard($0) }
    }

    /// Learns an hour when it is over, from the part of it that was seen.
    private func observeHour(_ now: Instant) {
        let current = now.nanoseconds / Self.hourLength
        guard current != hour else { return }
        let requests = pacing.counted([NodePacing.allRequests])[0].arrivals
        let end = Instant(nanoseconds: (hour + 1) * Self.hourLength)
        let covered = Double(max((end - hourSince).nanoseconds, 0)) / Double(Self.hourLength)
        forecast.observe(
            region: 0, inventory: 0, hour: HourOfWeek(hoursSinceEpoch: hour),
            requests: Int64(clamping: requests &- requestsBefore), covered: covered)
        (hour, hourSince, requestsBefore) = (current, now, requests)
        week = WeekOfSupply(forecast, from: now)
        file.write(forecast)
    }
}
