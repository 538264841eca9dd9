// One recorded decision for who asks why: what it came to, and, where it can be made again, what became of every line
// item.
import Auction
import Catalog
import Commands
import Decision
public import Documents
import OpenRTB
import Units

public struct DecisionExplanation {
    private let found: FoundDecision
    private let remade: Remade?
    private let snapshot: CatalogSnapshot?
    /// Why it was not made again.
    private let obstacle: String?

    /// Makes the decision again where its record, its catalog and its settings are there.
    public init(_ found: FoundDecision, _ makers: DecisionMakers) {
        self.found = found
        var snapshot: CatalogSnapshot?
        var remade: Remade?
        var obstacle: String?
        do {
            let maker = try makers.maker(of: found)
            snapshot = maker.snapshot
            if found.record.isReplayable {
                remade = try maker.remake(found.record, explains: true)
            } else {
                obstacle =
                    found.record.answers == nil
                    ? "its record had no room for all that its state answered" : found.record.kept.sentence
            }
        } catch { obstacle = error.message }
        (self.snapshot, self.remade, self.obstacle) = (snapshot, remade, obstacle)
    }

    /// What was recorded is what is made of it now, as far as that is known.
    public var isSame: Bool { remade?.isSame ?? true }

    private var record: RecordedDecision { found.record }

    // MARK: For people

    public var lines: [String] {
        var lines = [
            "decision \(hexadecimal(record.id)) at \(TimeText.utc(record.now))",
            "    by \(found.writer), shard \(found.shard): segment \(found.segment), record \(found.sequence)",
            "    catalog \(hexadecimal(record.catalog)), settings \(hexadecimal(record.settings))",
            "    \(again)",
        ]
        if record.isTest { lines.append("    a test: nothing is put aside, billed or counted for its ads") }
        if let remade, let report = remade.report {
            lines += report.lines(remade.decision)
        } else {
            lines += recordedLines
            if let models = record.models { lines += models.lines }
        }
        if !record.ads.isEmpty {
            lines += ["", "budget: put aside for each ad, until its bill comes or the time is over"]
            for ad in record.ads { lines.append("    \(name(ad)): \(text(ad.reservation))") }
        }
        lines.append("pacing: \(heldBack)")
        if count(of: .underPrice) > 0 { lines.append("    \(underPrice)") }
        let held = (remade?.report?.lineItems ?? []).filter {
            $0.reason.hasPrefix(LineItemOutcome.pacing.sentence)
                || $0.reason.hasPrefix(LineItemOutcome.underPrice.sentence)
        }
        for (id, reason) in held.prefix(Self.heldBackMost) { lines.append("    \(id): \(reason)") }
        if held.count > Self.heldBackMost { lines.append("    and \(held.count - Self.heldBackMost) more") }
        return lines
    }

    private func count(of outcome: LineItemOutcome) -> Int {
        record.outcomes.first { $0.outcome == outcome }?.lineItems ?? 0
    }

    /// Beyond as many the list is for programs: `--json` has all.
    private static let heldBackMost = 20

    private var heldBack: String {
        switch count(of: .pacing) {
        case 0: "no line item was held back"
        case 1: "one line item was held back, as its campaign spends as fast as it is to"
        case let count: "\(count) line items were held back, as their campaigns spend as fast as they are to"
        }
    }

    private var underPrice: String {
        let count = count(of: .underPrice)
        return count == 1
            ? "one line item brings less than its campaign's money is to bring"
            : "\(count) line items bring less than their campaigns' money is to bring"
    }

    private var again: String {
        guard let remade else { return "not made again: \(obstacle ?? "")" }
        if remade.isSame { return "made again: the same \(record.answerBytes) bytes" }
        return
            "made again: OTHER bytes, \(remade.answer.count) of them instead of \(record.answerBytes): what follows is not how it was decided"
    }

