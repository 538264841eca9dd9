// The ads of an answer, as its exchange and the viewer's player see them: what each costs, and where to tell what of it.
import Documents
import Ledger
import Notices
import Reconciliation
import Units

struct SoldAd {
    let campaign: String
    /// For a thousand, as it was bid.
    let price: Micros
    let seconds: Int
    /// Paths on the node that bid; empty where the answer has none.
    let win, bill, loss: String
    /// Of the player, in the order in which an ad that is watched to its end tells them.
    let trackers: [String]

    /// By what the ledger knows its settlement; nil where the answer has no bill that says it.
    var key: BillKey? {
        guard let start = bill.firstRange(of: "t=")?.upperBound else { return nil }
        let token = Array(bill[start...].utf8.prefix { $0 != UInt8(ascii: "&") })
        return NoticeToken.reservation(in: token.span.bytes).map {
            BillKey(session: $0.session, shard: UInt32($0.shard), sequence: $0.sequence)
        }
    }

    /// In this order, with the part of the ad at which each is due.
    static let events: [(name: String, part: Double)] = [
        ("imp", 0), ("start", 0), ("q1", 0.25), ("mid", 0.5), ("q3", 0.75), ("complete", 1),
    ]

    /// What is billed for one impression, where the exchange asks for what was bid.
    var cost: Micros { ImpressionPrice.one(ofThousand: price) }

    /// Nil where the answer is none.
    static func all(in body: [UInt8]) -> [SoldAd]? {
        guard let tree = try? JSONTree(reading: body) else { return nil }
        return (tree["seatbid"]?.elements ?? []).flatMap { seat in
            (seat["bid"]?.elements ?? []).compactMap(SoldAd.init)
        }
    }

    private init?(_ bid: JSONTree) {
        guard let campaign = bid["cid"]?.text, let text = bid["price"]?.text,
            let price = try? Micros(decimal: text), price > .zero
        else { return nil }
        self.campaign = campaign
        self.price = price
        seconds = bid["dur"]?.text.flatMap { Int($0) } ?? 0
        let filled = { (key: String) -> String in
            Self.path(bid[key]?.text ?? "")
                .replacing("${AUCTION_PRICE}", with: text)
                .replacing("${AUCTION_MIN_TO_WIN}", with: text)
                .replacing("${AUCTION_LOSS}", with: "102")
        }
        (win, bill, loss) = (filled("nurl"), filled("burl"), filled("lurl"))
        let markup = bid["adm"]?.text ?? ""
        trackers = Self.events.map { Self.tracker($0.name, in: markup) }
    }

    /// Behind scheme and host.
    private static func path(_ address: String) -> String {
        guard let host = address.firstRange(of: "://")?.upperBound,
            let slash = address[host...].firstIndex(of: "/")
        else { return "" }
        return String(address[slash...])
    }

    private static func tracker(_ event: String, in markup: String) -> String {
        guard let start = markup.firstRange(of: "/e/\(event)?")?.lowerBound,
            let end = markup[start...].firstRange(of: "]]>")?.lowerBound
        else { return "" }
        return String(markup[start..<end])
    }
}
