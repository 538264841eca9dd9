// What the slots of a pod say of an ad's length, asked once for each length and pod: catalogs have few lengths, and
// the same answer serves every creative of one.
internal import Auction
internal import OpenRTB
internal import Units

struct DurationFit {
    var seconds: Int32 = 0
    /// Slots that take it, a bit each.
    var slots: UInt32 = 0
    /// Of these the first one of each kind: slots of a kind ask the same of a creative.
    var kinds: UInt32 = 0
    /// One of them is sold on deals alone.
    var hasPrivate = false
    /// The lowest floor among them.
    var floor = Micros(.max)
}

/// The lengths that were asked for in the pod at hand.
struct DurationFits: ~Copyable {
    /// Catalogs for television have half a dozen; of more the oldest is worked out again when it comes back.
    static let most = 16

    private var fits = DecisionTable<DurationFit>(Self.most)
    private var oldest = 0

    mutating func removeAll() {
        fits.removeAll()
        oldest = 0
    }

    func find(_ seconds: Int32) -> DurationFit? {
        for index in 0..<fits.count where fits[index].seconds == seconds { return fits[index] }
        return nil
    }

    mutating func keep(_ fit: DurationFit) {
        if fits.append(fit) { return }
        fits[oldest] = fit
        oldest = (oldest + 1) % Self.most
    }
}

extension DecisionWorkspace {
    mutating func durationFit(_ seconds: Int32) -> DurationFit {
        if let known = durations.find(seconds) { return known }
        var fit = DurationFit(seconds: seconds)
        for index in 0..<slots.count where slots[index].segment.allows(seconds: seconds) {
            let bit: UInt32 = 1 << UInt32(index)
            if kinds(in: fit.slots) & 1 << UInt32(slots[index].kind) == 0 { fit.kinds |= bit }
            fit.slots |= bit
            if slots[index].isPrivate { fit.hasPrivate = true }
            fit.floor = min(fit.floor, slots[index].segment.floors.price(seconds: seconds))
        }
        durations.keep(fit)
        return fit
    }

    private mutating func kinds(in slots: UInt32) -> UInt32 {
        var kinds: UInt32 = 0
        var rest = slots
        while let index = rest.takeLowest() { kinds |= 1 << UInt32(self.slots[index].kind) }
        return kinds
    }
}

extension UInt32 {
    /// Takes out the lowest bit, and gives its number.
    mutating func takeLowest() -> Int? {
        guard self != 0 else { return nil }
        let bit = trailingZeroBitCount
        self &= self &- 1
        return bit
    }
}
