// Decisions of a running node, made again by the operator's command: after a change of the catalog, after a kill, from
// disk alone.
import Foundation
import Glibc
import Testing

@Suite struct ReplayTests {
    /// Requests that end in many ways.
    private static func requests() throws -> [String] {
        let request = try Demo.request()
        let changes = [
            ("\"bidfloor\": 12", "\"bidfloor\": 30"), ("\"bidfloor\": 12", "\"bidfloor\": 900"),
            ("\"tmax\": 250", "\"tmax\": 0"), ("\"poddur\": 90", "\"poddur\": 30"),
            ("casino", "auroramotors"),
            ("\"coppa\": 0", "\"coppa\": 1"), ("\"gdpr\": 0", "\"gdpr\": 1"), ("[\"USD\"]", "[\"XTS\"]"),
            ("\"utcoffset\": -300", "\"utcoffset\": 300"), ("streamfront-winter-pg", "nobodys-deal"),
        ]
        return [request]
            + changes.map { old, new in
                precondition(request.contains(old), "the sample has no \(old)")
                return request.replacingOccurrences(of: old, with: new)
            }
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    private func bids(_ answer: Answer) throws -> [[String: Any]] {
        let seats = try object(answer.body)["seatbid"] as? [[String: Any]]
        return seats?.first?["bid"] as? [[String: Any]] ?? []
    }

    @Test func everyDecisionIsMadeAgain() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let requests = try Self.requests()
        var sent = 0
        var ids: [String] = []
        try await Places.shared.take()
        let node = try await RunningNode.start(
            Plan(shards: 2, catalog: "catalog", notices: "http://notices.test", accessOneIn: 0), in: folder,
            seconds: 300)
        // Each viewer asks twice, so that caps hold for some and not for others.
        func of(_ viewer: Int, _ request: String) -> String {
            request.replacingOccurrences(of: "6f1c2d54-77f4", with: "6f1c2d54-\(1_000 + viewer)")
                .replacingOccurrences(of: "192.0.2.17", with: "192.0.2.\(viewer % 250 + 1)")
        }
        func ask(_ rounds: Int) async throws {
            for number in 0..<rounds * requests.count {
                let request = of(sent / 2, requests[number % requests.count])
                let answer = try #require(try await node.bid(request))
                ids.append(try #require(answer.header("paceline-decision")))
                sent += 1
            }
        }
        try await ask(3)
        let first = try #require(try await node.catalogVersion())
        try Demo.edit(folder, "line-items.json", "\"bid\": 42", "\"bid\": 27")
        try await until("the change is served") { try await node.catalogVersion() != first }
        try await ask(3)
        let last = try #require(try await node.bid(of(sent, Demo.request())))
        sent += 1
        // What an operator asks of the node while it serves.
        let bid = try #require(try bids(last).first?["id"] as? String)
        try await node.hasWritten()
        // Reading segments takes a debug build a while.
        let wire = try Wire(node.admin)
        wire.send("GET /explain?id=\(bid) HTTP/1.1\r\nhost: localhost\r\n\r\n")
        // One decision is looked for at a time, and that takes longer than another one needs to ask.
        let second = try #require(try await Wire.get("/explain?id=\(bid)", port: node.admin))
        #expect(second.status == 503 && second.header("retry-after") == "1", "\(second)")
        #expect(second.body.contains("one at a time"))
        let told = try #require(try await wire.answer(within: .seconds(90)))
        #expect(told.status == 200, "\(told)")
        let said = try object(told.body)
        #expect(
            said["same"] as? Bool == true && said["decision"] as? String == last.header("paceline-decision"))
        #expect(try await Wire.get("/explain?id=0000000000000001", port: node.admin)?.status == 404)
        #expect(try await Wire.get("/explain?id=x", port: node.admin)?.status == 400)
        node.running.signal(SIGKILL)
        _ = await node.running.end()
        await Places.shared.give()

        let verified = try await folder.run("paceline journal verify journal", seconds: 120)
        #expect(verified.status == 0, "\(verified)")
        for kernels in ["best", "portable"] {
            let replayed = try await folder.run(
                "paceline replay journal --catalogs state --kernels \(kernels) --json", seconds: 120)
            let tally = try object(replayed.output)
            #expect(replayed.status == 0, "\(replayed)")
            #expect(tally["decisions"] as? Int == sent && tally["same"] as? Int == sent, "\(replayed)")
        }
        for id in ids.indices.filter({ $0 % 13 == 0 }).map({ ids[$0] }) {
            let explained = try await folder.run(
                "paceline explain \(id) --journal journal --catalogs state --json", seconds: 120)
            #expect(explained.status == 0, "\(explained)")
            let tree = try object(explained.output)
            #expect(tree["same"] as? Bool == true && tree["decision"] as? String == id)
            let way = try #require(tree["explanation"] as? [String: Any])
            let funnel = try #require(way["funnel"] as? [[String: Any]])
            #expect(funnel.reduce(0) { $0 + ($1["lineItems"] as? Int ?? 0) } == way["lineItems"] as? Int)
        }
        // With a line item that pays less than its deal asks, at any hour of the day.
        try Demo.edit(folder, "line-items.json", "\"bid\": 27", "\"bid\": 42")
        try Demo.edit(folder, "line-items.json", "\"bid\": 35", "\"bid\": 30")
        let changed = try await folder.run(
            "paceline replay journal --catalogs state --catalog catalog --json", seconds: 120)
        let changes = try #require(try object(changed.output)["changes"] as? [String: Any], "\(changed)")
        #expect(changed.status == 0 && (changes["changed"] as? Int ?? 0) > 0, "\(changed)")
        try Demo.edit(folder, "line-items.json", "\"bid\": 30", "\"bid\": 35")

        // What is missing is said, and is no success.
        let lost = try await folder.run(
            "rm state/snapshots/\(first).snapshot; paceline replay journal --catalogs state", seconds: 120)
        #expect(lost.status == 1 && lost.output.contains("MISSING: catalog \(first)"), "\(lost)")
        // A decision that another catalog made under its name is found out.
        let other = try await folder.run(
            "paceline catalog compile catalog --output state/snapshots/\(first).snapshot; "
                + "paceline replay journal --catalogs state", seconds: 120)
        #expect(other.status == 0 && other.output.contains(" 0 different; 0 not replayed"), "\(other)")
    }

    @Test func withoutRequestsTheWayIsStillCounted() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(
            Plan(catalog: "catalog", accessOneIn: 0, requestOneIn: 0), in: folder
        ) { node in
            let answer = try #require(try await node.bid(Demo.request()))
            let id = try #require(answer.header("paceline-decision"))
            try await node.hasWritten()
            let replayed = try await folder.run("paceline replay journal --catalogs state", seconds: 120)
            // Nothing was replayed: that is neither a success nor a difference.
            #expect(replayed.status == 3, "\(replayed)")
            #expect(replayed.output.contains("1 decisions: 0 replayed, 0 equal, 0 different; 1 not replayed"))
            #expect(replayed.output.contains("1 not replayed: its request was not one of the sample"))
            let explained = try await folder.run(
                "paceline explain \(id) --journal journal --catalogs state", seconds: 120)
            #expect(explained.status == 0 && explained.output.contains("10  line items"), "\(explained)")
            #expect(explained.output.contains("not made again"), "\(explained)")
        }
    }
}
