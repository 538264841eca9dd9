// Evidence that nodes say and only the root can acknowledge, on its way there: nodes keep it, and say it again, until a word of the
// root came back. So nothing of it needs a disk here.
internal import Units

/// By what it is about, the newest saying and what the root said of it. An entry: said → under way → answered, and asked for
/// again → forgotten, when nobody has asked for a while. Where the root refuses, or has counted a claim and not yet
/// acknowledged it, the next saying is carried anew.
struct EvidenceRelay: Sendable {
    enum Key: Hashable, Sendable {
        case block(LedgerSession, SettlementBlock.Place)
        case closing(LedgerSession, AccountIndex)
        case end(LedgerSession)
        case claim(ReservationKey)
    }

    private struct Entry {
        var saying: IssuerSaying
        var word: IssuerWord?
        var isWaiting = true
        var saidAt: Instant
    }

    /// More is not taken in: it is said again. A node's open blocks of half an hour, times the nodes of a region.
    private static let most = 1 << 18
    /// Nodes say again what is open within seconds, and after an outage of their own within this.
    private static let kept = Interval.seconds(60)

    private var entries: [Key: Entry] = [:]
    /// Those that wait to be carried; some may have been carried since.
    private var queue: [Key] = []
    private var sweptAt = Instant(nanoseconds: .min)

    /// Nil until the root has answered exactly this.
    mutating func say(_ key: Key, _ saying: IssuerSaying, at now: Instant) -> IssuerWord? {
        guard let entry = entries[key] else {
            guard entries.count < Self.most else { return nil }
            entries[key] = Entry(saying: saying, saidAt: now)
            queue.append(key)
            return nil
        }
        entries[key]?.saidAt = now
        if entry.saying == saying {
            guard let word = entry.word else { return nil }
            // What it will say next may be another word.
            switch word {
            case .refused, .forward: wait(key, saying)
            default: break
            }
            return word
        }
        // One that was overtaken on the way.
        if case .settle(_, let block) = saying, case .settle(_, let known) = entry.saying,
            block.mask & ~known.mask == 0
        {
            return nil
        }
        wait(key, saying)
        return nil
    }

    private mutating func wait(_ key: Key, _ saying: IssuerSaying) {
        entries[key]?.saying = saying
        entries[key]?.word = nil
        guard entries[key]?.isWaiting == false else { return }
        entries[key]?.isWaiting = true
        queue.append(key)
    }

    /// What is to be carried now, at most so much.
    mutating func next(_ most: Int) -> [(key: Key, saying: IssuerSaying)] {
        var list: [(Key, IssuerSaying)] = []
        var taken = 0
        while list.count < most, taken < queue.count {
            let key = queue[taken]
            taken += 1
            guard let entry = entries[key], entry.isWaiting else { continue }
            entries[key]?.isWaiting = false
            list.append((key, entry.saying))
        }
        queue.removeFirst(taken)
        return list
    }

    mutating func heard(_ key: Key, _ saying: IssuerSaying, _ word: IssuerWord?) {
        guard let word else { return unanswered(key) }
        // What it became meanwhile waits already.
        if entries[key]?.saying == saying { entries[key]?.word = word }
    }

    /// It is carried again.
    mutating func unanswered(_ key: Key) {
        guard entries[key]?.isWaiting == false, entries[key]?.word == nil else { return }
        entries[key]?.isWaiting = true
        queue.append(key)
    }

    /// What the root has answered may be gone with a lost tail: nobody hears of it any more.
    mutating func sayAgain() { entries = entries.filter { $0.value.word == nil } }

    /// Forgets what the root has answered and nobody asks for any more.
    mutating func sweep(at now: Instant) {
        guard sweptAt.nanoseconds <= now.nanoseconds - Self.kept.nanoseconds else { return }
        sweptAt = now
        entries = entries.filter { $0.value.word == nil || now - $0.value.saidAt < Self.kept }
    }

    /// Node sessions whose closings are carried.
    var closing: Set<LedgerSession> {
        var nodes: Set<LedgerSession> = []
        for case .closing(let node, _) in entries.keys { nodes.insert(node) }
        return nodes
    }

    /// What no answer of the root has come to.
    var open: Int { entries.count { $0.value.word == nil } }
}
