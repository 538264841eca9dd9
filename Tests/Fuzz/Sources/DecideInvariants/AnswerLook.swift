// Reads an answer beside its request: every bid is for an imp, in its time and above its floor, with markup that is
// valid, and what stands in one pod may stand there together.
import Auction
import Decision
import JSON
import OpenRTB
import Units

/// One bid of the answer.
private struct Bid {
    var imp = 0
    var price = Micros.zero
    var seconds: Int32 = 0
    var creative = ""
    var domains: [String] = []
    var deal: String?
}

enum AnswerLook {
    private nonisolated(unsafe) static var scratch = JSONScratch(maximumBytes: 1 << 20)

    /// What is wrong with the answer, or nil.
    static func violation(
        _ bytes: RawSpan, _ reader: inout BidRequestReader, _ answer: RawSpan, _ format: AnswerFormat,
        _ decision: Decision
    ) -> String? {
        guard format == .openrtb else { return document(answer, ads: decision.trace.ads) }
        do throws(OpenRTBError) {
            let request = try reader.read(bytes)
            do throws(JSONError) {
                return try check(answer, request, decision)
            } catch { return "an answer that is no JSON: \(error)" }
        } catch { return "refused behind a decision: \(error)" }
    }

    private static func document(_ bytes: RawSpan, ads: Int) -> String? {
        do throws(VASTError) {
            let summary = try VASTSummary(checking: bytes)
            return summary.ads == ads ? nil : "\(summary.ads) ads in a document for \(ads)"
        } catch { return "a document that is refused: \(error)" }
    }

    private static func check(
        _ answer: RawSpan, _ request: borrowing BidRequest, _ decision: Decision
    ) throws(JSONError) -> String? {
        let document = try JSONDocument(answer, scratch: &scratch)
        try document.refuseDuplicateKeys()
        let root = try document.root.object()
        guard try root.last("id")?.string().copy() == String(copying: request.utf8(request.id)) else {
            return "the answer is to another request"
        }
        if let reason = decision.noBid {
            let number = try root.last("nbr")?.int64()
            return number == Int64(reason.rawValue) ? nil : "no-bid \(reason) says \(number ?? 0)"
        }
        var ids: [String] = []
        let imps = request.imps
        for index in imps.indices { ids.append(String(copying: request.utf8(imps[index].id))) }
        var bids: [Bid] = []
        guard var seats = try root.last("seatbid")?.array() else { return "a bid without seats" }
        while let seat = seats.next() {
            guard var list = try seat.object().last("bid")?.array() else { return "a seat without bids" }
            while let value = list.next() {
                let bid = try value.object()
                guard let imp = try bid.last("impid")?.string().copy(), let index = ids.firstIndex(of: imp)
                else { return "a bid for an imp that is not there" }
                guard let markup = try bid.last("adm")?.string().copy() else { return "a bid without markup" }
                let text = Array(markup.utf8)
                if let wrong = self.document(text.span.bytes, ads: 1) { return wrong }
                var one = Bid(imp: index)
                one.price = try bid.last("price")?.micros() ?? .zero
                one.seconds = Int32(truncatingIfNeeded: try bid.last("dur")?.int64() ?? 0)
                one.creative = try bid.last("crid")?.string().copy() ?? ""
                one.deal = try bid.last("dealid")?.string().copy()
                if var domains = try bid.last("adomain")?.array() {
                    while let domain = domains.next() { one.domains.append(try domain.string().copy()) }
                }
                bids.append(one)
            }
        }
        guard bids.count == decision.trace.ads else { return "\(bids.count) bids of \(decision.trace.ads)" }
        guard let currency = try root.last("cur")?.string().copy(), let code = CurrencyCode(currency) else {
            return "no currency"
        }
        return check(bids, code, request)
    }

    private static func check(
        _ bids: [Bid], _ currency: CurrencyCode, _ request: borrowing BidRequest
    ) -> String? {
        let pods = request.pods
        for pod in pods.indices {
            var inPod: [Bid] = []
            let slots = request[pods[pod].slots]
            for index in slots.indices {
                let slot = slots[index]
                let own = bids.filter { $0.imp == Int(slot.imp) }
                inPod += own
                guard own.count <= Int(slot.maxAds) else { return "\(own.count) ads in slot \(slot)" }
                let seconds = own.reduce(0) { $0 + Int64($1.seconds) }
                guard seconds <= Int64(max(slot.totalSeconds, slot.minSeconds)) else {
                    return "\(seconds) seconds in \(slot)"
                }
                for bid in own {
                    if let wrong = check(bid, slot, currency, request) { return wrong }
                }
            }
            let settings = request[pods[pod].dedupe]
            var apart: Set<Int32> = settings.isEmpty ? [1, 3] : []
            for index in settings.indices { apart.insert(settings[index]) }
            if apart.contains(1), Set(inPod.map(\.domains)).count < inPod.count {
                return "an advertiser twice"
            }
            if apart.contains(3), Set(inPod.map(\.creative)).count < inPod.count { return "a creative twice" }
        }
        return nil
    }

    private static func check(
        _ bid: Bid, _ slot: PodSlot, _ currency: CurrencyCode, _ request: borrowing BidRequest
    ) -> String? {
        let exact = request[slot.exactSeconds]
        var isAllowed = exact.isEmpty && bid.seconds >= slot.minSeconds && bid.seconds <= slot.maxSeconds
        for index in exact.indices where exact[index] == bid.seconds { isAllowed = true }
        guard isAllowed, bid.price > .zero else { return "\(bid) in \(slot)" }
        let imp = request.imps[bid.imp]
        func holds(_ floor: Micros, in other: CurrencyCode) -> Bool {
            guard
                let here = FuzzCatalogs.settings.currencies.convert(
                    floor, from: other, to: currency, for: .floor)
            else { return floor == .zero }
            return bid.price >= here
        }
        guard let deal = bid.deal else {
            if imp.privateAuction { return "a bid without a deal in a private auction" }
            let floor = request.floor(of: slot, seconds: bid.seconds)
            return holds(floor, in: imp.bidfloorcur) ? nil : "\(bid) below \(floor)"
        }
        let deals = request[imp.deals]
        for index in deals.indices where String(copying: request.utf8(deals[index].id)) == deal {
            let floor = request.floor(of: deals[index], seconds: bid.seconds)
            if holds(floor, in: deals[index].bidfloorcur) { return nil }
        }
        return "\(bid) on a deal that is not offered, or below its floor"
    }
}
