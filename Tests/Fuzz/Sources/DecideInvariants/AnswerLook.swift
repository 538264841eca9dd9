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

    /// What a bid carries is of the kind that it says, and that its imp takes.
    private static func markup(
        _ text: [UInt8], bid: JSONObject, _ imp: Imp, _ request: borrowing BidRequest
    ) throws(JSONError) -> String? {
        let kind = try bid.last("mtype")?.int64()
        guard kind != 1 else {
            guard let banner = imp.banner else { return "a banner for an imp without one" }
            let size = (try bid.last("w")?.int64(), try bid.last("h")?.int64())
            let formats = request[banner.format]
            var isAsked = formats.isEmpty
            for at in formats.indices {
                let (w, h) = (formats[at].w.map(Int64.init), formats[at].h.map(Int64.init))
                if formats[at].wratio != nil || (w == size.0 && h == size.1) { isAsked = true }
            }
            return isAsked ? BannerLook.violation(text) : "a banner of \(size), which nobody asked for"
        }
        let asked = kind == 2 ? imp.video : kind == 3 ? imp.audio : nil
        guard let asked else { return "a bid of kind \(kind ?? 0)" }
        let own = try bid.last("protocol")?.int64()
        do throws(VASTError) {
            let summary = try VASTSummary(checking: text.span.bytes)
            guard summary.ads == 1 else { return "\(summary.ads) ads in a bid's document" }
            let is4 = summary.version == .v4_2
            let meant: Int64 = summary.wrappers == 0 ? is4 ? 13 : 3 : is4 ? 14 : 6
            guard own == meant else { return "protocol \(own ?? 0) of \(summary)" }
            let protocols = request[asked.protocols]
            var isTaken = protocols.isEmpty
            for at in protocols.indices where Int64(protocols[at]) == meant { isTaken = true }
            return isTaken ? nil : "a document of protocol \(meant), which the imp does not take"
        } catch {
            return "a document that is refused: \(error)"
        }
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
                if let wrong = try self.markup(text, bid: bid, imps[index], request) { return wrong }
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
