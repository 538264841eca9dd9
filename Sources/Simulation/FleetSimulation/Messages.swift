// What the machines of a simulated fleet say to one another, as values of one size in one pool.
import Ledger
import Units

enum Message: BitwiseCopyable {
    // Broker to root.
    case openBroker(start: UInt64)
    case renew(LedgerSession, RenewalChain.Request)
    case request(LedgerSession, AccountIndex, Micros)
    case giveBack(LedgerSession, AccountIndex, Micros)
    case register(LeafKey)
    /// All that a broker was ever granted, as one message; its content stands in the world's list.
    case presented(timeline: UInt32, Int)
    // Node to broker to root.
    case block(LeafKey, SettlementBlock)
    case closing(LeafKey, Closing)
    case claim(LeafKey, Claim)
    /// Of these accounts it has closings, by bits; of all others nothing ever came under a mark.
    case end(LeafKey, accounts: UInt64)
    // Root to broker.
    case opened(start: UInt64, LedgerSession)
    case leased(audit: UInt32, LedgerSession, request: UInt64, Interval, next: UInt64)
    case granted(LedgerSession, AccountIndex, upTo: Micros, isLast: Bool, timeline: UInt32)
    case registered(LeafKey, timeline: UInt32)
    case refused(LedgerSession)
    case presentDue(timeline: UInt32)
    // Root to broker to node. An acknowledgement names the timeline that has what it acknowledges.
    case hasBlock(LeafKey, SettlementBlock, timeline: UInt32)
    case hasClosing(LeafKey, Closing, timeline: UInt32)
    case hasEnd(LeafKey, timeline: UInt32)
    case hasClaim(LeafKey, ReservationKey, timeline: UInt32)
    case forwardClaim(LeafKey, Claim)
    // Node to broker.
    case nodeOpen(LedgerSession)
    case nodeRenew(LedgerSession, RenewalChain.Request)
    case nodeRequest(LedgerSession, AccountIndex, Micros)
    case nodeReturn(LedgerSession, AccountIndex, Micros)
    // Broker to node.
    /// With the last timeline that was audited: what was acknowledged before it is said again.
    case nodeLeased(audit: UInt32, LedgerSession, request: UInt64, Interval, next: UInt64)
    case nodeGranted(LedgerSession, AccountIndex, upTo: Micros, isLast: Bool)
    case nodeRecall(LedgerSession, AccountIndex)
    case nodeRefused(LedgerSession)
    // Coordinator and database.
    case batch(Int, server: UInt8)
    /// The timeline is the server's own as it committed: who asks for it later hears of another one.
    case committed(Int, isWarned: Bool, timeline: UInt32)
    case rejected(Int)
    // Coordinator and etcd.
    case number(UInt64, timeline: UInt32)
    case numbered(UInt64)
    case staleTimeline(UInt64)
}

struct Envelope: BitwiseCopyable {
    var from: UInt16
    var to: UInt16
    var message: Message
}

/// Messages on their way; a place is used again when its message has come.
struct MessagePool {
    private var rows: [Envelope] = []
    private var blank: [Int32] = []

    mutating func put(_ envelope: Envelope) -> Int {
        if let at = blank.popLast() {
            rows[Int(at)] = envelope
            return Int(at)
        }
        rows.append(envelope)
        return rows.count - 1
    }

    mutating func take(_ at: Int) -> Envelope {
        blank.append(Int32(at))
        return rows[at]
    }

    func look(_ at: Int) -> Envelope { rows[at] }
}
