// How often somebody may ask: buckets by themselves, and of real coordinators, for tokens and for addresses, with what is never limited.
import Foundation
import Kernel
import PostgresServer
import Settings
import Testing
import Units

@testable import paceline_coordinator

struct AdminRateTests {
    private static let rates = CoordinatorSettings.Rates()
    private static func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    @Test func aBucketIsFullAtMostAndFillsWithTime() {
        var rates = AdminRates(Self.rates)
        let alice = RateSubject.token("alice")
        for index in 0..<Self.rates.changeBurst {
            #expect(rates.take(1, isChange: true, alice, at: Self.at(100)) == nil, "\(index)")
        }
        let refused = rates.take(1, isChange: true, alice, at: Self.at(100))
        #expect(
            refused?.isChange == true && refused?.after == Interval(nanoseconds: 50_000_000)
                && refused?.seconds == 1)
        // What was refused has taken nothing.
        #expect(rates.take(1, isChange: true, alice, at: Self.at(100.05)) == nil)
        #expect(rates.take(1, isChange: true, alice, at: Self.at(100.05)) != nil)
        // Reads are apart, and so is anybody else.
        #expect(rates.take(1, isChange: false, alice, at: Self.at(100.05)) == nil)
        #expect(rates.take(1, isChange: true, .token("bob"), at: Self.at(100.05)) == nil)
        // The dear ones wait for all that they take.
        #expect(rates.take(20, isChange: true, alice, at: Self.at(100.06))?.seconds == 1)
        #expect(rates.take(20, isChange: true, alice, at: Self.at(101.1)) == nil)
        // However long nobody asks, there are no more than the burst.
        for _ in 0..<Self.rates.changeBurst {
            #expect(rates.take(1, isChange: true, alice, at: Self.at(9_000)) == nil)
        }
        #expect(rates.take(1, isChange: true, alice, at: Self.at(9_000)) != nil)
    }

    @Test func memoryIsBounded() {
        var rates = AdminRates(Self.rates, subjectsMost: 3)
        func take(_ name: String, _ seconds: Double) -> Bool {
            rates.take(20, isChange: true, .certificate(name), at: Self.at(seconds)) == nil
        }
        for name in ["a", "b", "c"] { #expect(take(name, 10)) }
        // Who comes now shares one bucket with all others for whom there is no room.
        for index in 0..<20 { #expect(take("d\(index)", 10)) }
        #expect(!take("e", 10) && rates.subjects == 4)
        // The first three are as new a second later, and make room; the shared one is not.
        #expect(take("f", 11.1) && rates.subjects == 2, "\(rates.subjects)")
    }

    /// From the 65,536 networks of an IPv6 /48 addresses are without end; who has a token does not notice.
    @Test func strangersTakeNoRoomFromWhoIsKnown() {
        var rates = AdminRates(Self.rates)
        for network in 0..<65_536 {
            _ = rates.take(
                1, isChange: false, .address(0x2001_0db8_0000_0000 + UInt64(network)), at: Self.at(10))
        }
        // Those for whom there was no room have emptied the bucket that they share.
        #expect(rates.take(1, isChange: false, .address(1), at: Self.at(10)) != nil)
        let known = AdminRates.subjectsMost + 1
        #expect(rates.subjects == known)
        for who in [RateSubject.token("alice"), .certificate("spiffe://f/people/alice")] {
            for index in 0..<Self.rates.readBurst {
                #expect(rates.take(1, isChange: false, who, at: Self.at(10)) == nil, "\(index)")
            }
            #expect(rates.take(1, isChange: false, who, at: Self.at(10)) != nil)
        }
        // And whoever has used theirs up is not forgotten for a stranger, and so is not new.
        for network in 0..<10_000 {
            _ = rates.take(1, isChange: false, .address(UInt64(network)), at: Self.at(11.5))
        }
        #expect(rates.take(1, isChange: false, .token("bob"), at: Self.at(11.5)) == nil)
        #expect(rates.take(Self.rates.readBurst, isChange: false, .token("alice"), at: Self.at(11.5)) != nil)
        // As many tokens as there can be have room.
        for index in 0..<Int(Tokens.most) - 2 {
            #expect(rates.take(1, isChange: true, .token("\(index)"), at: Self.at(11.5)) == nil)
        }
    }

    @Test func addressesAreOfNetworks() throws {
        func subject(_ text: String) throws -> RateSubject {
            let address: SocketAddress = try #require(SocketAddress(literal: text, port: 1))
            return RateSubject(address)
        }
        #expect(try subject("192.0.2.1") == subject("::ffff:192.0.2.1"))
        #expect(try subject("192.0.2.1") != subject("192.0.2.2"))
        #expect(try subject("2001:db8::1") == subject("2001:db8::ffff:1"))
        #expect(try subject("2001:db8::1") != subject("2001:db8:0:1::1"))
        #expect(RateSubject(nil) == .nowhere)
    }
}

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct LimitedAdminTests {
    @Test func whoAsksTooOftenIsToldWhen() throws {
        let pair = try Pair(more: [
            "rates": ["readsPerSecond": 1, "readBurst": 60, "changesPerSecond": 1, "changeBurst": 50]
        ])
        let leader = try pair.leader()
        try pair.until("the tables are there") {
            try pair.sql("select to_regclass('paceline.tokens')") == [["paceline.tokens"]]
        }
        try pair.until("known") { try pair.admin("GET /api/v1/me", at: leader).status == 200 }
        let made = try pair.admin(
            "POST /api/v1/tokens", #"{"name": "a", "role": "admin", "days": 1}"#, at: leader)
        let token = ["authorization: Bearer \(made.json["token"] as? String ?? made.body)"]
        usleep(1_200_000)
        // Questions of the token's, until there are none left.
        var answers = (0..<70).compactMap { _ in ask(leader.admin, "GET /api/v1/me", headers: token) }
        let refused = try #require(answers.last)
        #expect(answers.first?.status == 200 && refused.status == 429, "\(refused.body)")
        #expect(answers.filter { $0.status == 200 }.count >= 60, "\(answers.map(\.status))")
        #expect(refused.header("content-type") == "application/problem+json")
        let after = try #require(refused.header("retry-after").flatMap { Int($0) })
        #expect((1...2).contains(after) && refused.json["retryAfterSeconds"] as? Int == after)
        #expect(refused.json["limit"] as? String == "reads" && refused.json["by"] as? String == "identity")
        #expect(refused.json["burst"] as? Int == 60 && refused.json["perSecond"] as? Int == 1)
        // Its changes are apart: two imports, of twenty each, and then none; nothing of the third is done.
        for (index, status) in [201, 428, 429].enumerated() {
            let answer = try pair.admin(
                "POST /api/v1/catalog/import", SmallCatalog.file,
                token + (index == 0 ? ["if-none-match: *"] : []), at: leader)
            #expect(answer.status == status, "\(index): \(answer.body)")
        }
        #expect(try pair.sql("select count(*) from paceline.catalog_versions") == [["1"]])
        // Without a token it goes by the address: who tries tokens is slowed down.
        answers = (0..<70).compactMap {
            ask(leader.admin, "GET /api/v1/me", headers: ["authorization: Bearer pl_\($0)"])
        }
        #expect(answers.first?.status == 401 && answers.last?.status == 429)
        #expect(answers.last?.json["by"] as? String == "address", "\(answers.last?.body ?? "")")
        // Never health, metrics, and what the fleet itself asks; and another coordinator counts for itself.
        for path in ["/healthz", "/metrics", "/v1/coordinator", "/v1/pacing", "/console/"] {
            let all = (0..<100).compactMap { _ in ask(leader.admin, "GET \(path)")?.status }
            #expect(all.count == 100 && !all.contains(429), "\(path)")
        }
        let holders = (0..<100).compactMap { _ in ask(leader.port, "POST /v1/ledger", "{}")?.status }
        #expect(holders.count == 100 && !holders.contains(429))
        #expect(try pair.admin("GET /api/v1/me", "", token, at: pair.follower()).status == 200)
        let name = "paceline_admin_limited_total"
        #expect((leader.metric(#"\#(name){limit="reads",by="identity"}"#) ?? 0) >= 5)
        #expect(leader.metric(#"\#(name){limit="changes",by="identity"}"#) == 1)
        #expect((leader.metric(#"\#(name){limit="reads",by="address"}"#) ?? 0) >= 5)
        // It comes back with time.
        sleep(UInt32(after))
        #expect(try pair.admin("GET /api/v1/me", "", token, at: leader).status == 200)
    }
}
