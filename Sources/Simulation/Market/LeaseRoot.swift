// Who gives regions their money: sums that only grow, as in docs of the ledger, so that no message can be lost, doubled
// or late enough to do harm. What a region has is what it was granted less what it gave back; the rest is free.
internal import Units

/// What a region says of a campaign's money, and what it would like to have in hand.
struct LeaseReport {
    var settled = Micros.zero
    var open = Micros.zero
    var givenBack = Micros.zero
    var wanted = Micros.zero
}

struct LeaseOrder {
    var campaign: Int
    var session: UInt64
    var upTo: Micros
    var isLast: Bool
    var isRecalled: Bool
}

struct LeaseRoot {
    struct Part {
        var session: UInt64 = 0
        var granted = Micros.zero
        var report = LeaseReport()
        var recalledAt = -1e9
        var isCalled = false
        /// When the sum of what it was granted was said last.
        var toldAt = -1e9
        /// Of sessions that are over: what they may have spent, and have not given back.
        var former = Micros.zero
        var isLost = false

        var hand: Micros { granted - report.settled - report.open - report.givenBack }
    }

    private(set) var budgets: [Micros]
    /// By campaign, then region.
    var parts: [Part]
    let regions: Int
    /// Sums are said again so often: the message may not have come, and nothing that is asked for says so.
    static let tellEvery = 30.0

    init(budgets: [Micros], regions: Int) {
        self.budgets = budgets
        self.regions = regions
        parts = Array(repeating: Part(), count: budgets.count * regions)
    }

    /// What nobody has.
    func free(_ campaign: Int) -> Micros {
        (0..<regions).reduce(budgets[campaign]) {
            let part = parts[campaign * regions + $1]
            return $0 - (part.granted - part.report.givenBack) - part.former
        }
    }

    /// Of the budget, what is neither billed nor in doubt.
    func left(_ campaign: Int) -> Micros {
        (0..<regions).reduce(budgets[campaign]) {
            let part = parts[campaign * regions + $1]
            let gone = part.isLost ? part.granted - part.report.givenBack : part.report.settled
            return $0 - gone - part.former
        }
    }

    /// The most that can still be spent or was, whatever becomes of the budget.
    func committed(_ campaign: Int) -> Micros { budgets[campaign] - free(campaign) }

    mutating func cut(_ campaign: Int, to budget: Micros) { budgets[campaign] = budget }

    /// The larger of each sum wins.
    mutating func reported(_ report: LeaseReport, _ campaign: Int, _ region: Int, session: UInt64) {
        let at = campaign * regions + region
        guard parts[at].session == session else { return }
        parts[at].report.settled = max(parts[at].report.settled, report.settled)
        parts[at].report.givenBack = max(parts[at].report.givenBack, report.givenBack)
        parts[at].report.open = report.open
        parts[at].report.wanted = report.wanted
    }

    /// What to tell a region of a campaign, at that second.
    /// - Returns: nil where there is nothing new.
    mutating func serve(_ campaign: Int, _ region: Int, at second: Double) -> LeaseOrder? {
        let at = campaign * regions + region
        guard !parts[at].isLost else { return nil }
        let missing = parts[at].report.wanted - parts[at].hand
        let left = max(free(campaign), .zero)
        var order = LeaseOrder(
            campaign: campaign, session: parts[at].session, upTo: parts[at].granted, isLast: false,
            isRecalled: false)
        if missing.rawValue * 4 > parts[at].report.wanted.rawValue || missing > left, missing > .zero {
            let given = min(missing, left)
            parts[at].granted += given
            order.upTo = parts[at].granted
            order.isLast = given < missing
            if order.isLast { recall(campaign, besides: region, second) }
            parts[at].toldAt = second
            return order
        }
        if !parts[at].isCalled, parts[at].granted > .zero, second - parts[at].toldAt >= Self.tellEvery {
            parts[at].toldAt = second
            return order
        }
        guard parts[at].isCalled else { return nil }
        parts[at].isCalled = false
        order.isRecalled = true
        return order
    }

    /// Where nothing is free, who has half as much again as it wants is called upon.
    private mutating func recall(_ campaign: Int, besides region: Int, _ second: Double) {
        for other in 0..<regions where other != region {
            let at = campaign * regions + other
            let part = parts[at]
            guard !part.isLost, part.hand.rawValue * 2 > part.report.wanted.rawValue * 3,
                second - part.recalledAt > 10
            else { continue }
            parts[at].recalledAt = second
            parts[at].isCalled = true
        }
    }

    /// Budgets that were cut call in what they can.
    mutating func callIn(_ campaign: Int) {
        guard free(campaign) < .zero else { return }
        for region in 0..<regions { parts[campaign * regions + region].isCalled = true }
    }

    // MARK: Sessions

    /// The session is fenced: nothing of it comes back before its journal is read.
    mutating func fenced(_ region: Int) {
        for campaign in budgets.indices { parts[campaign * regions + region].isLost = true }
    }

    /// It is back, and its journal says what its last session had set aside or spent, and what is in doubt.
    mutating func closed(_ campaign: Int, _ region: Int, spentOrDoubted: Micros, next session: UInt64) {
        let at = campaign * regions + region
        parts[at].former += spentOrDoubted
        parts[at].granted = .zero
        parts[at].report = LeaseReport()
        parts[at].session = session
        parts[at].isLost = false
    }

    /// What a former session had set aside has come free for good.
    mutating func freed(_ campaign: Int, _ region: Int, _ amount: Micros) {
        parts[campaign * regions + region].former -= amount
    }
}