    /// What the record itself knows of the way.
    private var recordedLines: [String] {
        let ads = record.ads.count
        var lines = [
            record.noBid.map { "no bid (nbr \($0.rawValue)): \($0.sentence)" }
                ?? "bid: \(ads) ad\(ads == 1 ? "" : "s"), \(record.answerBytes) bytes"
        ]
        lines += ["", "\(column("\(record.lineItems)"))  line items in the catalog"]
        for (outcome, count) in record.outcomes {
            lines.append("\(column("\(outcome == .won ? "=" : "−") \(count)"))  \(outcome.sentence)")
        }
        if !record.ads.isEmpty {
            lines += ["", "      pod      price  seconds  line item, creative"]
            for ad in record.ads {
                lines.append(
                    "\(column("\(ad.pod)"))  \(column("\(ad.price)"))  \(column("\(ad.seconds)", 7))  \(name(ad))"
                        + ": " + ad.terms.basis.text(bid: ad.terms.bid, floor: ad.terms.floor)
                )
            }
        }
        return lines
    }

    private func column(_ text: String, _ width: Int = 9) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func name(_ ad: RecordedAd) -> String {
        let (lineItem, creative) = ids(ad)
        return "\(lineItem), \(creative)"
    }

    /// Rows where the catalog that they are of is not there.
    private func ids(_ ad: RecordedAd) -> (lineItem: String, creative: String) {
        guard let snapshot, ad.lineItem < snapshot.lineItemCount, ad.creative < snapshot.creativeCount else {
            return ("line item \(ad.lineItem)", "creative \(ad.creative)")
        }
        return (snapshot.id(.lineItems, at: ad.lineItem), snapshot.id(.creatives, at: ad.creative))
    }

    private func text(_ reservation: Reservation) -> String {
        guard reservation != .none else {
            return record.isTest ? "nothing, as it is a test" : "nothing, as nobody counts"
        }
        return
            "session \(reservation.session), reservation \(reservation.sequence), mark \(reservation.mark), "
            + "window \(reservation.window), held for \(reservation.seconds) s"
    }

    // MARK: For programs

    public var tree: JSONTree {
        var members: [JSONTree.Member] = [
            .init("decision", .string(hexadecimal(record.id))),
            .init("at", .string(TimeText.utc(record.now))),
            .init("node", .string(found.writer)), .init("shard", .number(found.shard)),
            .init("segment", .number(found.segment)), .init("record", .number(found.sequence)),
            .init("catalog", .string(hexadecimal(record.catalog))),
            .init("settings", .string(hexadecimal(record.settings))),
            .init("request", .string("\(record.kept)")), .init("test", .bool(record.isTest)),
            .init("same", remade.map { .bool($0.isSame) } ?? .null),
            .init("notMadeAgain", obstacle.map { .string($0) } ?? .null),
            .init("answerBytes", .number(record.answerBytes)),
            .init(
                "ads",
                .array(
                    record.ads.map { ad in
                        let (lineItem, creative) = ids(ad)
                        return [
                            "bid": .string(
                                hexadecimal(AdNumber(decision: record.id, ad: ad.number).rawValue)),
                            "lineItem": .string(lineItem), "creative": .string(creative),
                            "pod": .number(ad.pod), "imp": .number(ad.imp), "price": .string("\(ad.price)"),
                            "worth": .string("\(ad.value)"), "seconds": .number(ad.seconds),
                            "most": .string("\(ad.terms.bid)"),
                            "floor": .string("\(ad.terms.floor)"),
                            "basis": .string("\(ad.terms.basis)"),
                            "session": .string(hexadecimal(ad.reservation.session)),
                            "reservation": .number(ad.reservation.sequence),
                            "mark": .number(ad.reservation.mark),
                            "window": .number(ad.reservation.window),
                            "heldSeconds": .number(ad.reservation.seconds),
                        ]
                    })),
            .init(
                "pacing",
                .object([
                    .init("heldBack", .number(count(of: .pacing))),
                    .init("underPrice", .number(count(of: .underPrice))),
                ])),
        ]
        if let remade, let report = remade.report {
            members.append(.init("explanation", report.tree(remade.decision)))
        } else {
            members.append(.init("explanation", .null))
        }
        members.append(.init("models", record.models?.tree ?? .null))
        members.append(.init("lineItems", .number(record.lineItems)))
        members.append(
            .init(
                "outcomes", .object(record.outcomes.map { .init("\($0.outcome)", .number($0.lineItems)) })))
        return .object(members)
    }
}
