// A decision's record, read: what it came to, and what is needed to make it again.
public import Auction
internal import Catalog
public import Notices
public import OpenRTB
public import Units

/// An ad of a recorded answer. Rows are those of the decision's catalog.
public struct RecordedAd: Equatable, Sendable {
    /// Its number in the answer, which its bid's id is made from.
    public let number: Int
    public let lineItem: Int
    public let creative: Int
    public let imp: Int
    public let pod: Int
    public let price: Micros
    /// The most that it may have cost, the least that its place asked for, and what made the price.
    public let terms: RecordedTerms
    public let value: Micros
    public let seconds: Int
    public let tier: PriorityTier
    public let isOnDeal: Bool
    public let reservation: Reservation
    /// Whom its tokens name, where the record itself may not.
    public let sealedViewer: SealedViewer?
}

/// How the price of a recorded ad came about.
public struct RecordedTerms: Equatable, Sendable {
    public let bid: Micros
    public let floor: Micros
    public let basis: AdSale.Basis
}

/// One record, whole. For tools: it allocates as it likes.
public struct RecordedDecision: Sendable {
    public let id: UInt64
    public let now: Instant
    public let catalog: UInt64
    public let settings: UInt64
    public let format: AnswerFormat
    /// Nil for a bid.
    public let noBid: NoBid?
    public let answerBytes: Int
    public let answerChecksum: UInt32
    public let lineItems: Int
    public let kept: RequestKept
    /// Nothing of it is billed.
    public let isTest: Bool
    public let permissions: Permissions
    /// Empty where nobody could be counted, or may be known to the journal.
    public let viewerKeys: ViewerKeys
    /// See `RecalledViewer`.
    public let places: [UInt32]?
    public let retrieved: Int
    public let candidates: Int
    public let pods: Int
    public let steps: Int
    public let slotsLeftOut: Int
    public let podsUnproven: Int
    /// How many line items ended so; they add up to `lineItems`.
    public let outcomes: [(outcome: LineItemOutcome, lineItems: Int)]
    public let ads: [RecordedAd]
    /// Empty where it was not kept.
    public let request: [UInt8]
    /// Nil where there were none.
    public let models: RecordedModels?
    /// Nil where there was no room for all of them.
    public let answers: RecordedAnswers?

    public var viewer: RecalledViewer {
        var sealed: [SealedViewer] = []
        for ad in ads {
            guard let own = ad.sealedViewer else { continue }
            // What was signed and not written is in no answer.
            while sealed.count < ad.number { sealed.append(SealedViewer(user: 0, household: 0)) }
            sealed.append(own)
        }
        return RecalledViewer(permissions: permissions, keys: viewerKeys, places: places, sealed: sealed)
    }

    /// The decision can be made again from this record, its catalog and its settings.
    public var isReplayable: Bool { kept.isReplayable && answers != nil }

    /// Whether somebody may mean this decision: by its own id, or by the id of one of its bids.
    public func isCalled(_ number: UInt64) -> Bool {
        number == id || ads.contains { AdNumber(decision: id, ad: $0.number).rawValue == number }
    }

    /// Whether a record may be of a decision that is called so: a look at a few bytes, to spare reading the others.
    public static func mayBeCalled(_ number: UInt64, _ record: RawSpan) -> Bool {
        guard record.byteCount >= 8 else { return true }
        var id: UInt64 = 0
        for at in 0..<8 { id |= UInt64(record.byte(at)) << UInt64(8 * at) }
        if id == number { return true }
        for ad in 0..<DecisionWorkspace.winsMost where AdNumber(decision: id, ad: ad).rawValue == number {
            return true
        }
        return false
    }

    public init(_ bytes: RawSpan) throws(RecordRefusal) {
        var scan = RecordScan(bytes)
        id = try scan.fixed(UInt64.self, "the decision")
        now = Instant(nanoseconds: try scan.fixed(Int64.self, "the time"))
        catalog = try scan.fixed(UInt64.self, "the catalog")
        settings = try scan.fixed(UInt64.self, "the settings")
        switch try scan.fixed(UInt16.self, "the format") {
        case 0: format = .openrtb
        case 1: format = .vast
        case let other: throw scan.refusal("format \(other)", "0 or 1")
        }
        let reason = Int32(try scan.fixed(UInt16.self, "the reason"))
        noBid = NoBid(rawValue: reason)
        if reason != 0, noBid == nil { throw scan.refusal("no-bid \(reason)", "a reason that is known") }
        let adCount = Int(try scan.fixed(UInt32.self, "the ads"))
        answerBytes = Int(try scan.fixed(UInt32.self, "the answer's length"))
        answerChecksum = try scan.fixed(UInt32.self, "the answer's checksum")
        lineItems = Int(try scan.fixed(UInt32.self, "the line items"))
        let code = try scan.fixed(UInt16.self, "what is kept")
        guard let kept = UInt8(exactly: code).flatMap({ RequestKept(rawValue: $0) }) else {
            throw scan.refusal("request kept as \(code)", "0 to \(RequestKept.allCases.count - 1)")
        }
        self.kept = kept
        isTest = RecordFlags(rawValue: try scan.fixed(UInt16.self, "flags")).isTest
        permissions = Permissions(
            words: (
                try scan.fixed(UInt64.self, "the permissions"), try scan.fixed(UInt64.self, "the permissions")
            ))
        viewerKeys = try Self.viewerKeys(&scan)
        places = try Self.places(&scan)
        retrieved = try scan.small("what was retrieved")
        candidates = try scan.small("the candidates")
        pods = try scan.small("the pods")
        steps = try scan.small("the steps")
        slotsLeftOut = try scan.small("the slots left out")
        podsUnproven = try scan.small("the pods not proven")
        outcomes = try Self.outcomes(&scan, lineItems)
        ads = try Self.ads(&scan, adCount)
        answers = try RecordedAnswers(&scan)
        models = try RecordedModels(&scan)
        request = kept.isReplayable ? try scan.counted("the request") : []
        guard scan.left == 0 else { throw scan.refusal("\(scan.left) bytes more", "the end of the record") }
    }

