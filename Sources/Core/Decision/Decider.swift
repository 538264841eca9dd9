// The decision: the bytes of a request and a moment in, the bytes of an answer and the way to it out. It is a
// function of the request, the catalog, the settings, the time, the seed and what a state answers: the same ones
// give the same bytes, on any machine.
internal import Auction
public import Catalog
internal import Notices
public import OpenRTB
public import Units

/// Decides one request after the other in memory that is allocated once. One for each shard and catalog; what they know
/// of the catalog may be one for all.
public struct Decider: ~Copyable {
    private var reader = BidRequestReader()
    var workspace: DecisionWorkspace

    /// For markup that is kept from answer to answer. One takes three kilobytes: the winners of a catalog of ten thousand
    /// line items find room.
    public static let keptMarkupBytes = 8 * 1024 * 1024

    public init(_ snapshot: CatalogSnapshot, settings: DecisionSettings = DecisionSettings()) {
        self.init(DecisionIndex(snapshot, settings), settings: settings)
    }

    /// - Parameter settings: those of the index, but for who signs its ads.
    /// - Parameter plan: of models for this snapshot; nil where line items are worth what the settings' priors make of
    ///   them.
    public init(
        _ index: DecisionIndex, settings: DecisionSettings, plan: ScoringPlan? = nil,
        keptMarkupBytes: Int = Decider.keptMarkupBytes
    ) {
        workspace = DecisionWorkspace(index, settings, keptMarkupBytes, plan)
    }

    /// Decides. The answer is in `answer` until the next decision. Allocates nothing, but for a refusal's text
    /// and, where it is asked for, the report.
    ///
    /// - Parameters:
    ///   - state: what is asked of budgets, caps and what was seen.
    ///   - explains: whether `report` is made, which costs many times what the decision does.
    public mutating func decide<State: DecisionState & ~Copyable>(
        _ request: RawSpan, at now: Instant, seed: UInt64, format: AnswerFormat = .openrtb,
        state: inout State, explains: Bool = false
    ) throws(OpenRTBError) -> Decision {
        try Self.decide(&reader, &workspace, request, at: now, seed: seed, format, &state, explains)
    }

    /// The same where budgets have no end and the viewer has seen nothing.
    public mutating func decide(
        _ request: RawSpan, at now: Instant, seed: UInt64, format: AnswerFormat = .openrtb,
        explains: Bool = false
    ) throws(OpenRTBError) -> Decision {
        var state = FreeState()
        return try decide(
            request, at: now, seed: seed, format: format, state: &state, explains: explains)
    }

    /// The request holds on to its reader, so the two are taken apart here.
    private static func decide<State: DecisionState & ~Copyable>(
        _ reader: inout BidRequestReader, _ workspace: inout DecisionWorkspace, _ bytes: RawSpan,
        at now: Instant, seed: UInt64, _ format: AnswerFormat, _ state: inout State, _ explains: Bool
    ) throws(OpenRTBError) -> Decision {
        workspace.reset()
        let request = try reader.read(bytes)
        return workspace.decide(request, at: now, seed: seed, format, &state, explains)
    }

    /// The bytes of the last decision's answer.
    public var answer: RawSpan {
        @_lifetime(borrow self) borrowing get { workspace.answerBytes }
    }

    /// Of the last decision, where it was asked for.
    public var report: DecisionReport? { workspace.report }
}

/// An ad that was placed.
struct Win {
    var candidate = RankedCandidate()
    var imp = 0
    var medium: UInt8 = 0
    var dealID = Text.empty
    var version = VASTVersion.v4_2
    var device = VASTDevice()
    /// Which of the request's pods it is in.
    var pod = 0
    var needsHTTPS = false
    var reservation = Reservation.none
    var sale = AdSale()
    /// What showing it once costs at its price, in its campaign's currency: no more than was put aside.
    var cost = Micros.zero
    /// Whom its tokens name.
    var sealedViewer = SealedViewer(user: 0, household: 0)
    /// Its markup could be written.
    var isWritten = false
}

/// Everything that a decision works in. What is asked of it while a request waits are mutating methods, also where they
/// change nothing: Swift 6.3 gives others a copy of the whole, four kilobytes, which came to fifteen copies a request.
struct DecisionWorkspace: ~Copyable {
    /// The most valuable creatives that are compared in one pod.
    static let candidates = PodLimits.candidates
    /// Deals that one pod may offer: exchanges send up to some dozens.
    static let dealsMost = 256
    /// Ads that one answer may have: a full pod for each of sixteen breaks.
    static let winsMost = 256
    /// Six ads take 30 KB; an answer with more than half a megabyte is read by nobody.
    static let answerBytesMost = 512 * 1024
    /// One ad's markup with its trackers.
    static let markupBytesMost = 64 * 1024

