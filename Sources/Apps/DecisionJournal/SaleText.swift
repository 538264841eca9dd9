// How the price of an ad came about, in words.
public import Decision
public import Units

extension AdSale.Basis {
    /// Of a bid and the floors of its place.
    public func text(
        bid: Micros, floor: Micros, soft: Micros? = nil, rival: String? = nil, worth: Micros? = nil,
        winChance: Int64? = nil
    ) -> String {
        let floors = "the floor is \(floor)" + (soft.map { ", the soft floor \($0)" } ?? "")
        switch self {
        case .ownBid: return "bids what it is worth to it; \(floors)"
        case .nextBid:
            let next = rival.map { "what \($0) is worth" } ?? "the next bid"
            return "bids \(bid) and pays \(next), and an increment; \(floors)"
        case .hardFloor:
            return "bids \(bid) and pays the floor: \(rival ?? "nobody") is next"
        case .softFloor: return "bids \(bid) and pays the soft floor; the floor is \(floor)"
        case .belowSoftFloor: return "pays its own bid, which is between the floors; \(floors)"
        case .shaded:
            let chance = winChance.map { ", where \($0 / 10_000) % of such bids won" } ?? ""
            return "bids \(bid)" + (worth.map { " of the \($0) that it is worth" } ?? ", less than its worth")
                + "\(chance); \(floors)"
        case .fixed: return "pays the deal's fixed price"
        case .agreed: return "pays what was agreed on, whoever competes; \(floors)"
        }
    }
}
