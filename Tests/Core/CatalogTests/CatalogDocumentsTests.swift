// A catalog as documents: changed thing by thing, it compiles to what its file would, and is refused in a file's words.
import Documents
import Foundation
import Testing

@testable import Catalog

@Suite struct CatalogDocumentsTests {
    private static func tree(_ text: String) throws -> JSONTree { try JSONTree(reading: Array(text.utf8)) }

    private static let file = """
        {"advertisers": [{"id": "a", "name": "A", "domains": ["a.example"]}],
         "campaigns": [{"id": "c", "advertiser": "a", "name": "C", "goal": "cpm", "goalValue": 20, "lifetimeBudget": 9,
           "flight": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}}],
         "creatives": [{"id": "v", "advertiser": "a", "name": "V", "durationMilliseconds": 15000, "audit": "approved",
           "mediaFiles": [{"url": "https://cdn.example/v.mp4", "mime": "video/mp4", "width": 1, "height": 1}]}],
         "lineItems": [{"id": "l", "campaign": "c", "name": "L", "bid": 25, "creatives": ["v"]},
           {"id": "k", "campaign": "c", "name": "K", "paused": true, "creatives": ["v"]}]}
        """

    private static func problems(_ file: JSONTree, _ text: String = "") -> [String] {
        do throws(CatalogProblems) {
            _ = try CatalogDocuments.compile(file, of: Array(text.utf8))
            return []
        } catch {
            return error.all.map {
                "\($0.key.map { "\($0.kind.rawValue) \($0.id)" } ?? "-"): \($0.field): \($0.refusal.found)"
            }
        }
    }

    @Test func theyCompileToWhatTheirFileDoes() throws {
        var reading = CatalogReading()
        reading.add("all.json", Array(Self.file.utf8))
        let bytes = try CatalogCompiler.compile(try reading.finish())
        let documents = CatalogDocuments(try Self.tree(Self.file))
        #expect(try CatalogDocuments.compile(documents.file) == bytes)
        #expect(try CatalogDocuments.compile(try Self.tree(Self.file), of: Array(Self.file.utf8)) == bytes)
    }

    @Test func changesAreWhatIsSaidOtherwise() throws {
        let before = CatalogDocuments(try Self.tree(Self.file))
        var after = before
        // The same in another order of its keys is no change.
        after[CatalogKey(.advertisers, "a")] = try Self.tree(
            #"{"name": "A", "domains": ["a.example"], "id": "a"}"#)
        #expect(after.changes(from: before).isEmpty)
        after[CatalogKey(.lineItems, "l")] = nil
        after[CatalogKey(.lineItems, "m")] = try Self.tree(
            #"{"id": "m", "campaign": "c", "name": "M", "creatives": ["v"]}"#)
        after[CatalogKey(.advertisers, "a")] = try Self.tree(
            #"{"id": "a", "name": "B", "domains": ["a.example"]}"#)
        let changes = after.changes(from: before).map {
            "\($0.key.kind.rawValue) \($0.key.id) \($0.document != nil)"
        }
        #expect(changes == ["advertisers a true", "lineItems l false", "lineItems m true"])
        #expect(before.changes(from: after).count == 3)
    }

    @Test func aDecimalIsTheSameWithoutItsLastZeros() throws {
        func deals(_ floor: String) throws -> CatalogDocuments {
            CatalogDocuments(try Self.tree(#"{"deals": [{"id": "d", "floor": \#(floor)}]}"#))
        }
        for (one, other, isSame) in [
            ("28.50", "28.5", true), ("28.00", "28", true), ("20", "2", false), ("0.10", "0.1", true),
            ("1.5e10", "1.5e1", false), ("10.0", "1", false),
        ] {
            #expect(try deals(one).changes(from: try deals(other)).isEmpty == isSame, "\(one) \(other)")
        }
    }

    /// Each by the thing in which it stands, as whoever changed another thing has to be told.
    @Test(arguments: [
        (
            #"{"campaigns": [{"id": "d", "advertiser": "b", "name": "D"}]}"#,
            ["campaigns d: lifetimeBudget: nothing"]
        ),
        (
            #"{"lineItems": [{"id": "l", "campaign": "c", "name": "L", "creatives": ["v"]}]}"#,
            ["lineItems l: id: the id \"l\" again"]
        ),
        (#"{"deals": [{"id": "d", "name": "D", "floor": -1}]}"#, ["deals d: floor: the number -1"]),
        (#"{"deals": [{"name": "D"}]}"#, ["-: deals[0].id: nothing"]),
        (#"{"deal": []}"#, ["-: deal: an unknown key"]),
        (#"{"deals": 1}"#, ["-: deals: the key again, after line 1"]),
        (#"[]"#, ["-: : an array of 0 elements"]),
        (
            #"{"lineItems": [{"id": "x", "campaign": "nobody", "name": "X", "creatives": ["v"]}]}"#,
            ["lineItems x: campaign: the unknown id \"nobody\""]
        ),
    ])
    func whatIsAddedIsRefusedInItsPlace(_ other: String, _ expected: [String]) throws {
        let documents = CatalogDocuments(try Self.tree(Self.file))
        let found = Self.problems(documents.file(adding: try Self.tree(other)))
        for one in expected { #expect(found.contains(one), "\(found)") }
    }

    @Test func ofAPausedCampaignEverythingIsPaused() throws {
        let text = Self.file.replacing("\"goalValue\": 20,", with: "\"goalValue\": 20, \"paused\": true,")
        let snapshot = try CatalogSnapshot(copying: try CatalogDocuments.compile(try Self.tree(text)))
        #expect(CatalogSource(snapshot).lineItems.map(\.paused) == [true, true])
        let running = try CatalogSnapshot(copying: try CatalogDocuments.compile(try Self.tree(Self.file)))
        #expect(CatalogSource(running).lineItems.map(\.paused).sorted { !$0 && $1 } == [false, true])
        // What is said of a snapshot is the same catalog again.
        #expect(
            try CatalogCompiler.compile(CatalogSource(snapshot))
                == (0..<snapshot.byteCount).map { snapshot.load($0, UInt8.self) })
    }
}
