// What a follower of what is published does next: whom it asks, what it fetches, what it waits for. It knows no network and no
// disk. One thing at a time:
//
//     asking → asking       the word is of what is here already, or of what was refused
//            → fetching     it is of another blob
//     fetching → keeping    the blob came whole
//              → asking     it did not: another peer is asked, and first what is published by now
//     keeping → asking      it was taken, refused for good, or could not be kept, which is tried again
internal import Units

struct Pursuit {
    enum Directive: Equatable {
        /// What is published? With `have` the answer may wait until that is not what the peer has.
        case ask(peer: Int, have: Int64?)
        case fetch(peer: Int, Publication)
        case wait(until: Instant)
    }

    /// What a peer has answered.
    enum Answer: Equatable, Sendable {
        case published(Publication)
        /// Still what it said last.
        case unchanged
        /// Nothing was published ever.
        case nothing
    }

    /// What became of a blob that came whole.
    enum Verdict: Sendable, Equatable {
        case taken
        /// It is not asked for again.
        case refused
        /// The disk may be well again later.
        case notKept
    }

    private var choice: PeerChoice
    /// What each peer said last; nil before its first word.
    private var said: [Publication?]
    /// The newest word, and when it was true.
    private(set) var word: (publication: Publication, asOf: Instant)?
    /// The blobs that are here: one at a node, two at a broker while some nodes go first.
    private(set) var held: Set<BlobDigest>
    private(set) var refused: Set<BlobDigest> = []
    /// Who said that a blob is to be fetched.
    private var source: Int?
    /// A blob did not come: it may not be the one that is published any more.
    private var asksFirst = false
    private var keepsAgainAt = Instant(nanoseconds: .min)

    /// Ages come in whole seconds.
    private static let slack = Interval.seconds(2)
    /// Where nothing is published the answer does not wait.
    private static let pauseForNothing = Interval.milliseconds(500)
    private static let pauseForDisk = Interval.seconds(5)

    /// - Parameters:
    ///   - memory: what was published when it was heard of last, where its blob is here.
    init(peers: Int, memory: (publication: Publication, asOf: Instant)?, seed: UInt64) {
        choice = PeerChoice(count: peers, seed: seed)
        said = Array(repeating: nil, count: peers)
        word = memory
        held = Set(memory?.publication.blobs.map(\.digest) ?? [])
    }

    /// A blob that is published and neither here nor refused.
    private var wanted: Publication? {
        guard let publication = word?.publication,
            let blob = publication.blobs.first(where: {
                !held.contains($0.digest) && !refused.contains($0.digest)
            })
        else { return nil }
        return Publication(version: publication.version, blob)
    }

    /// All of what is published is here.
    var isWhole: Bool { word?.publication.blobs.allSatisfy { held.contains($0.digest) } ?? false }

    mutating func next(at now: Instant) -> Directive {
        if let wanted, !asksFirst {
            if keepsAgainAt > now { return .wait(until: keepsAgainAt) }
            let peer: Int
            if let source {
                peer = source
            } else {
                let (next, at) = choice.next(at: now)
                if at > now { return .wait(until: at) }
                peer = next
            }
            return .fetch(peer: peer, wanted)
        }
        let (peer, at) = choice.next(at: now)
        if at > now { return .wait(until: at) }
        // Where something is wanted the answer must not wait.
        return .ask(peer: peer, have: wanted == nil ? said[peer]?.version : nil)
    }

    // MARK: What has happened

    /// - Parameter age: how long ago the peer knew that it is so. False where that was before what is known here.
    @discardableResult
    mutating func heard(_ answer: Answer, from peer: Int, age: Interval, at now: Instant) -> Bool {
        asksFirst = false
        switch answer {
        case .published(let publication): said[peer] = publication
        case .unchanged: break
        case .nothing: said[peer] = nil
        }
        guard let publication = said[peer] else {
            choice.answered(peer)
            choice.rest(peer, until: now + Self.pauseForNothing)
            return true
        }
        let asOf = now - age
        guard word.map({ asOf + Self.slack >= $0.asOf || publication == $0.publication }) ?? true else {
            // It has lost its own peers, and says what was: another one knows more.
            choice.failed(peer, at: now)
            return false
        }
        choice.answered(peer)
        word = (publication, word.map { max($0.asOf, asOf) } ?? asOf)
        refused.formIntersection(publication.blobs.map(\.digest))
        source = peer
        return true
    }

    mutating func failed(_ peer: Int, at now: Instant) {
        choice.failed(peer, at: now)
        // It may be another process by now.
        said[peer] = nil
        asksFirst = false
        if source == peer { source = nil }
    }

    mutating func notFetched(from peer: Int, at now: Instant) {
        failed(peer, at: now)
        asksFirst = true
    }

    mutating func judged(_ digest: BlobDigest, _ verdict: Verdict, at now: Instant) {
        switch verdict {
        case .taken:
            held.formIntersection(word?.publication.blobs.map(\.digest) ?? [])
            held.insert(digest)
            refused.remove(digest)
        case .refused: refused.insert(digest)
        case .notKept: keepsAgainAt = now + Self.pauseForDisk
        }
    }
}
