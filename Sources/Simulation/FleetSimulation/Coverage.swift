// What occurred in a run, by name: a run that never met a transition, an effect or a fault has shown nothing about it.
import Fleet
import Ledger

/// Counts of everything that the machines can do and that can be done to them.
public struct Coverage: Sendable {
    public private(set) var counts: [UInt64]
    static let names: [String] =
        BookKind.allCases.map { "book: \($0)" } + BookRefusal.allCases.map { "refused: \($0)" }
        + BookAlarm.allCases.map { "alarm: \($0)" } + BrokerKind.allCases.map { "broker: \($0)" }
        + HolderKind.allCases.map { "holder: \($0)" } + ShardKind.allCases.map { "shard: \($0)" }
        + Move.allCases.map { "moved: \($0)" } + RootKind.allCases.map { "root: \($0)" }
        + RegionState.allCases.map { "region: \($0)" } + RegionAlert.allCases.map { "region: \($0)" }
        + Fault.allCases.map { "fault: \($0)" }

    enum BookKind: Int, CaseIterable {
        case opened, registered, grant, acknowledgeReturn, acknowledgeBlock, acknowledgeClosing
        case acknowledgeClaim, forwardClaim, renew, fenceClone
    }
    enum BrokerKind: Int, CaseIterable {
        case renew, request, giveBack, register, lease, grant, recall, refuse, cloneFound, resumed
    }
    enum HolderKind: Int, CaseIterable { case moveFence, lowerFence, allow, recall, request, report, renew }
    enum ShardKind: Int, CaseIterable {
        case mark, reserved, settled, released, closed, ask, report, exhausted, unmarked, duplicate, unknown
        case unrecorded
    }
    enum Move: Int, CaseIterable {
        case freeToGranted, grantedToFree, grantedToSettled, grantedToSuspense, suspenseToSettled
        case suspenseToFree, suspenseToPresumed, presumedToSettled, presumedToFree, budgetToFree, freeToBudget
        case settledToFree, exchangeToLate
    }
    enum RootKind: Int, CaseIterable {
        case takeover, leadershipRenewed, batchCommitted, batchRejected, retried, audited, verified, fenced
        case horizon, leaseGiven, brokerGone, carriedOver, countedAnew
    }

    private static let offsets: [Int] = {
        var offsets = [0]
        for count in [
            BookKind.allCases.count, BookRefusal.allCases.count, BookAlarm.allCases.count,
            BrokerKind.allCases.count, HolderKind.allCases.count, ShardKind.allCases.count,
            Move.allCases.count, RootKind.allCases.count, RegionState.allCases.count,
            RegionAlert.allCases.count,
        ] { offsets.append(offsets[offsets.count - 1] + count) }
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
    mutating func note(_ fault: Fault) { counts[at[10] + Int(fault.rawValue)] += 1 }
    mutating func note(_ state: RegionState) { counts[at[8] + Int(state.rawValue)] += 1 }
    mutating func note(_ alert: RegionAlert) { counts[at[9] + Int(alert.rawValue)] += 1 }

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

    /// What no fleet of ours can come to: the tests of the machines show it instead.
    private static let unreachable: Set<String> = ["alarm: billedAboveClosing", "broker: cloneFound"]

    /// What never occurred, of what can.
    public var missing: [String] {
        counts.indices.filter { counts[$0] == 0 && !Self.unreachable.contains(Self.names[$0]) }
            .map { Self.names[$0] }
    }
    public var faults: UInt64 { counts[at[10]...].reduce(0, +) }
    public var lines: [String] { counts.indices.map { "\(Self.names[$0]) \(counts[$0])" } }
}
