// Nodes behind brokers are told apart, and each is one whichever of its brokers speaks for it.
import Pacing
import Testing
import Units

@Suite struct PaceSpeakersTests {
    private struct Word {
        let node: String
        let start: UInt64
        let holder: String
        let second: Int64
        let name: String?
    }

    private static let silence: Int64 = 600

    private func expect(_ words: [Word], _ comment: Comment) {
        var speakers = PaceSpeakers(silence: .seconds(Self.silence))
        for word in words {
            let name = speakers.name(
                of: word.node, start: word.start, by: word.holder,
                at: Instant(nanoseconds: 0) + .seconds(word.second))
            #expect(name == word.name, "\(comment): \(word)")
        }
    }

    @Test func whoeverSpeaksForANodeItIsTheSameOne() {
        expect(
            [
                Word(node: "a", start: 1, holder: "b1", second: 0, name: "b1/a"),
                Word(node: "b", start: 2, holder: "b1", second: 0, name: "b1/b"),
                Word(node: "a", start: 1, holder: "b2", second: 5, name: "b1/a"),
                Word(node: "a", start: 1, holder: "b1", second: 10, name: "b1/a"),
                Word(node: "a", start: 9, holder: "b1", second: 15, name: "b1/a"),
            ], "by both of a pair, and over a restart behind one of them")
        expect(
            [
                Word(node: "a", start: 1, holder: "b1", second: 0, name: "b1/a"),
                Word(node: "a", start: 7, holder: "b2", second: 5, name: "b2/a"),
                Word(node: "a", start: 1, holder: "b2", second: 6, name: "b1/a"),
                Word(node: "a", start: 7, holder: "b1", second: 7, name: "b2/a"),
            ], "a holder that does not know the start has a name of its own")
        expect(
            [
                Word(node: "a", start: 1, holder: "b1", second: 0, name: "b1/a"),
                Word(node: "b", start: 2, holder: "b1", second: Self.silence + 1, name: "b1/b"),
                Word(node: "a", start: 1, holder: "b2", second: Self.silence + 1, name: "b2/a"),
            ], "one that was silent is forgotten when another one comes")
    }

    @Test func aHolderSpeaksForAsManyAsABrokerMayHave() {
        let most = PaceSpeakers.most
        let all = (0..<most).map { number in
            Word(node: "n\(number)", start: UInt64(number), holder: "b1", second: 0, name: "b1/n\(number)")
        }
        expect(
            all + [
                Word(node: "more", start: 999, holder: "b1", second: 1, name: nil),
                Word(node: "more", start: 999, holder: "b2", second: 1, name: "b2/more"),
                Word(node: "n3", start: 77, holder: "b1", second: 2, name: "b1/n3"),
                Word(node: "other", start: 5, holder: "b1", second: Self.silence + 1, name: "b1/other"),
            ], "one more has no name, until others were silent")
    }
}
