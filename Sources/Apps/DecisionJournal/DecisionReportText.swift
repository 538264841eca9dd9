// The way to a decision, as a table for people and as a tree for programs.
import Auction
public import Decision
public import Documents
import OpenRTB
import Units

extension DecisionReport {
    public func lines(_ decision: Decision) -> [String] {
        var lines = [headline(decision)]
        let refused = DataUse.allCases.compactMap { use in
            decision.trace.permissions.refusal(of: use).map { "\(use) (\($0.kind))" }
        }
        if !refused.isEmpty { lines.append("not allowed: \(refused.joined(separator: ", "))") }
        if decision.trace.slotsLeftOut > 0 {
            lines.append("slots that cannot be bid on: \(decision.trace.slotsLeftOut)")
        }
        lines.append("")
        lines.append("\(column("\(decision.trace.lineItems)", 9))  line items in the catalog")
        for step in funnel {
            let count = step.name == "won" ? "= \(step.lineItems)" : "− \(step.lineItems)"
            lines.append("\(column(count, 9))  \(step.reason)")
        }
        for pod in pods { lines += self.lines(pod) }
        if let scoring { lines += scoring.lines(pods) }
        return lines
    }

    private func headline(_ decision: Decision) -> String {
        if let reason = decision.noBid { return "no bid (nbr \(reason.rawValue)): \(reason.sentence)" }
        let ads = decision.trace.ads
        return "bid: \(ads) ad\(ads == 1 ? "" : "s"), \(decision.byteCount) bytes"
    }

    private func lines(_ pod: Pod) -> [String] {
        let proof =
            pod.score == pod.bound
            ? "nothing is worth more" : "at most \(pod.bound.total) is possible"
        var lines = [
            "", "pod \(pod.number)\(pod.choice): worth \(pod.score.total); \(proof) (\(pod.steps) steps)",
            "    place      worth      price  seconds  tier         line item, creative",
        ]
        let placed = pod.candidates.sorted { $0.place < $1.place }
        for one in placed {
            let medium = pod.media.count > 1 ? " (\(one.medium))" : ""
            let deal = one.deal.map { ", deal \($0)" } ?? ""
            let why = (one.why ?? one.saleText).map { ": \($0)" } ?? ""
            let budget =
                one.budget.map {
                    "; \($0.sentence)\($0.isByLot ? ", by lot" : "") (it ranks as \(one.value))"
                } ?? ""
            lines.append(
                "\(column(one.position.map { "\($0 + 1)" } ?? "-", 9))  \(column("\(one.worth)", 9))"
                    + "  \(column("\(one.price)", 9))  \(column("\(one.seconds)", 7))"
                    + "  \(padded("\(one.tier)", 11))  \(one.lineItem), \(one.creative)\(medium)\(deal)\(why)\(budget)"
            )
        }
        for other in pod.alternatives {
            let ads = other.lineItems.isEmpty ? "nothing" : other.lineItems.joined(separator: ", ")
            lines.append("    without \(other.without): worth \(other.score.total), with \(ads)")
        }
        return lines
    }

    public func tree(_ decision: Decision) -> JSONTree {
        .object([
            .init("bid", .bool(decision.isBid)),
            .init("nbr", decision.noBid.map { .number($0.rawValue) } ?? .null),
            .init("reason", decision.noBid.map { .string($0.sentence) } ?? .null),
            .init("lineItems", .number(decision.trace.lineItems)),
            .init(
                "funnel",
                .array(
                    funnel.map {
                        [
                            "filter": .string($0.name), "reason": .string($0.reason),
                            "lineItems": .number($0.lineItems),
                        ]
                    })),
            .init("outcomes", .object(lineItems.map { .init($0.id, .string($0.reason)) })),
            .init("pods", .array(pods.map(tree))),
            .init("models", scoring?.tree ?? .null),
        ])
    }

    private func tree(_ pod: Pod) -> JSONTree {
        [
            "pod": .number(pod.number), "media": .array(pod.media.map { .string("\($0)") }),
            "worth": .string("\(pod.score.total)"),
            "bound": .string("\(pod.bound.total)"), "steps": .number(pod.steps),
            "alternatives": .array(
                pod.alternatives.map { other in
                    [
                        "without": .string(other.without), "worth": .string("\(other.score.total)"),
                        "lineItems": .array(other.lineItems.map { .string($0) }),
                    ]
                }),
            "candidates": .array(
                pod.candidates.map { one in
                    [
                        "lineItem": .string(one.lineItem), "creative": .string(one.creative),
                        "medium": .string("\(one.medium)"),
                        "seconds": .number(one.seconds), "tier": .string("\(one.tier)"),
                        "worth": .string("\(one.worth)"), "rank": .string("\(one.value)"),
                        "price": .string("\(one.price)"),
                        "deal": one.deal.map { .string($0) } ?? .null,
                        "sale": one.saleTree,
                        "position": one.position.map { .number($0 + 1) } ?? .null,
                        "why": one.why.map { .string($0) } ?? .null,
                        "budget": one.budgetTree,
                        "prediction": one.prediction?.tree ?? .null,
                    ]
                }),
        ]
    }

    private func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension DecisionReport.Pod {
    /// Where its one place is for ads of several media.
    fileprivate var choice: String {
        media.count > 1 ? " (one ad of \(media.map { "\($0)" }.joined(separator: " or ")))" : ""
    }
}

extension DecisionReport.Candidate {
    var position: Int? {
        if case .placed(let position) = outcome { position } else { nil }
    }
    fileprivate var place: Int { position ?? .max }

    /// How its price came about.
    fileprivate var saleText: String? {
        sale.map { sale in
            sale.basis.text(
                bid: sale.bid, floor: sale.floor, soft: sale.softFloor, rival: rival,
                worth: sale.worth, winChance: sale.winChance)
        }
    }

    fileprivate var saleTree: JSONTree {
        guard let sale else { return .null }
        return [
            "bid": .string("\(sale.bid)"), "price": .string("\(sale.price)"),
            "worth": .string("\(sale.worth)"),
            "winChanceMillionths": sale.winChance.map { .number($0) } ?? .null,
            "basis": .string("\(sale.basis)"), "floor": .string("\(sale.floor)"),
            "softFloor": sale.softFloor.map { .string("\($0)") } ?? .null,
            "nextBidOf": rival.map { .string($0) } ?? .null,
        ]
    }

    /// What its campaign's money is to bring, and what it brings.
    fileprivate var budgetTree: JSONTree {
        guard let budget else { return .null }
        return [
            "price": .string(budget.text), "brings": .string("\(budget.offer.value)"),
            "cost": .string("\(budget.offer.cost)"), "byLot": .bool(budget.isByLot),
        ]
    }

    /// Why it is not in the pod.
    fileprivate var why: String? {
        if case .placed = outcome { nil } else { outcome.sentence }
    }
}
