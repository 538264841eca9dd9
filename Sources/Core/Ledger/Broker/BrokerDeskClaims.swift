// Bills that came to another node than the one that set their money aside, on their way through a broker: claims go to the root as
// other evidence does, and what the root says of a node's reservations waits here until that node asks for something.
internal import Units

extension BrokerDesk {
    /// What nodes are to be told and have not taken in yet. Beyond it the root says it again, with the next renewal.
    private static let heardMost = 4_096
    /// What goes out with one exchange of a node; the next ones with the next.
    static let toldMost = 256

    /// The book of this session is told nothing of it: the block of the node whose it is comes here as well, and rows of a book
    /// do not say which claims are in them.
    mutating func claim(_ key: LeafKey, _ claim: Claim, at now: Instant) -> RootAnswer {
        switch relay.say(.claim(claim.key), .claim(key, claim), at: now) {
        case nil: return .taken
        // Not before the root has counted it: it may refuse it.
        case .forward: return .book([.forwardClaim(key, claim)])
        case .refused(let refusal): return .refused(refusal, key.node)
        default: return .book([.acknowledgeClaim(key, claim.key)])
        }
    }

    /// The root has counted claims of these reservations: kept where their node is told here, by its session or the closing that
    /// was carried.
    mutating func hear(_ words: [IssuerWord], beside topic: Topic) {
        var closing: LedgerSession?
        if case .evidence(.closing(let node, let account), _) = topic {
            if case .closed? = words.last { forget(node) { $0.account == account } } else { closing = node }
        }
        if case .evidence(.claim(let key), _) = topic, case .claimed? = words.last {
            forget(key.session) { $0.key == key }
        }
        for case .forward(let key, let claim) in words {
            guard key.node == closing || ledger?.isRegistered(key.node) == true else { continue }
            guard heard.values.reduce(0, { $0 + $1.count }) < Self.heardMost else { return }
            heard[key.node, default: [:]][claim.key] = claim
        }
    }

    /// With a renewal the root says what it has of this session's nodes. Where that is all, what is not among it has been taken in;
    /// where it is a part, that makes way only where there would be no room.
    mutating func hearRenewal(_ words: [IssuerWord]) {
        guard words.contains(where: { !$0.isForward }) else { return }
        hasHeard = true
        let named = words.count(where: \.isForward)
        if heard.values.reduce(named, { $0 + $1.count }) > Self.heardMost { heard = [:] }
        let closing = heard.isEmpty ? [] : relay.closing
        heard = heard.filter { node, _ in
            ledger?.isRegistered(node) == true ? named >= GrantBook.namedMost : closing.contains(node)
        }
        toldUpTo = toldUpTo.filter { heard[$0.key] != nil || ledger?.isRegistered($0.key) == true }
        hear(words, beside: .renewal)
    }

    /// Whether a closing frees nothing here yet: the node takes claims in, and says it again.
    func isBehindClaims(_ closing: Closing, of node: LedgerSession) -> Bool {
        !hasHeard || heard[node]?.contains { $0.value.account == closing.account } ?? false
    }

    /// The answer to a node, and what it is to take in of this session's reservations: once in an exchange, and the next ones each
    /// time.
    mutating func telling(_ answer: RootAnswer, of node: LedgerSession) -> RootAnswer {
        guard told.left > 0, let claims = heard[node], !claims.isEmpty, told.nodes.insert(node).inserted
        else { return answer }
        let all = claims.values.sorted { $0.key < $1.key }
        let first = toldUpTo[node].flatMap { last in all.firstIndex { last < $0.key } } ?? 0
        let count = min(told.left, all.count)
        let next = (0..<count).map { all[(first + $0) % all.count] }
        told.left -= count
        toldUpTo[node] = next.last?.key
        let key = LeafKey(root: LedgerSession(0), node: node)
        return .telling(answer, next.map { .forwardClaim(key, $0) })
    }

    private mutating func forget(_ node: LedgerSession, where isOver: (Claim) -> Bool) {
        guard let claims = heard[node] else { return }
        let left = claims.filter { !isOver($0.value) }
        heard[node] = left.isEmpty ? nil : left
    }

    /// The node's journal has spoken of these keys.
    mutating func forget(_ block: SettlementBlock, of node: LedgerSession) {
        forget(node) { claim in
            claim.account == block.account && claim.key.shard == block.shard
                && claim.key.sequence >> 6 == UInt64(block.number)
                && block.mask >> (claim.key.sequence & 63) & 1 == 1
        }
    }
}
