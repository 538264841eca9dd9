// Questions of operators that only nodes can answer. Nobody reaches a node: it asks what it is asked every second, and its answer comes the
// same way. A few are open at a time; each ends with an answer that is enough, when all nodes that are there have answered, or by its time.
import Documents
import HTTP
import Kernel
import Ledger
import Reactor
import Serving
import Settings
import Units

/// Used on the root's thread only.
final class QuestionDesk {
    /// How a node stands to a question that is over.
    enum Standing {
        case known(JSONTree)
        case nothing
        case failed(String)
        case unknownKind
        /// It was asked, and has not answered in time.
        case late
        /// It asks for no questions any more, or never has.
        case silent
        /// Another one's answer was enough.
        case notAwaited
    }

    struct NodeStanding {
        let node: String
        let region: String
        let standing: Standing
        /// Since when it has asked nothing; nil where it never has.
        let silence: Interval?
    }

    enum Refusal {
        case notLeading
        /// Too many are open, or were asked within a minute.
        case busy
    }

    private let root: Root
    private let pacing: FleetPacing
    private let reactor: Reactor
    private let regions: [String: String]
    private var peers: QuestionPeers
    private var open: [OpenQuestion] = []
    private var done: [UInt64: ([NodeStanding]) -> Void] = [:]
    private var quota = QuestionQuota()
    private var epoch: Epoch
    /// When this leadership began to hear nodes.
    private var leadsSince: Instant
    private var last: UInt64 = 0
    private var isTicking = false

    private static let pause = Interval.seconds(1)
    /// Four times of asking: who was not heard so long is not waited for.
    private static let presence = Interval.seconds(4)
    private static let tick = Interval.milliseconds(250)

    init(_ context: CoordinatorContext, _ root: Root, _ pacing: FleetPacing, on reactor: Reactor) {
        (self.root, self.pacing, self.reactor) = (root, pacing, reactor)
        regions = Dictionary(
            context.settings.regions.flatMap { region in region.holders.map { ($0, region.name) } },
            uniquingKeysWith: { first, _ in first })
        peers = QuestionPeers(regions)
        epoch = root.machine.epoch
        leadsSince = reactor.now
    }

    private var leads: Bool {
        guard root.leads else { return false }
        if root.machine.epoch != epoch {
            epoch = root.machine.epoch
            leadsSince = reactor.now
            peers = QuestionPeers(regions)
        }
        return true
    }

    // MARK: Asking

    /// Opens a question for all nodes; calls back once, within its time.
    ///
    /// - Parameters:
    ///   - who: asks it; of each so many are open, and in a minute.
    ///   - isEnough: whether this answer of one node ends it.
    func ask(
        _ kind: String, _ body: JSONTree, for who: RateSubject, within limit: Interval,
        isEnough: @escaping (JSONTree) -> Bool, _ done: @escaping ([NodeStanding]) -> Void
    ) -> Refusal? {
        guard leads else { return .notLeading }
        let now = reactor.now
        last += 1
        // Of no other leader's: epochs grow.
        let number = UInt64(epoch.rawValue) << 24 | last & 0xFF_FFFF
        guard quota.takes(number, kind, of: who, at: now) else { return .busy }
        self.done[number] = done
        open.append(
            OpenQuestion(number: number, kind: kind, body: body, end: now + limit, isEnough: isEnough))
        startTicking()
        return nil
    }

    private func startTicking() {
        guard !isTicking, !open.isEmpty else { return }
        isTicking = true
        let timer = reactor.timer(at: reactor.now + Self.tick) { [weak self] in
            guard let self else { return }
            isTicking = false
            finish()
            startTicking()
        }
        if timer == nil { isTicking = false }
    }

    // MARK: Hearing

