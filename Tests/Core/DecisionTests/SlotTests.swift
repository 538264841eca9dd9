// Slots of one pod that ask different things: an ad stands where it may, at what that slot asks.
import Auction
import Decision
import Foundation
import OpenRTB
import Testing
import Units

@Suite struct SlotTests {
    /// The sample as two structured slots of half a minute each, changed one by one.
    private func twoSlots(_ change: (inout [String: Any], Int) -> Void) throws -> String {
        var request = try #require(
            try JSONSerialization.jsonObject(with: Data(Demo.request.utf8)) as? [String: Any])
        let sample = try #require((request["imp"] as? [[String: Any]])?.first)
        request["imp"] = try (1...2).map { number in
            var imp = sample
            imp["id"] = "\(number)"
            var video = try #require(imp["video"] as? [String: Any])
            for key in ["poddur", "maxseq", "rqddurs"] { video[key] = nil }
            video["minduration"] = 5
            video["maxduration"] = 30
            imp["video"] = video
            change(&imp, number)
            return imp
        }
        return String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self)
    }

    private func deal(_ floor: Double, isPrivate: Bool = false) -> [String: Any] {
        let deal: [String: Any] = ["id": "streamfront-winter-pg", "bidfloor": floor, "at": 3]
        return ["private_auction": isPrivate ? 1 : 0, "deals": [deal]]
    }

    private func bids(_ decided: Decided) throws -> [String: [String: Any]] {
        let json = try JSONSerialization.jsonObject(with: Data(decided.answer.utf8)) as? [String: Any]
        let bids = (json?["seatbid"] as? [[String: Any]])?.first?["bid"] as? [[String: Any]] ?? []
        return Dictionary(uniqueKeysWithValues: bids.map { ($0["impid"] as? String ?? "", $0) })
    }

    @Test func aPrivateSlotLeavesTheOtherOpen() throws {
        let request = try twoSlots { imp, number in
            imp["pmp"] = number == 1 ? deal(20, isPrivate: true) : nil
        }
        let decided = try decide(request)
        #expect(decided.winners == ["northwind-guaranteed", "harvest-evening"])
        let bids = try bids(decided)
        #expect(bids["1"]?["dealid"] as? String == "streamfront-winter-pg")
        #expect(bids["2"]?["dealid"] == nil && bids["2"]?["crid"] as? String == "harvest-bowl-15")
    }

    /// One document for a pod has in each place what its imp plays, and is of a version that all of them read.
    @Test func everyPlaceOfADocumentHasItsOwn() throws {
        for (protocols, version) in [([13], "4.2"), ([7, 13], "4.2"), ([3, 7], "3.0")] {
            let request = try twoSlots { imp, number in
                var video = imp["video"] as? [String: Any]
                video?["mimes"] = [number == 1 ? "application/x-mpegURL" : "video/mp4"]
                video?["protocols"] = number == 1 ? [3, 13] : protocols
                video?["slotinpod"] = number == 1 ? 1 : -1
                imp["video"] = video
            }
            let decided = try decide(request, format: .vast)
            #expect(decided.decision.trace.ads == 2 && decided.decision.isBid)
            let summary = try VASTSummary(checking: Array(decided.answer.utf8).span.bytes)
            #expect(summary.ads == 2 && summary.version.text.description == version)
            let halves = decided.answer.components(separatedBy: "</Ad>")
            #expect(halves[0].contains("range-30.m3u8") && !halves[0].contains(".mp4"), "\(halves[0])")
            #expect(!halves[1].contains(".m3u8") && halves[1].contains(".mp4"), "\(halves[1])")
        }
    }

    @Test func aSlotThatNobodyCanFillIsLeftOut() throws {
        let request = try twoSlots { imp, number in
            guard number == 1 else { return }
            var video = imp["video"] as? [String: Any]
            video?["protocols"] = [1]
            imp["video"] = video
        }
        let decided = try decide(request)
        #expect(decided.winners == ["northwind-guaranteed"])
        #expect(try Array(bids(decided).keys) == ["2"])
    }

    /// The line item pays 35, which is also what the catalog's terms of the deal ask.
    @Test(arguments: [1, 2]) func aDealIsBidOnWhereItCanBePaid(_ dear: Int) throws {
        let request = try twoSlots { imp, number in imp["pmp"] = deal(number == dear ? 36 : 20) }
        let bids = try bids(try decide(request))
        #expect(bids["\(3 - dear)"]?["dealid"] as? String == "streamfront-winter-pg")
        #expect(bids["\(3 - dear)"]?["price"] as? Double == 35 && bids["\(dear)"]?["dealid"] == nil)
    }

    @Test func bidsNameThePlaceThatWasAskedFor() throws {
        let request = try twoSlots { imp, number in
            imp["pmp"] = nil
            var video = imp["video"] as? [String: Any]
            video?["slotinpod"] = number == 1 ? 1 : -1
            imp["video"] = video
        }
        let bids = try bids(decide(request))
        #expect(bids["1"]?["slotinpod"] as? Int == 1 && bids["2"]?["slotinpod"] as? Int == -1)
    }

    @Test func floorsHoldSlotBySlot() throws {
        let request = try twoSlots { imp, number in
            imp["pmp"] = nil
            imp["bidfloor"] = number == 1 ? 50 : 12
        }
        let decided = try decide(request)
        #expect(decided.winners == ["harvest-evening", "aurora-drama"])
        let swapped = try decide(
            twoSlots { imp, number in
                imp["pmp"] = nil
                imp["bidfloor"] = number == 2 ? 50 : 12
            })
        #expect(swapped.winners == ["aurora-drama", "harvest-evening"])
    }

    @Test func placesAreWorthWhatTheSettingsSay() throws {
        var settings = DecisionSettings()
        settings.firstPremium = 100_000
        #expect(try decide(Demo.request, settings: settings).winners.first == "northwind-guaranteed")
        (settings.firstPremium, settings.lastPremium) = (0, 100_000)
        let last = try decide(Demo.request, settings: settings)
        #expect(last.winners.last == "northwind-guaranteed")
        // A place is worth more, and costs no more.
        let plain = try decide(Demo.request)
        #expect(try prices(last) == prices(plain) && last.winners.count == 3)
    }

    private func prices(_ decided: Decided) throws -> Set<Double> {
        let json = try JSONSerialization.jsonObject(with: Data(decided.answer.utf8)) as? [String: Any]
        let bids = (json?["seatbid"] as? [[String: Any]])?.first?["bid"] as? [[String: Any]] ?? []
        return Set(bids.compactMap { $0["price"] as? Double })
    }

    @Test func explanationsNameTheNextBest() throws {
        let decided = try decide(Demo.request)
        let pod = try #require(decided.report.pods.first)
        #expect(pod.alternatives.count == 3)
        for other in pod.alternatives {
            #expect(other.score < pod.score && !other.lineItems.contains(other.without))
        }
    }

    /// The viewer saw every creative of one advertiser in an earlier break.
    private struct SeenState: DecisionState {
        let advertiser: Int
        mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
        mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
        mutating func standing(
            ofCreative creative: Int, lineItem: Int, advertiser: Int
        ) -> CreativeStanding { advertiser == self.advertiser ? .creativeSeen : .unseen }
        mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
        mutating func release(_ reservation: Reservation) {}
    }

    @Test func whatWasSeenIsWorthLess() throws {
        let bytes = Array(Demo.request.utf8)
        for rule in [DiversityRule.ignore, .penalise(500_000), .exclude] {
            var settings = DecisionSettings()
            settings.seenCreative = rule
            var decider = Decider(Demo.snapshot, settings: settings)
            // Advertisers stand in the order of their ids: the first one is the car's.
            var state = SeenState(advertiser: 0)
            let decision = try decider.decide(
                bytes.span.bytes, at: Demo.evening, seed: 1, state: &state, explains: true)
            let made = decider.report
            let report = try #require(made)
            let car = report.pods.flatMap(\.candidates).filter { $0.lineItem == "aurora-drama" }
            if rule == .exclude {
                #expect(car.isEmpty && decision.trace[.seenEarlier] > 0)
            } else {
                let worth: Int64 = rule == .ignore ? 28_500_000 : 14_250_000
                #expect(!car.isEmpty && car.allSatisfy { $0.value == Micros(worth) })
                #expect(car.allSatisfy { $0.price == Micros(28_500_000) })
            }
        }
    }
}