    let snapshot: CatalogSnapshot
    private let kept: DecisionBox<DecisionSettings>
    var settings: DecisionSettings { unsafeAddress { unsafe kept.address } }
    let seat: [UInt8]
    /// Keeps what `early`, `demand` and `places` read.
    private let index: DecisionIndex
    var query: CatalogQuery
    var scratch: RetrievalScratch
    var exchange: Exchange
    var problem = PodProblem()
    var solver = PodSolver()
    var slots = DecisionTable<OfferedSlot>(PodLimits.segments)
    var deals = DecisionTable<OfferedDeal>(Self.dealsMost)
    var ranked = DecisionTable<RankedCandidate>(Self.candidates)
    var wins = DecisionTable<Win>(Self.winsMost)
    /// The most of them that the pod at hand is given.
    var rankedMost = Self.candidates
    let early: EarlyRank
    let demand: KnownDemand
    private let knownPlaces: KnownPlaces
    var batch: EarlyBatch
    var kinds = KindFits()
    /// What the request at hand may refuse single creatives for.
    var refusals = CreativeRefusals()
    var outcomes: OutcomeTable
    /// Of the line items that were found and not looked at; nil where no pod was offered.
    var outcomeOfRest: LineItemOutcome?
    /// What the state answered.
    var answers = StateAnswers()
    var place = Place()
    /// What the catalog asks for at least at this place, in the response's currency, and its soft floor.
    var placeFloor = Micros.zero
    var placeSoftFloor: Micros?
    /// The number of the decision at hand.
    var seed: UInt64 = 0
    /// What campaigns' money must bring, as far as it was asked.
    var budgets: AskedBudgets
    /// How much more than it is worth a candidate may rank by, in parts of 2^20 of what it is worth.
    var raise: Int64 = 0
    /// Nothing holds a test back: it spends nothing.
    var isPaced = true
    /// How the request's slots are sold, and whether the auction is ours.
    var saleRule = SaleRule.secondPrice
    var isSeller = false
    /// The newest version of VAST that the pod at hand may have.
    var newest = VASTVersion.v4_2
    var markup: MarkupWriting
    var templates: MarkupTemplates
    var notices: NoticeWriting
    var scoring: ScoringRoom
    /// By what the viewer is counted.
    var viewer = ViewerKeys()
    /// The values of the query that say where the viewer is, closer than by city.
    var places = 0..<0
    /// Of a decision that is made again: see `RecalledViewer.sealed`.
    var recalledTokens: [SealedViewer] = []
    /// None has a value: what an exchange knows only after the auction is the exchange's to fill in.
    let macros = AuctionMacros()
    var response = DecisionBytes(Self.answerBytesMost)
    var answerCount = 0
    var report: DecisionReport?

    init(
        _ index: DecisionIndex, _ settings: DecisionSettings, _ keptMarkupBytes: Int,
        _ plan: ScoringPlan? = nil
    ) {
        precondition(index.isFor(settings), "the index is for other settings")
        precondition(
            plan.map { $0.goals.count == index.snapshot.lineItemCount } ?? true,
            "the models are planned for another catalog")
        scoring = ScoringRoom(plan, most: settings.scoredMost)
        let snapshot = index.snapshot
        self.snapshot = snapshot
        self.index = index
        (early, demand, knownPlaces) = (index.early, index.demand, index.places)
        kept = DecisionBox(settings)
        seat = Array(settings.seat.utf8)
        query = CatalogQuery(snapshot)
        batch = EarlyBatch(places: snapshot.lineItemCount)
        scratch = RetrievalScratch(snapshot)
        exchange = Exchange(settings.currencies)
        outcomes = OutcomeTable(lineItems: snapshot.lineItemCount)
        budgets = AskedBudgets(campaigns: snapshot.campaignCount)
        notices = NoticeWriting(settings.notices)
        templates = MarkupTemplates(bytes: keptMarkupBytes)
        markup = MarkupWriting(seat: seat)
    }

    var answerBytes: RawSpan {
        @_lifetime(borrow self) borrowing get { response.first(answerCount) }
    }

    mutating func reset() {
        answerCount = 0
        report = nil
        outcomes.removeAll()
        budgets.removeAll()
        answers.removeAll()
        places = 0..<0
        outcomeOfRest = nil
        wins.removeAll()
        scoring.removeAll()
    }
}

