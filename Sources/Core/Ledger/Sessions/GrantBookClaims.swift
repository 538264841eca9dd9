// Which claims are named to whoever has their reservations: a few at a time, and in turns, so that those of a node that never speaks
// again keep none of the others back.
internal import Units

extension GrantBook {
    /// Claims that go out beside one renewal. Fewer are all that there are of the session.
    public static let namedMost = 256
    /// Claims that go out beside one closing: it is said again, and the next ones with it.
    static let namedAtClosingMost = 64

    /// Claims of a session's reservations that no journal has taken in, at most `namedMost`: each node session has the same share,
    /// and of its own the next ones each time.
    mutating func nameClaims(below session: LedgerSession) -> [BookEffect] {
        guard let child = child(session) else { return [] }
        let claimed = leaves.indices.filter { leaves[$0].child == child && !leaves[$0].claims.isEmpty }
        guard !claimed.isEmpty else { return [] }
        let first = children[child].named % claimed.count
        let turns = claimed[first...] + claimed[..<first]
        children[child].named = first + min(Self.namedMost, claimed.count)
        var shares = turns.map { _ in 0 }
        var left = Self.namedMost
        var isMore = true
        while isMore, left > 0 {
            isMore = false
            for (at, leaf) in turns.enumerated() where left > 0 && shares[at] < leaves[leaf].claims.count {
                shares[at] += 1
                left -= 1
                isMore = true
            }
        }
        return zip(turns, shares).flatMap { leaf, share in
            let all = Array(leaves[leaf].claims.indices)
            return next(share, of: all, leaf)
        }
    }

    /// Those that a closing of this account waits for.
    mutating func nameClaims(of leaf: Int, _ account: AccountIndex) -> [BookEffect] {
        let all = leaves[leaf].claims.indices.filter { leaves[leaf].claims[$0].claim.account == account }
        return next(min(Self.namedAtClosingMost, all.count), of: all, leaf)
    }

    /// The next so many of these claims of a node session. Where some have gone since, others are named once more, or a round later.
    private mutating func next(_ count: Int, of all: [Int], _ leaf: Int) -> [BookEffect] {
        guard count > 0 else { return [] }
        let first = leaves[leaf].named % all.count
        leaves[leaf].named = first + count
        return (0..<count).map {
            .forwardClaim(leaves[leaf].key, leaves[leaf].claims[all[(first + $0) % all.count]].claim)
        }
    }
}
