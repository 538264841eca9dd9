// What tests of nodes that spend a root's money do again and again.
import Foundation
import Glibc
import PostgresServer
import Testing

enum Spending {
    /// For what takes a fraction of a second, and more where other tests have the cores: how long it takes is what the bench
    /// `fleet` measures.
    static let soon = 10.0

    static func order(_ pair: Pair, _ campaign: String, _ budget: String) throws {
        let body = "{\"campaign\":\"\(campaign)\",\"currency\":\"USD\",\"budget\":\(budget),\"highest\":0.05}"
        let answer = try pair.order("open-\(campaign)", body)
        #expect(answer.status == 201, "\(answer.body)")
    }

    static func root(_ pair: Pair, _ column: String) throws -> Int64 {
        let rows = try pair.sql(
            "select coalesce(sum(\(column)), 0) from paceline.accounts where parent is null")
        return try #require(Int64(rows[0][0]))
    }

    /// Waits until it holds; what it was at last where it does not come to.
    static func until(_ what: String, _ seconds: Double = 20, _ holds: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while try !holds() {
            guard Date() < end else { throw PostgresServerFailure(description: "not in time: \(what)") }
            usleep(100_000)
        }
    }

    /// Bids until so many ads are promised. Answers them.
    static func ads(_ node: SpendingNode, _ count: Int, within seconds: Double = 20) throws
        -> [SpendingNode.Ad]
    {
        var ads: [SpendingNode.Ad] = []
        let end = Date().addingTimeInterval(seconds)
        while ads.count < count, Date() < end { ads += try node.bid() }
        try #require(ads.count >= count, "\(ads.count) ads: \(node.log.suffix(2_000))")
        return ads
    }

    static func isQuiet(_ pair: Pair) throws {
        #expect(try pair.sql("select * from paceline.imbalances") == [])
        for row in try pair.sql(
            "select budget, granted + settled + suspense + presumed from paceline.accounts")
        {
            #expect(Int64(row[0])! >= Int64(row[1])!, "more is committed than there is: \(row)")
        }
    }
}
