// What another catalog would have changed: wins and what they cost, by line item, beside what was decided.
import Catalog
import Commands
import Decision
import DecisionJournal
import Documents
import Units

/// One line item's wins, then and with the other catalog.
private struct LineItemChange {
    var wins = (then: 0, now: 0)
    /// For a thousand impressions each, summed.
    var prices = (then: Micros.zero, now: Micros.zero)

    var isChange: Bool { wins.then != wins.now || prices.then != prices.now }
}

struct CatalogChanges {
    private struct Row: Hashable, Comparable {
        let lineItem: String
        let currency: CurrencyCode

        static func < (a: Row, b: Row) -> Bool {
            (a.lineItem, a.currency.description) < (b.lineItem, b.currency.description)
        }
    }

    private let snapshot: CatalogSnapshot
    /// For each shard, its settings and its models: its tokens name the shard.
    private var makers: [[UInt64]: DecisionMaker] = [:]
    private var rows: [UInt64: CatalogRows] = [:]
    private var changes: [Row: LineItemChange] = [:]
    private var bids = (then: 0, now: 0)
    private var decisions = 0
    private var changed = 0

    init(_ snapshot: CatalogSnapshot) { self.snapshot = snapshot }

    mutating func take(
        _ found: FoundDecision, _ remade: Remade, _ maker: DecisionMaker, _ all: DecisionMakers,
        _ settings: DecisionSettings
    ) throws(Failure) {
        let record = found.record
        let name = [record.settings, UInt64(found.shard), record.models?.version ?? 0]
        if makers[name] == nil {
            let plan = try all.plan(of: record.models?.version, for: snapshot)
            makers[name] = DecisionMaker(snapshot, settings, plan: plan)
        }
        if rows[record.catalog] == nil {
            rows[record.catalog] = CatalogRows(from: maker.snapshot, to: snapshot)
        }
        guard let other = makers[name], let rows = rows[record.catalog] else { return }
        let supposed = try other.suppose(record, SupposedState(remade.said, of: record, through: rows))
        decisions += 1
        if remade.decision.isBid { bids.then += 1 }
        if supposed.decision.isBid { bids.now += 1 }
        var isChanged = remade.ads.count != supposed.ads.count
        for ad in remade.ads {
            let row = Row(
                lineItem: maker.snapshot.id(.lineItems, at: ad.lineItem), currency: remade.decision.currency)
            changes[row, default: LineItemChange()].wins.then += 1
            changes[row, default: LineItemChange()].prices.then += ad.price
        }
        for ad in supposed.ads {
            let row = Row(
                lineItem: snapshot.id(.lineItems, at: ad.lineItem), currency: supposed.decision.currency)
            changes[row, default: LineItemChange()].wins.now += 1
            changes[row, default: LineItemChange()].prices.now += ad.price
        }
        for (then, now) in zip(remade.ads, supposed.ads) {
            isChanged =
                isChanged || then.price != now.price
                || maker.snapshot.id(.creatives, at: then.creative)
                    != snapshot.id(.creatives, at: now.creative)
        }
        if isChanged { changed += 1 }
    }

    /// What so many ads cost, one impression each.
    private func cost(_ prices: Micros) -> Micros { Micros(prices.rawValue / 1_000) }

    var lines: [String] {
        var lines = [
            "",
            "with the other catalog: \(changed) of \(decisions) decisions would have other ads or prices;"
                + " bids \(bids.then) → \(bids.now)",
        ]
        let changing = changes.filter(\.value.isChange).sorted { $0.key < $1.key }
        guard !changing.isEmpty else { return lines }
        lines.append("    wins then        now       cost then             now        line item")
        for (row, change) in changing {
            lines.append(
                "\(column("\(change.wins.then)", 13))\(column("\(change.wins.now)", 11))"
                    + "\(column("\(cost(change.prices.then))", 16))\(column("\(cost(change.prices.now))", 16))"
                    + "  \(row.currency)   \(row.lineItem)")
        }
        return lines
    }

    private func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    var tree: JSONTree {
        [
            "decisions": .number(decisions), "changed": .number(changed), "bidsThen": .number(bids.then),
            "bidsNow": .number(bids.now),
            "lineItems": .array(
                changes.sorted { $0.key < $1.key }.map { row, change in
                    [
                        "lineItem": .string(row.lineItem), "currency": .string("\(row.currency)"),
                        "winsThen": .number(change.wins.then), "winsNow": .number(change.wins.now),
                        "costThen": .string("\(cost(change.prices.then))"),
                        "costNow": .string("\(cost(change.prices.now))"),
                    ]
                }),
        ]
    }
}
