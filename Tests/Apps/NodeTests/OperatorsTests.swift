// The operators' thread: apart from those that serve requests, and watched as they are.
import Commands
import Foundation
import Kernel
import Testing
import Units

@testable import paceline_node

@Suite struct OperatorsTests {
    /// By the kernel's account of each thread.
    @Test(arguments: drivers)
    func scrapesTakeNoTimeOfShards(_ driver: String) async throws {
        try await withNode(Plan(reactor: driver, shards: 2)) { node in
            let before = try processorTimes(of: node)
            for _ in 0..<40 { #expect(try await Wire.get("/metrics", port: node.admin)?.status == 200) }
            let took = try processorTimes(of: node).merging(before, uniquingKeysWith: -)
            let operators = try #require(took["operators"], "\(took)")
            let shards = try #require(took["shard-0"]) + #require(took["shard-1"])
            #expect(operators > 0 && shards < operators / 4, "nanoseconds: \(took)")
        }
    }

    /// Nanoseconds that each thread of the node has run.
    private func processorTimes(of node: RunningNode) throws -> [String: Int] {
        let tasks = "/proc/\(try #require(node.running.pid))/task"
        var times: [String: Int] = [:]
        for task in try FileManager.default.contentsOfDirectory(atPath: tasks) {
            let name = try String(contentsOfFile: "\(tasks)/\(task)/comm", encoding: .utf8).dropLast()
            let account = try String(contentsOfFile: "\(tasks)/\(task)/schedstat", encoding: .utf8)
            times[String(name), default: 0] += try #require(
                account.split(separator: " ").first.flatMap { Int($0) })
        }
        return times
    }

    @Test func whoStandsStillIsNamed() throws {
        let folder = try Folder()
        try folder.write(Plan().settings(ports: FreePorts.take(2), in: folder), to: "node.json")
        let context = try NodeContext(
            settings: SettingsFile.node(folder.path("node.json")), version: "tested")
        let threads = try ServingThreads(shards: 1, context)
        let limit = Interval.milliseconds(20)
        for thread in [threads.operators, threads.shards[0]] {
            let gate = DispatchSemaphore(value: 0)
            thread.post { _ in gate.wait() }
            var standing: Role?
            for _ in 0..<500 where standing == nil {
                usleep(2_000)
                standing = threads.standingStill(for: limit)
            }
            #expect(standing == thread.role)
            gate.signal()
            for _ in 0..<500 where standing != nil {
                usleep(2_000)
                standing = threads.standingStill(for: limit)
            }
            #expect(standing == nil)
        }
        #expect(threads.drain(within: .seconds(1)) == 0)
    }
}
