// What may go wrong in a simulated fleet, and how often: every range stands in one function, by scenario.

/// A kind of fault. A run in which one never occurred has shown nothing about it, and fails.
public enum Fault: UInt8, CaseIterable, Sendable {
    case messageLost, messageDoubled, messageLate, linkCut, linkCutOneWay, linkClogged
    case nodeCrash, nodePause, nodeDestroyed, brokerCrash, brokerPause, coordinatorCrash, coordinatorPause
    case diskSlow, diskFull, syncFailed, tailTorn
    case clockDrift, clockJump, clockSuspended, brokerClockJump, brokerSuspended, coordinatorClockJump
    case coordinatorSuspended
    case primaryCrash, tailLost, zombiePrimary, replicationStalled, etcdAway
    case billLate, billTwice, billNever, billAboveReserved, orphan
    case budgetCut, budgetRaised, pause, refund, flightEnd, drain, brokerRemoved, forgery, journalShipped
    case journalRestored, brokerRestored, clone, nodeClone, nodeStop, brokerStop
    case noticesUnreached
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
    /// A kind's, or the canary's.
    public let name: String
    public let target: String
}

/// How often faults come, and how long they last. The numbers are those of `of`.
struct FaultRanges {
    /// Of ten thousand messages.
    var lossShare: UInt64
    var doubleShare: UInt64
    /// The usual delay of a message, and of a late one.
    var delayMilliseconds: ClosedRange<Int>
    var lateShare: UInt64
    var lateMilliseconds: ClosedRange<Int>
    /// Between two faults of the machines.
    var faultMilliseconds: ClosedRange<Int>
    /// By kind, how likely it is among the others; zero for never.
    var weights: [UInt64]
    var driftMillionths: ClosedRange<Int>
    var cutMilliseconds: ClosedRange<Int>
    var pauseMilliseconds: ClosedRange<Int>
    var restartMilliseconds: ClosedRange<Int>
    /// One restart in so many takes so many times longer than anybody waits for.
    var longRestarts: UInt64
    var longRestartTimes: Int64
    /// From an operator's word to the end of a process that ends in order.
    var stopMilliseconds: ClosedRange<Int>
    /// How far somebody sets a clock on the wall.
    var jumpMilliseconds: ClosedRange<Int>
    /// How long a database, its standby or etcd does not answer.
    var awayMilliseconds: ClosedRange<Int>
    /// Of a disk, and what a slow one takes besides.
    var syncMicroseconds: ClosedRange<Int>
    var slowMilliseconds: ClosedRange<Int>
    /// One broker that starts in so many begins another session, as an operator has it.
    var freshStarts: UInt64
    /// One cut of a link in so many is between two machines; the others part one from all.
    var pairCuts: UInt64
    /// In hundredths of a budget, what it is cut by.
    var cutHundredths: ClosedRange<Int>
    var refundMost: Int64
    /// Of a hundred ads: what is billed, and what is lost; the rest is never told of.
    var billedShare: UInt64
    var lostShare: UInt64
    /// Of a hundred lost ones.
    var lossToldShare: UInt64
    /// Of a hundred bills.
    var aboveShare: UInt64
    var aboveMicros: ClosedRange<Int>
    var lateBillShare: UInt64
    var twiceShare: UInt64
    var twiceMilliseconds: ClosedRange<Int>
    /// Behind its time.
    var lateBillMilliseconds: Int64
    /// Of a hundred bills whose holder is not there, those that come to somebody else.
    var orphanShare: UInt64
    /// Until a bill that was not answered comes again, and when its exchange gives up.
    var billAgainMilliseconds: ClosedRange<Int>
    var billGivenUpMilliseconds: Int64
    /// The last faults come this long before the end of a run.
    var quietMilliseconds: Int
    /// Kinds that do not come.
    var without: Set<Fault>

    /// The ranges of a scenario; nil where there is none of that name.
    static func of(_ scenario: String, without: Set<Fault> = []) -> FaultRanges? {
        var ranges = FaultRanges(
            lossShare: 0, doubleShare: 0, delayMilliseconds: 1...20, lateShare: 0,
            lateMilliseconds: 100...4_000,
            faultMilliseconds: 900...3_200, weights: [UInt64](repeating: 0, count: Fault.allCases.count),
            driftMillionths: 0...0, cutMilliseconds: 500...45_000, pauseMilliseconds: 100...40_000,
            restartMilliseconds: 200...15_000, longRestarts: 8, longRestartTimes: 6,
            stopMilliseconds: 500...6_000, jumpMilliseconds: -60_000...60_000, awayMilliseconds: 500...9_000,
            syncMicroseconds: 500...6_000, slowMilliseconds: 50...2_000, freshStarts: 4, pairCuts: 2,
            cutHundredths: 1...50, refundMost: 10, billedShare: 70, lostShare: 20, lossToldShare: 60,
            aboveShare: 3, aboveMicros: 1...50, lateBillShare: 4, twiceShare: 5,
            twiceMilliseconds: 100...4_000,
            lateBillMilliseconds: 2_000, orphanShare: 40, billAgainMilliseconds: 1_000...2_500,
            billGivenUpMilliseconds: 20_000, quietMilliseconds: 20_000, without: without)
        func weigh(_ faults: [Fault], _ weight: UInt64) {
            for fault in faults { ranges.weights[Int(fault.rawValue)] = weight }
        }
        func network() {
            ranges.lossShare = without.contains(.messageLost) ? 0 : 100
            ranges.doubleShare = without.contains(.messageDoubled) ? 0 : 200
            ranges.lateShare = without.contains(.messageLate) ? 0 : 150
            weigh([.linkCut, .linkCutOneWay], 6)
            weigh([.linkClogged], 4)
            weigh([.noticesUnreached], 3)
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
            weigh([.brokerClockJump, .brokerSuspended, .coordinatorClockJump, .coordinatorSuspended], 1)
        }
        func database() {
            weigh([.primaryCrash, .zombiePrimary, .replicationStalled, .etcdAway], 3)
            weigh([.tailLost], 2)
        }
        func operators() {
            weigh([.budgetCut, .budgetRaised, .pause, .refund, .drain, .forgery], 3)
            weigh([.clone, .flightEnd, .brokerRemoved, .journalShipped], 1)
            weigh([.journalRestored, .brokerRestored, .nodeClone, .nodeStop, .brokerStop], 1)
        }
        if without.contains(.billNever) { ranges.lostShare = 100 - ranges.billedShare }
        if without.contains(.billAboveReserved) { ranges.aboveShare = 0 }
        if without.contains(.billLate) { ranges.lateBillShare = 0 }
        if without.contains(.billTwice) { ranges.twiceShare = 0 }
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
            // One leader after the other, away for about as long as a broker's lease, and tails are lost soon after.
            ranges.faultMilliseconds = 1_000...3_000
            ranges.pauseMilliseconds = 18_000...34_000
            ranges.awayMilliseconds = 500...3_000
            weigh([.coordinatorPause, .tailLost], 6)
            weigh([.coordinatorCrash, .primaryCrash], 1)
        case "reversals":
            // Whoever has evidence is away for longer than it is waited for, and budgets are cut meanwhile.
            ranges.restartMilliseconds = 40_000...80_000
            ranges.faultMilliseconds = 2_000...6_000
            weigh([.nodeCrash, .brokerCrash, .budgetCut], 6)
        default: return nil
        }
        return ranges
    }

    static let scenarios = [
        "everything", "calm", "network", "processes", "disks", "clocks", "database", "operators", "failovers",
        "leaders", "reversals", "canary",
    ]
}
