// Caps on a running node: promises within a burst, impressions that another node reported, what is left of them after
// a restart, and a shared store that is not there.
import Decision
import Features
import Foundation
import OpenRTB
import Testing
import Units

@Suite struct FrequencyTests {
    /// A deal that one line item has, with a cap of one by user in these tests.
    private static let deal = "streamfront-winter-pg"
    private static let lineItem = "northwind-guaranteed"
    private static let secret = "a secret of thirty-two characters"

    private func folder() throws -> Folder {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try Demo.edit(
            folder, "line-items.json", #"{"by": "user", "impressions": 4, "windowMinutes": 1440}"#,
            #"{"by": "user", "impressions": 1, "windowMinutes": 1440}"#)
        try folder.write(Self.secret, to: "salt")
        return folder
    }

    private func plan(_ folder: Folder, _ frequency: [String: Any], journal: Bool = false) throws -> Plan {
        var all = frequency
        all["saltFile"] = folder.path("salt")
        var plan = Plan(catalog: "catalog", accessOneIn: journal ? 0 : nil)
        plan.frequency = String(decoding: try JSONSerialization.data(withJSONObject: all), as: UTF8.self)
        return plan
    }

    private static func request(of viewer: String = "6f1c2d54-77f4-4a35-9d43-7d3f6b8e8a10") throws -> String {
        try Demo.request().replacing("6f1c2d54-77f4-4a35-9d43-7d3f6b8e8a10", with: viewer)
    }

    /// Whether the capped line item is among the answer's ads.
    private func isShown(_ node: RunningNode, to viewer: String? = nil) async throws -> Bool {
        let answer = try await node.bid(viewer.map { try Self.request(of: $0) } ?? Self.request())
        return answer?.body.contains("\"dealid\":\"\(Self.deal)\"") == true
    }

    @Test(arguments: [1, 2])
    func aBurstOfBreaksDoesNotExceedACap(_ shards: Int) async throws {
        let folder = try folder()
        var plan = try plan(folder, ["promiseSeconds": 3])
        plan.shards = shards
        try await withNode(plan, in: folder) { node in
            #expect(try await isShown(node))
            // Each request has a connection of its own, which any shard takes.
            for _ in 0..<20 { #expect(try await !isShown(node)) }
            #expect(try await isShown(node, to: "another-viewer"))
            #expect(try await node.metric("paceline_frequency_promised_total") >= 2)
            // Nobody reported it: the promise is over, and the viewer has seen nothing.
            try await until("it is promised again") { try await isShown(node) }
        }
    }

    @Test(.enabled(if: Folder.has("redis-server") && Folder.has("redis-cli"), "redis-server is not here"))
    func whatAnotherNodeShowedCountsHereAndAfterARestart() async throws {
        let folder = try folder()
        let port = try FreePorts.take(1)[0]
        let server = try folder.start(
            ["redis-server", "--bind", "127.0.0.1", "--port", "\(port)", "--save", "", "--appendonly", "no"],
            seconds: 60, into: "redis")
        defer { server.signal(SIGKILL) }
        let shared: [String: Any] = ["address": "127.0.0.1", "port": Int(port)]
        let node = try await RunningNode.start(plan(folder, ["shared": shared], journal: true), in: folder)
        try await until("the store is in reach") { try await node.metric("paceline_shared_available") == 1 }
        try folder.write(entry(), to: "entry")
        let sent = try await folder.run("redis-cli -p \(port) -x XADD paceline:shown '*' 1 < entry")
        #expect(sent.status == 0, "\(sent.errors)")
        try await until("it is counted") { try await node.metric("paceline_frequency_shown_total") == 1 }
        #expect(try await !isShown(node))
        #expect(try await isShown(node, to: "another-viewer"))
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 0)

        // Without the store what is known is what the journal says.
        let again = try await RunningNode.start(plan(folder, [:], journal: true), in: folder)
        #expect(again.log.contains("the journals of earlier starts were read"), "\(again.log)")
        #expect(try await !isShown(again))
        #expect(try await isShown(again, to: "a-third-viewer"))
        await again.stop()
    }

    @Test func aStoreThatIsNotThereIsSaidAndHoldsNothingUp() async throws {
        let folder = try folder()
        let port = try FreePorts.take(1)[0]
        let shared: [String: Any] = ["address": "127.0.0.1", "port": Int(port)]
        try await withNode(plan(folder, ["shared": shared]), in: folder) { node in
            try await until("it is missed") {
                try await node.metric("paceline_shared_failures_total{reason=\"not_connected\"}") > 1
            }
            let ready = try #require(try await Wire.get("/readyz", port: node.admin))
            #expect(ready.status == 200 && ready.body.contains("counts alone"), "\(ready.body)")
            #expect(try await isShown(node))
            #expect(try await node.metric("paceline_shared_available") == 0)
        }
    }

    /// An impression as another node writes it: see `SharedFrequency`.
    private func entry() throws -> [UInt8] {
        let salt = Array(Self.secret.utf8).reduce(UInt64(Self.secret.utf8.count)) { state, byte in
            var mixer = SplitMix64(state: state ^ UInt64(byte))
            return mixer.next()
        }
        let bytes = Array(try Self.request().utf8)
        var reader = BidRequestReader()
        let user = try ViewerKeys(reader.read(bytes.span.bytes), Permissions(), salt: salt).user
        let item = Array(Self.lineItem.utf8)
        let creative = Array("northwind-beach-30".utf8)
        var entry: [UInt8] = []
        func put<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { entry.append(contentsOf: $0) }
        }
        for word in [77, 1, 1, try #require(user), 0] as [UInt64] { put(word) }
        put(EntityNumber(.lineItem, id: item.span.bytes).rawValue)
        put(EntityNumber(.creative, id: creative.span.bytes).rawValue)
        put(UInt32(0))
        put(UInt32(Date().timeIntervalSince1970))
        put(UInt64(0))
        return entry
    }
}
