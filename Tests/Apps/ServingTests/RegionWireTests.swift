// What is asked and said of a region is read as it was written, and refused with its place where it is not one.
import Documents
import Fleet
import Serving
import Testing

@Suite struct RegionWireTests {
    private static let question = RegionQuestion(
        holder: "broker-1",
        counts: [
            NodeCount(node: "node-1", start: .max, requests: 7),
            NodeCount(node: "node-2", start: 1, requests: 0),
        ])

    @Test func itIsReadAsItWasWritten() throws {
        #expect(try RegionQuestion(Self.question.tree) == Self.question)
        for state in RegionState.allCases {
            let word = RegionWord(state, share: 370)
            #expect(try RegionWord(word.tree) == word)
        }
    }

    @Test(arguments: [
        ("\"version\": 1", "\"version\": 2", "version"), ("\"holder\"", "\"holdr\"", "holder"),
        ("\"nodes\"", "\"nodez\"", "nodes"), ("\"node-2\"", "\"\"", "nodes[1].node"),
        ("\"7\"", "7", "nodes[0].requests"), ("\"1\"", "\"-1\"", "nodes[1].start"),
    ])
    func aQuestionThatIsNoneIsRefused(_ right: String, _ wrong: String, _ place: String) throws {
        let malformed = #expect(throws: Malformed.self) {
            try RegionQuestion(changed(Self.question.tree, right, wrong))
        }
        #expect(malformed?.place == place)
    }

    @Test(arguments: [
        ("draining", "drained", "state"), ("370", "1001", "share"), ("370", "-1", "share"),
        ("\"version\": 1", "\"version\": 3", "version"),
    ])
    func aWordThatIsNoneIsRefused(_ right: String, _ wrong: String, _ place: String) throws {
        let malformed = #expect(throws: Malformed.self) {
            try RegionWord(changed(RegionWord(.draining, share: 370).tree, right, wrong))
        }
        #expect(malformed?.place == place)
    }

    private func changed(_ tree: JSONTree, _ right: String, _ wrong: String) throws -> JSONTree {
        try #require(tree.line.contains(right), "\(tree.line)")
        return try JSONTree(reading: Array(tree.line.replacing(right, with: wrong).utf8))
    }
}
