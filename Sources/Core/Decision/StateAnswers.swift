// What a state answered during one decision, so little that it fits the journal: only what was refused or seen, and
// what was put aside. A decision asks in an order that its inputs fix, so an answer needs no name but its number.
internal import Auction
internal import Units

/// An answer that was not the usual one, and which of the questions it was to.
struct NotedAnswer {
    var question: UInt32 = 0
    var code: UInt8 = 0
}

/// The price of a campaign's budget that is not one, and which of the questions it was the answer to.
struct NotedPrice {
    var question: UInt32 = 0
    var price = BudgetPrice.one
}

/// A bid that was shaded, and which of the questions it was the answer to.
struct NotedShading {
    var question: UInt32 = 0
    var bid = ShadedBid(price: .zero, winChance: nil)
}

/// The answers to one decision.
public struct StateAnswers: ~Copyable {
    /// Refusals and sightings that one decision notes. Beyond them a decision is as good, but is not noted whole.
    static let notedMost = 65_536
    /// Three searches for each pod's ads, in as many pods as an answer has ads for.
    static let reservationsMost = 1_024

    /// Two tiers of three goals, in as many pods as an answer has ads for; or of dozens of campaigns in a few.
    static let fallsMost = 1_024

    /// Line items that were refused, by the number of the question.
    var refusals = DecisionTable<NotedAnswer>(Self.notedMost)
    /// Creatives that had been seen or were refused, by the number of the question.
    var standings = DecisionTable<NotedAnswer>(Self.notedMost)
    /// For each refusal by pacing, the share for which its campaign was not drawn.
    var shares = DecisionTable<PacingShare>(Self.notedMost)
    /// Prices of budgets, by the number of the question.
    var prices = DecisionTable<NotedPrice>(Self.notedMost)
    var pricesAsked: UInt32 = 0
    var leastPrice = BudgetPrice.one
    var refusalsAsked: UInt32 = 0
    var standingsAsked: UInt32 = 0
    var reservations = DecisionTable<ReservationAnswer>(Self.reservationsMost)
    /// Bids that are lower than their value, by the number of the question.
    var shadings = DecisionTable<NotedShading>(Self.reservationsMost)
    var shadingsAsked: UInt32 = 0
    /// Models that were not to be asked, by the number of the question.
    var falls = DecisionTable<NotedAnswer>(Self.fallsMost)
    var fallsAsked: UInt32 = 0
    /// Something found no room: the decision cannot be decided again from these.
    public private(set) var isCut = false

    init() {}

    mutating func removeAll() {
        refusals.removeAll()
        shares.removeAll()
        prices.removeAll()
        (pricesAsked, leastPrice) = (0, .one)
        standings.removeAll()
        (refusalsAsked, standingsAsked, shadingsAsked, fallsAsked) = (0, 0, 0, 0)
        falls.removeAll()
        reservations.removeAll()
        shadings.removeAll()
        isCut = false
    }

    mutating func note(refusal: StateRefusal?) {
        defer { refusalsAsked &+= 1 }
        guard let refusal else { return }
        if !refusals.append(NotedAnswer(question: refusalsAsked, code: refusal.rawValue)) { isCut = true }
    }

    mutating func note(share: PacingShare) {
        if !shares.append(share) { isCut = true }
    }

    mutating func note(price: BudgetPrice) {
        defer { pricesAsked &+= 1 }
        guard price != .one else { return }
        if !prices.append(NotedPrice(question: pricesAsked, price: price)) { isCut = true }
    }

    mutating func note(standing: CreativeStanding) {
        defer { standingsAsked &+= 1 }
        guard standing != .unseen else { return }
        if !standings.append(NotedAnswer(question: standingsAsked, code: standing.rawValue)) { isCut = true }
    }

    mutating func note(fall: TierFall?) {
        defer { fallsAsked &+= 1 }
        guard let fall else { return }
        if !falls.append(NotedAnswer(question: fallsAsked, code: fall.rawValue)) { isCut = true }
    }

    mutating func note(_ bid: ShadedBid, value: Micros) {
        defer { shadingsAsked &+= 1 }
        guard bid.price < value else { return }
        if !shadings.append(NotedShading(question: shadingsAsked, bid: bid)) { isCut = true }
    }

    mutating func note(_ answer: ReservationAnswer) {
        if !reservations.append(answer) { isCut = true }
    }
}
