// What a request's slots ask of an ad, looked up once for each pod and then compared with every creative.
internal import Auction
internal import Catalog
internal import OpenRTB
internal import Units

/// A slot that may be bid on.
struct OfferedSlot {
    var imp: Int
    /// Its place among the cases of `Creative.Format`.
    var medium: UInt8
    var segment: PodSegment
    var device = VASTDevice()
    /// Nil where the slot reads no version that we write; the same of ads that lead to another server.
    var version: VASTVersion?
    var wrapper: VASTVersion?
    var isPrivate = false
    var needsHTTPS = false
    var refusedAttributes: Run<Int32>
    /// Where its deals stand among those offered.
    var deals = 0..<0
    /// No ad of any length is sold for less, but on a deal.
    var least = Micros.zero
    /// The first slot that asks the same of a creative, or itself: devices, versions, attributes.
    var alike = 0
}

/// A deal of one imp that the catalog knows.
struct OfferedDeal {
    var deal: OpenRTB.Deal
    /// The number by which line items ask for it.
    var value: UInt32 = 0
    var rate = ExchangeRate.one
    /// The catalog's own least price, in the response's currency.
    var least = Micros.zero
    var soft: Micros?
    /// A fixed one is bought at its floor, whatever it is worth.
    var rule = SaleRule.firstPrice
    /// Our seat may bid on it, and its floors have a rate.
    var isOpen = false
}

extension DecisionWorkspace {
    /// Takes in the slots of a pod, those first that are first in it. What cannot be offered is counted.
    mutating func offer(_ pod: Pod, _ request: borrowing BidRequest, _ trace: inout DecisionTrace) {
        slots.removeAll()
        deals.removeAll()
        kinds.removeAll()
        let all = request[pod.slots]
        let isOnePlace = pod.kind == .single
        problem.removeAll(isOnePlace: isOnePlace)
        newest = isSeller && !isOnePlace ? newestRead(by: all, request) : .v4_2
        for turn in 0..<3 {
            for index in all.indices {
                let slot = all[index]
                let due = slot.position == SlotInPod.first ? 0 : slot.position == SlotInPod.last ? 2 : 1
                guard due == turn else { continue }
                switch offer(slot, request) {
                case .taken: break
                case .withoutRate:
                    trace.slotsLeftOut += 1
                    trace.slotsWithoutRate += 1
                case .leftOut: trace.slotsLeftOut += 1
                }
            }
        }
        setRules(pod, request)
    }

    private mutating func setRules(_ pod: Pod, _ request: borrowing BidRequest) {
        // What stands alone is neither first nor last.
        if problem.positionCount > 1 {
            problem.firstPremium = settings.firstPremium
            problem.lastPremium = settings.lastPremium
        }
        let rules = request[pod.dedupe]
        guard !rules.isEmpty else { return }
        var dedupe: PodDedupe = []
        for index in rules.indices {
            if let one = PodDedupe(openRTB: Int(rules[index])) { dedupe.formUnion(one) }
        }
        problem.dedupe = dedupe
    }

    private enum Offer { case taken, withoutRate, leftOut }

    /// Imps are large: what is asked of one is read where it lies.
    private mutating func offer(_ slot: PodSlot, _ request: borrowing BidRequest) -> Offer {
        let imp = Int(slot.imp)
        switch slot.media {
        case .banner: return offerBanner(slot, imp, request)
        case .video:
            guard let video = request.imps[imp].video else { return .leftOut }
            return offer(slot, imp, video, request)
        case .audio:
            guard let audio = request.imps[imp].audio else { return .leftOut }
            return offer(slot, imp, audio, request)
        default: return .leftOut
        }
    }

    private mutating func offer(
        _ slot: PodSlot, _ imp: Int, _ av: AudioVideo, _ request: borrowing BidRequest
    ) -> Offer {
        guard exchange.rate(from: request.imps[imp].bidfloorcur.rawValue) != nil else { return .withoutRate }
        guard let segment = segment(slot, imp, request) else { return .leftOut }
        var offered = OfferedSlot(
            imp: imp, medium: slot.media == .video ? 0 : 1, segment: segment, refusedAttributes: av.battr)
        // Overlays, and what stands beside the content or in its pauses, are nothing that there are creatives for.
        let playsVideo = av.linearity != 2 && (av.plcmt.map(VideoPlacement.playsVideo) ?? true)
        if playsVideo, setDevice(&offered.device, av, request) {
            offered.version = version(request[av.protocols], upTo: newest)
            // All ads of one document are of its version.
            offered.wrapper = wrapper(
                request[av.protocols], upTo: isSeller ? offered.version ?? newest : .v4_2)
            if isSeller, offered.wrapper != offered.version { offered.wrapper = nil }
        }
        return add(&offered, request)
    }

