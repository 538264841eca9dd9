// Whom a follower asks and what it fetches, step by step, without a network.
import Testing
import Units

@testable import CatalogWire

private func blob(_ digit: Character) -> BlobDigest { BlobDigest(String(repeating: digit, count: 64))! }

private func published(_ version: Int64, _ digit: Character) -> Publication {
    Publication(version: version, digest: blob(digit), bytes: 100, format: 3)
}

private func second(_ number: Double) -> Instant { Instant(nanoseconds: Int64(number * 1e9)) }

private final class Follower {
    var pursuit: Pursuit
    var now = second(100)

    init(peers: Int = 1, memory: (publication: Publication, asOf: Instant)? = nil, seed: UInt64 = 1) {
        pursuit = Pursuit(peers: peers, memory: memory, seed: seed)
    }

    /// What it does next, in words.
    var next: String {
        switch pursuit.next(at: now) {
        case .ask(let peer, let have): "ask \(peer)" + (have.map { " have \($0)" } ?? "")
        case .fetch(let peer, let publication): "fetch \(publication.version) from \(peer)"
        case .wait: "wait"
        }
    }

    /// Who is asked next.
    var asked: Int? {
        if case .ask(let peer, _) = pursuit.next(at: now) { peer } else { nil }
    }

    /// Lets the pauses pass.
    func rest() -> Interval {
        guard case .wait(let until) = pursuit.next(at: now) else { return .zero }
        defer { now = until }
        return until - now
    }

    @discardableResult
    func hears(_ answer: Pursuit.Answer, from peer: Int = 0, age: Int64 = 0) -> Bool {
        pursuit.heard(answer, from: peer, age: .seconds(age), at: now)
    }
}

@Suite struct PursuitTests {
    @Test func aWordIsFetchedTakenAndWaitedUpon() {
        let follower = Follower()
        #expect(follower.next == "ask 0")
        follower.hears(.published(published(7, "a")))
        #expect(follower.next == "fetch 7 from 0")
        follower.pursuit.judged(blob("a"), .taken, at: follower.now)
        #expect(follower.next == "ask 0 have 7")
        follower.hears(.unchanged)
        #expect(follower.next == "ask 0 have 7")
        // Back to what was before, under a smaller number: it is followed like any other.
        follower.hears(.published(published(6, "b")))
        #expect(follower.next == "fetch 6 from 0")
    }

    @Test func theSameBlobUnderAnotherNumberIsNotFetched() {
        let follower = Follower(memory: (published(7, "a"), second(0)))
        #expect(follower.next == "ask 0")
        follower.hears(.published(published(8, "a")))
        #expect(follower.next == "ask 0 have 8")
    }

    @Test func whatIsRefusedIsNotFetchedAgainUntilAnotherIsPublished() {
        let follower = Follower()
        follower.hears(.published(published(7, "a")))
        follower.pursuit.judged(blob("a"), .refused, at: follower.now)
        #expect(follower.next == "ask 0 have 7")
        follower.hears(.published(published(8, "b")))
        #expect(follower.next == "fetch 8 from 0")
        follower.pursuit.judged(blob("b"), .taken, at: follower.now)
        follower.hears(.published(published(9, "a")))
        #expect(follower.next == "fetch 9 from 0")
    }

    /// Whoever hands on what is published has both blobs while some nodes go first.
    @Test func bothBlobsOfACanaryAreFetched() {
        let follower = Follower()
        let both = Publication(
            version: 8, published(8, "a").blob, canary: .init(published(8, "b").blob, nodes: ["n"]))
        follower.hears(.published(published(7, "a")))
        follower.pursuit.judged(blob("a"), .taken, at: follower.now)
        #expect(follower.pursuit.isWhole)
        follower.hears(.published(both))
        #expect(follower.next == "fetch 8 from 0" && !follower.pursuit.isWhole)
        follower.pursuit.judged(blob("b"), .taken, at: follower.now)
        #expect(follower.pursuit.isWhole && follower.pursuit.held == [blob("a"), blob("b")])
        #expect(follower.next == "ask 0 have 8")
        // Everybody has it: the other one is of no use any more once something else was taken.
        follower.hears(.published(published(9, "b")))
        #expect(follower.pursuit.isWhole && follower.next == "ask 0 have 9")
        follower.hears(.published(published(10, "c")))
        follower.pursuit.judged(blob("c"), .taken, at: follower.now)
        #expect(follower.pursuit.held == [blob("c")])
    }

