// Where the own region stands, asked four times a second: a broker asks the coordinator that leads, a node its brokers. What was heard
// last holds while nobody answers.
public import Commands
public import Fleet
internal import Kernel
public import Serving
internal import Synchronization
internal import Units

/// Shared by its own thread, the link's and whoever reads what was heard.
public final class RegionTalk: Sendable {
    private struct State {
        var memory = RegionMemory()
        var isAsking = false
    }

    private let link: IssuerLink
    private let counts: @Sendable () -> [NodeCount]
    private let onWord: @Sendable (RegionWord) -> Void
    private let state = Mutex(State())

    /// A word passes two of these on its way from the leader to a node, and a readiness is looked at once a second.
    private static let pause = Interval.milliseconds(250)

    /// - Parameters:
    ///   - counts: what nodes were asked for, as far as it is known here.
    ///   - onWord: called with each other word, on the link's thread.
    public init(
        _ link: IssuerLink, counts: @escaping @Sendable () -> [NodeCount],
        onWord: @escaping @Sendable (RegionWord) -> Void = { _ in }
    ) {
        (self.link, self.counts, self.onWord) = (link, counts, onWord)
    }

    /// Nil where nobody has answered of late.
    var freshWord: RegionWord? { state.withLock { $0.memory.word(at: Kernel.monotonicNow()) } }

    /// Starts the thread, which runs as long as the process.
    public func start() throws(Failure) {
        do {
            try Thread(name: "region-talk") { [self] in
                while true {
                    ask()
                    Kernel.sleep(for: Self.pause)
                }
            }.detach()
        } catch {
            throw Failure("the thread that asks where the region stands could not start: \(error)")
        }
    }

    private func ask() {
        let isFree = state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
        guard isFree else { return }
        link.askRegion(counts()) { [self] word in
            let isNews = state.withLock { state in
                state.isAsking = false
                return word.map { state.memory.hear($0, at: Kernel.monotonicNow()) } ?? false
            }
            if isNews, let word { onWord(word) }
        }
    }
}

/// A word that is passed on, as long as whoever said it could not have said another one unheard.
struct RegionMemory: Sendable {
    private var last: (word: RegionWord, at: Instant)?

    /// Twelve of the questions that are asked.
    static let age = Interval.seconds(3)

    /// Whether it is another one.
    mutating func hear(_ word: RegionWord, at now: Instant) -> Bool {
        defer { last = (word, now) }
        return last?.word != word
    }

    func word(at now: Instant) -> RegionWord? {
        last.flatMap { now - $0.at <= Self.age ? $0.word : nil }
    }
}

/// What a broker has heard of its nodes, and tells them of their region.
public final class RegionRelay: Sendable {
    private struct Heard {
        var count: NodeCount
        var at: Instant
    }

    private let heard = Mutex<[String: Heard]>([:])
    /// Set once, before anybody is served.
    private let talk = Mutex<RegionTalk?>(nil)

    /// Nodes ask four times a second.
    private static let silence = Interval.seconds(3)

    public init() {}

    public func start(_ link: IssuerLink) throws(Failure) {
        let talk = RegionTalk(link, counts: { [self] in counts })
        self.talk.withLock { $0 = talk }
        try talk.start()
    }

    private var counts: [NodeCount] {
        let now = Kernel.monotonicNow()
        return heard.withLock { heard in
            heard = heard.filter { now - $0.value.at <= Self.silence }
            return heard.values.prefix(RegionQuestion.countsMost).map(\.count)
        }
    }

    /// A node's question; nil while no coordinator has said anything, or none of late: the node keeps to what it knows and asks
    /// another broker. Only of itself a node says anything.
    public func answer(_ question: RegionQuestion) -> RegionWord? {
        if let count = question.counts.first(where: { $0.node == question.holder }) {
            heard.withLock { $0[question.holder] = Heard(count: count, at: Kernel.monotonicNow()) }
        }
        return talk.withLock { $0 }?.freshWord
    }
}
