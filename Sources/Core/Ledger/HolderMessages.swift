// What the node's holder hears and orders: from its issuer above, and from its shards below.
public import Units

public enum HolderEvent: Sendable {
    /// The issuer opened an account, on which one impression costs at most so much.
    case opened(AccountIndex, AccountName, highest: Micros)
    case closed(AccountIndex)
    case granted(AccountIndex, upTo: Micros, isLast: Bool)
    /// The issuer answered a renewal that was sent then.
    case leased(sentAt: Instant, for: Interval)
    /// A shard could use so much in all.
    case asked(shard: Int, AccountIndex, upTo: Micros)
    case reported(shard: Int, ShardReport)
    /// The shard takes nothing more, and has reported all that it knows: what was on its way to it never came.
    case ended(shard: Int)
    case turned
    /// The issuer has no more, and somebody else needs what lies idle here.
    case recalled(AccountIndex)
    /// What another clock says, and by how much the two may part.
    case clocksRead(wall: Instant, tolerance: Interval)
}

public enum HolderEffect: Hashable, Sendable {
    /// To all shards.
    case open(AccountIndex, AccountName, highest: Micros)
    case close(AccountIndex)
    case moveFence(to: Instant)
    /// The clock that counts the lease is not to be trusted: nothing is used from now on.
    case lowerFence(to: Instant)
    /// To one of them.
    case allow(shard: Int, AccountIndex, upTo: Micros, isLast: Bool)
    case recall(shard: Int, AccountIndex)
    /// To the issuer.
    case request(AccountIndex, upTo: Micros)
    case report(HolderReport)
    case renew(sentAt: Instant)
}
