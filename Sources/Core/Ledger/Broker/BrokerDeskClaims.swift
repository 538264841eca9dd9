// Bills that came to another node than the one that set their money aside, on their way through a broker: claims go to the root as
// other evidence does, and what the root says of a node's reservations waits here until that node asks for something.
internal import Units

extension BrokerDesk {
    /// What nodes are to be told and have not taken in yet. Beyond it the root says it again, with the next renewal.
    private static let heardMost = 4_096

    mutating func claim(_ key: LeafKey, _ claim: Claim, at now: Instant) -> RootAnswer {
        switch relay.say(.claim(claim.key), .claim(key, claim), at: now) {
        case nil: return .taken
        case .forward:
            // Not before the root has counted it: it may refuse it.
            if let row = byNumber[claim.account], ledger?.isRegistered(key.node) == true {
                var own = claim
                own.account = AccountIndex(UInt32(row))
                tell(.claimed(key, own), at: now)
            }
            return .book([.forwardClaim(key, claim)])
        case .refused(let refusal): return .refused(refusal, key.node)
        default: return .book([.acknowledgeClaim(key, claim.key)])
        }
    }

    /// The root has counted claims of these reservations.
    mutating func hear(_ words: [IssuerWord]) {
        for case .forward(let key, let claim) in words {
            guard heard.values.reduce(0, { $0 + $1.count }) < Self.heardMost else { return }
            heard[key.node, default: [:]][claim.key] = claim
        }
    }

    /// With a renewal the root says all that it has of this session's nodes: what is not among it has been taken in.
    mutating func hearRenewal(_ words: [IssuerWord]) {
        guard words.contains(where: { !$0.isForward }) else { return }
        heard = heard.filter { ledger?.isRegistered($0.key) != true }
        hear(words)
    }

    /// The answer to a node, and what it is to take in of this session's reservations.
    func telling(_ answer: RootAnswer, of node: LedgerSession) -> RootAnswer {
        guard let claims = heard[node], !claims.isEmpty else { return answer }
        let key = LeafKey(root: LedgerSession(0), node: node)
        return .telling(
            answer, claims.sorted { $0.key < $1.key }.map { .forwardClaim(key, $0.value) })
    }

    /// The node's journal has spoken of these keys.
    mutating func forget(_ block: SettlementBlock, of node: LedgerSession) {
        guard let claims = heard[node] else { return }
        let left = claims.filter { key, claim in
            claim.account != block.account || key.shard != block.shard
                || key.sequence >> 6 != UInt64(block.number) || block.mask >> (key.sequence & 63) & 1 == 0
        }
        heard[node] = left.isEmpty ? nil : left
    }
}
