// What a broker hears and orders, from the root above it and from the nodes below.
public import Units

public enum BrokerEvent: Hashable, Sendable {
    /// Some time has passed; what a second clock says of it.
    case turned(wall: Instant)
    // From the root.
    case renewed(request: UInt64, for: Interval, next: UInt64)
    /// It has answered this renewal long ago.
    case renewalPassedOver
    /// With the timeline of the root's database that has it.
    case granted(AccountIndex, upTo: Micros, isLast: Bool, timeline: UInt32)
    case registered(LedgerSession, timeline: UInt32)
    /// The root audits this timeline, and was told what came before it.
    case presented(timeline: UInt32)
    // From nodes.
    case nodeOpened(LedgerSession, HolderNumber)
    case nodeRenewed(LedgerSession, RenewalChain.Request, next: UInt64)
    case nodeRequested(LedgerSession, AccountIndex, upTo: Micros)
    case nodeReturned(LedgerSession, AccountIndex, Micros)
    // Evidence on its way to the root, of this session or another one.
    case settled(LeafKey, SettlementBlock)
    case closed(LeafKey, Closing)
    case claimed(LeafKey, Claim)
}

public enum BrokerEffect: Hashable, Sendable {
    // To the root.
    case renew(RenewalChain.Request)
    case request(AccountIndex, upTo: Micros)
    case giveBack(AccountIndex, Micros)
    case register(LedgerSession, HolderNumber)
    // To a node.
    case lease(LedgerSession, request: UInt64, Interval, next: UInt64)
    case grant(LedgerSession, AccountIndex, upTo: Micros, isLast: Bool)
    case acknowledgeReturn(LedgerSession, AccountIndex, Micros)
    case recall(LedgerSession, AccountIndex)
    /// This session is not known here any more.
    case refuse(LedgerSession)
    /// To operators.
    case cloneFound(LedgerSession)
    case refused(BookRefusal, LedgerSession)
    case move(Movement)
}

/// A broker's settings.
public struct BrokerLimits: Hashable, Sendable {
    /// A node may go on so long without a word: the autonomy window.
    public var window: Interval
    /// What is kept ready for the next one that asks.
    public var reserve: Micros
    /// Where it is more, so many seconds of what nodes took lately: for the time in which no root answers.
    public var aheadSeconds: Int64 = 0
    /// After this what nobody asks for goes back to the root.
    public var idle: Interval
    public var recallPause = Interval.seconds(1)
    /// So far two clocks may part before neither is trusted: half of the margin.
    public var clockTolerance: Interval

    public init(window: Interval, reserve: Micros, idle: Interval) {
        self.window = window
        self.reserve = reserve
        self.idle = idle
        clockTolerance = Interval(nanoseconds: SessionLease.margin(of: window).nanoseconds / 2)
    }
}