// The steps of a decision, in their order.
extension DecisionWorkspace {
    mutating func decide<State: DecisionState & ~Copyable>(
        _ request: borrowing BidRequest, at now: Instant, seed: UInt64, _ format: AnswerFormat,
        _ state: inout State, _ explains: Bool
    ) -> Decision {
        var decision = Decision()
        decision.id = seed
        decision.isTest = request.test
        decision.trace.lineItems = snapshot.lineItemCount
        self.seed = seed
        isPaced = !request.test
        isSeller = format == .vast
        saleRule = SaleRule(openRTB: request.at)
        let recalled = state.recalled
        recalledTokens = recalled?.sealed ?? []
        decision.trace.permissions =
            recalled?.permissions ?? Permissions(request, vendor: settings.vendor)
        decision.noBid = obstacle(request)
        var tellsPlaces = false
        if decision.noBid == nil {
            viewer =
                recalled?.keys
                ?? ViewerKeys(request, decision.trace.permissions, salt: settings.viewerSalt)
            state.begin(viewer, at: now)
            takeLeastPrice(of: &state)
            scoring.now = now
            find(request, at: now, recalled: recalled?.places, &decision)
            tellsPlaces = isPaced && state.placesSample.takes(seed)
            if explains { report = DecisionReport(query.isOverfull ? nil : snapshot.explain(query)) }
        }
        if decision.noBid == nil {
            let pods = request.pods
            for index in pods.indices {
                fill(pods[index], index, request, seed: seed, &state, &decision.trace, explains)
                // The ads of one pod are the whole document.
                if format == .vast, wins.count > 0 { break }
            }
            if wins.count == 0 { decision.noBid = reason(decision.trace) }
        }
        if tellsPlaces { tellPlaces(request, found: decision.trace.retrieved, &state) }
        if decision.noBid == nil { write(request, at: now, seed: seed, format, &decision) }
        release(unwritten: decision.noBid != nil, &state)
        if let reason = decision.noBid { writeNoBid(reason, request, format) }
        count(&decision.trace)
        decision.byteCount = answerCount
        decision.currency = exchange.currency
        if explains { finishReport(decision) }
        return decision
    }

    /// Why nothing can be bid, whatever the catalog has.
    private mutating func obstacle(_ request: borrowing BidRequest) -> NoBid? {
        if let tmax = request.tmax, Int64(tmax) <= settings.network.wholeMilliseconds {
            return .insufficientTime
        }
        if !isAllowed(request[request.wseat], request) || names(request[request.bseat], request) {
            return .seatNotAllowed
        }
        let currencies = request[request.cur]
        var chosen: CurrencyCode? = currencies.isEmpty ? .usd : nil
        for index in currencies.indices where chosen == nil {
            if exchange.has(currencies[index]) { chosen = currencies[index] }
        }
        guard let chosen else { return .noCurrency }
        exchange.answer(in: chosen)
        return setPlace(request) ? nil : .noCurrency
    }

    /// False where the place has a floor that cannot be converted.
    private mutating func setPlace(_ request: borrowing BidRequest) -> Bool {
        let inventory = request.inventory
        place = Place(
            publisher: snapshot.row(.publishers, id: request[inventory.publisher.id]),
            inventory: snapshot.row(.inventory, id: request[inventory.id]) ?? knownPlace(request))
        (placeFloor, placeSoftFloor) = (.zero, nil)
        if let row = place.inventory { place.publisher = snapshot.publisher(ofInventory: row) }
        guard let publisher = place.publisher else { return true }
        let (general, currency) = snapshot.publisherFloor(publisher)
        let floor = place.inventory.flatMap { snapshot.inventoryFloor($0) } ?? general
        let soft =
            place.inventory.flatMap { snapshot.inventorySoftFloor($0) }
            ?? snapshot.publisherSoftFloor(publisher)
        guard let rate = exchange.rate(from: currency) else { return floor == .zero && soft == nil }
        guard let here = rate.convert(floor, for: .floor) else { return false }
        placeFloor = here
        if let soft {
            guard let here = rate.convert(soft, for: .floor) else { return false }
            placeSoftFloor = here
        }
        return true
    }

    /// By its address, where the catalog does not know the id that the exchange has for it.
    private mutating func knownPlace(_ request: borrowing BidRequest) -> Int? {
        let inventory = request.inventory
        return switch inventory.kind {
        case .app: knownPlaces.row(request[inventory.bundle], .app, snapshot)
        case .site: knownPlaces.row(request[inventory.domain], .site, snapshot)
        case .unknown, .dooh: nil
        }
    }

    private mutating func find(
        _ request: borrowing BidRequest, at now: Instant, recalled: [UInt32]?, _ decision: inout Decision
    ) {
        setRefusals(request)
        places = query.fill(
            request, place, snapshot, decision.trace.permissions, at: now, recalled: recalled)
        if query.isOverfull {
            decision.noBid = .tooManyValues
            return
        }
        decision.trace.wasAsked = true
        let found = snapshot.retrieve(query, into: &scratch)
        decision.trace.retrieved = found
        if found == 0 { decision.noBid = offersSlots(request) ? .nothingTargeted : .noSlot }
    }

