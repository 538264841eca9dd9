// Who is heard of questions under which name, whose answers count, and how many questions one may have open.
import Documents
import Pacing
import Serving
import Testing
import Units

@testable import paceline_coordinator

@Suite struct QuestionPeersTests {
    private static func words(
        _ holder: String, _ node: String? = nil, start: UInt64 = 1, region: String = "here"
    ) -> QuestionWords {
        var words = QuestionWords(holder: holder, region: region, start: start, kinds: ["explain"])
        words.node = node
        return words
    }

    private static let now = Instant(nanoseconds: 1_000_000_000_000)

    @Test func nobodyTakesTheNameOfAnotherHoldersNode() {
        var peers = QuestionPeers(["b2": "there"])
        func hear(_ words: QuestionWords, at now: Instant) -> String? { peers.heard(words, at: now) }
        #expect(hear(Self.words("node-a"), at: Self.now) == "node-a")
        #expect(hear(Self.words("b1", "node-a"), at: Self.now) == "b1/node-a")
        #expect(hear(Self.words("b2", "node-a", start: 2), at: Self.now) == "b2/node-a")
        // The same process, by the other broker of its pair.
        #expect(hear(Self.words("b3", "node-a", start: 1), at: Self.now) == "b1/node-a")
        #expect(peers.all.count == 3)
        // Where a holder is the settings say, and not who speaks.
        #expect(peers.all["b1/node-a"]?.region == "here" && peers.all["b2/node-a"]?.region == "there")
        let places = peers.places
        #expect(peers.have("b9/node-a", saying: "here", among: places))
        #expect(!peers.have("b9/node-a", saying: "elsewhere", among: places))
        #expect(
            peers.have("b2/node-a", saying: "", among: places)
                && !peers.have("node-b", saying: "here", among: places))
    }

    @Test func inventedNodesHideNobodyElses() {
        var peers = QuestionPeers([:])
        func hear(_ words: QuestionWords, at now: Instant) -> String? { peers.heard(words, at: now) }
        for number in 0..<10_000 {
            _ = hear(Self.words("b1", "n\(number)", start: UInt64(number)), at: Self.now)
        }
        #expect(peers.all.count == PaceSpeakers.most)
        #expect(hear(Self.words("b2", "real", start: 7), at: Self.now) == "b2/real")
        #expect(hear(Self.words("real"), at: Self.now) == "real")
        let later = Self.now + QuestionPeers.memory + .seconds(2)
        #expect(hear(Self.words("b1", "new", start: 70_000), at: later) == "b1/new")
        #expect(peers.all.count == 1)
    }

    @Test func onlyWhoWasAskedAnswersAndOnce() {
        var question = OpenQuestion(
            number: 7, kind: "explain", body: [:], end: Self.now, isEnough: { _ in true })
        func asks(_ name: String, _ kinds: [String]) -> Bool { question.asks(name, knowing: kinds) }
        question.take(.known(["a": 1]), from: "b1/a", by: "b1", bytes: 100)
        #expect(question.answers.isEmpty && !question.isEnough)
        #expect(!asks("b1/old", ["forecast"]))
        #expect(asks("b1/a", ["explain"]) && asks("b1/a", ["explain"]))
        question.take(.nothing, from: "b1/a", by: "b1", bytes: 100)
        question.take(.known(["a": 1]), from: "b1/a", by: "b1", bytes: 100)
        question.take(.known(["a": 1]), from: "b1/old", by: "b1", bytes: 100)
        guard case .nothing = question.answers["b1/a"], case .unknownKind = question.answers["b1/old"] else {
            Issue.record("\(question.answers)")
            return
        }
        #expect(!question.isEnough && !asks("b1/a", ["explain"]))
    }

    @Test func oneHoldersAnswersAreBounded() {
        var question = OpenQuestion(
            number: 7, kind: "forecast", body: [:], end: Self.now, isEnough: { _ in false })
        let names = (0..<6).map { "b1/n\($0)" }
        for name in names + ["b2/a"] { _ = question.asks(name, knowing: ["forecast"]) }
        for name in names { question.take(.known([:]), from: name, by: "b1", bytes: 256 * 1_024) }
        question.take(.known([:]), from: "b2/a", by: "b2", bytes: 256 * 1_024)
        func isKnown(_ name: String) -> Bool {
            if case .known = question.answers[name] { true } else { false }
        }
        #expect(names.map(isKnown) == [true, true, true, true, false, false] && isKnown("b2/a"))
    }

    @Test func nobodyKeepsOthersFromAsking() {
        let (one, other) = (RateSubject.token("one"), RateSubject.token("other"))
        var quota = QuestionQuota()
        func takes(_ number: UInt64, _ kind: String, of who: RateSubject, at now: Instant) -> Bool {
            quota.takes(number, kind, of: who, at: now)
        }
        #expect(
            takes(1, "forecast", of: one, at: Self.now)
                && takes(2, "forecast", of: one, at: Self.now))
        #expect(!takes(3, "explain", of: one, at: Self.now))
        #expect(takes(4, "forecast", of: other, at: Self.now))
        // The last place is for who asks why.
        #expect(!takes(5, "forecast", of: .nowhere, at: Self.now))
        #expect(takes(6, "explain", of: .nowhere, at: Self.now))
        #expect(!takes(7, "explain", of: .address(1), at: Self.now))
        quota.ended(1)
        #expect(takes(8, "explain", of: one, at: Self.now))

        quota = QuestionQuota()
        var taken = 0
        for number in UInt64(0)..<40 {
            if takes(number, "forecast", of: one, at: Self.now) { taken += 1 }
            quota.ended(number)
        }
        #expect(taken == 20 && takes(41, "explain", of: other, at: Self.now))
        #expect(takes(42, "forecast", of: one, at: Self.now + .seconds(60)))
    }
}
