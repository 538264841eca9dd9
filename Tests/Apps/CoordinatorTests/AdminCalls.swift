// The admin API of a pair of coordinators as tests ask it, and a small catalog to ask for.
import Foundation
import Glibc
import PostgresServer
import Testing

extension Answer {
    func header(_ name: String) -> String? {
        headers.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ":") }.map {
            $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
    }

    var etag: String { header("etag") ?? "" }
    var errors: [[String: Any]] { json["errors"] as? [[String: Any]] ?? [] }
}

extension Pair {
    /// At the one that leads, or another.
    @discardableResult
    func admin(
        _ head: String, _ body: String = "", _ headers: [String] = [], at one: RunningCoordinator? = nil
    ) throws -> Answer {
        try #require(ask(try one?.admin ?? leader().admin, head, body, headers: headers))
    }

    func follower() throws -> RunningCoordinator {
        let leader = try leader()
        return try #require(all.first { $0 !== leader })
    }

    func until(_ what: String, _ seconds: Double = 10, _ holds: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while try !holds() {
            guard Date() < end else {
                throw PostgresServerFailure(description: "not in time: \(what): \(all.map(\.log))")
            }
            usleep(20_000)
        }
    }
}

enum SmallCatalog {
    static func campaign(_ id: String, budget: String = "100", more: String = "") -> String {
        """
        {"id": "\(id)", "advertiser": "a", "name": "W", "goal": "cpm", "goalValue": 20,
          "flight": {"start": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"},
          "lifetimeBudget": \(budget), "dailyBudget": 5\(more)}
        """
    }

    static let creative = """
        {"id": "c", "advertiser": "a", "name": "C", "durationMilliseconds": 15000, "audit": "approved",
         "mediaFiles": [{"url": "https://cdn.example/c.mp4", "mime": "video/mp4", "width": 1, "height": 1}]}
        """

    static func lineItem(_ id: String, of campaign: String) -> String {
        #"{"id": "\#(id)", "campaign": "\#(campaign)", "name": "L", "bid": 25, "creatives": ["c"]}"#
    }

    static let file = """
        {"advertisers": [{"id": "a", "name": "A", "domains": ["a.example"]}],
         "campaigns": [\(campaign("winter"))], "creatives": [\(creative)], "lineItems": [\(lineItem("l", of: "winter"))]}
        """
}

/// What `paceline` prints, and how it ends.
func paceline(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "paceline")
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
}
