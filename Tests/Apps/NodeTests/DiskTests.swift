// A node and its disk: one that is full stops no decision and loses no money, and what the ledger knows is kept near the
// journals' ends while the node runs.
import Foundation
import Glibc
import Testing

/// A file system of some megabytes in memory, where this process may make one.
private enum SmallDisk {
    static let isThere: Bool = {
        guard geteuid() == 0, let folder = try? Folder() else { return false }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "mount -t tmpfs -o size=1m none '\(folder.url.path())' && umount '\(folder.url.path())'",
        ]
        (process.standardOutput, process.standardError) = (nil, nil)
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Runs a test whose folder `journal` lies on such a disk.
    static func with(_ megabytes: Int, in folder: Folder, _ body: () async throws -> Void) async throws {
        let mounted = try await folder.run(
            "mkdir -p journal && mount -t tmpfs -o size=\(megabytes)m none journal")
        try #require(mounted.status == 0, "\(mounted.errors)")
        do { try await body() } catch {
            _ = try await folder.run("umount -l journal")
            throw error
        }
        _ = try await folder.run("umount -l journal")
    }
}

@Suite struct DiskTests {
    /// Another viewer each time, so that caps do not hold.
    private func request() throws -> String {
        let number = UInt32.random(in: 0...UInt32.max)
        return try Demo.request().replacing("viewer-1", with: "viewer-\(number)")
            .replacing("6f1c2d54-77f4", with: String(number, radix: 16, uppercase: false) + "-77f4")
            .replacing("192.0.2.17", with: "10.\(number % 250).\(number / 250 % 250).1")
    }

    private func lost(_ node: RunningNode) async throws -> Double {
        try await node.metrics().filter { $0.key.hasPrefix("paceline_journal_lost_total") }.values.reduce(
            0, +)
    }

    @Test(.enabled(if: SmallDisk.isThere, "only root can mount a small disk, where the kernel lets it"))
    func aFullDiskStopsNoDecision() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await SmallDisk.with(48, in: folder) {
            // Segments end after a second, so that the next one's space is soon wanted.
            let plan = Plan(catalog: "catalog", notices: "http://notices.test", segmentSeconds: 1)
            try await withNode(plan, in: folder) { node in
                let bid = try #require(try await node.bid(request()))
                #expect(bid.status == 200)
                let notice = /http:\/\/notices\.test(\/e\/bill\?t=[A-Za-z0-9_-]{128})/
                let bill = try #require(bid.body.replacing("\\/", with: "/").firstMatch(of: notice))
                let path = "\(bill.output.1)&p=0.5"
                var words: Set<String> = []
                try await until("the node says that its disk is full", within: .seconds(40)) {
                    // Whatever a segment that ended gives back is taken too.
                    _ = try await folder.run(
                        "dd if=/dev/zero of=journal/filler bs=64k oflag=append conv=notrunc")
                    let answer = try #require(try await node.bid(request()))
                    #expect(answer.status == 200 || answer.status == 204, "\(answer)")
                    if let word = answer.header("paceline-no-bid") { words.insert(word) }
                    let ready = try #require(try await Wire.get("/readyz", port: node.admin))
                    guard ready.status == 503, ready.body.contains("journal") else { return false }
                    return try await lost(node) > 0
                }
                // What cannot be written down is not spent, and the answer says so.
                try await until("bids stop", within: .seconds(20)) {
                    let answer = try #require(try await node.bid(request()))
                    if let word = answer.header("paceline-no-bid") { words.insert(word) }
                    return answer.status == 204
                }
                // Nor is a bill taken that a crash would forget: who bills is to bill again.
                let refused = try #require(try await Wire.get(path, port: node.port))
                #expect(refused.status == 503 && refused.header("retry-after") == "1", "\(refused)")
                #expect(words.isSubset(of: ["no_money_yet", "no_budget", "below_floor"]), "\(words)")
                #expect(try await Wire.get("/healthz", port: node.admin)?.status == 200)
                _ = try await folder.run("rm journal/filler")
                try await until("the node is ready again", within: .seconds(40)) {
                    try await Wire.get("/readyz", port: node.admin)?.status == 200
                }
                try await until("it bids again", within: .seconds(40)) {
                    try await node.bid(request())?.status == 200
                }
                try await until("the bill is taken", within: .seconds(40)) {
                    try await Wire.get(path, port: node.port)?.status == 204
                }
            }
        }
    }

    /// The thread that keeps the balances: what a segment that ended says of money is in them some seconds later, and
    /// a node that is killed knows it from there.
    @Test func balancesAreKeptWhileANodeRuns() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let plan = Plan(catalog: "catalog", notices: "http://notices.test", segmentSeconds: 1)
        func settled(_ node: RunningNode) async throws -> Double {
            try await node.metric("paceline_budget_units{place=\"settled\",currency=\"USD\"}")
        }
        let first = try await RunningNode.start(plan, in: folder)
        let atStart = try Data(contentsOf: URL(filePath: folder.path("journal/balances")))
        let answer = try #require(try await first.bid(request())).body.replacing("\\/", with: "/")
        let bill = try #require(answer.firstMatch(of: /\/e\/bill\?t=[A-Za-z0-9_-]{128}/))
        let told = try #require(try await Wire.get("\(bill.output)&p=11.5", port: first.port))
        #expect(told.status == 204)
        try await until("it is settled") { try await settled(first) > 0 }
        let paid = try await settled(first)
        // Each further request ends a segment, as every one is a second old.
        try await until("the balances are written", within: .seconds(40)) {
            _ = try await first.bid(request())
            try await Task.sleep(for: .milliseconds(300))
            let now = try Data(contentsOf: URL(filePath: folder.path("journal/balances")))
            let before = folder.path("journal/balances.before")
            return now != atStart && FileManager.default.fileExists(atPath: before)
        }
        await first.stop()
        // A start goes on from them.
        let next = try await RunningNode.start(plan, in: folder)
        #expect(try await settled(next) == paid)
        await next.stop()
    }
}
