// A node whose plans a coordinator makes: what it says of its campaigns, what it does of what it is told, and how it goes on
// while it hears nothing.
public import Units

extension RegionPacer {
    /// Orders come every five seconds. After so long without one, how all nodes stand together is not known any more; the
    /// node's part of the plan still holds.
    static let staleAfter = Interval.seconds(30)
    /// A plan that is over, and no other one: its rate goes on, so long at a time.
    /// A coordinator has all nodes' words, and a plan, within a quarter of this.
    static let awaitedFor = Interval.seconds(60)
    static let goesOnFor = Interval.seconds(3_600)

    func isAwaited(_ place: Int) -> Bool {
        direction == .directed && campaigns[place].word == .awaited && campaigns[place].terms.mode != .asap
    }

    /// Before the first plan a campaign spends what it may without one, and no more; where none comes for long, slowly: who should
    /// make it does not.
    mutating func awaitedShare(_ place: Int, _ now: Instant) -> UInt32 {
        let since = campaigns[place].awaitedSince ?? now
        campaigns[place].awaitedSince = since
        return now < since + Self.awaitedFor ? 0 : Self.firstShare
    }

    /// What to tell the coordinator of a campaign; nil for one that no plan holds.
    /// - supply: requests for which it could compete, by the hour of UTC.
    public func statement(_ place: Int, dayEnd: Instant?, supply: [Double]) -> PaceStatement? {
        guard campaigns[place].terms.mode != .asap else { return nil }
        var statement = PaceStatement(terms: campaigns[place].terms, supply: supply)
        statement.dayEnd = dayEnd
        statement.open = table.expectedOfOpen(place)
        guard campaigns[place].planEnd != nil else { return statement }
        statement.plan = campaigns[place].version
        statement.report = table.report(of: place)
        return statement
    }

    /// - report: what the statement had that this answers.
    public mutating func told(_ place: Int, _ order: PaceOrder, answering report: PaceReport, at now: Instant)
    {
        guard order.plan != 0 else {
            campaigns[place].word = .idle
            campaigns[place].planEnd = nil
            table.stopped(place)
            return
        }
        if let part = order.part {
            begin(place, part, order.plan, theta: order.theta, now)
        } else if campaigns[place].version != order.plan {
            // The answer to a statement of before another plan.
            return
        }
        (campaigns[place].word, campaigns[place].heardAt) = (.planned, now)
        // What it is told has what corrects the distance from this plan, which is nothing to the next one.
        let gain = table.curve(of: place).map { FlightPacer.gain($0, table.settings, at: now) } ?? 0
        let learned = order.theta - gain * order.ahead
        // At the least price the coordinator said a higher one than it found: the rest is no more than that.
        let isBounded = abs(order.theta - PaceRow.thetaRange.lowerBound) < 1e-3
        campaigns[place].learned = isBounded ? min(campaigns[place].learned, learned) : learned
        let answers = order.part == nil ? report : PaceReport()
        table.directed(
            PaceDirective(
                campaign: Int32(place), plan: order.plan, theta: order.theta, scale: order.scale,
                ahead: order.ahead,
                answers: answers))
    }

    private mutating func begin(
        _ place: Int, _ part: PaceOrder.Part, _ version: UInt32, theta: Double, _ now: Instant
    ) {
        let isFirst = campaigns[place].heardAt.nanoseconds == .min
        let (curve, terms) = (part.curve, campaigns[place].terms)
        campaigns[place].version = version
        campaigns[place].planEnd = curve.end
        campaigns[place].behindSince = nil
        campaigns[place].learned = theta
        table.planned(
            place, curve: curve, choice: part.choice, plan: version, isPaced: true,
            isGuaranteed: terms.isGuaranteed, theta: theta, shown: terms.shown, price: terms.price,
            goesOn: !isFirst, at: now)
        // A price holds a start to its plan.
        if isFirst, !table.isPriced(place) { table.opened(place, at: now) }
    }

    /// What holds without another word.
    mutating func goOn(_ place: Int, _ now: Instant) {
        guard let end = campaigns[place].planEnd else { return }
        if now > campaigns[place].heardAt + Self.staleAfter { table.leftAlone(place) }
        guard now >= end else { return }
        let rate = table.meanRate(of: place) * Double(Self.goesOnFor.nanoseconds) / 1e9
        let hourly = [Micros(Int64(max(rate, 0).rounded()))]
        guard let part = PaceOrder.Part(start: now, end: now + Self.goesOnFor, hourly: hourly) else { return }
        // It has no number: whoever is told of it gives the node its part of a plan.
        let theta = Self.carried(campaigns[place].learned + table.local(of: place))
        begin(place, part, 0, theta: theta, now)
    }
}