    private mutating func offersSlots(_ request: borrowing BidRequest) -> Bool {
        let imps = request.imps
        for index in imps.indices {
            let imp = imps[index]
            if imp.video != nil || imp.audio != nil || imp.banner != nil { return true }
        }
        return false
    }

    private mutating func fill<State: DecisionState & ~Copyable>(
        _ pod: Pod, _ number: Int, _ request: borrowing BidRequest, seed: UInt64, _ state: inout State,
        _ trace: inout DecisionTrace, _ explains: Bool
    ) {
        offer(pod, request, &trace)
        guard slots.count > 0 else { return }
        let end = walk(request, seed: seed, &state, &trace)
        if scoring.isOn { score(request, seed: seed, &state, &trace) }
        outcomeOfRest = max(outcomeOfRest ?? end.outcome, end.outcome)
        for index in 0..<ranked.count { outcomes.raise(ranked[index].lineItem, to: .outbid) }
        trace.candidates += ranked.count
        trace.pods += 1
        let solution = solve(number, request, &state, &trace)
        if explains {
            let pod = podReport(solution, number, request)
            report?.pods.append(pod)
        }
    }

    /// Takes the ranked creatives into the search. One slot for one ad is a pod too: its search is a look at the
    /// ranks.
    mutating func compete() {
        var words = SeparationWords()
        for index in 0..<ranked.count {
            let one = ranked[index]
            var candidate = PodCandidate(
                lineItem: UInt32(one.lineItem), creative: UInt64(one.creative) + 1,
                advertiser: UInt64(one.advertiser) + 1, seconds: one.seconds, value: one.value,
                // A deal's floors were asked already, and the slots' own do not hold for it.
                price: one.deal == nil ? one.price : .max, tier: one.tier)
            candidate.segments = one.slots
            candidate.mediaFile = UInt64(demand.creatives[one.creative].mediaFile)
            for place in demand.lineItems[one.lineItem].separations.range {
                candidate.categories |= words.bit(snapshot.separation(inList: place))
            }
            problem.apartInPod |= candidate.categories
            if problem.dedupe.contains(.category) {
                for place in demand.creatives[one.creative].categories.range {
                    candidate.categories |= words.bit(snapshot.category(at: place).number)
                }
            }
            _ = problem.add(candidate)
        }
    }

    mutating func win(
        _ candidate: RankedCandidate, slot number: Int, _ sale: AdSale, _ reservation: Reservation,
        cost: Micros, _ pod: Int, _ trace: inout DecisionTrace
    ) {
        let slot = slots[number]
        var win = Win(candidate: candidate, imp: slot.imp, medium: slot.medium)
        if let deal = candidate.deal { win.dealID = deals[deal].deal.id }
        let isWrapper = demand.creatives[candidate.creative].tag != nil
        win.version = (isWrapper ? slot.wrapper : slot.version) ?? .v4_2
        win.device = slot.device
        win.needsHTTPS = slot.needsHTTPS
        win.reservation = reservation
        (win.sale, win.cost) = (sale, cost)
        win.pod = pod
        guard wins.append(win) else { preconditionFailure("an answer has room for each place of its pods") }
        outcomes.set(candidate.lineItem, .won)
        trace.ads += 1
    }

    private mutating func reason(_ trace: DecisionTrace) -> NoBid {
        if trace.pods == 0 { return trace.slotsWithoutRate > 0 ? .noCurrency : .noSlot }
        var counts = OutcomeCounts(repeating: 0)
        countFound(trace.retrieved, into: &counts)
        return NoBid(mostOf: counts)
    }

    private mutating func countFound(_ found: Int, into counts: inout OutcomeCounts) {
        outcomes.count(into: &counts)
        counts[Int(unseenOutcome.rawValue)] += found - outcomes.count
    }

    /// Every line item of the catalog under one outcome.
    private mutating func count(_ trace: inout DecisionTrace) {
        countFound(trace.retrieved, into: &trace.counts)
        let rest = trace.wasAsked ? LineItemOutcome.targeting : .request
        trace.counts[Int(rest.rawValue)] += trace.lineItems - trace.retrieved
    }

    /// Of a line item that was found and not looked at.
    var unseenOutcome: LineItemOutcome { outcomeOfRest ?? .medium }
}

/// The words that a pod's ads are kept apart by, as bits.
private struct SeparationWords {
    private var words = InlineArray<64, UInt32>(repeating: 0)
    private var count = 0

    /// The word's bit. Words beyond the sixty-third share the last bit, which keeps apart too much and never too
    /// little.
    mutating func bit(_ text: UInt32) -> UInt64 {
        for index in 0..<count where words[index] == text { return 1 << UInt64(index) }
        guard count < 63 else { return 1 << 63 }
        words[count] = text
        count += 1
        return 1 << UInt64(count - 1)
    }
}
