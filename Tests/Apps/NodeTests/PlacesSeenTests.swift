// From what two shards count of their decisions to what a node says of a campaign: nothing on the way counts it twice, or for another.
import Catalog
import Decision
import Pacing
import Reactor
import Serving
import Testing
import Units

@testable import paceline_node

@Suite struct PlacesSeenTests {
    private static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    /// Two line items of one campaign, whose flights have a gap between them, and other campaigns.
    private func source() throws -> CatalogSource {
        var generator = CatalogGenerator(lineItems: 12, seed: 7)
        var source = generator.source()
        for at in source.creatives.indices { source.creatives[at].audit = .approved }
        for at in source.campaigns.indices {
            source.campaigns[at].pacing = .even
            source.campaigns[at].paused = false
        }
        for at in source.lineItems.indices { source.lineItems[at].paused = false }
        let whole = try #require(source.campaigns.first { $0.id == source.lineItems[0].campaign }).flight
        var second = source.lineItems[0]
        second.id = "second"
        second.targeting = nil
        var flight = Flight()
        (flight.start, flight.end) = (whole.start, whole.start + .seconds(3_600))
        source.lineItems[0].flight = flight
        (flight.start, flight.end) = (whole.start + .seconds(7_200), whole.end)
        second.flight = flight
        let (campaign, first) = (second.campaign, source.lineItems[0].id)
        source.lineItems.removeAll { $0.campaign == campaign && $0.id != first }
        source.lineItems.append(second)
        return source
    }

    private func paced(_ source: CatalogSource, _ id: String) throws -> PacedCampaign {
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(source))
        let terms = DecisionSettings().campaignTerms(snapshot)
        return try #require(CatalogPacing.terms(of: snapshot, terms).first { $0.terms.id == id })
    }

    @Test func aNodeSaysWhatItsShardsCounted() throws {
        let source = try source()
        let id = source.lineItems[0].campaign
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(source))
        let terms = DecisionSettings().campaignTerms(snapshot)
        let campaigns = CatalogPacing.terms(of: snapshot, terms)
        let row = try #require(campaigns.firstIndex { $0.terms.id == id })
        let begin = campaigns[row].terms.start
        let pacing = NodePacing(shards: 2)
        let reactor = try Reactor()
        let shards = (0..<2).map { shard in
            ShardPacing(
                pacing, CatalogPacing(snapshot, terms, pacing, shard: shard), shard: shard, reactor)
        }
        pacing.change(campaigns)
        let (taken, places) = try #require(pacing.takeNext())
        var seen = PlacesSeen(at: begin)
        seen.count(pacing, taken, places, at: begin)
        func said(_ at: Instant) -> PaceStatement {
            var statement = PaceStatement(
                terms: campaigns[row].terms, supply: Array(repeating: 80, count: 24))
            seen.tell(&statement, of: taken[row], at: at)
            return statement
        }
        #expect(said(begin).isGuess && said(begin).shares.isEmpty && said(begin).supply[0] == 80)
        // Each shard has a break of six places of kind 2, and a single one of kind 5; of every fourth break the campaign is found, by
        // both of its line items, of which one cannot pay, or, of each eighth one, none can.
        for round in 0..<400 {
            for shard in shards {
                shard.begin(at: begin)
                shard.offered(OfferedPlaces(kind: 2, count: 6))
                if round % 4 == 0 {
                    shard.couldCompete(row, pays: false)
                    shard.couldCompete(row, pays: round % 8 == 0)
                }
                shard.begin(at: begin)
                shard.offered(OfferedPlaces(kind: 5, count: 1))
            }
        }
        #expect(pacing.sampled == 1_600)
        let counted = pacing.kinds([NodePacing.allRequests, places[row]])
        #expect(counted[0].targeted == [0, 0, 4_800, 0, 0, 800, 0, 0])
        #expect(counted[1].targeted == [0, 0, 200, 0, 0, 0, 0, 0])
        #expect(counted[1].payable == [0, 0, 100, 0, 0, 0, 0, 0])
        let now = begin + .seconds(10)
        seen.count(pacing, taken, places, at: now)
        let words = said(now)
        #expect(words.runs && !words.isGuess && words.isUsualDay && !words.seesDay)
        #expect(abs(words.shares[2] - 200.0 / 4_800) < 0.01 && words.shares[5] < 0.01, "\(words.shares)")
        #expect(abs(words.affordable[2] - 0.5) < 0.02, "\(words.affordable)")
        // A sixteenth of the requests is for it, and can be paid.
        #expect(words.supply.allSatisfy { abs($0 - 5) < 0.2 }, "\(words.supply)")
        let places8 = try #require(seen.supply(Array(repeating: 80, count: 24))).places
        #expect(abs(places8[2] - 240) < 1 && abs(places8[5] - 40) < 1, "\(places8.prefix(8))")
        // Between its line items' flights it is not shown, and what is offered then is nothing that it did not want.
        let gap = begin + .seconds(5_000)
        for shard in shards {
            for _ in 0..<4_000 {
                shard.begin(at: gap)
                shard.offered(OfferedPlaces(kind: 2, count: 6))
            }
        }
        seen.count(pacing, taken, places, at: gap)
        #expect(!said(gap).runs && abs(said(gap).supply[0] - 5) < 0.2, "\(said(gap).supply)")
    }

    @Test func whoHasNoCreativeOrNoFlightNowDoesNotRun() throws {
        var source = try source()
        let id = source.lineItems[0].campaign
        var one = try paced(source, id)
        let begin = one.terms.start
        let runs = [-1, 0, 3_599, 3_600, 7_199, 7_200].map { one.runs(at: begin + .seconds($0)) }
        #expect(runs == [false, true, true, false, false, true])
        #expect(!one.runs(at: one.terms.end))
        for at in source.creatives.indices
        where source.lineItems[0].creatives.contains(source.creatives[at].id) {
            source.creatives[at].audit = .pending
        }
        one = try paced(source, id)
        #expect(!one.runs(at: begin) && !one.runs(at: begin + .seconds(7_200)))
    }

    @Test func whatDecidesWhoCanCompeteHasANumber() throws {
        let source = try source()
        let id = source.lineItems[0].campaign
        let before = try paced(source, id).eligibility
        func changed(_ change: (inout CatalogSource) -> Void) throws -> Bool {
            var other = source
            change(&other)
            return try paced(other, id).eligibility != before
        }
        #expect(try changed { $0.lineItems[0].bid = Micros(9_990_000) })
        #expect(
            try changed { $0.lineItems[0].targeting = TargetingObject(meaning: .values(.country, ["NZL"])) })
        #expect(try changed { $0.lineItems[0].paused = true })
        let end = (source.lineItems[0].flight?.start ?? Self.start) + .seconds(60)
        #expect(try !changed { $0.lineItems[0].flight?.end = end })
        #expect(try !changed { $0.lineItems[0].name = "another" })
        #expect(try !changed { $0.lineItems[1].bid = Micros(9_990_000) })
    }
}