    /// A place for one image or frame. A banner is no part of a VAST document.
    private mutating func offerBanner(_ slot: PodSlot, _ imp: Int, _ request: borrowing BidRequest) -> Offer {
        guard !isSeller, let banner = request.imps[imp].banner else { return .leftOut }
        let from = request.imps[imp].bidfloorcur.rawValue
        guard let floor = exchange.convert(slot.floor, from: from, for: .floor) else { return .withoutRate }
        let segment = PodSegment.slot(
            CreativeRow.bannerSeconds...CreativeRow.bannerSeconds,
            floors: Floors(hard: max(floor, placeFloor), soft: placeSoftFloor))
        var offered = OfferedSlot(
            imp: imp, medium: Self.banner, segment: segment, refusedAttributes: banner.battr)
        return add(&offered, request)
    }

    private mutating func add(_ offered: inout OfferedSlot, _ request: borrowing BidRequest) -> Offer {
        offered.isPrivate = request.imps[offered.imp].privateAuction
        offered.needsHTTPS = request.imps[offered.imp].secure == true
        let first = deals.count
        offerDeals(request[request.imps[offered.imp].deals], request)
        offered.deals = first..<deals.count
        let count = problem.segmentCount
        _ = problem.add(offered.segment)
        guard problem.segmentCount > count else { return .leftOut }
        offered.least = offered.segment.floors.least
        offered.alike = alike(offered, request)
        return slots.append(offered) ? .taken : .leftOut
    }

    private mutating func alike(_ offered: borrowing OfferedSlot, _ request: borrowing BidRequest) -> Int {
        let refused = request[offered.refusedAttributes]
        // Sizes of banners are compared one by one.
        guard offered.medium != Self.banner else { return slots.count }
        for index in 0..<slots.count {
            guard slots[index].medium == offered.medium, slots[index].version == offered.version,
                slots[index].wrapper == offered.wrapper,
                slots[index].needsHTTPS == offered.needsHTTPS, slots[index].device == offered.device
            else { continue }
            let other = request[slots[index].refusedAttributes]
            guard other.count == refused.count else { continue }
            var isSame = true
            for at in refused.indices where refused[at] != other[at] { isSame = false }
            if isSame { return slots[index].alike }
        }
        return slots.count
    }

    private mutating func segment(_ slot: PodSlot, _ imp: Int, _ request: borrowing BidRequest) -> PodSegment?
    {
        let from = request.imps[imp].bidfloorcur.rawValue
        guard let general = exchange.convert(slot.floor, from: from, for: .floor),
            let perSecond = exchange.convert(slot.floorPerSecond, from: from, for: .floor)
        else { return nil }
        var floors = Floors(hard: max(general, placeFloor), soft: placeSoftFloor, perSecond: perSecond)
        let ranges = request[slot.durationFloors]
        for index in ranges.indices {
            let range = ranges[index]
            guard let floor = exchange.convert(range.bidfloor, from: from, for: .floor),
                floors.add(
                    Auction.DurationFloor(
                        seconds: range.mindur...max(range.mindur, range.maxdur), price: max(floor, placeFloor)
                    ))
            else { return nil }
        }
        let seconds = slot.minSeconds...max(slot.minSeconds, slot.maxSeconds)
        var segment =
            slot.isDynamic
            ? PodSegment.dynamic(
                slot.minSeconds...max(slot.minSeconds, slot.maxSeconds), total: slot.totalSeconds,
                capacity: Int(slot.maxAds), floors: floors)
            : PodSegment.slot(seconds, floors: floors)
        let exact = request[slot.exactSeconds]
        // Of more durations than a segment lists, the first ones are used: fewer ads fit, and none wrongly.
        for index in exact.indices where !segment.require(seconds: exact[index]) { break }
        return segment
    }

    /// The newest version of VAST that a slot reads: it names protocols by AdCOM's numbers, or takes any.
    mutating func version(_ protocols: Span<Int32>, upTo newest: VASTVersion = .v4_2) -> VASTVersion? {
        if protocols.isEmpty { return newest }
        var reads = Versions()
        for index in protocols.indices {
            switch protocols[index] {
            case 13: reads.is4_2 = true
            case 3: reads.is3 = true
            // What there are no documents of, 4.0, 4.1 and 4.3 among them, no answer may call itself.
            default: break
            }
        }
        return reads.newest(upTo: newest)
    }

