// The fields of a request itself, beside its lists.
import Units

struct RequestValues {
    var id = Text.empty
    var at: Int32 = 2
    var tmax: Int32?
    var test = false
    var allimps = false
    var cur = Run<CurrencyCode>()
    var wseat = Run<Text>()
    var bseat = Run<Text>()
    var acat = Run<Text>()
    var bcat = Run<Text>()
    var cattax: Int32 = 1
    var badv = Run<Text>()
    var bapp = Run<Text>()
    var wlang = Run<Text>()
    var wlangb = Run<Text>()
    var imps = Run<Imp>()
    var inventory = Inventory()
    var device = Device()
    var user = User()
    var regs = Regs()
    var source = Source()
    var ext = Text.empty
}

/// Everything that the last request was read into.
@safe struct RequestStorage: ~Copyable {
    let limits: RequestLimits
    var values = RequestValues()
    /// The request's own bytes, which somebody else owns and the `BidRequest` keeps borrowed.
    var bytes: UnsafeRawPointer
    var byteCount = 0
    /// Texts that had escapes, without them.
    var unescaped: BoundedList<UInt8>

    var imps: BoundedList<Imp>
    var pods: BoundedList<Pod>
    /// The slots of all pods, one pod after the other, and the first of each imp in the order of the imps.
    var slots: BoundedList<PodSlot>
    var slotsByImp: BoundedList<PodSlot>
    var texts = BoundedList<Text>(capacity: RequestLimits.texts)
    var integers = BoundedList<Int32>(capacity: RequestLimits.integers)
    var currencies = BoundedList<CurrencyCode>(capacity: RequestLimits.currencies)
    var deals = BoundedList<Deal>(capacity: RequestLimits.deals)
    var durationFloors = BoundedList<DurationFloor>(capacity: RequestLimits.durationFloors)
    var banners = BoundedList<Banner>(capacity: RequestLimits.banners)
    var formats = BoundedList<Format>(capacity: RequestLimits.formats)
    var extendedIDs = BoundedList<ExtendedID>(capacity: RequestLimits.extendedIDs)
    var userIDs = BoundedList<UserID>(capacity: RequestLimits.userIDs)
    var dataSources = BoundedList<DataSource>(capacity: RequestLimits.dataSources)
    var segments = BoundedList<Segment>(capacity: RequestLimits.segments)
    var nodes = BoundedList<SupplyChainNode>(capacity: RequestLimits.nodes)

    init(limits: RequestLimits) {
        self.limits = limits
        // A text without its escapes is never longer than with them.
        unescaped = BoundedList(capacity: limits.bytes)
        imps = BoundedList(capacity: limits.imps)
        pods = BoundedList(capacity: limits.imps)
        slots = BoundedList(capacity: limits.imps * PodSlot.mediaOfOneImp)
        slotsByImp = BoundedList(capacity: limits.imps)
        // Only ever read together with a byte count, which starts out as none.
        unsafe bytes = UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
    }

    mutating func clear() {
        values = RequestValues()
        byteCount = 0
        unescaped.removeAll()
        imps.removeAll()
        pods.removeAll()
        slots.removeAll()
        slotsByImp.removeAll()
        texts.removeAll()
        integers.removeAll()
        currencies.removeAll()
        deals.removeAll()
        durationFloors.removeAll()
        banners.removeAll()
        formats.removeAll()
        extendedIDs.removeAll()
        userIDs.removeAll()
        dataSources.removeAll()
        segments.removeAll()
        nodes.removeAll()
    }
}
