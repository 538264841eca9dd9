// What the slots of a pod say of a kind of creatives, asked once for each kind and pod: length, medium, attributes and
// files. The same answer serves every creative that slots cannot tell apart.
internal import Auction
internal import OpenRTB
internal import Units

struct KindFit {
    /// Slots that take it, a bit each.
    var slots: UInt32 = 0
    /// Of these the ones that are not sold on deals alone, and the lowest floor among them.
    var openSlots: UInt32 = 0
    var floor = Micros(.max)
    /// How far it got where no slot takes it.
    var outcome = LineItemOutcome.blocked
}

/// What was asked of the pod at hand.
struct KindFits: ~Copyable {
    /// Catalogs for television have some dozens of kinds. Where two share a place, the later one has it.
    private static let placeBits: UInt32 = 6

    private var fits = FixedTable(1 << Int(Self.placeBits), repeating: KindFit())
    /// For which kind of which pod each place has an answer.
    private var owners = FixedTable(1 << Int(Self.placeBits), repeating: UInt64(0))
    /// Counts pods; none has the first number.
    private var pod: UInt32 = 0

    /// Starts a pod, of which nothing was asked yet.
    mutating func removeAll() {
        pod &+= 1
        guard pod == 0 else { return }
        // Once in four billion pods the numbers start anew.
        for place in 0..<owners.count { owners[place] = 0 }
        pod = 1
    }

    @inline(__always)
    private func place(_ kind: UInt32) -> Int {
        // By the highest bits of a product with the golden ratio.
        Int(truncatingIfNeeded: (kind &* 0x9E37_79B9) &>> (32 &- Self.placeBits))
    }

    @inline(__always)
    private func owner(_ kind: UInt32) -> UInt64 { UInt64(pod) << 32 | UInt64(kind) }

    @inline(__always)
    func find(_ kind: UInt32) -> KindFit? {
        let place = place(kind)
        return owners[place] == owner(kind) ? fits[place] : nil
    }

    mutating func keep(_ fit: KindFit, of kind: UInt32) {
        let place = place(kind)
        owners[place] = owner(kind)
        fits[place] = fit
    }
}

extension DecisionWorkspace {
    @inline(__always)
    mutating func kindFit(ofCreative row: Int, _ request: borrowing BidRequest) -> KindFit {
        let kind = demand.creatives[row].kind
        if let known = kinds.find(kind) { return known }
        let fit = ask(row, request)
        kinds.keep(fit, of: kind)
        return fit
    }

    /// Asks slot by slot; of slots that are alike the first one answers for all.
    @inline(never)
    private mutating func ask(_ row: Int, _ request: borrowing BidRequest) -> KindFit {
        var fit = KindFit()
        let creative = demand.creatives[row]
        // A line item with an approved creative may still have others.
        guard creative.isApproved else { return fit }
        fit.outcome = .medium
        var (asked, taking): (UInt32, UInt32) = (0, 0)
        for index in 0..<slots.count where slots[index].medium == creative.format {
            fit.outcome = max(fit.outcome, .duration)
            guard slots[index].segment.allows(seconds: creative.seconds) else { continue }
            let alike: UInt32 = 1 << UInt32(slots[index].alike)
            if asked & alike == 0 {
                asked |= alike
                if refuses(index, creative, request) {
                    fit.outcome = max(fit.outcome, .blocked)
                } else if plays(index, creative, request) {
                    taking |= alike
                } else {
                    fit.outcome = max(fit.outcome, .media)
                }
            }
            guard taking & alike != 0 else { continue }
            let bit: UInt32 = 1 << UInt32(index)
            fit.slots |= bit
            if slots[index].isPrivate { continue }
            fit.openSlots |= bit
            fit.floor = min(fit.floor, slots[index].segment.floors.price(seconds: creative.seconds))
        }
        return fit
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
