// In steady state a decision allocates nothing, whatever it comes to.
import AllocationCounter
import Auction
import Decision
import Foundation
import Testing
import Units

/// Asks of all campaigns alike.
private struct OnePrice: DecisionState {
    var price: BudgetPrice
    private var free = FreeState()

    init(_ price: Double) { self.price = BudgetPrice(price) }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice { price }
    var leastPrice: BudgetPrice { min(price, .one) }
    /// Counts, as a node does.
    let placesSample = PlacesSample.all
    var places = 0
    mutating func offered(_ places: OfferedPlaces) { self.places += places.count }
    mutating func couldCompete(campaign: Int, pays: Bool) { places += 1 }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { free.reserve(ad) }
    mutating func release(_ reservation: Reservation) {}
}

@Suite struct AllocationTests {
    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func decidesWithoutAllocating() throws {
        var decider = Decider(Demo.snapshot, settings: NoticeTests.settings())
        let requests = [
            Demo.request,
            Demo.request.replacingOccurrences(of: "\"tmax\": 250", with: "\"tmax\": 0"),
            Demo.request.replacingOccurrences(of: "\"bidfloor\": 12", with: "\"bidfloor\": 900"),
            // Redacted in its record.
            Demo.request.replacingOccurrences(of: "\"coppa\": 0", with: "\"coppa\": 1"),
        ].map { Array($0.utf8) }
        var recorder = DecisionRecorder()
        var counted: UInt64 = 1
        var prices = [OnePrice(1.02), OnePrice(-0.5), OnePrice(40)]
        // The first rounds may still set up what lasts.
        for _ in 0..<3 {
            let before = allocations_of_thread()
            // By index: in a debug build an array's iterator allocates.
            for index in requests.indices {
                let request = requests[index]
                let decision = try decider.decide(request.span.bytes, at: Demo.evening, seed: 3)
                recorder.record(
                    decision, of: request.span.bytes, by: decider,
                    RecordedContext(
                        now: Demo.evening, seed: 3, format: .openrtb, catalog: 1, settings: 2,
                        keepsRequest: true))
                _ = try decider.decide(request.span.bytes, at: Demo.evening, seed: 3, format: .vast)
                for at in 0..<3 {
                    let decision = try decider.decide(
                        request.span.bytes, at: Demo.evening, seed: 3, state: &prices[at])
                    recorder.record(
                        decision, of: request.span.bytes, by: decider,
                        RecordedContext(
                            now: Demo.evening, seed: 3, format: .openrtb, catalog: 1, settings: 2,
                            keepsRequest: true))
                }
            }
            counted = allocations_of_thread() - before
        }
        #expect(counted == 0 && prices[0].places > 0)
    }
}
