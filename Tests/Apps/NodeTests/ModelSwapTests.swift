// A node that is killed while packages of models are swapped under it: what serves afterwards is always one of them,
// whole, and everything that was decided is made again.
import Foundation
import Glibc
import Testing
import Units

@Suite struct ModelSwapTests {
    private static let rounds = ProcessInfo.processInfo.environment["PACELINE_LONG"] == nil ? 10 : 100

    /// A sealed package in a folder of its own, and what a node that serves it shows as its checksum.
    private func package(_ name: String, leaf: String, in folder: Folder) async throws -> Double {
        try FileManager.default.copyItem(
            at: folder.url.appending(path: "models"), to: folder.url.appending(path: name))
        let text = folder.read("\(name)/completion.txt")
        try #require(text.contains("leaf_value=1.9"))
        try folder.write(
            text.replacingOccurrences(of: "leaf_value=1.9", with: "leaf_value=\(leaf)"),
            to: "\(name)/completion.txt")
        let packed = try await folder.run("paceline model pack \(name)")
        #expect(packed.status == 0, "\(packed)")
        let checked = try await folder.run("paceline model check --json \(name)")
        let version = try #require(checked.output.firstMatch(of: /"version": "([0-9a-f]{8})/)).output.1
        return Double(try #require(UInt32(version, radix: 16)))
    }

    @Test func aKillLeavesTheLastGood() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        let names = ["early", "late"]
        let sums = try await [
            package(names[0], leaf: "1.8", in: folder), package(names[1], leaf: "2.0", in: folder),
        ]
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path(names[0])).sorted()
        let changed = try #require(files.firstIndex(of: "completion.txt"))
        /// As a person would copy them, one after the other, each in two pieces; the list among the others.
        func copy(_ name: String, upTo most: Int, telling node: RunningNode?) async throws {
            for file in files.prefix(most) {
                let whole = folder.read("\(name)/\(file)")
                for piece in [String(whole.prefix(whole.count / 2)), whole] {
                    try folder.write(piece, to: "models/\(file)")
                    node?.running.signal(SIGHUP)
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
        }
        try await copy(names[0], upTo: files.count, telling: nil)
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        let plan = Plan(catalog: "catalog", models: "models", accessOneIn: 0)
        try await Places.shared.take()
        defer { Task { await Places.shared.give() } }
        var node = try await RunningNode.start(plan, in: folder, seconds: 300)
        var served = sums[0]
        var households = 0
        var seen: Set<Double> = []
        for round in 0..<Self.rounds {
            let next = (round + 1) % 2
            // In one round of three the copy is cut off by the same blow.
            let most = round % 3 == 2 ? Int(random.next() % UInt64(files.count)) : files.count
            try await copy(names[next], upTo: most, telling: node)
            if round % 2 == 0 { _ = try await node.bid(Demo.request(household: households)) }
            households += 1
            // While the node is still at it, or has just taken them.
            let delay = Int(random.next() % 80)
            try await Task.sleep(for: .milliseconds(delay))
            node.running.signal(SIGKILL)
            _ = await node.running.end()
            node = try await RunningNode.start(plan, in: folder, seconds: 300)
            let now = try await node.metric("paceline_model_checksum")
            let place =
                "seed \(seed), round \(round), \(most) of \(files.count) files, killed after \(delay) ms"
            // Half a package is none: what served before does so again.
            #expect(now == (most == files.count ? sums[next] : served), "\(place)")
            let isBroken = most > changed && most < files.count
            #expect(try await node.metric("paceline_model_refused") == (isBroken ? 1 : 0), "\(place)")
            served = now
            seen.insert(now)
            #expect(try await node.bid(Demo.request(household: households))?.status == 200, "\(place)")
            households += 1
        }
        node.running.signal(SIGTERM)
        _ = await node.running.end()
        #expect(seen.count == 2, "the packages took turns")
        let replayed = try await folder.run("paceline replay journal --catalogs state", seconds: 120)
        #expect(replayed.status == 0 && replayed.output.contains(" 0 different"), "\(replayed)")
    }
}