    /// What this node is asked; nil where another coordinator leads. Whoever is one too many behind its broker is asked nothing.
    func heard(_ words: QuestionWords) -> QuestionWord? {
        guard leads else { return nil }
        guard let name = peers.heard(words, at: reactor.now) else {
            return QuestionWord(pause: Self.pause, open: [], [])
        }
        if let answer = words.answer, let index = open.firstIndex(where: { $0.number == answer.number }) {
            open[index].take(answer.outcome, from: name, by: words.holder, bytes: words.byteCount)
            // That all have answered is seen with the next tick: to look takes as long as there are nodes.
            if open[index].isEnough { finish() }
        }
        var asked: [QuestionWord.Question] = []
        var known: [UInt64] = []
        // A node finds out one at a time: what it could not begin with is not sent.
        let isBusy = words.working.contains { $0 != words.answer?.number }
        for index in open.indices where open[index].asks(name, knowing: words.kinds) {
            guard !words.working.contains(open[index].number) else {
                known.append(open[index].number)
                continue
            }
            guard !isBusy, asked.isEmpty else { continue }
            asked.append(
                .init(number: open[index].number, kind: open[index].kind, body: open[index].body))
        }
        return QuestionWord(pause: Self.pause, open: known, asked)
    }

    // MARK: Ending

    private func finish() {
        let now = reactor.now
        let over = open.filter { isOver($0, now) }
        guard !over.isEmpty else { return }
        let numbers = over.map(\.number)
        open.removeAll { numbers.contains($0.number) }
        for one in over {
            quota.ended(one.number)
            done.removeValue(forKey: one.number)?(standings(one, now))
        }
    }

    private func isOver(_ one: OpenQuestion, _ now: Instant) -> Bool {
        if now >= one.end || one.isEnough { return true }
        // Nodes need some time to be heard by a coordinator that leads anew.
        guard now - leadsSince >= Self.presence, !peers.all.isEmpty else { return false }
        return peers.all.allSatisfy { name, peer in
            one.answers[name] != nil || now - peer.heardAt >= Self.presence
        }
    }

    private func standings(_ one: OpenQuestion, _ now: Instant) -> [NodeStanding] {
        var all: [NodeStanding] = peers.all.map { name, peer in
            let silence = now - peer.heardAt
            let standing: Standing =
                switch one.answers[name] {
                case .known(let tree): .known(tree)
                case .nothing: .nothing
                case .failed(let why): .failed(why)
                case .unknownKind: .unknownKind
                case nil where one.isEnough: .notAwaited
                case nil: silence >= Self.presence || !one.asked.contains(name) ? .silent : .late
                }
            return NodeStanding(node: name, region: peer.region, standing: standing, silence: silence)
        }
        // Of a version before, or behind a broker of one: only their words of pacing come.
        let places = peers.places
        for (name, said) in pacing.places where !peers.have(name, saying: said, among: places) {
            all.append(
                NodeStanding(
                    node: name, region: peers.region(of: name, saying: said),
                    standing: one.isEnough ? .notAwaited : .silent, silence: nil))
        }
        return all.sorted { ($0.region, $0.node) < ($1.region, $1.node) }
    }
}

extension QuestionDesk.NodeStanding {
    /// Whether it has nothing, for certain.
    var hasNothing: Bool { if case .nothing = standing { true } else { false } }

    var word: String {
        switch standing {
        case .known: "known"
        case .nothing: "nothing"
        case .failed: "failed"
        case .unknownKind: "unknownKind"
        case .late: "late"
        case .silent: "silent"
        case .notAwaited: "notAwaited"
        }
    }

    var sentence: String {
        switch standing {
        case .known: "has answered"
        case .nothing: "has nothing of it"
        case .failed(let why): "could not find it out: \(why)"
        case .unknownKind: "is of a version that knows of no such questions"
        case .late: "was asked, and has not answered in time"
        case .notAwaited: "was not waited for, as another node has answered"
        case .silent:
            silence.map { "has not asked for questions for \($0.wholeMilliseconds / 1_000) s" }
                ?? "has never asked for questions: it, or its broker, is of a version before, or it is gone"
        }
    }

    var tree: JSONTree {
        [
            "node": .string(node), "region": .string(region), "standing": .string(word),
            "said": .string(sentence),
            "silentSeconds": silence.map { .number($0.wholeMilliseconds / 1_000) } ?? .null,
        ]
    }
}
