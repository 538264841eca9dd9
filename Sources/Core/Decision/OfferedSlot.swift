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
    /// Of a banner.
    var banner: Banner?
    var isPrivate = false
    var needsHTTPS = false
    var refusedAttributes: Run<Int32>
    /// Where its deals stand among those offered.
    var deals = 0..<0
    /// No ad of any length is sold for less, but on a deal.
    var least = Micros.zero
    /// The first slot that asks the same of a creative, or itself: devices, versions, attributes.
    var kind = 0
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

/// Money of the request and the catalog in the currency of the response.
struct Exchange: ~Copyable {
    private let rates: DecisionBox<CurrencyTable>
    var currency: CurrencyCode
    /// The last rate that was asked for: nearly all line items have one currency.
    private var last: (from: UInt32, rate: ExchangeRate?)
    /// The same to the base, and from there to the response's: a look at the table copies the whole of it.
    private var lastToBase: (from: UInt32, rate: ExchangeRate?)
    private var fromBase: ExchangeRate?

    init(_ table: CurrencyTable) {
        rates = DecisionBox(table)
        currency = table.base
        last = (table.base.rawValue, .one)
        lastToBase = last
        fromBase = .one
    }

    /// Whether an answer may be in this currency.
    func has(_ currency: CurrencyCode) -> Bool {
        currency == rates.value.base || rates.value.rate(from: rates.value.base, to: currency) != nil
    }

    mutating func answer(in currency: CurrencyCode) {
        guard currency != self.currency else { return }
        self.currency = currency
        last = (currency.rawValue, .one)
        fromBase = rates.value.rate(from: rates.value.base, to: currency)
    }

    /// What an amount is at least in the base currency, in whole micros: the order of the early rank.
    mutating func toBase(_ amount: Micros, from packed: UInt32) -> Micros? {
        if packed != lastToBase.from {
            lastToBase = (
                packed,
                CurrencyCode(rawValue: packed).flatMap { rates.value.rate(from: $0, to: rates.value.base) }
            )
        }
        guard let rate = lastToBase.rate else { return nil }
        return rate == .one ? amount : rate.convert(amount, for: .bid)
    }

    /// What an amount of the base currency is at most in the response's.
    func fromBase(_ amount: Micros) -> Micros? {
        guard let rate = fromBase else { return nil }
        return rate == .one ? amount : rate.convert(amount, for: .floor)
    }

    mutating func rate(from packed: UInt32) -> ExchangeRate? {
        if packed == last.from { return last.rate }
        let rate = CurrencyCode(rawValue: packed).flatMap { rates.value.rate(from: $0, to: currency) }
        last = (packed, rate)
        return rate
    }

    mutating func convert(_ amount: Micros, from packed: UInt32, for use: AmountUse) -> Micros? {
        guard let rate = rate(from: packed) else { return nil }
        return rate == .one ? amount : rate.convert(amount, for: use)
    }
}

