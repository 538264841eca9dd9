// What a decision asks of its shard: whether caps let a line item be shown, and what the viewer has seen.
import Catalog
import Decision
import Features
import Units

/// One for each shard and the catalog that it decides with.
final class NodeState: DecisionState {
    private let frequency: ShardFrequency
    private let numbers: EntityNumbers
    /// What this decision has promised, and under which reservation.
    private var promised: [(reservation: Reservation, creative: Int, lineItem: Int)] = []

    init(_ frequency: ShardFrequency, _ numbers: EntityNumbers) {
        self.frequency = frequency
        self.numbers = numbers
        promised.reserveCapacity(256)
        frequency.numbers = numbers
    }

    func begin(_ viewer: ViewerKeys, at now: Instant) {
        promised.removeAll(keepingCapacity: true)
        frequency.begin(viewer, at: now)
    }

    func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        frequency.heldCap(ofLineItem: lineItem, numbers).map { StateRefusal($0) }
    }

    func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        switch frequency.known(creative: creative, lineItem: lineItem, advertiser: advertiser, numbers) {
        case .unseen: .unseen
        case .advertiserSeen: .advertiserSeen
        case .creativeSeen: .creativeSeen
        case .capped: .capped
        }
    }

    func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        if let held = frequency.promise(creative: ad.creative, lineItem: ad.lineItem, numbers) {
            return .refused(StateRefusal(held))
        }
        promised.append((.none, ad.creative, ad.lineItem))
        return .reserved(.none)
    }

    func release(_ reservation: Reservation) {
        guard let index = promised.lastIndex(where: { $0.reservation == reservation }) else { return }
        let ad = promised.remove(at: index)
        frequency.takeBack(creative: ad.creative, lineItem: ad.lineItem, numbers)
    }

    /// The answer is out.
    func finish() { frequency.finish() }
}

extension StateRefusal {
    init(_ held: HeldCap) {
        self =
            switch held.reason {
            case .uncountable: .capUncountable(held.place)
            case .reached, .promises:
                held.cap.isByHousehold ? .capByHousehold(held.place) : .capByUser(held.place)
            }
    }
}
