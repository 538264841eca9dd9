// The roster of a running fleet: what is read of it, and what is refused.
import Documents
import Fleet
import Testing

@Suite struct RosterTests {
    private func roster(_ members: String) throws(DocumentRefused) -> Roster {
        try Roster(reading: Array("{\"members\": [\(members)]}".utf8))
    }

    @Test func readsAFleetInItsOrder() throws {
        let found = try roster(
            """
            {"role": "coordinator", "name": "c1", "admin": "http://127.0.0.1:9900"},
            {"role": "node", "name": "n1", "region": "west", "admin": "https://[::1]:1", "serves": "http://n1.example:8080"},
            {"role": "broker", "name": "b1", "region": "east", "admin": "http://b1:7"},
            {"role": "node", "name": "n2", "region": "west", "admin": "http://127.0.0.1:2"}
            """)
        #expect(found.members.map(\.name) == ["c1", "n1", "b1", "n2"])
        #expect(found.members.map(\.role) == [.coordinator, .node, .broker, .node])
        #expect(found.regions == ["west", "east"])
        #expect(found.members[1].serves == "http://n1.example:8080" && found.members[3].serves == nil)
    }

    @Test(arguments: [
        ("", "members"),
        (
            "{\"role\": \"nod\", \"name\": \"n\", \"region\": \"w\", \"admin\": \"http://a:1\"}",
            "members[0].role"
        ),
        (
            "{\"role\": \"node\", \"name\": \"n\", \"region\": \"w\", \"admin\": \"ftp://a:1\"}",
            "members[0].admin"
        ),
        (
            "{\"role\": \"node\", \"name\": \"n\", \"region\": \"w\", \"admin\": \"http://a/b\"}",
            "members[0].admin"
        ),
        ("{\"role\": \"node\", \"name\": \"n\", \"admin\": \"http://a:1\"}", "members[0].region"),
        (
            """
            {"role": "coordinator", "name": "n", "admin": "http://a:1"},
            {"role": "coordinator", "name": "n", "admin": "http://a:2"}
            """, "members[1].name"
        ),
    ])
    func refusesWithThePlace(_ members: String, _ place: String) {
        #expect {
            _ = try roster(members)
        } throws: { error in
            (error as? DocumentRefused)?.refusals.map(\.path) == [place]
        }
    }
}
