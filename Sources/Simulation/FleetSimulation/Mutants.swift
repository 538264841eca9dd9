// Ways to do it wrong, by name. Each is one rule of Core's machines left out, or one thing done otherwise by what they
// run on; each must be caught.
@_spi(Mutants) import Ledger

/// A mutant. Its name is the operator's word for it.
public struct Mutant: Hashable, Sendable {
    /// What is done otherwise outside of the machines.
    enum Place: Hashable, Sendable {
        case rule(LedgerRule)
        case world(WorldMutant)
    }
    public let name: String
    let place: Place

    var rule: LedgerRule? { if case .rule(let rule) = place { rule } else { nil } }

    static func rules(without mutant: Mutant?) -> LedgerRules { LedgerRules(without: mutant?.rule) }

    public static let all: [Mutant] =
        rules.map { Mutant(name: $0, place: .rule($1)) }
        + WorldMutant.allCases.map { Mutant(name: $0.rawValue, place: .world($0)) }

    /// Where it shows: what comes late behind a failover is too rare among everything else.
    public var scenario: String {
        switch place {
        case .rule(.promisesEndWithTheirTimeline), .world(.staleAcknowledgement): "failovers"
        case .world(.lapsedLeaderCountsOn): "leaders"
        case .rule(.reversalPaysOverhang): "reversals"
        default: "everything"
        }
    }

    public static func named(_ name: String) -> Mutant? { all.first { $0.name == name } }

    private static let rules: [(String, LedgerRule)] = [
        ("free-at-the-fence", .fenceFreesNothing),
        ("closing-before-the-fence", .closingsComeBehindTheFence),
        ("free-by-the-broker-while-a-node-holds", .brokerReturnsItsOwn),
        ("one-closing-closes-all", .closingsCoverAllHolders),
        ("childs-lease-longer", .leaseWithinTheGivers),
        ("lease-counted-from-the-reply", .leaseCountsFromTheRequest),
        ("fence-margin-skipped", .fenceHasAMargin),
        ("fence-not-checked", .fenceIsChecked),
        ("clock-stops-in-suspend", .clocksAreCompared),
        ("node-session-not-registered", .registeredBeforeTheFirstGrant),
        ("report-counted-twice", .countersAreMaximised),
        ("cut-ignores-overhang", .overhangStopsGrants),
        ("window-grants-under-an-ancestors-overhang", .windowsAskTheirLifetime),
        ("reversal-bypasses-overhang", .reversalPaysOverhang),
        ("granted-money-carried-over", .onlyFreeIsCarried),
        ("counters-trimmed-while-in-suspense", .countersAreKept),
        ("promise-of-a-lost-timeline-taken", .promisesEndWithTheirTimeline),
        ("clones-counter-maximised", .clonesAreFenced),
        ("audit-does-not-stop-grants", .auditStopsGrants),
        ("presentation-added", .presentationIsMaximised),
        ("grants-below-one-impression", .grantsServeAnImpression),
        ("claim-and-settlement-in-two-sets", .claimsAreMergedByKey),
        ("orphan-added-to-the-cumulative", .claimsStandApart),
        ("settlement-to-todays-window", .settlementKeepsItsWindow),
        ("late-bill-dropped", .lateIsKept),
        ("retry-taken-for-a-clone", .retriesAreNoClones),
    ]
}

enum WorldMutant: String, CaseIterable, Sendable {
    case takeoverKeepsTheOldClock = "takeover-keeps-the-old-clock"
    case zombieLeaderRenews = "zombie-leader-renews"
    case epochCheckUnlocked = "epoch-check-unlocked"
    case warningTakenAsSuccess = "warning-taken-as-success"
    case retryByRead = "retry-by-read"
    case auditSkipped = "audit-skipped"
    case answerBeforeTheNumber = "answer-before-the-number-is-in-etcd"
    case checkBeforeDurable = "check-before-the-mark-is-durable"
    case fsyncRetried = "fsync-retried"
    case epochReused = "epoch-reused"
    case trimmedOnAcknowledgement = "closings-trimmed-on-acknowledgement"
    case markAfterUse = "mark-after-use"
    case paidAboveReserved = "paid-above-reserved-accepted"
    case standbyInheritsFree = "standby-inherits-free"
    case settledForgotten = "settled-forgotten"
    case standbyRefusesUnknown = "standby-refuses-unknown-reports"
    case auditListsTheDatabase = "audit-lists-holders-from-the-database"
    case silentHolderBlocksAll = "a-silent-holder-blocks-all"
    case removedBrokerForgotten = "removed-broker-forgotten-in-audit"
    case freeFromAShippedJournal = "free-from-a-shipped-journal"
    case splitLogs = "split-logs"
    case orphanPerNode = "orphan-deduplicated-per-node"
    case summedByTheBroker = "report-summed-by-the-broker"
    case returnedFreesAtTheRoot = "returned-frees-at-the-root"
    case batchesInParallel = "batches-of-one-stream-in-parallel"
    case renewedAtTheStandby = "old-money-renewed-at-the-standby"
    case staleAcknowledgement = "acknowledgement-of-a-lost-timeline-taken"
    case restoredJournalTrusted = "restored-journal-trusted"
    case restoredBrokerTrusted = "restored-brokers-journal-trusted"
    case lapsedLeaderCountsOn = "lapsed-leader-counts-on"
    case resumedRenewalCountsAnew = "resumed-renewal-counts-anew"
    case resumedOnAStoppedClock = "resumed-on-a-clock-that-stood-still"
    case returnsForgotten = "returned-money-forgotten"
    case freedUnreached = "freed-though-nobody-reached-it"
}

extension World {
    @inline(__always)
    func has(_ one: WorldMutant) -> Bool {
        guard let mutant else { return false }
        return mutant.place == .world(one)
    }
}
