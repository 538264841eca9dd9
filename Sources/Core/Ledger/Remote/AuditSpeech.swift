// What a holder says to a root's audits: what it was asked, what of its presentation is still to be said, and when it asks whether
// one waits for it.
internal import Units

/// Nothing heard → knows that who answers has audits → asked, with a presentation that is said in parts → answered. Nothing of it
/// is said to one that has never told of audits: it would not know the words.
struct AuditSpeech: Sendable {
    /// The newest audit that was heard of.
    private(set) var mark: UInt32 = 0
    private var isUnderstood = false
    private var parts: [IssuerSaying] = []
    private var spokeAt = Instant(nanoseconds: .min)

    /// A root has no other way to say that it waits for somebody.
    static let lookPause = Interval.seconds(2)
    /// Parts of one exchange, each with as many accounts at most as below: some hundred kilobytes.
    private static let partsOfAnExchange = 8
    static let accountsOfAPart = 512
    static let nodesOfAPart = 2_048

    enum News { case nothing, anotherAudit, asked }

    /// What came beside an answer.
    mutating func heard(_ call: AuditCall?) -> News {
        isUnderstood = call != nil
        guard let call else {
            parts = []
            return .nothing
        }
        let isNew = call.mark > mark
        mark = max(mark, call.mark)
        if isNew || !call.isAsked { parts = [] }
        if call.isAsked, call.mark == mark, parts.isEmpty { return .asked }
        return isNew ? .anotherAudit : .nothing
    }

    /// Whoever answers next may know nothing of audits, and would take nothing beside them: what is asked for again is said again.
    mutating func unanswered() { parts = [] }

    mutating func say(_ sessions: [HolderPresentation]) {
        parts = sessions.flatMap(Self.parts).map { .present($0) } + [.presented(mark: mark)]
    }

    /// A session in pieces that fit into an exchange.
    private static func parts(_ whole: HolderPresentation) -> [HolderPresentation] {
        let sums = stride(from: 0, to: whole.sums.count, by: accountsOfAPart).map {
            Array(whole.sums[$0..<min($0 + accountsOfAPart, whole.sums.count)])
        }
        let nodes = stride(from: 0, to: whole.nodes.count, by: nodesOfAPart).map {
            Array(whole.nodes[$0..<min($0 + nodesOfAPart, whole.nodes.count)])
        }
        return (0..<max(sums.count, nodes.count, 1)).map { at in
            var part = whole
            part.sums = at < sums.count ? sums[at] : []
            part.nodes = at < nodes.count ? nodes[at] : []
            // Behind all of it, so that no renewal comes between.
            if at + 1 < max(sums.count, nodes.count, 1) { part.renewal = nil }
            return part
        }
    }

    /// The parts that are to be said now.
    mutating func next() -> [IssuerSaying] {
        let now = Array(parts.prefix(Self.partsOfAnExchange))
        return isUnderstood ? now : []
    }

    /// Answered: the next parts follow. Where one was not taken, all of it is said again when it is asked for.
    mutating func answered(isTaken: Bool) {
        if parts.isEmpty { return }
        if isTaken { parts.removeFirst() } else { parts = [] }
    }

    /// Whether it is time to ask who has said nothing for a while.
    func looks(at now: Instant) -> Bool {
        isUnderstood && spokeAt.nanoseconds <= now.nanoseconds - Self.lookPause.nanoseconds
    }

    mutating func spoke(at now: Instant) { spokeAt = now }
}
