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
        var word: RegionWord?
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

    /// Nil before anybody has answered.
    public var word: RegionWord? { state.withLock { $0.word } }

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
                guard let word, word != state.word else { return false }
                state.word = word
                return true
            }
            if isNews, let word { onWord(word) }
        }
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

    /// A node's question; nil while no coordinator has said anything. Only of itself a node says anything.
    public func answer(_ question: RegionQuestion) -> RegionWord? {
        if let count = question.counts.first(where: { $0.node == question.holder }) {
            heard.withLock { $0[question.holder] = Heard(count: count, at: Kernel.monotonicNow()) }
        }
        return talk.withLock { $0 }?.word
    }
}
