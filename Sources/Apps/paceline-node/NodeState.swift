// What a decision asks of its shard: whether a line item can be paid for, whether caps let it be shown, and what the
// viewer has seen.
import Auction
import Catalog
import Decision
import Features
import Kernel
import Units

/// One for each shard and the catalog that it decides with.
final class NodeState: DecisionState {
    private let money: ShardMoney
    private let frequency: ShardFrequency
    private let shading: ShardShading
    private let pacing: ShardPacing
    private let models: ShardModels?
    private let calibration: ShardCalibration?
    private let numbers: EntityNumbers
    private let tracing: ShardTracing?
    /// What this decision has promised, and under which reservation.
    private var promised: [Promise] = []
    private var now = Instant(nanoseconds: 0)

    private struct Promise {
        var reservation: Reservation
        var ad: AdToReserve
    }

    init(
        _ money: ShardMoney, _ frequency: ShardFrequency, _ shading: ShardShading, _ pacing: ShardPacing,
        _ models: ShardModels?, _ calibration: ShardCalibration?, _ numbers: EntityNumbers,
        _ tracing: ShardTracing?
    ) {
        self.money = money
        self.frequency = frequency
        self.shading = shading
        self.pacing = pacing
        self.models = models
        self.calibration = calibration
        self.numbers = numbers
        self.tracing = tracing
        promised.reserveCapacity(256)
        frequency.numbers = numbers
    }

    func begin(_ viewer: ViewerKeys, at now: Instant) {
        tracing?.noteRead()
        promised.removeAll(keepingCapacity: true)
        self.now = now
        frequency.begin(viewer, at: now)
        pacing.begin(at: now)
    }

    var placesSample: PlacesSample { pacing.placesSample }
    func offered(_ places: OfferedPlaces) { pacing.offered(places) }
    func couldCompete(campaign: Int, pays: Bool) { pacing.couldCompete(campaign, pays: pays) }

    func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        if let refusal = money.refusal(ofLineItem: lineItem, campaign: campaign) {
            return StateRefusal(refusal)
        }
        return frequency.heldCap(ofLineItem: lineItem, numbers).map { StateRefusal($0) }
    }

    func admission(ofCampaign campaign: Int) -> PacingShare { pacing.admission(ofCampaign: campaign) }

    func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        pacing.price(ofCampaign: campaign, for: offer)
    }
    var leastPrice: BudgetPrice { pacing.leastPrice }

    func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        switch frequency.known(creative: creative, lineItem: lineItem, advertiser: advertiser, numbers) {
        case .unseen: .unseen
        case .advertiserSeen: .advertiserSeen
        case .creativeSeen: .creativeSeen
        case .capped: .capped
        }
    }

    func shade(_ bid: BidToShade) -> ShadedBid { shading.shade(bid) }

    func hydrate(_ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32) {
        guard let models else {
            for ask in asks { rows.answerUnknown(ask: ask, layout) }
            return
        }
        guard let tracing, tracing.isRecording else {
            return models.hydrate(&rows, asks: asks, layout, at: now)
        }
        let began = Kernel.monotonicNow()
        models.hydrate(&rows, asks: asks, layout, at: now)
        tracing.noteHydrated(from: began)
    }

    func fall(of use: ModelUse) -> TierFall? { models?.fall(of: use) }
    func used(_ use: ModelUse) {
        guard let took = models?.used(use) else { return }
        tracing?.noteScored(use.goal, from: took.lowerBound, to: took.upperBound)
    }

    func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        tracing?.noteReserving()
        if let held = frequency.promise(creative: ad.creative, lineItem: ad.lineItem, numbers) {
            return .refused(StateRefusal(held))
        }
        let set: PromisedMoney
        switch money.reserve(campaign: ad.campaign, most: ad.most) {
        case .promised(let money): set = money
        case .refused(let refusal):
            frequency.takeBack(creative: ad.creative, lineItem: ad.lineItem, numbers)
            return .refused(StateRefusal(refusal))
        }
        let reservation = Reservation(
            session: set.session, sequence: set.sequence, mark: UInt64(set.mark), window: set.window,
            seconds: set.seconds)
        promised.append(Promise(reservation: reservation, ad: ad))
        return .reserved(reservation)
    }

    func release(_ reservation: Reservation) {
        guard let index = promised.lastIndex(where: { $0.reservation == reservation }) else { return }
        let ad = promised.remove(at: index).ad
        money.withdraw(reservation.sequence)
        frequency.takeBack(creative: ad.creative, lineItem: ad.lineItem, numbers)
    }

    /// What the answer promises is written down. Where it cannot be, all of it is taken back: no money is to be had.
    func write() -> Bool {
        if money.finish() { return true }
        for index in promised.indices {
            let ad = promised[index].ad
            frequency.takeBack(creative: ad.creative, lineItem: ad.lineItem, numbers)
        }
        promised.removeAll(keepingCapacity: true)
        return false
    }

    /// Decides with no money at hand.
    var isShut: Bool {
        get { money.isShut }
        set { money.isShut = newValue }
    }

    /// The answer is out.
    func finish() {
        for index in promised.indices {
            let ad = promised[index].ad
            pacing.spent(campaign: ad.campaign, max(ad.most, Micros(1)))
            if let prediction = ad.prediction { calibration?.sold(ad.number, prediction, at: now) }
            guard let market = ad.market else { continue }
            shading.sent(ad.number, price: ad.price, in: market, at: now)
        }
        frequency.finish()
    }
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