extension DecisionWorkspace {
    /// Takes in the slots of a pod, those first that are first in it. What cannot be offered is counted.
    mutating func offer(_ pod: Pod, _ request: borrowing BidRequest, _ trace: inout DecisionTrace) {
        slots.removeAll()
        deals.removeAll()
        durations.removeAll()
        problem.removeAll()
        let all = request[pod.slots]
        newest = isSeller ? newestRead(by: all, request) : .v4_2
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

    private mutating func offer(_ slot: PodSlot, _ request: borrowing BidRequest) -> Offer {
        let imp = request.imps[Int(slot.imp)]
        if slot.media == .banner { return offerBanner(slot, imp, request) }
        guard let av = slot.media == .video ? imp.video : slot.media == .audio ? imp.audio : nil else {
            return .leftOut
        }
        guard exchange.rate(from: imp.bidfloorcur.rawValue) != nil else { return .withoutRate }
        guard let segment = segment(slot, imp, request) else { return .leftOut }
        var offered = OfferedSlot(
            imp: Int(slot.imp), medium: slot.media == .video ? 0 : 1, segment: segment,
            refusedAttributes: av.battr)
        // Overlays, and what stands beside the content or in its pauses, are nothing that there are creatives for.
        let playsVideo = av.linearity != 2 && (av.plcmt.map(VideoPlacement.playsVideo) ?? true)
        if playsVideo, setDevice(&offered.device, av, request) {
            offered.version = version(request[av.protocols], upTo: newest)
            offered.wrapper = wrapper(request[av.protocols])
            // All ads of a pod that is one document are of its version.
            if isSeller, offered.wrapper != offered.version { offered.wrapper = nil }
        }
        return add(&offered, imp, request)
    }

    /// A place for one image or frame. A banner is no part of a VAST document.
    private mutating func offerBanner(_ slot: PodSlot, _ imp: Imp, _ request: borrowing BidRequest) -> Offer {
        guard !isSeller, let banner = imp.banner else { return .leftOut }
        guard let floor = exchange.convert(slot.floor, from: imp.bidfloorcur.rawValue, for: .floor)
        else { return .withoutRate }
        let segment = PodSegment.slot(
            CreativeRow.bannerSeconds...CreativeRow.bannerSeconds,
            floors: Floors(hard: max(floor, placeFloor), soft: placeSoftFloor))
        var offered = OfferedSlot(
            imp: Int(slot.imp), medium: Self.banner, segment: segment, refusedAttributes: banner.battr)
        offered.banner = banner
        return add(&offered, imp, request)
    }

    private mutating func add(
        _ offered: inout OfferedSlot, _ imp: Imp, _ request: borrowing BidRequest
    ) -> Offer {
        offered.isPrivate = imp.privateAuction
        offered.needsHTTPS = imp.secure == true
        let first = deals.count
        offerDeals(imp, request)
        offered.deals = first..<deals.count
        let count = problem.segmentCount
        _ = problem.add(offered.segment)
        guard problem.segmentCount > count else { return .leftOut }
        offered.least = offered.segment.floors.least
        offered.kind = kind(of: offered, request)
        return slots.append(offered) ? .taken : .leftOut
    }

    private func kind(of offered: OfferedSlot, _ request: borrowing BidRequest) -> Int {
        let refused = request[offered.refusedAttributes]
        // Sizes of banners are compared one by one.
        guard offered.banner == nil else { return slots.count }
        for index in 0..<slots.count
        where slots[index].version == offered.version && slots[index].wrapper == offered.wrapper
            && slots[index].needsHTTPS == offered.needsHTTPS
            && slots[index].device == offered.device
        {
            let other = request[slots[index].refusedAttributes]
            guard other.count == refused.count else { continue }
            var isSame = true
            for at in refused.indices where refused[at] != other[at] { isSame = false }
            if isSame { return slots[index].kind }
        }
        return slots.count
    }

    private mutating func segment(_ slot: PodSlot, _ imp: Imp, _ request: borrowing BidRequest) -> PodSegment?
    {
        let from = imp.bidfloorcur.rawValue
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
    func version(_ protocols: Span<Int32>, upTo newest: VASTVersion = .v4_2) -> VASTVersion? {
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
    private func wrapper(_ protocols: Span<Int32>) -> VASTVersion? {
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
    private func newestRead(by slots: Span<PodSlot>, _ request: borrowing BidRequest) -> VASTVersion {
        for index in slots.indices {
            let imp = request.imps[Int(slots[index].imp)]
            let av = slots[index].media == .video ? imp.video : slots[index].media == .audio ? imp.audio : nil
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
    private func setDevice(
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

    private mutating func offerDeals(_ imp: Imp, _ request: borrowing BidRequest) {
        let all = request[imp.deals]
        for index in all.indices {
            let deal = all[index]
            guard let value = snapshot.targetedValue(.deal, request[deal.id]) else { continue }
            var offered = OfferedDeal(deal: deal, value: value)
            // Who asks for a deal that cannot be bid on has no other way in.
            if isAllowed(request[deal.wseat], request),
                let rate = exchange.rate(from: deal.bidfloorcur.rawValue)
            {
                (offered.rate, offered.isOpen) = (rate, true)
            }
            // What the request says goes before the catalog, and the deal before the request as a whole.
            offered.rule = deal.at.map { SaleRule(openRTB: $0) } ?? saleRule
            if let row = snapshot.row(.deals, id: request[deal.id]) {
                let terms = snapshot.dealTerms(row)
                let own = exchange.rate(from: terms.currency)
                let least = own?.convert(terms.floor, for: .floor)
                offered.least = least ?? .zero
                offered.soft = terms.soft.flatMap { own?.convert($0, for: .floor) }
                if least == nil || (offered.soft == nil) != (terms.soft == nil) { offered.isOpen = false }
                if deal.at == nil { offered.rule = SaleRule(terms.auction) }
            }
            if !deals.append(offered) { return }
        }
    }

    /// Whether our seat is on the list, or there is none.
    func isAllowed(_ seats: Span<Text>, _ request: borrowing BidRequest) -> Bool {
        seats.isEmpty || names(seats, request)
    }

    func names(_ seats: Span<Text>, _ request: borrowing BidRequest) -> Bool {
        for index in seats.indices where request[seats[index]].isSame(seat.span.raw) { return true }
        return false
    }
}
