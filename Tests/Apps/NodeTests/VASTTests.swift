// `GET /vast` on a running node: documents for players, empty ones, refusals.
import Foundation
import Testing

@Suite struct VASTTests {
    private static let pod =
        "pub=streamfront&pod=90&ads=6&country=USA&metro=501&zip=10001&devicetype=3&genre=sports&live=1"

    @Test(arguments: drivers)
    func answersPlayers(_ driver: String) async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(Plan(reactor: driver, catalog: "catalog"), in: folder) { node in
            func get(_ query: String) async throws -> Answer {
                try #require(try await Wire.get("/vast?\(query)", port: node.port))
            }
            let pod = try await get(VASTTests.pod)
            #expect(pod.status == 200 && pod.header("content-type") == "application/xml; charset=utf-8")
            #expect(
                pod.header("access-control-allow-origin") == "*" && pod.header("cache-control") == "no-store")
            #expect(pod.body.contains("<VAST version=\"4.2\"") && pod.body.contains("<Ad "), "\(pod)")
            let older = try await get("\(VASTTests.pod)&vast=3&cb=%%CACHEBUSTER%%")
            #expect(older.body.contains("<VAST version=\"3.0\"") && older.body.contains("<Ad "), "\(older)")
            for (version, query) in [("4.2", ""), ("3.0", "&vast=3")] {
                let empty = try await get("country=USA&floor=9000&cur=USD\(query)")
                #expect(empty.status == 200 && empty.header("paceline-no-bid") == "below_floor", "\(empty)")
                #expect(empty.body.contains("<VAST version=\"\(version)\"") && !empty.body.contains("<Ad"))
                try folder.write(empty.body, to: "empty.xml")
                #expect(try await folder.run("paceline vast check empty.xml").status == 0)
            }
            for (name, document) in [("pod", pod), ("older", older)] {
                try folder.write(document.body, to: "\(name).xml")
                let checked = try await folder.run("paceline vast check \(name).xml")
                #expect(checked.status == 0, "\(checked)")
            }
            #expect(try await node.metric("paceline_decisions_total{result=\"bid\",reason=\"\"}") == 2)
        }
    }

    @Test(arguments: [
        ("width=3", "", "the parameter"), ("pod=break", "pod", "\"break\""), ("pod=900000", "pod", "900000"),
        ("dur=15&maxdur=30", "", "rqddurs together with"), ("title=%zz", "title", "a % without"),
    ])
    func refusesWithThePlace(_ query: String, _ parameter: String, _ found: String) async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(Plan(catalog: "catalog"), in: folder) { node in
            let answer = try #require(try await Wire.get("/vast?\(query)", port: node.port))
            #expect(answer.status == 400)
            let said = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: String])
            #expect(said["parameter"] == parameter && said["found"]?.contains(found) == true, "\(said)")
            #expect(try await node.metric("paceline_decisions_total{result=\"refused\",reason=\"\"}") == 1)
        }
    }
}
