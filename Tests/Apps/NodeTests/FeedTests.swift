// Profiles that a shared stream feeds: what is published reaches requests, once, also after a restart, and a server that is
// not there holds nothing up.
import Foundation
import Glibc
import Testing

@Suite struct FeedTests {
    private static let known = #"paceline_model_profiles_total{known="yes"}"#
    private static let applied = #"paceline_profile_changes_total{outcome="applied"}"#

    private func plan(_ port: UInt16) -> Plan {
        var plan = Plan(catalog: "catalog", models: "models", profiles: "profiles", accessOneIn: 0)
        plan.feed = ["address": "127.0.0.1", "port": Int(port)]
        return plan
    }

    private func told(_ count: Int) -> String {
        let now = ISO8601DateFormatter().string(from: Date() - 60)
        return (0..<count).map { _ in
            #"{"at": "\#(now)", "creative": "harvest-bowl-15", "event": "watched", "value": 0.5}"# + "\n"
        }.joined()
    }

    @Test(.enabled(if: Folder.has("redis-server") && Folder.has("redis-cli"), "redis-server is not here"))
    func whatIsPublishedReachesRequests() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        let port = try FreePorts.take(1)[0]
        func serve() throws -> Running {
            try folder.start(
                [
                    "redis-server", "--bind", "127.0.0.1", "--port", "\(port)", "--save", "", "--appendonly",
                    "no",
                ],
                seconds: 120, into: "redis")
        }
        var server = try serve()
        defer { server.signal(SIGKILL) }
        func publish(_ count: Int, _ schema: String = "models/features.json") async throws {
            try folder.write(told(count), to: "told.jsonl")
            let published = try await folder.run(
                "paceline features publish --schema \(schema) --server 127.0.0.1:\(port) told.jsonl")
            #expect(published.output.contains("\(count) changes published; 0 lines refused"), "\(published)")
        }
        func shown() async throws -> String {
            try await folder.run(
                "paceline features show --schema models/features.json --store profiles creative harvest-bowl-15"
            ).output
        }
        try await Places.shared.take()
        defer { Task { await Places.shared.give() } }
        // Some of it was there before the node was.
        try await until("the server answers") {
            try await folder.run("redis-cli -p \(port) PING").output.contains("PONG")
        }
        try await publish(3)
        var node = try await RunningNode.start(plan(port), in: folder, seconds: 120)
        try await until("what was there is taken") { try await node.metric(Self.applied) == 3 }
        #expect(try await node.bid(Demo.request(household: 0))?.status == 200)
        try await until("a request knows it") { try await node.metric(Self.known) >= 1 }
        try await publish(4)
        try await until("what is new is taken") { try await node.metric(Self.applied) == 7 }
        #expect(try await shown().contains("version 7"))
        // Of another schema it means nothing.
        let schema = folder.read("models/features.json").replacingOccurrences(
            of: "\"version\": 1", with: "\"version\": 9")
        try folder.write(schema, to: "other.json")
        try await publish(2, "other.json")
        try await until("it is passed over") {
            try await node.metric(#"paceline_profile_changes_total{outcome="foreign"}"#) == 2
        }
        // What is killed reads on where it stood, and takes nothing twice.
        node.running.signal(SIGKILL)
        _ = await node.running.end()
        try await publish(2)
        node = try await RunningNode.start(plan(port), in: folder, seconds: 120)
        try await until("what came meanwhile is taken") { try await node.metric(Self.applied) == 2 }
        #expect(try await shown().contains("version 9"))
        // Without the server requests are answered as before, and it is said.
        server.signal(SIGKILL)
        _ = await server.end()
        try await until("it is missed") { try await node.metric("paceline_profile_feed_available") == 0 }
        let ready = try #require(try await Wire.get("/readyz", port: node.admin))
        #expect(ready.status == 200 && ready.body.contains("stay as they are"), "\(ready.body)")
        #expect(try await node.bid(Demo.request(household: 1))?.status == 200)
        // One that starts anew counts its entries anew, from a later time.
        server = try serve()
        try await until("it is back") { try await node.metric("paceline_profile_feed_available") == 1 }
        try await publish(1)
        try await until("the feed goes on") { try await node.metric(Self.applied) == 3 }
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 0)
    }

    @Test func aServerThatIsNotThereHoldsNothingUp() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        let port = try FreePorts.take(1)[0]
        try await withNode(plan(port), in: folder) { node in
            #expect(try await node.bid(Demo.request(household: 0))?.status == 200)
            try await until("it is missed") {
                try await node.metric(#"paceline_profile_feed_failures_total{reason="not_connected"}"#) > 1
            }
            let ready = try #require(try await Wire.get("/readyz", port: node.admin))
            #expect(ready.status == 200 && ready.body.contains("stay as they are"), "\(ready.body)")
            // The files are the node's own, and there.
            let imported = try await folder.run(
                "echo '' | paceline features import --schema models/features.json --store profiles -")
            #expect(imported.status == 0)
            try folder.write(told(1), to: "told.jsonl")
            let taken = try await folder.run(
                "paceline features import --schema models/features.json --store profiles told.jsonl")
            #expect(taken.status == 1 && taken.errors.contains("creative.profiles"), "\(taken)")
        }
        let refused = try await folder.run(
            "paceline features publish --schema models/features.json --server 127.0.0.1:\(port) told.jsonl")
        #expect(
            refused.status == 1 && refused.errors.contains("took 0 changes and no more: no connection"),
            "\(refused)")
    }
}
