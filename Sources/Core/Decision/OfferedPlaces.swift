// What a request offers, as those see it who plan what campaigns share: of which kind its places are, how many, and which campaigns
// could compete for them. It is asked of a sample of the decisions, and nothing of a decision follows from it.
internal import Auction
internal import Catalog
internal import OpenRTB
internal import Units

/// The places for ads of one request. Kinds have no names: requests of one app, site or channel are of one kind, which is the same on all
/// nodes of a fleet, whatever catalogs they have.
public struct OfferedPlaces: Hashable, Sendable {
    public var kind: Int
    /// About how many ads they hold.
    public var count: Int

    /// Something for each kind. More kinds make a plan of all campaigns longer.
    public typealias Each<Value: ~Copyable> = InlineArray<8, Value>
    public static let kinds = Each<Bool>.count

    public init(kind: Int, count: Int) { (self.kind, self.count) = (kind, count) }

    /// FNV-1a, whose low bits are its worst.
    static func kind(of name: RawSpan) -> Int {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for at in 0..<name.byteCount { state = (state ^ UInt64(name.byte(at).lower)) &* 0x100_0000_01B3 }
        return Int((state ^ state >> 32) % UInt64(kinds))
    }
}

/// Which decisions are counted: one in so many, by their seeds.
public struct PlacesSample: Hashable, Sendable {
    private let mask: UInt64

    public static let all = PlacesSample(oneIn: 1)
    public static let none = PlacesSample(mask: .max)

    private init(mask: UInt64) { self.mask = mask }

    /// - Parameter number: a power of two, at most 2^16.
    public init(oneIn number: Int) {
        precondition(number > 0 && number <= 1 << 16 && number & (number - 1) == 0, "a power of two")
        mask = UInt64(number - 1)
    }

    /// Lots of pacing are drawn from the same seed by other factors.
    @inline(__always)
    func takes(_ seed: UInt64) -> Bool {
        guard mask != .max else { return false }
        return ((seed ^ seed >> 29) &* 0xD6E8_FEB8_6659_FD93) >> 48 & mask == 0
    }
}

extension DecisionWorkspace {
    /// Says what there is, and who could compete for it: whoever was found, whether anybody looked at it or has money or not. Of several
    /// breaks the last one's floors count. What models say is not asked: who pays for more than a view may pay any floor.
    @inline(never)
    mutating func tellPlaces<State: DecisionState & ~Copyable>(
        _ request: borrowing BidRequest, found: Int, _ state: inout State
    ) {
        state.offered(offeredPlaces(request))
        guard found > 0 else { return }
        let least = slots.count > 0 ? leastFloor(request) : .zero
        for number in 0..<scratch.blocks.count {
            var rest = scratch.blocks[number]
            while rest != 0 {
                let block = number &* 64 &+ rest.trailingZeroBitCount
                rest &= rest &- 1
                for word in 8 &* block..<8 &* block &+ 8 {
                    var bits = scratch.words[word]
                    while bits != 0 {
                        let item = snapshot.lineItem(ofRow: word &* 64 &+ bits.trailingZeroBitCount)
                        bits &= bits &- 1
                        let row = demand.lineItems[item]
                        let pays =
                            row.tier != .open || scoring.isOn || mostWorth(row).map { $0 >= least } ?? true
                        state.couldCompete(campaign: Int(truncatingIfNeeded: row.campaign), pays: pays)
                    }
                }
            }
        }
    }

    /// By the address of the inventory, else by the number that its exchange has for it, else by who sells it: never by what only
    /// this catalog knows.
    private mutating func offeredPlaces(_ request: borrowing BidRequest) -> OfferedPlaces {
        var places = OfferedPlaces(kind: 0, count: 0)
        let inventory = request.inventory
        var name = inventory.kind == .app ? inventory.bundle : inventory.domain
        if name.isEmpty { name = inventory.id }
        if name.isEmpty { name = inventory.publisher.id }
        places.kind = OfferedPlaces.kind(of: request[name])
        let pods = request.pods
        for index in pods.indices {
            let slots = request[pods[index].slots]
            // A single imp has a slot for each medium, of which one is filled.
            if pods[index].kind == .single {
                places.count += 1
                continue
            }
            for slot in slots.indices { places.count += Int(slots[slot].adsExpected) }
        }
        return places
    }
}
