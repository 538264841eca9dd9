// Where a request comes from and what plays there, in the words that exchanges have for it.
import Catalog
import Decision
import Foundation
import Testing
import Units

@Suite struct PlaceTests {
    private func winners(_ targeting: String, _ changes: [(String, String)]) throws -> [String] {
        let snapshot = try Demo.snapshot {
            $0.replacingOccurrences(
                of: "\"genre\": [\"drama\", \"thriller\"],",
                with: "\"genre\": [\"drama\", \"thriller\"], \(targeting)"
            ).replacingOccurrences(of: "\"address\": \"151908\"", with: "\"address\": \"com.StreamFront.tv\"")
        }
        var request = Demo.request.replacingOccurrences(
            of: "\"bundle\": \"151908\"", with: "\"bundle\": \"com.streamfront.tv\"")
        for (old, new) in changes {
            try #require(request.contains(old), "\(old)")
            request = request.replacingOccurrences(of: old, with: new)
        }
        return try decide(request, snapshot: snapshot).winners
    }

    private static let ownID = "\"id\": \"streamfront-roku\""
    private static let bundle = "\"bundle\": \"com.streamfront.tv\""

    @Test(
        arguments: [
            ([], true), ([(ownID, "\"id\": \"exchange-77\"")], true),
            ([("\(ownID),", "")], true), ([(bundle, "\"bundle\": \"other\"")], true),
            ([(ownID, "\"id\": \"exchange-77\""), (bundle, "\"bundle\": \"com.streamfront\"")], false),
            // It is an app, and no site.
            (
                [
                    (ownID, "\"id\": \"exchange-77\""), ("\"app\":", "\"site\":"),
                    ("\"bundle\"", "\"domain\""),
                ], false
            ),
        ] as [([(String, String)], Bool)])
    func anAppIsKnownByItsBundle(_ changes: [(String, String)], _ isKnown: Bool) throws {
        let found = try winners("\"inventory\": [\"streamfront-roku\"],", changes)
        #expect(found.contains("aurora-drama") == isKnown, "\(found)")
    }

    @Test(
        arguments: [
            ("\"language\": \"en\"", true), ("\"langb\": \"en\"", true), ("\"langb\": \"en-US\"", true),
            ("\"language\": \"es\"", false), ("\"langb\": \"eng\"", false),
        ])
    func aLanguageIsEachOfItsKinds(_ said: String, _ isSpoken: Bool) throws {
        let change = [("\"language\": \"en\"", said)]
        #expect(try winners("\"language\": [\"en\"],", change).contains("aurora-drama") == isSpoken)
        let others = "\"all\": [{\"not\": {\"language\": [\"en\"]}}],"
        #expect(try winners(others, change).contains("aurora-drama") != isSpoken)
    }
}
