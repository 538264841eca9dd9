// The example is accepted, and each single mistake in it is refused at its place, with what to write instead.
import Documents
import Fleet
import Foundation
import Testing

private let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
private let example = String(
    decoding: (try? Data(contentsOf: repository.appending(path: "nixos/fleet.json"))) ?? Data(), as: UTF8.self
)

/// One thing changed in the example: the first time it stands there, or each time.
private struct Mistake: CustomTestStringConvertible, Sendable {
    let old: String
    let new: String
    var everywhere = false
    let path: String
    let says: String

    var testDescription: String { "\(old) → \(new)" }
    var text: String {
        guard !everywhere, let range = example.range(of: old) else {
            return example.replacingOccurrences(of: old, with: new)
        }
        return example.replacingCharacters(in: range, with: new)
    }
}

private let mistakes = [
    Mistake(
        old: "us-east-node-2", new: "us-east-node-1", path: "regions[0].hosts[1].name",
        says: "a name that no other host has"),
    Mistake(
        old: "\"us-central\"", new: "\"us-east\"", path: "regions[1].name",
        says: "a name that no other region has"),
    Mistake(
        old: "\"name\": \"gcp\"", new: "\"name\": \"aws\"", path: "clouds[1].name",
        says: "a name that no other cloud has"),
    Mistake(
        old: "\"cloud\": \"gcp\"", new: "\"cloud\": \"azure\"", path: "regions[1].cloud",
        says: "aws, gcp, colo"),
    Mistake(
        old: "\"environment\": \"production\"", new: "\"environment\": \"staging\"",
        path: "regions[0].environment", says: "allowed production"),
    Mistake(old: "10.11.0.0/16", new: "10.10.0.0/16", path: "regions[1].network", says: "as 10.11.0.0/16"),
    Mistake(
        old: "\"network\": \"10.90.0.0/16\"", new: "\"network\": \"10.0.0.0/8\"", path: "regions[0].network",
        says: "overlaps the mesh's"),
    Mistake(
        old: "10.10.1.11", new: "10.11.1.11", path: "regions[0].hosts[0].address",
        says: "an address of a host in 10.10.0.0/16"),
    Mistake(
        old: "10.10.1.11", new: "10.10.0.0", path: "regions[0].hosts[0].address",
        says: "an address of a host in"),
    Mistake(
        old: "10.10.17.12", new: "10.10.1.11", path: "regions[0].hosts[1].address",
        says: "which is us-east-node-1's"),
    Mistake(
        old: "10.10.17.12", new: "10.10.1.12", path: "regions[0].hosts[1].address",
        says: "that us-east-1b has to itself"),
    Mistake(
        old: "10.10.1.11", new: "10.10.240.11", path: "regions[0].hosts[0].address",
        says: "the last is for balancers"),
    Mistake(
        old: "10.90.0.2\"", new: "10.91.0.2\"", path: "regions[0].hosts[1].mesh", says: "in 10.90.0.0/16"),
    Mistake(
        old: "\"colo\"", new: "\"aws\"", everywhere: true, path: "environments[0]", says: "over three clouds"),
    Mistake(
        old: "\"etcd\"", new: "\"observability\"", path: "environments[0]",
        says: "3 or 5 members over three clouds"),
    Mistake(
        old: "\"coordinator\",", new: "\"broker\",", path: "environments[0]",
        says: "two at least in two clouds"
    ),
    Mistake(
        old: "\"broker\"\n", new: "\"broker\",\n            \"coordinator\"\n",
        path: "regions[0].hosts[3].roles",
        says: "broker and coordinator; allowed one of them"),
    Mistake(old: "\"broker\"\n", new: "\"edge\"\n", path: "regions[0].hosts", says: "two, in two zones"),
    Mistake(
        old: "1000000", new: "2000000", path: "environments[0].peakRequestsPerSecond",
        says: "more cores of nodes outside"),
    Mistake(
        old: "\"network\": \"10.90.0.0/16\"", new: "\"network\": \"10.90.0.1/16\"", path: "mesh.network",
        says: "an IPv4 network of 8 to 30 bits"),
    Mistake(
        old: "\"domain\": \"ads.example.com\"", new: "\"domain\": \"localhost\"", path: "domain",
        says: "a domain in lower case"),
    Mistake(
        old: "\"admin\": 9900", new: "\"admin\": 8080", path: "ports.admin",
        says: "a port of its own"),
    Mistake(old: "\"roles\"", new: "\"rolls\"", path: "regions[0].hosts[0].rolls", says: "roles"),
    Mistake(old: "\"node\"", new: "\"nodes\"", path: "regions[0].hosts[0].roles[0]", says: "\"node\""),
]

