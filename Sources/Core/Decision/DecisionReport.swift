// The way to a decision as people read it: every filter with what it took, every ad that competed with what
// became of it. Made only where somebody asks, since it costs many times what deciding does.
public import Auction
public import Catalog
internal import OpenRTB
public import Units

public struct DecisionReport: Sendable {
    /// One step of the funnel: line items that it took, all of them by one reason.
    public struct Step: Sendable {
        public let name: String
        public let reason: String
        public let lineItems: Int
    }

    /// One creative that competed in a pod.
    public struct Candidate: Sendable {
        public let lineItem: String
        public let creative: String
        public let medium: Creative.Format
        public let seconds: Int32
        public let tier: PriorityTier
        /// What it ranks by.
        public let value: Micros
        public let price: Micros
        public let deal: String?
        /// What it is sold for, where it is in the pod.
        public let sale: AdSale?
        /// The line item whose bid is the next one, where it is sold at the second price.
        public let rival: String?
        /// Nil where its worth does not depend on any.
        public let prediction: ScoringReport.Prediction?
        /// What it was held to by the price of its campaign's budget; nil where that asked nothing.
        public let budget: BudgetQuote?
        public let outcome: PodOutcome

        /// What it brings: more or less than it ranks by where a price holds its campaign.
        public var worth: Micros { budget?.offer.value ?? value }
    }

    /// The best pod without one of its line items.
    public struct Alternative: Sendable {
        public let without: String
        public let score: PodScore
        /// Line items in their places.
        public let lineItems: [String]
    }

    public struct Pod: Sendable {
        /// Which of the request's pods, from 0.
        public let number: Int
        /// What may fill it: more than one only of an imp that is no part of a break.
        public let media: [Creative.Format]
        public let score: PodScore
        /// No pod of these candidates is worth more.
        public let bound: PodScore
        public let steps: Int
        public let candidates: [Candidate]
        /// One for each of its ads: what would stand there if that ad had not been.
        public let alternatives: [Alternative]
    }

    /// From the whole catalog down to what won; the numbers add up to the catalog.
    public internal(set) var funnel: [Step] = []
    /// By line item's id, why it did not win; the winners too.
    public internal(set) var lineItems: [(id: String, reason: String)] = []
    public internal(set) var pods: [Pod] = []
    /// Nil without models.
    public internal(set) var scoring: ScoringReport?
    /// Which of its caps holds, by line item.
    var caps: [Int: Int] = [:]
    /// What its campaign's money is to bring, by line item and creative.
    var quotes: [Int: [Int: BudgetQuote]] = [:]
    /// The lot that held its campaign back, by line item.
    var lots: [Int: DrawnLot] = [:]
    /// What retrieval says; nil where the index was not asked.
    let explanation: Explanation?

    init(_ explanation: Explanation?) { self.explanation = explanation }
}

extension DecisionWorkspace {
    mutating func podReport(
        _ solution: PodSolution, _ number: Int, _ request: borrowing BidRequest
    ) -> DecisionReport.Pod {
        var candidates: [DecisionReport.Candidate] = []
        for index in 0..<ranked.count {
            let one = ranked[index]
            var deal: String?
            let medium = format(demand.creatives[one.creative].format)
            if let number = one.deal { deal = String(copying: request.utf8(deals[number].deal.id)) }
            let sale = sale(of: one, inPod: number)
            candidates.append(
                DecisionReport.Candidate(
                    lineItem: string(snapshot.lineItemID(one.lineItem)),
                    creative: string(snapshot.creativeID(one.creative)), medium: medium,
                    seconds: medium == .banner ? 0 : one.seconds,
                    tier: one.tier, value: one.value, price: sale?.price ?? one.price, deal: deal, sale: sale,
                    rival: sale?.rival.map { string(snapshot.lineItemID($0)) },
                    prediction: scoring.prediction(lineItem: one.lineItem, creative: one.creative),
                    budget: report?.quotes[one.lineItem]?[one.creative],
                    outcome: problem.outcome(of: index, in: solution)))
        }
        return DecisionReport.Pod(
            number: number, media: media, score: solution.score, bound: solution.bound,
            steps: solution.steps, candidates: candidates, alternatives: alternatives(to: solution))
    }

    /// Of the slots at hand, each once.
    private var media: [Creative.Format] {
        var media: [Creative.Format] = []
        for index in 0..<slots.count {
            let medium = format(slots[index].medium)
            if !media.contains(medium) { media.append(medium) }
        }
        return media
    }