    /// The newest version in which the slot follows to another server.
    private mutating func wrapper(_ protocols: Span<Int32>, upTo newest: VASTVersion) -> VASTVersion? {
        if protocols.isEmpty { return newest }
        var reads = Versions()
        for index in protocols.indices {
            switch protocols[index] {
            case 14: reads.is4_2 = true
            case 6: reads.is3 = true
            default: break
            }
        }
        return reads.newest(upTo: newest)
    }

    /// One document holds the whole pod: it is of the newest version that all of its slots read.
    private mutating func newestRead(by slots: Span<PodSlot>, _ request: borrowing BidRequest) -> VASTVersion
    {
        for index in slots.indices {
            let imp = Int(slots[index].imp)
            let av =
                slots[index].media == .video
                ? request.imps[imp].video : slots[index].media == .audio ? request.imps[imp].audio : nil
            if let av, version(request[av.protocols]) == .v3_0 { return .v3_0 }
        }
        return .v4_2
    }

    private struct Versions {
        var is3 = false
        var is4_2 = false

        func newest(upTo newest: VASTVersion) -> VASTVersion? {
            is4_2 && newest == .v4_2 ? .v4_2 : is3 ? .v3_0 : nil
        }
    }

    /// False where the slot names types of files and knows none that we know.
    private mutating func setDevice(
        _ device: inout VASTDevice, _ av: AudioVideo, _ request: borrowing BidRequest
    ) -> Bool {
        let mimes = request[av.mimes]
        for index in mimes.indices { device.types.formUnion(VASTMediaTypes(mime: request[mimes[index]])) }
        device.width = Int(av.w ?? 0)
        device.height = Int(av.h ?? 0)
        device.minBitrateKbps = Int(av.minbitrate ?? 0)
        device.maxBitrateKbps = Int(av.maxbitrate ?? 0)
        let delivery = request[av.delivery]
        if !delivery.isEmpty {
            (device.takesStreaming, device.takesProgressive) = (false, false)
            for index in delivery.indices {
                if delivery[index] == 1 {
                    device.takesStreaming = true
                } else {
                    device.takesProgressive = true
                }
            }
        }
        return mimes.isEmpty || !device.types.isEmpty
    }

    private mutating func offerDeals(_ all: Span<OpenRTB.Deal>, _ request: borrowing BidRequest) {
        for index in all.indices {
            guard let value = query.targetedValue(.deal, request[all[index].id]) else { continue }
            guard deals.append(OfferedDeal(deal: all[index], value: value)) else { return }
            setTerms(ofDeal: deals.count - 1, request)
        }
    }

    /// On what terms a deal is offered.
    private mutating func setTerms(ofDeal number: Int, _ request: borrowing BidRequest) {
        // Who asks for a deal that cannot be bid on has no other way in.
        if isAllowed(request[deals[number].deal.wseat], request),
            let rate = exchange.rate(from: deals[number].deal.bidfloorcur.rawValue)
        {
            (deals[number].rate, deals[number].isOpen) = (rate, true)
        }
        // What the request says goes before the catalog, and the deal before the request as a whole.
        let own = deals[number].deal.at
        deals[number].rule = own.map { SaleRule(openRTB: $0) } ?? saleRule
        guard let row = demand.deal(ofValue: deals[number].value) else { return }
        let terms = snapshot.dealTerms(row)
        let rate = exchange.rate(from: terms.currency)
        let least = rate?.convert(terms.floor, for: .floor)
        let soft = terms.soft.flatMap { rate?.convert($0, for: .floor) }
        deals[number].least = least ?? .zero
        deals[number].soft = soft
        if least == nil || (soft == nil) != (terms.soft == nil) { deals[number].isOpen = false }
        if own == nil { deals[number].rule = SaleRule(terms.auction) }
        // What was agreed on is what whoever charges it says.
        if own != nil, deals[number].rule == .fixed, deals[number].deal.bidfloor > .zero {
            deals[number].least = .zero
        }
    }

    /// Whether our seat is on the list, or there is none.
    mutating func isAllowed(_ seats: Span<Text>, _ request: borrowing BidRequest) -> Bool {
        seats.isEmpty || names(seats, request)
    }

    mutating func names(_ seats: Span<Text>, _ request: borrowing BidRequest) -> Bool {
        for index in seats.indices where request[seats[index]].isSame(seat.span.raw) { return true }
        return false
    }
}
