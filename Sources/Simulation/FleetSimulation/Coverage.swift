// What occurred in a run, by name: a run that never met a transition, an effect or a fault has shown nothing about it.
import Fleet
import Ledger

/// Counts of everything that the machines can do and that can be done to them.
public struct Coverage: Sendable {
    public private(set) var counts: [UInt64]
    static let names: [String] = {
        var names: [String] = []
        func add<Kind: CaseIterable>(_ title: String, _ kinds: Kind.Type) {
            for kind in kinds.allCases { names.append("\(title): \(kind)") }
        }
        add("book", BookKind.self)
        add("refused", BookRefusal.self)
        add("alarm", BookAlarm.self)
        add("broker", BrokerKind.self)
        add("holder", HolderKind.self)
        add("shard", ShardKind.self)
        add("moved", Move.self)
        add("root", RootKind.self)
        add("region", RegionMove.self)
        add("region alert", RegionAlert.self)
        add("session", SessionMove.self)
        add("node session", LaneMove.self)
        add("account", AccountMove.self)
        add("lease", LeaseMove.self)
        add("fault", Fault.self)
        return names
    }()

    enum BookKind: Int, CaseIterable {
        case opened, registered, grant, acknowledgeReturn, acknowledgeBlock, acknowledgeClosing
        case acknowledgeClaim, forwardClaim, renew, fenceClone, acknowledgeEnd
    }
    enum BrokerKind: Int, CaseIterable {
        case renew, request, giveBack, register, lease, grant, recall, refuse, cloneFound, resumed
    }
    enum HolderKind: Int, CaseIterable { case moveFence, lowerFence, allow, recall, request, report, renew }
    enum ShardKind: Int, CaseIterable {
        case mark, reserved, settled, released, closed, ask, report, exhausted, unmarked, duplicate, unknown
        case unrecorded, kept
    }
    enum Move: Int, CaseIterable {
        case freeToGranted, grantedToFree, grantedToSettled, grantedToSuspense, suspenseToSettled
        case suspenseToFree, suspenseToPresumed, presumedToSettled, presumedToFree, budgetToFree, freeToBudget
        case settledToFree, exchangeToLate
    }
    enum RootKind: Int, CaseIterable {
        case takeover, leadershipRenewed, batchCommitted, batchRejected, retried, audited, verified, fenced
        case horizon, leaseGiven, brokerGone, carriedOver, countedAnew, commitUnknown
    }

    private static let offsets: [Int] = {
        var offsets = [0]
        func add(_ count: Int) { offsets.append(offsets[offsets.count - 1] + count) }
        add(BookKind.allCases.count)
        add(BookRefusal.allCases.count)
        add(BookAlarm.allCases.count)
        add(BrokerKind.allCases.count)
        add(HolderKind.allCases.count)
        add(ShardKind.allCases.count)
        add(Move.allCases.count)
        add(RootKind.allCases.count)
        add(RegionMove.allCases.count)
        add(RegionAlert.allCases.count)
        add(SessionMove.allCases.count)
        add(LaneMove.allCases.count)
        add(AccountMove.allCases.count)
        add(LeaseMove.allCases.count)
        return offsets
    }()
    private let at: [Int]

    public init() {
        counts = [UInt64](repeating: 0, count: Self.names.count)
        at = Self.offsets
    }

    mutating func note(_ kind: BookKind) { counts[at[0] + kind.rawValue] += 1 }
    mutating func note(_ refusal: BookRefusal) { counts[at[1] + Int(refusal.rawValue)] += 1 }
    mutating func note(_ alarm: BookAlarm) { counts[at[2] + Int(alarm.rawValue)] += 1 }
    mutating func note(_ kind: BrokerKind) { counts[at[3] + kind.rawValue] += 1 }
    mutating func note(_ kind: HolderKind) { counts[at[4] + kind.rawValue] += 1 }
    mutating func note(_ kind: ShardKind) { counts[at[5] + kind.rawValue] += 1 }
    mutating func note(_ kind: RootKind) { counts[at[7] + kind.rawValue] += 1 }
    mutating func note(_ move: RegionMove) { counts[at[8] + move.rawValue] += 1 }
    mutating func note(_ alert: RegionAlert) { counts[at[9] + Int(alert.rawValue)] += 1 }

    mutating func note(_ move: SessionMove) { counts[at[10] + move.rawValue] += 1 }
    mutating func note(_ move: LaneMove) { counts[at[11] + move.rawValue] += 1 }
    mutating func note(_ move: AccountMove) { counts[at[12] + move.rawValue] += 1 }
    mutating func note(_ move: LeaseMove) { counts[at[13] + move.rawValue] += 1 }
    mutating func note(_ fault: Fault) { counts[at[14] + Int(fault.rawValue)] += 1 }

    /// How often a fault came.
    public func count(of fault: Fault) -> UInt64 { counts[at[14] + Int(fault.rawValue)] }

    mutating func note(_ movement: Movement) {
        let move: Move? =
            switch (movement.from, movement.to) {
            case (.free, .granted): .freeToGranted
            case (.granted, .free): .grantedToFree
            case (.granted, .settled): .grantedToSettled
            case (.granted, .suspense): .grantedToSuspense
            case (.suspense, .settled): .suspenseToSettled
            case (.suspense, .free): .suspenseToFree
            case (.suspense, .presumed): .suspenseToPresumed
            case (.presumed, .settled): .presumedToSettled
            case (.presumed, .free): .presumedToFree
            case (.budget, .free): .budgetToFree
            case (.free, .budget): .freeToBudget
            case (.settled, .free): .settledToFree
            case (.exchange, .late): .exchangeToLate
            default: nil
            }
        if let move { counts[at[6] + move.rawValue] += 1 }
    }

    public mutating func add(_ other: Coverage) {
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    /// What never occurred.
    public var missing: [String] { counts.indices.filter { counts[$0] == 0 }.map { Self.names[$0] } }
    public var faults: UInt64 { counts[at[14]...].reduce(0, +) }
    public var lines: [String] { counts.indices.map { "\(Self.names[$0]) \(counts[$0])" } }
}
