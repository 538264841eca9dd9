// Questions of operators that only nodes can answer. Nobody reaches a node: it asks what it is asked every second, and its answer comes the
// same way. A few are open at a time; each ends with an answer that is enough, when all nodes that are there have answered, or by its time.
import Documents
import HTTP
import Kernel
import Ledger
import Reactor
import Serving
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

    private struct Place: Hashable {
        let region: String
        let node: String
    }

    private struct Peer {
        var name: String
        var kinds: [String]
        var heardAt: Instant
    }

    private struct Open {
        let number: UInt64
        let kind: String
        let body: JSONTree
        let end: Instant
        let isEnough: (JSONTree) -> Bool
        let done: ([NodeStanding]) -> Void
        var asked: Set<Place> = []
        var answers: [Place: QuestionAnswer.Outcome] = [:]
    }

    private let root: Root
    private let pacing: FleetPacing
    private let reactor: Reactor
    private var peers: [Place: Peer] = [:]
    private var open: [Open] = []
    private var epoch: Epoch
    /// When this leadership began to hear nodes.
    private var leadsSince: Instant
    private var last: UInt64 = 0
    private var isTicking = false
    /// When the last ones were opened.
    private var opened: [Instant] = []

    /// A question has every node read its journal.
    static let perMinuteMost = 30
    private static let pause = Interval.seconds(1)
    /// Four times of asking: who was not heard so long is not waited for.
    private static let presence = Interval.seconds(4)
    /// Who asks no more is named so long.
    private static let memory = Interval.seconds(900)
    /// As many as holders can have nodes: 64 each.
    private static let peersMost = 4_096
    private static let tick = Interval.milliseconds(250)

    init(_ root: Root, _ pacing: FleetPacing, on reactor: Reactor) {
        (self.root, self.pacing, self.reactor) = (root, pacing, reactor)
        epoch = root.machine.epoch
        leadsSince = reactor.now
    }

    private var leads: Bool {
        guard root.leads else { return false }
        if root.machine.epoch != epoch {
            epoch = root.machine.epoch
            leadsSince = reactor.now
            peers = [:]
        }
        return true
    }

    // MARK: Asking

    /// Opens a question for all nodes; calls back once, within its time.
    ///
    /// - Parameter isEnough: whether this answer of one node ends it.
    func ask(
        _ kind: String, _ body: JSONTree, within limit: Interval,
        isEnough: @escaping (JSONTree) -> Bool, _ done: @escaping ([NodeStanding]) -> Void
    ) -> Refusal? {
        guard leads else { return .notLeading }
        let now = reactor.now
        opened.removeAll { now - $0 >= .seconds(60) }
        guard open.count < QuestionWord.most, opened.count < Self.perMinuteMost else { return .busy }
        opened.append(now)
        last += 1
        // Of no other leader's: epochs grow.
        let number = UInt64(epoch.rawValue) << 24 | last & 0xFF_FFFF
        open.append(
            Open(
                number: number, kind: kind, body: body, end: now + limit, isEnough: isEnough, done: done))
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

    /// What this node is asked; nil where another coordinator leads.
    func heard(_ words: QuestionWords) -> QuestionWord? {
        guard leads else { return nil }
        let now = reactor.now
        let place = Place(region: words.region, node: words.name)
        peers = peers.filter { now - $0.value.heardAt < Self.memory }
        if peers[place] != nil || peers.count < Self.peersMost {
            let name = words.node.map { "\(words.holder)/\($0)" } ?? words.holder
            peers[place] = Peer(name: name, kinds: words.kinds, heardAt: now)
        }
        if let answer = words.answer, let index = open.firstIndex(where: { $0.number == answer.number }) {
            open[index].answers[place] = answer.outcome
        }
        finish()
        var asked: [QuestionWord.Question] = []
        var known: [UInt64] = []
        for index in open.indices where open[index].answers[place] == nil {
            guard words.kinds.contains(open[index].kind) else {
                open[index].answers[place] = .unknownKind
                continue
            }
            open[index].asked.insert(place)
            guard !words.working.contains(open[index].number) else {
                known.append(open[index].number)
                continue
            }
            asked.append(
                .init(number: open[index].number, kind: open[index].kind, body: open[index].body))
        }
        return QuestionWord(pause: Self.pause, open: known, asked)
    }

    // MARK: Ending

    private func finish() {
        let now = reactor.now
        let done = open.filter { isOver($0, now) }
        guard !done.isEmpty else { return }
        let numbers = done.map(\.number)
        open.removeAll { numbers.contains($0.number) }
        for one in done { one.done(standings(one, now)) }
    }

    private func isOver(_ one: Open, _ now: Instant) -> Bool {
        if now >= one.end || isEnough(one) { return true }
        // Nodes need some time to be heard by a coordinator that leads anew.
        guard now - leadsSince >= Self.presence, !peers.isEmpty else { return false }
        return peers.allSatisfy { place, peer in
            one.answers[place] != nil || now - peer.heardAt >= Self.presence
        }
    }

    private func isEnough(_ one: Open) -> Bool {
        one.answers.values.contains { if case .known(let tree) = $0 { one.isEnough(tree) } else { false } }
    }

    private func standings(_ one: Open, _ now: Instant) -> [NodeStanding] {
        let isEnough = isEnough(one)
        var all: [NodeStanding] = peers.map { place, peer in
            let silence = now - peer.heardAt
            let standing: Standing =
                switch one.answers[place] {
                case .known(let tree): .known(tree)
                case .nothing: .nothing
                case .failed(let why): .failed(why)
                case .unknownKind: .unknownKind
                case nil where isEnough: .notAwaited
                case nil: silence >= Self.presence || !one.asked.contains(place) ? .silent : .late
                }
            return NodeStanding(node: peer.name, region: place.region, standing: standing, silence: silence)
        }
        // Of a version before, or behind a broker of one: only their words of pacing come.
        for (name, region) in pacing.places {
            let node = name.split(separator: "/").last.map(String.init) ?? name
            guard peers[Place(region: region, node: node)] == nil else { continue }
            all.append(
                NodeStanding(
                    node: name, region: region, standing: isEnough ? .notAwaited : .silent, silence: nil))
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
