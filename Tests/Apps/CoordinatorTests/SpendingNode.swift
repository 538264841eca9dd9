// A decision node's process that takes its money from the coordinators of a pair, and what an exchange does with it: asks for
// ads and bills them, over HTTP only.
import Foundation
import Glibc
import PostgresServer
import Testing

final class SpendingNode: ServedProcess, @unchecked Sendable {
    let port: UInt16
    let admin: UInt16
    let folder: URL
    private let name: String
    let process = Process()

    private static let examples = URL(filePath: #filePath).appending(path: "../../../../Examples")
        .standardized

    /// Starts one with two shards; what an earlier start of this name left in the folder it goes on from.
    ///
    /// - Parameters:
    ///   - issuers: brokers' ports for holders; the coordinators' where there are none.
    ///   - keysOf: whose notices' keys it has too, so that either takes notices of the other's ads.
    ///   - evenFor: the seconds from now on over which `northwind-winter` is spent evenly; else nothing is paced.
    ///   - more: what else stands in its settings.
    init(
        _ name: String, of pair: Pair, issuers: [UInt16]? = nil, ahead: Int = 60, holdSeconds: Int = 300,
        keysOf other: SpendingNode? = nil, evenFor flight: Flight? = nil, more: [String: Any] = [:]
    ) throws {
        self.name = name
        folder = pair.folder.appending(path: "node-\(name)")
        port = try PostgresServer.freePort()
        admin = try PostgresServer.freePort()
        try Self.copyCatalog(to: folder.appending(path: "catalog"), flight)
        if let other {
            try FileManager.default.copyItem(
                at: other.folder.appending(path: "keys"), to: folder.appending(path: "keys"))
        }
        let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var settings: [String: Any] = [
            "daemon": "node", "node": ["name": name, "region": "here"], "shards": 2,
            "listen": [["address": "127.0.0.1", "port": Int(port)]],
            "admin": ["address": "127.0.0.1", "port": Int(admin)],
            "drain": ["noticeMilliseconds": 0, "timeoutMilliseconds": 5_000],
            "catalog": [
                "path": folder.appending(path: "catalog").path(),
                "stateDirectory": folder.appending(path: "state").path(),
            ],
            "budgets": ["holdSeconds": holdSeconds, "graceSeconds": 1, "lastBillSeconds": 1],
            "notices": [
                "baseURL": "http://notices.test", "keyFile": folder.appending(path: "keys").path(),
            ],
            "journal": [
                "directory": folder.appending(path: "journal").path(), "segmentBytes": 8_388_608,
                "flushIntervalMilliseconds": 5, "requestOneIn": 1,
            ],
            "ledger": [
                "issuer": [
                    "holder": name, "timeoutMilliseconds": 2_000, "aheadSeconds": ahead,
                    "coordinators": (issuers ?? pair.all.map(\.port)).map {
                        ["address": "127.0.0.1", "port": Int($0)]
                    },
                ]
            ],
        ]
        settings.merge(more) { $1 }
        let file = folder.appending(path: "node.json")
        try JSONSerialization.data(withJSONObject: settings).write(to: file)
        let log = folder.appending(path: "log")
        if !FileManager.default.fileExists(atPath: log.path()) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.executableURL = programs.appending(path: "paceline-node")
        process.arguments = ["--config", file.path()]
        process.standardError = output
        try process.run()
        let end = Date().addingTimeInterval(30)
        while ask(admin, "GET /readyz")?.status != 200 {
            guard Date() < end, process.isRunning else {
                throw PostgresServerFailure(description: "the node does not serve: \(self.log)")
            }
            usleep(20_000)
        }
    }

    deinit { kill(SIGKILL) }

    /// With one campaign only, whose budgets have no days, so that there is one account to look at.
    private static func copyCatalog(to folder: URL, _ flight: Flight?) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let from = examples.appending(path: "catalog")
        for file in try FileManager.default.contentsOfDirectory(atPath: from.path()) {
            var text = try String(contentsOf: from.appending(path: file), encoding: .utf8)
                .replacing("\"start\": \"2026-", with: "\"start\": \"2000-")
                .replacing("\"end\": \"20", with: "\"end\": \"21")
                .replacing(#/ *"dailyBudget": [0-9.]+,\n/#, with: "")
                .replacing(#/ *"pacing": "[a-z]+",\n/#, with: "")
                .replacing("\"lifetimeBudget\"", with: "\"pacing\": \"asap\", \"lifetimeBudget\"")
            if let flight {
                if file == "line-items.json" { text.replace(#/ *"flight": {[^}]*},?\n/#, with: "") }
                text.replace(
                    #/("id": "northwind-winter".*?"flight": ){[^}]*}(.*?)"asap"/#.dotMatchesNewlines(),
                    maxReplacements: 1
                ) { "\($0.1)\(flight.text)\($0.2)\"even\"" }
                // What may be spent before there is a plan is a part of what the catalog says.
                text.replace(#/"lifetimeBudget": 300000000/#, with: "\"lifetimeBudget\": \(flight.budget)")
            }
            try Data(text.utf8).write(to: folder.appending(path: file))
        }
    }

    /// How often another session has followed one in this node.
    var sessions: Int { log.components(separatedBy: "another session with the issuer has begun").count - 1 }

    var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

    struct Flight {
        let start: Date
        let seconds: Double
        let budget: Int

        var text: String {
            let (from, to) = (start.formatted(.iso8601), (start + seconds).formatted(.iso8601))
            return "{\"start\": \"\(from)\", \"end\": \"\(to)\"}"
        }
    }

    /// One ad: what it was promised to cost at most, in micros, and where its bill goes.
    struct Ad {
        let campaign: String
        var price: Int64
        var bill: String
        /// The decision that it is of.
        let decision: String
    }

    /// Another viewer each time: caps are not what is tried here.
    func bid() throws -> [Ad] {
        let number = UInt32.random(in: 0...UInt32.max)
        let request = try String(contentsOf: Self.examples.appending(path: "ctv-pod.json"), encoding: .utf8)
            .replacing("viewer-1", with: "viewer-\(number)")
            .replacing("6f1c2d54-77f4", with: String(number, radix: 16) + "-77f4")
            .replacing("192.0.2.17", with: "192.0.2.\(number % 250)")
        guard
            let answer = ask(
                port, "POST /openrtb2/bid", request, headers: ["content-type: application/json"]),
            answer.status == 200
        else { return [] }
        var ads: [Ad] = []
        for seat in answer.json["seatbid"] as? [[String: Any]] ?? [] {
            for bid in seat["bid"] as? [[String: Any]] ?? [] {
                let price = bid["price"] as? Double ?? .nan
                let address = bid["burl"] as? String ?? ""
                let path = address.replacing("http://notices.test", with: "")
                    .replacing("${AUCTION_PRICE}", with: "\(price)")
                ads.append(
                    Ad(
                        campaign: bid["cid"] as? String ?? "",
                        price: Int64((price * 1_000).rounded(.up)), bill: path,
                        decision: answer.json["bidid"] as? String ?? ""))
            }
        }
        return ads
    }

    /// True where the node says that the bill is on its disk.
    func bill(_ ad: Ad) -> Bool { ask(port, "GET \(ad.bill)")?.status == 204 }

    /// What the node says of a campaign's pacing.
    func pacing(_ campaign: String) -> (share: Double, isPlanned: Bool)? {
        let one = ask(admin, "GET /v1/pacing")?.body.split(separator: "{\"campaign\":\"")
            .first { $0.hasPrefix("\(campaign)\"") }
        guard let one, let share = one.firstMatch(of: /"share":([0-9.e-]+)/).flatMap({ Double($0.output.1) })
        else { return nil }
        return (share, !one.contains("\"behind\":null"))
    }

    /// Why a decision came out as it did, with every line item.
    func explanation(_ ad: Ad) -> String { ask(admin, "GET /explain?id=\(ad.decision)")?.body ?? "" }

    /// What the node says is wrong with a campaign's money: nil where there is no such campaign, "" for nothing. The answer
    /// comes in chunks, so that it is no JSON as it is.
    func trouble(_ campaign: String) -> String? {
        let one = ask(admin, "GET /v1/budgets")?.body.split(separator: "{\"campaign\":\"")
            .first { $0.hasPrefix("\(campaign)\"") }
        return one.map { $0.firstMatch(of: /"trouble":"([A-Za-z]+)"/).map { String($0.output.1) } ?? "" }
    }
}