    private func format(_ place: UInt8) -> Creative.Format { Creative.Format.allCases[Int(place)] }

    private func sale(of candidate: RankedCandidate, inPod pod: Int) -> AdSale? {
        for index in 0..<wins.count
        where wins[index].pod == pod && wins[index].candidate.creative == candidate.creative
            && wins[index].candidate.lineItem == candidate.lineItem
        {
            return wins[index].sale
        }
        return nil
    }

    private mutating func alternatives(to solution: PodSolution) -> [DecisionReport.Alternative] {
        var alternatives: [DecisionReport.Alternative] = []
        for position in 0..<solution.count {
            let index = solution[position].candidate
            guard !problem.isWithdrawn(index) else { continue }
            // With all of its creatives: one of them in the place of another is no other pod.
            var taken: [Int] = []
            for other in 0..<ranked.count
            where ranked[other].lineItem == ranked[index].lineItem && !problem.isWithdrawn(other) {
                taken.append(other)
                problem.withdraw(other)
            }
            let other = solver.solve(problem, steps: settings.podSteps)
            for index in taken { problem.readmit(index) }
            alternatives.append(
                .init(
                    without: string(snapshot.lineItemID(ranked[index].lineItem)), score: other.score,
                    lineItems: (0..<other.count).map {
                        string(snapshot.lineItemID(ranked[other[$0].candidate].lineItem))
                    }))
        }
        return alternatives
    }

    private func string(_ text: CatalogText) -> String {
        String(copying: snapshot.utf8(text))
    }

    /// With the cap that holds, where one does: `…: 3 by user in 1440 min`; or with the lot that was drawn.
    private func sentence(_ outcome: LineItemOutcome, of item: Int, _ report: DecisionReport) -> String {
        if outcome == .pacing, let lot = report.lots[item] { return "\(outcome.sentence): \(lot.sentence)" }
        if outcome == .underPrice, let quote = best(report.quotes[item]) {
            return "\(outcome.sentence): \(quote.sentence)"
        }
        let caps = snapshot.frequencyCaps(ofLineItem: item)
        let held: Int?
        switch outcome {
        case .capByUser, .capByHousehold, .capUncountable:
            held = report.caps[item].map { caps.lowerBound + $0 }
        case .capByCreative: held = caps.first { snapshot.capRow(at: $0).isByCreative }
        default: held = nil
        }
        guard let held, caps.contains(held) else { return outcome.sentence }
        return "\(outcome.sentence): \(snapshot.capRow(at: held).sentence)"
    }

    /// Of a line item's creatives, the one that brings most for what it costs.
    private func best(_ quotes: [Int: BudgetQuote]?) -> BudgetQuote? {
        func ratio(_ quote: BudgetQuote) -> Double {
            Double(quote.offer.value.rawValue) / Double(max(quote.offer.cost.rawValue, 1))
        }
        return quotes?.sorted { $0.key < $1.key }.map(\.value).max { ratio($0) < ratio($1) }
    }

    /// Joins what the index took with what became of the rest.
    mutating func finishReport(_ decision: Decision) {
        var report = self.report ?? DecisionReport(nil)
        report.scoring = scoring.report
        let sentences = LineItemOutcome.allCases
        if let explanation = report.explanation {
            for (filter, count) in explanation.counts {
                report.funnel.append(
                    .init(
                        name: filter.name, reason: "not for this request by \(filter.name)", lineItems: count)
                )
            }
        } else if decision.trace[.request] > 0 {
            report.funnel.append(
                .init(
                    name: "request", reason: LineItemOutcome.request.sentence,
                    lineItems: decision.trace[.request]))
        }
        for outcome in sentences where outcome > .targeting && decision.trace[outcome] > 0 {
            report.funnel.append(
                .init(name: "\(outcome)", reason: outcome.sentence, lineItems: decision.trace[outcome]))
        }
        for item in 0..<snapshot.lineItemCount {
            let id = string(snapshot.lineItemID(item))
            if let explanation = report.explanation, explanation.takenBy[item] == nil {
                report.lineItems.append((id, sentence(outcomes[item] ?? unseenOutcome, of: item, report)))
            } else {
                let filter = report.explanation?.takenBy[item]
                report.lineItems.append(
                    (
                        id,
                        filter.map { "not for this request by \($0.name)" }
                            ?? LineItemOutcome.request.sentence
                    ))
            }
        }
        self.report = report
    }
}