    private static func viewerKeys(_ scan: inout RecordScan) throws(RecordRefusal) -> ViewerKeys {
        let present = try scan.small("the viewer's keys", most: 7)
        var keys = ViewerKeys()
        keys.mayJournal = present & 4 != 0
        if present & 1 != 0 { keys.user = try scan.fixed(UInt64.self, "a viewer") }
        if present & 2 != 0 { keys.household = try scan.fixed(UInt64.self, "a household") }
        return keys
    }

    private static func places(_ scan: inout RecordScan) throws(RecordRefusal) -> [UInt32]? {
        let count = try scan.small("the viewer's places", most: CatalogQuery.mostValues + 1)
        guard count > 0 else { return nil }
        var places: [UInt32] = []
        for _ in 1..<count { places.append(try scan.fixed(UInt32.self, "a place")) }
        return places
    }

    private static func outcomes(
        _ scan: inout RecordScan, _ lineItems: Int
    ) throws(RecordRefusal) -> [(outcome: LineItemOutcome, lineItems: Int)] {
        var outcomes: [(outcome: LineItemOutcome, lineItems: Int)] = []
        var sum = 0
        for _ in 0..<(try scan.small("the outcomes", most: LineItemOutcome.count)) {
            let code = try scan.fixed(UInt8.self, "an outcome")
            guard let outcome = LineItemOutcome(rawValue: code),
                outcomes.last.map({ $0.outcome.rawValue < code }) ?? true
            else { throw scan.refusal("outcome \(code)", "outcomes in their order") }
            let count = try scan.small("line items", most: lineItems)
            sum += count
            outcomes.append((outcome, count))
        }
        guard sum == lineItems else {
            throw scan.refusal("outcomes of \(sum) line items", "of all \(lineItems)")
        }
        return outcomes
    }

    private static func terms(_ scan: inout RecordScan) throws(RecordRefusal) -> RecordedTerms {
        let bid = Micros(try scan.fixed(Int64.self, "a bid"))
        let floor = Micros(try scan.fixed(Int64.self, "a floor"))
        let code = try scan.fixed(UInt8.self, "a price's basis")
        guard let basis = AdSale.Basis(rawValue: code) else {
            throw scan.refusal("basis \(code)", "0 to \(AdSale.Basis.allCases.count - 1)")
        }
        return RecordedTerms(bid: bid, floor: floor, basis: basis)
    }

    private static func ads(
        _ scan: inout RecordScan, _ count: Int
    ) throws(RecordRefusal) -> [RecordedAd] {
        let written = try scan.small("the ads", most: DecisionWorkspace.winsMost)
        guard written == count else { throw scan.refusal("\(written) ads", "\(count), as said before") }
        let areSealed = try scan.small("whether viewers are sealed", most: 1) == 1
        var ads: [RecordedAd] = []
        for _ in 0..<written {
            let number = try scan.small("an ad's number", most: DecisionWorkspace.winsMost)
            let lineItem = try scan.small("a line item")
            let creative = try scan.small("a creative")
            let imp = try scan.small("an imp")
            let pod = try scan.small("a pod")
            let price = Micros(try scan.fixed(Int64.self, "a price"))
            let terms = try terms(&scan)
            let value = Micros(try scan.fixed(Int64.self, "a value"))
            let seconds = try scan.small("seconds")
            let code = try scan.fixed(UInt8.self, "a tier")
            guard let tier = PriorityTier(rawValue: code) else {
                throw scan.refusal("tier \(code)", "0 to 2")
            }
            let isOnDeal = try scan.fixed(UInt8.self, "a deal") != 0
            ads.append(
                RecordedAd(
                    number: number, lineItem: lineItem, creative: creative, imp: imp, pod: pod, price: price,
                    terms: terms, value: value, seconds: seconds, tier: tier, isOnDeal: isOnDeal,
                    reservation: try Reservation(&scan),
                    sealedViewer: areSealed
                        ? SealedViewer(
                            user: try scan.fixed(UInt64.self, "a sealed viewer"),
                            household: try scan.fixed(UInt64.self, "a sealed household")) : nil))
        }
        return ads
    }
}