@Suite struct FleetFileTests {
    @Test func theExampleIsAccepted() throws {
        let fleet = try FleetFile(reading: Array(example.utf8))
        #expect(fleet.regions.count == 5 && fleet.places.count == 34)
        // Written again it says the same.
        #expect(try FleetFile(reading: Array(fleet.page.utf8)) == fleet)
        // So that a region more is one entry more, and no other line changes.
        #expect(fleet.page == example, "write the example as `paceline fleet add-region` would")
    }

    @Test(arguments: mistakes)
    private func aMistakeIsToldAtItsPlace(_ mistake: Mistake) throws {
        #expect(mistake.text != example, "the example does not say \(mistake.old)")
        let refused = try #require(throws: DocumentRefused.self) {
            try FleetFile(reading: Array(mistake.text.utf8))
        }
        let told = refused.refusals.first { $0.path == mistake.path }
        let all = refused.refusals.map(\.description).joined(separator: "\n")
        let line = try #require(told, "nothing is said of \(mistake.path) but\n\(all)")
        #expect("\(line) \(line.allowed)".contains(mistake.says), "\(line)")
        #expect(line.line > 0)
    }

    @Test func theSchemaInTheRepositoryIsTheOneThatReads() throws {
        let file = repository.appending(path: "nixos/fleet.schema.json")
        #expect(
            String(decoding: try Data(contentsOf: file), as: UTF8.self) == FleetFile.jsonSchema.page + "\n",
            "write it anew: paceline fleet check --schema > nixos/fleet.schema.json")
    }

    @Test func anAddedRegionChangesNothingElse() throws {
        let fleet = try FleetFile(reading: Array(example.utf8))
        let added = try fleet.adding(
            region: "eu-north", cloud: "aws", location: "eu-north-1", like: "us-east",
            zones: ["eu-north-1a", "eu-north-1b", "eu-north-1c"])
        #expect(Array(added.regions.dropLast()) == fleet.regions)
        let region = try #require(added.regions.last)
        // Three nodes, two brokers, two edges; no database, no quorum, nobody who watches.
        #expect(
            region.hosts.map(\.name).sorted() == [
                "eu-north-broker-1", "eu-north-broker-2", "eu-north-edge-1", "eu-north-edge-2",
                "eu-north-node-1",
                "eu-north-node-2", "eu-north-node-3",
            ])
        #expect(region.network.description == "10.15.0.0/16")
        #expect(region.hosts.map(\.zone).allSatisfy { $0.hasPrefix("eu-north-1") })
        #expect(try FleetFile(reading: Array(added.page.utf8)) == added)
    }

    @Test(arguments: [
        ("us-east", "aws", "us-east", "is there"), ("Eu", "aws", "us-east", "a-z"),
        ("x", "azure", "us-east", "aws, gcp, colo"),
        ("x", "aws", "mars", "us-east, us-central"), ("x", "gcp", "us-east", "another kind of cloud"),
        ("x", "colo", "witness", "serve no traffic"),
    ])
    func whatCannotBeAddedIsToldWhy(name: String, cloud: String, like: String, says: String) throws {
        let fleet = try FleetFile(reading: Array(example.utf8))
        let refused = try #require(throws: RegionNotAdded.self) {
            try fleet.adding(region: name, cloud: cloud, location: "somewhere", like: like)
        }
        #expect(refused.description.contains(says), "\(refused)")
    }

    @Test func whatTerraformPutsOutIsTakenIn() throws {
        let fleet = try FleetFile(reading: Array(example.utf8))
        func output(_ region: String, _ host: String) -> [UInt8] {
            let text =
                #"{"other": {"value": 1}, "fleet_state": {"sensitive": false, "value": {"\#(region)": "#
                + #"{"balancer": ["198.51.100.1"], "hosts": {"\#(host)": {"public": "198.51.100.2"}}}}}}"#
            return Array(text.utf8)
        }
        var state = FleetState()
        #expect(
            state.absorb(try FleetState(terraform: output("us-east", "us-east-node-1")), of: fleet).isEmpty)
        #expect(
            state.absorb(try FleetState(terraform: output("eu-west", "eu-west-node-1")), of: fleet).isEmpty)
        #expect(state.regions.count == 2)
        #expect(try FleetState(reading: Array(state.page.utf8)) == state)
        let before = state
        #expect(
            state.absorb(try FleetState(terraform: output("mars", "x")), of: fleet).first?.contains("mars")
                == true)
        let foreign = state.absorb(try FleetState(terraform: output("us-east", "eu-west-node-1")), of: fleet)
        #expect(foreign.first?.contains("us-east does not have") == true && state == before)
        #expect(throws: DocumentRefused.self) { try FleetState(terraform: Array("{}".utf8)) }
    }
}
