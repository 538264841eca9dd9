// What a request offers, as those see it who plan what campaigns share: of which kind its places are, and how many.
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

extension DecisionWorkspace {
    /// By the catalog's name of the place, else by its address, else by who sells it.
    mutating func offeredPlaces(_ request: borrowing BidRequest) -> OfferedPlaces {
        var places = OfferedPlaces(kind: 0, count: 0)
        let inventory = request.inventory
        if let row = place.inventory {
            places.kind = OfferedPlaces.kind(of: snapshot.bytes(snapshot.inventoryID(row)))
        } else {
            let address = inventory.kind == .app ? inventory.bundle : inventory.domain
            places.kind = OfferedPlaces.kind(of: request[address.isEmpty ? inventory.publisher.id : address])
        }
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