extension Decider {
    /// The ads of the last answer. Allocates: for tools.
    public var ads: [RecordedAd] {
        var ads: [RecordedAd] = []
        for index in 0..<workspace.wins.count where workspace.wins[index].isWritten {
            let win = workspace.wins[index]
            ads.append(
                RecordedAd(
                    number: index, lineItem: win.candidate.lineItem, creative: win.candidate.creative,
                    imp: win.imp, pod: win.pod, price: win.sale.price,
                    terms: RecordedTerms(bid: win.sale.bid, floor: win.sale.floor, basis: win.sale.basis),
                    value: win.candidate.value,
                    seconds: Int(win.candidate.seconds), tier: win.candidate.tier,
                    isOnDeal: win.candidate.deal != nil, reservation: win.reservation, sealedViewer: nil))
        }
        return ads
    }
}

extension Reservation {
    init(_ scan: inout RecordScan) throws(RecordRefusal) {
        self.init(
            session: try scan.fixed(UInt64.self, "a session"),
            sequence: try scan.fixed(UInt64.self, "a sequence"), mark: try scan.fixed(UInt64.self, "a mark"),
            window: UInt32(try scan.small("a window", most: Int(UInt32.max))),
            seconds: UInt32(try scan.small("a hold", most: Int(UInt32.max))))
    }
}

/// What a state answered, as a record has it.
public struct RecordedAnswers: Sendable {
    var refusals: [(question: Int, answer: StateRefusal)] = []
    var standings: [(question: Int, answer: CreativeStanding)] = []
    var reservations: [ReservationAnswer] = []
    var shadings: [(question: Int, answer: ShadedBid)] = []
    var falls: [(question: Int, answer: TierFall)] = []
    /// One for each refusal by pacing.
    var shares: [PacingShare] = []
    /// Prices of budgets that are not one, and the bound of all.
    var prices: [(question: Int, answer: BudgetPrice)] = []
    var leastPrice = BudgetPrice.one

    /// Nil where the record has none.
    init?(_ scan: inout RecordScan) throws(RecordRefusal) {
        let kind = try scan.small("whether there are answers", most: 2)
        guard kind > 0 else { return nil }
        refusals = try Self.noted(&scan, StateRefusal.self)
        standings = try Self.noted(&scan, CreativeStanding.self)
        for _ in 0..<(try scan.small("reservations", most: StateAnswers.reservationsMost)) {
            let code = try scan.fixed(UInt8.self, "a reservation")
            if code == 0 {
                reservations.append(.reserved(try Reservation(&scan)))
            } else if let refusal = StateRefusal(rawValue: code) {
                reservations.append(.refused(refusal))
            } else {
                throw scan.refusal("refusal \(code)", "a refusal that is known")
            }
        }
        shadings = try Self.shadings(&scan)
        falls = try Self.noted(&scan, TierFall.self)
        for _ in 0..<refusals.count(where: { $0.answer == .pacing }) {
            shares.append(PacingShare(rawValue: try scan.fixed(UInt32.self, "a share of pacing")))
        }
        guard kind == 2 else { return }
        leastPrice = BudgetPrice(rawValue: try scan.fixed(Int32.self, "the least price of a budget"))
        var next = 0
        for _ in 0..<(try scan.small("prices of budgets", most: StateAnswers.notedMost)) {
            let question = next + (try scan.small("a question", most: Int(UInt32.max)))
            prices.append(
                (question, BudgetPrice(rawValue: try scan.fixed(Int32.self, "a price of a budget"))))
            next = question + 1
        }
    }

    private static func shadings(
        _ scan: inout RecordScan
    ) throws(RecordRefusal) -> [(question: Int, answer: ShadedBid)] {
        var shadings: [(question: Int, answer: ShadedBid)] = []
        var next = 0
        for _ in 0..<(try scan.small("shaded bids", most: StateAnswers.reservationsMost)) {
            let question = next + (try scan.small("a question", most: Int(UInt32.max)))
            let price = Micros(try scan.fixed(Int64.self, "a shaded bid"))
            let chance = try scan.small("a chance", most: 1_000_001)
            shadings.append(
                (question, ShadedBid(price: price, winChance: chance == 0 ? nil : Int64(chance - 1))))
            next = question + 1
        }
        return shadings
    }

    private static func noted<Answer: RawRepresentable>(
        _ scan: inout RecordScan, _ type: Answer.Type
    ) throws(RecordRefusal) -> [(question: Int, answer: Answer)] where Answer.RawValue == UInt8 {
        var noted: [(question: Int, answer: Answer)] = []
        var next = 0
        for _ in 0..<(try scan.small("answers", most: StateAnswers.notedMost)) {
            let question = next + (try scan.small("a question", most: Int(UInt32.max)))
            let code = try scan.fixed(UInt8.self, "an answer")
            guard let answer = Answer(rawValue: code) else {
                throw scan.refusal("answer \(code)", "an answer that is known")
            }
            noted.append((question, answer))
            next = question + 1
        }
        return noted
    }
}