    @Test func aFullDiskIsTriedAgainAfterAWhile() {
        let follower = Follower()
        follower.hears(.published(published(7, "a")))
        follower.pursuit.judged(blob("a"), .notKept, at: follower.now)
        #expect(follower.rest() == .seconds(5))
        #expect(follower.next == "fetch 7 from 0")
    }

    /// What did not come may not be published any more: that is asked first, of the other one, without waiting.
    @Test func aBlobThatDidNotComeIsAskedForAnew() throws {
        let follower = Follower(peers: 2)
        let first = try #require(follower.asked)
        follower.hears(.published(published(7, "a")), from: first)
        follower.pursuit.notFetched(from: first, at: follower.now)
        #expect(follower.next == "ask \(1 - first)")
        follower.hears(.published(published(8, "b")), from: 1 - first)
        #expect(follower.next == "fetch 8 from \(1 - first)")
    }

    @Test func whoFailsRestsLongerEachTimeAndIsForgivenAtOnce() {
        let follower = Follower()
        var pauses: [Interval] = []
        for _ in 0..<10 {
            follower.pursuit.failed(0, at: follower.now)
            pauses.append(follower.rest())
        }
        #expect(pauses[0] <= PeerChoice.firstPause && pauses[0] * 2 >= PeerChoice.firstPause)
        #expect(pauses.allSatisfy { $0 <= PeerChoice.longestPause })
        #expect(pauses[8...].allSatisfy { $0 * 2 >= PeerChoice.longestPause })
        follower.hears(.published(published(7, "a")))
        follower.pursuit.failed(0, at: follower.now)
        #expect(follower.rest() <= PeerChoice.firstPause)
    }

    @Test func oneThatFailsLeavesItsTurnToTheOther() throws {
        let follower = Follower(peers: 2)
        let first = try #require(follower.asked)
        follower.pursuit.failed(first, at: follower.now)
        #expect(follower.asked == 1 - first)
        follower.hears(.published(published(7, "a")), from: 1 - first)
        follower.pursuit.judged(blob("a"), .taken, at: follower.now)
        // Whoever answers goes on being asked, also when the first is there again.
        follower.now = second(1_000)
        #expect(follower.next == "ask \(1 - first) have 7")
    }

    @Test func manyWhoBeginAreSharedAmongPeers() {
        let counts = (0..<100).reduce(into: [0, 0]) { counts, seed in
            let follower = Follower(peers: 2, seed: UInt64(seed))
            if let peer = follower.asked { counts[peer] += 1 }
        }
        #expect(counts.allSatisfy { $0 > 30 }, "\(counts)")
    }

    /// A broker that lost its coordinators says what was. It is followed back only when it knows as much as we do.
    @Test func olderNewsIsNotFollowed() throws {
        let follower = Follower(peers: 2)
        let first = try #require(follower.asked)
        follower.hears(.published(published(8, "b")), from: first)
        follower.pursuit.judged(blob("b"), .taken, at: follower.now)
        follower.pursuit.failed(first, at: follower.now)
        let other = try #require(follower.asked)
        #expect(!follower.hears(.published(published(7, "a")), from: other, age: 300))
        // It is asked again when its turn comes, and its answer waits for something else.
        for _ in 0..<20 where follower.asked != other {
            if let peer = follower.asked { follower.pursuit.failed(peer, at: follower.now) }
            _ = follower.rest()
        }
        #expect(follower.next == "ask \(other) have 7")
        #expect(
            follower.hears(.unchanged, from: other, age: 0), "what it says is true now: it was taken back")
        #expect(follower.next == "fetch 7 from \(other)")
    }

    @Test func nothingPublishedIsAskedAgainSoonAndTakesNothingAway() {
        let follower = Follower(memory: (published(7, "a"), second(0)))
        follower.hears(.nothing)
        #expect(follower.rest() == .milliseconds(500))
        #expect(follower.next == "ask 0")
        #expect(follower.pursuit.held == [blob("a")])
    }
}
