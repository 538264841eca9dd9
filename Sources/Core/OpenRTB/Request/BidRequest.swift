// A bid request that was accepted: a view of the bytes and of the reader's lists, valid until the reader
// reads the next one. Its fields are called what OpenRTB 2.6 calls them.
public import Units

/// The request last read. Texts and lists in it are places; the subscripts say what lies there.
///
///     for imp in request.imps { if let video = imp.video { use(request[video.mimes]) } }
@safe public struct BidRequest: ~Escapable, BitwiseCopyable {
    private let storage: UnsafePointer<RequestStorage>

    @_lifetime(borrow bytes)
    init(storage: UnsafePointer<RequestStorage>, over bytes: borrowing RawSpan) {
        unsafe self.storage = unsafe storage
    }

    public var id: Text { unsafe storage.pointee.values.id }
    /// One of `AuctionType`, or the exchange's own.
    public var at: Int32 { unsafe storage.pointee.values.at }
    /// Milliseconds that the exchange waits, the network included.
    public var tmax: Int32? { unsafe storage.pointee.values.tmax }
    public var test: Bool { unsafe storage.pointee.values.test }
    public var allimps: Bool { unsafe storage.pointee.values.allimps }
    public var cattax: Int32 { unsafe storage.pointee.values.cattax }
    public var inventory: Inventory { unsafe storage.pointee.values.inventory }
    public var device: Device { unsafe storage.pointee.values.device }
    public var user: User { unsafe storage.pointee.values.user }
    public var regs: Regs { unsafe storage.pointee.values.regs }
    public var source: Source { unsafe storage.pointee.values.source }
    public var ext: Text { unsafe storage.pointee.values.ext }

    /// Currencies that may be bid in; none says nothing.
    public var cur: Run<CurrencyCode> { unsafe storage.pointee.values.cur }
    public var wseat: Run<Text> { unsafe storage.pointee.values.wseat }
    public var bseat: Run<Text> { unsafe storage.pointee.values.bseat }
    public var acat: Run<Text> { unsafe storage.pointee.values.acat }
    public var bcat: Run<Text> { unsafe storage.pointee.values.bcat }
    public var badv: Run<Text> { unsafe storage.pointee.values.badv }
    public var bapp: Run<Text> { unsafe storage.pointee.values.bapp }
    public var wlang: Run<Text> { unsafe storage.pointee.values.wlang }
    public var wlangb: Run<Text> { unsafe storage.pointee.values.wlangb }

    /// At least one.
    public var imps: Span<Imp> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.imps.span(storage.pointee.values.imps)) }
    }

    /// Every imp is a slot of exactly one of these.
    public var pods: Span<Pod> {
        @_lifetime(copy self) get {
            kept(unsafe storage.pointee.pods.span(Run(from: 0, to: storage.pointee.pods.count)))
        }
    }

    /// The request as it came.
    public var bytes: RawSpan {
        @_lifetime(copy self) get {
            let span = unsafe RawSpan(
                _unsafeStart: storage.pointee.bytes, byteCount: storage.pointee.byteCount)
            return unsafe _overrideLifetime(span, copying: self)
        }
    }
}

// What lies at the places that the values name.
extension BidRequest {
    /// What the text means, in UTF-8.
    public subscript(_ text: Text) -> RawSpan {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.bytes(of: text)).raw }
    }

    /// The same where a writer wants to know that it is UTF-8.
    @_lifetime(copy self)
    public func utf8(_ text: Text) -> UTF8Span {
        unsafe UTF8Span(unchecked: Span(_bytes: self[text]))
    }

    public subscript(_ run: Run<Text>) -> Span<Text> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.texts.span(run)) }
    }
    public subscript(_ run: Run<Int32>) -> Span<Int32> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.integers.span(run)) }
    }
    public subscript(_ run: Run<CurrencyCode>) -> Span<CurrencyCode> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.currencies.span(run)) }
    }
    public subscript(_ run: Run<Deal>) -> Span<Deal> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.deals.span(run)) }
    }
    public subscript(_ run: Run<DurationFloor>) -> Span<DurationFloor> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.durationFloors.span(run)) }
    }
    public subscript(_ run: Run<Banner>) -> Span<Banner> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.banners.span(run)) }
    }
    public subscript(_ run: Run<Format>) -> Span<Format> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.formats.span(run)) }
    }
    public subscript(_ run: Run<ExtendedID>) -> Span<ExtendedID> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.extendedIDs.span(run)) }
    }
    public subscript(_ run: Run<UserID>) -> Span<UserID> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.userIDs.span(run)) }
    }
    public subscript(_ run: Run<DataSource>) -> Span<DataSource> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.dataSources.span(run)) }
    }
    public subscript(_ run: Run<Segment>) -> Span<Segment> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.segments.span(run)) }
    }
    public subscript(_ run: Run<SupplyChainNode>) -> Span<SupplyChainNode> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.nodes.span(run)) }
    }
    public subscript(_ run: Run<PodSlot>) -> Span<PodSlot> {
        @_lifetime(copy self) get { kept(unsafe storage.pointee.slots.span(run)) }
    }

    /// The lists stay as they are for as long as this request may be used.
    @_lifetime(copy self)
    private func kept<Element>(_ span: Span<Element>) -> Span<Element> {
        unsafe _overrideLifetime(span, copying: self)
    }
}

// Prices that must at least be bid.
extension BidRequest {
    /// The floor of the slot for an ad of this length, for a thousand impressions, in the imp's currency.
    public func floor(of slot: PodSlot, seconds: Int32) -> Micros {
        floor(slot.floor, slot.durationFloors, slot.floorPerSecond, seconds)
    }

    /// The floor under the deal, in the deal's currency.
    public func floor(of deal: Deal, seconds: Int32) -> Micros {
        floor(deal.bidfloor, deal.durfloors, deal.mincpmpersec, seconds)
    }

    /// The floor for the ad's length takes the general one's place, as OpenRTB says; of several that apply,
    /// which it leaves open, the highest. A floor per second holds beside either.
    private func floor(
        _ general: Micros, _ byLength: Run<DurationFloor>, _ perSecond: Micros, _ seconds: Int32
    )
        -> Micros
    {
        var floor: Micros?
        let floors = self[byLength]
        for index in floors.indices {
            let range = floors[index]
            guard range.mindur <= seconds, seconds <= range.maxdur else { continue }
            floor = max(floor ?? .zero, range.bidfloor)
        }
        return max(floor ?? general, perSecond.multiplied(by: Int64(seconds)) ?? .max)
    }
}
