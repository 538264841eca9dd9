// What a node says of its models is read as it was written, and refused with its place where it is not one.
import Decision
import Documents
import Serving
import Testing

@Suite struct ModelStandingTests {
    private static var standing: ModelStanding {
        var standing = ModelStanding(holder: "node-1", region: "here")
        (standing.package, standing.isHeld, standing.models) = (5, true, "0123456789abcdef")
        standing.refused = "golden rows differ"
        standing.goals = [
            GoalTally(
                goal: .click, candidates: 7, full: 6,
                calibration: CalibrationCount(shown: 5, expected: 0.25, happened: 1))
        ]
        return standing
    }

    @Test func itIsReadAsItWasWritten() throws {
        #expect(try ModelStanding(Self.standing.tree) == Self.standing)
        let least = ModelStanding(holder: "n", region: "r")
        #expect(try ModelStanding(least.tree) == least)
    }

    @Test(arguments: [
        ("\"version\": 1", "\"version\": 2", "version"), ("\"holder\"", "\"holdr\"", "holder"),
        ("\"package\": 5", "\"package\": 0", "package"), ("\"here\": true", "\"here\": 1", "here"),
        ("\"click\"", "\"clik\"", "goals[0].goal"), ("\"full\": 6", "\"full\": -1", "goals[0].full"),
        ("\"expected\": 0.25", "\"expected\": \"x\"", "goals[0].expected"),
    ])
    func whatIsNoneIsRefused(_ right: String, _ wrong: String, _ place: String) throws {
        let text = Self.standing.tree.line
        try #require(text.contains(right), "\(text)")
        let tree = try JSONTree(reading: Array(text.replacing(right, with: wrong).utf8))
        let malformed = #expect(throws: Malformed.self) { try ModelStanding(tree) }
        #expect(malformed?.place == place)
    }
}
