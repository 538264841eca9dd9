// What may go wrong in a simulated fleet, and how often: every range stands in one function, by scenario.

/// A kind of fault. A run in which one never occurred has shown nothing about it, and fails.
public enum Fault: UInt8, CaseIterable, Sendable {
    case messageLost, messageDoubled, messageLate, linkCut, linkCutOneWay, linkClogged
    case nodeCrash, nodePause, nodeDestroyed, brokerCrash, brokerPause, coordinatorCrash, coordinatorPause
    case diskSlow, diskFull, syncFailed, tailTorn
    case clockDrift, clockJump, clockSuspended
    case primaryCrash, tailLost, zombiePrimary, commitUnknown, replicationStalled, etcdAway
    case billLate, billTwice, billNever, billAboveReserved, orphan
    case budgetCut, budgetRaised, pause, refund, flightEnd, drain, brokerRemoved, forgery, journalShipped,
        journalRestored, brokerRestored, clone
}

extension Fault {
    /// As operators write it: `message-lost`.
    public var name: String {
        "\(self)".reduce(into: "") { name, letter in
            name += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
        }
    }
    public static func named(_ name: String) -> Fault? { allCases.first { $0.name == name } }
}

/// A fault as it came: its number in its seed, and whom it hit.
public struct InjectedFault: Sendable {
    public let number: Int
    public let milliseconds: Int64
    public let fault: Fault
    public let target: String
}

/// How often faults come, and how long they last.
struct FaultRanges {
    /// Of ten thousand messages.
    var lossShare: UInt64 = 0
    var doubleShare: UInt64 = 0
    /// The usual delay of a message, and of a late one.
    var delayMilliseconds: ClosedRange<Int> = 1...20
    var lateShare: UInt64 = 0
    var lateMilliseconds: ClosedRange<Int> = 100...4_000
    /// Between two faults of the machines.
    var faultMilliseconds: ClosedRange<Int> = 900...3_200
    /// By kind, how likely it is among the others; zero for never.
    var weights = [UInt64](repeating: 0, count: Fault.allCases.count)
    var driftMillionths: ClosedRange<Int> = 0...0
    var cutMilliseconds: ClosedRange<Int> = 500...45_000
    var pauseMilliseconds: ClosedRange<Int> = 100...40_000
    var restartMilliseconds: ClosedRange<Int> = 200...15_000
    /// Kinds that do not come.
    var without: Set<Fault> = []
    /// The last faults come this long before the end of a run.
    var quietMilliseconds = 20_000

    /// The ranges of a scenario; nil where there is none of that name.
    static func of(_ scenario: String, without: Set<Fault> = []) -> FaultRanges? {
        var ranges = FaultRanges()
        ranges.without = without
        func weigh(_ faults: [Fault], _ weight: UInt64) {
            for fault in faults { ranges.weights[Int(fault.rawValue)] = weight }
        }
        func network() {
            ranges.lossShare = without.contains(.messageLost) ? 0 : 100
            ranges.doubleShare = without.contains(.messageDoubled) ? 0 : 200
            ranges.lateShare = without.contains(.messageLate) ? 0 : 150
            weigh([.linkCut, .linkCutOneWay], 6)
            weigh([.linkClogged], 4)
        }
        func processes() {
            weigh([.nodeCrash, .nodePause, .brokerCrash], 5)
            weigh([.brokerPause, .coordinatorCrash, .coordinatorPause], 3)
            weigh([.nodeDestroyed], 1)
        }
        func disks() { weigh([.diskSlow, .diskFull, .syncFailed], 3) }
        func clocks() {
            ranges.driftMillionths = without.contains(.clockDrift) ? 0...0 : -2_000...2_000
            weigh([.clockJump, .clockSuspended], 2)
        }
        func database() {
            weigh([.primaryCrash, .zombiePrimary, .replicationStalled, .etcdAway], 3)
            weigh([.tailLost], 2)
        }
        func operators() {
            weigh([.budgetCut, .budgetRaised, .pause, .refund, .drain, .forgery], 3)
            weigh([.clone, .flightEnd, .brokerRemoved, .journalShipped], 1)
            weigh([.journalRestored, .brokerRestored], 1)
        }
        switch scenario {
        case "everything", "canary":
            network()
            processes()
            disks()
            clocks()
            database()
            operators()
        case "calm": ranges.faultMilliseconds = 1_000_000...1_000_000
        case "network": network()
        case "processes": processes()
        case "disks":
            disks()
            weigh([.nodeCrash], 5)
        case "clocks":
            clocks()
            weigh([.nodePause, .brokerPause, .linkCut], 3)
        case "database":
            database()
            weigh([.coordinatorCrash, .coordinatorPause, .linkCut], 3)
        case "operators": operators()
        case "failovers":
            // Tails are lost, and what was sent before comes long after.
            ranges.faultMilliseconds = 5_000...15_000
            ranges.lateShare = 1_500
            ranges.lateMilliseconds = 1_000...30_000
            weigh([.primaryCrash, .coordinatorCrash, .coordinatorPause, .brokerPause], 3)
            weigh([.tailLost], 9)
        case "leaders":
            // One leader after the other, and tails are lost soon after.
            ranges.faultMilliseconds = 1_000...5_000
            weigh([.coordinatorPause, .tailLost], 6)
            weigh([.coordinatorCrash, .primaryCrash], 1)
        default: return nil
        }
        return ranges
    }

    static let scenarios = [
        "everything", "calm", "network", "processes", "disks", "clocks", "database", "operators", "failovers",
        "leaders", "canary",
    ]
}
