// Bills on the real program: what was answered with 204 is on the disk, on whichever shard it came, and a node that is
// killed has forgotten none of it.
import Foundation
import HTTP
import Testing

@testable import paceline_node

@Suite struct BillTests {
    /// The journal brings nothing to the disk by itself for as long as the test runs.
    private func plan(_ driver: String = "auto", shards: Int = 1, flush: Int = 10_000) -> Plan {
        Plan(
            reactor: driver, shards: shards, catalog: "catalog", notices: "http://notices.test",
            accessOneIn: 0,
            flushMilliseconds: flush)
    }

    private func catalog() throws -> Folder {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        return folder
    }

    /// The paths of bills for what is bid to so many requests.
    private func bills(_ node: RunningNode, requests: Int) async throws -> [String] {
        var paths: [String] = []
        for _ in 0..<requests {
            let viewer = UInt32.random(in: 0...UInt32.max)
            let body = try Demo.request().replacing("viewer-1", with: "viewer-\(viewer)")
                .replacing("192.0.2.17", with: "192.0.2.\(viewer % 250)")
            let text = try #require(try await node.bid(body)).body.replacing("\\/", with: "/")
            for match in text.matches(of: /http:\/\/notices\.test(\/e\/bill\?t=[A-Za-z0-9_-]{128})/) {
                let path = String(match.output.1) + "&p=0.5"
                if !paths.contains(path) { paths.append(path) }
            }
        }
        try #require(!paths.isEmpty)
        return paths
    }

    private func commits(_ node: RunningNode) async throws -> Double {
        try await node.metric("paceline_journal_commit_seconds_count")
    }

    @Test(arguments: drivers)
    func aBillIsTakenWhenItIsOnTheDisk(_ driver: String) async throws {
        try await withNode(plan(driver), in: catalog()) { node in
            let bills = try await bills(node, requests: 3)
            for bill in bills {
                let before = try await commits(node)
                #expect(try await Wire.get(bill, port: node.port)?.status == 204)
                #expect(try await commits(node) > before, "told before anything was on the disk")
            }
            // One that is known and on the disk waits for nothing.
            let before = try await commits(node)
            #expect(try await Wire.get(bills[0], port: node.port)?.status == 204)
            #expect(try await commits(node) == before)
            let duplicates = "paceline_notices_total{event=\"bill\",outcome=\"duplicate\"}"
            #expect(try await node.metric(duplicates) == 1)
        }
    }

    /// One after the other on a connection: in their order, with what stands between them.
    @Test func billsInAPipelineAreAnsweredInOrder() async throws {
        try await withNode(plan(), in: catalog()) { node in
            let bills = try await bills(node, requests: 3)
            let wire = try Wire(node.port)
            for bill in bills {
                wire.send("GET \(bill) HTTP/1.1\r\nhost: a\r\n\r\nGET /v1/node HTTP/1.1\r\nhost: a\r\n\r\n")
            }
            for bill in bills {
                #expect(try await wire.answer()?.status == 204, "\(bill)")
                #expect(try await wire.answer()?.body.contains("\"tested\"") == true)
            }
        }
    }

    @Test(arguments: [1, 2])
    func aKilledNodeForgetsNoBillThatItTook(_ shards: Int) async throws {
        let folder = try catalog()
        var taken: [String] = []
        // Killed later and later, until a disk that is slow at the moment has had some of them.
        for start in 0..<6 where start < 3 || taken.isEmpty {
            let node = try await RunningNode.start(plan(shards: shards), in: folder)
            let bills = try await bills(node, requests: 12)
            taken += try await withThrowingTaskGroup(of: [String].self) { group in
                for part in 0..<4 {
                    group.addTask {
                        var taken: [String] = []
                        for (index, bill) in bills.enumerated() where index % 4 == part {
                            guard let answer = try? await Wire.get(bill, port: node.port) else { break }
                            if answer.status == 204 { taken.append(bill) }
                        }
                        return taken
                    }
                }
                try await Task.sleep(for: .milliseconds([2, 8, 25, 100, 400, 1_600][start]))
                await node.stop()
                var all: [String] = []
                for try await some in group { all += some }
                return all
            }
        }
        try #require(!taken.isEmpty)
        let node = try await RunningNode.start(plan(shards: shards), in: folder)
        for bill in taken { #expect(try await Wire.get(bill, port: node.port)?.status == 204) }
        func told(_ outcome: String) async throws -> Int {
            Int(try await node.metric("paceline_notices_total{event=\"bill\",outcome=\"\(outcome)\"}"))
        }
        let (again, new) = (try await told("duplicate"), try await told("counted"))
        #expect(again == taken.count && new == 0, "\(taken.count) were taken, \(new) of them unknown now")
        await node.stop()
    }

    /// With one key for both a token says nothing of whose ad it is: a node that has not set the money aside does not take its bill,
    /// and who bills tells it again, where it can be paid.
    @Test(arguments: [1, 2]) func aBillOfAnothersAdIsNotTaken(_ shards: Int) async throws {
        let (one, other) = (try catalog(), try catalog())
        try await withNode(plan(shards: shards), in: one) { node in
            let bills = try await bills(node, requests: 2)
            try FileManager.default.copyItem(
                atPath: one.path("notice-keys"), toPath: other.path("notice-keys"))
            let second = try await RunningNode.start(plan(shards: shards), in: other)
            for bill in bills { #expect(try await Wire.get(bill, port: second.port)?.status == 503) }
            let refused = "paceline_notices_total{event=\"bill\",outcome=\"elsewhere\"}"
            #expect(try await second.metric(refused) == Double(bills.count))
            let taken = "paceline_notices_total{event=\"bill\",outcome=\"counted\"}"
            #expect(try await second.metric(taken) == 0)
            await second.stop()
            for bill in bills { #expect(try await Wire.get(bill, port: node.port)?.status == 204) }
        }
    }

    @Test func theyAreToldInTheOrderOfTheirRecords() {
        var held = HeldBills()
        let place = BillAnswer(shard: 0, place: .nobody, isPicture: false)
        for round in 0..<3 {
            var taken = 0
            while held.hold(place, until: UInt64(round * HeldBills.most + taken)) { taken += 1 }
            #expect(taken == HeldBills.most)
            let last = UInt64((round + 1) * HeldBills.most - 1)
            var told = 0
            while held.take(upTo: last - 1) != nil { told += 1 }
            #expect(told == HeldBills.most - 1 && held.count == 1)
            let (one, none) = (held.take(upTo: last), held.take(upTo: .max))
            #expect(one != nil && none == nil)
        }
    }
}
