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

    public static func named(_ name: String) -> Mutant? { all.first { $0.name == name } }

    private static let rules: [(String, LedgerRule)] = [
        ("free-at-the-fence", .fenceFreesNothing),
        ("closing-before-the-fence", .closingsComeBehindTheFence),
        ("one-closing-closes-all", .closingsCoverAllHolders),
        ("childs-lease-longer", .leaseWithinTheGivers),
        ("lease-counted-from-the-reply", .leaseCountsFromTheRequest),
        ("fence-margin-skipped", .fenceHasAMargin),
        ("fence-not-checked", .fenceIsChecked),
        ("clock-stops-in-suspend", .clocksAreCompared),
        ("node-session-not-registered", .registeredBeforeTheFirstGrant),
        ("report-counted-twice", .countersAreMaximised),
        ("overhang-ignored", .overhangStopsGrants),
        ("window-grants-beyond-its-lifetime", .windowsAskTheirLifetime),
        ("audit-does-not-stop-grants", .auditStopsGrants),
        ("presentation-added", .presentationIsMaximised),
        ("grants-below-one-impression", .grantsServeAnImpression),
        ("claim-and-settlement-in-two-sets", .claimsAreMergedByKey),
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
}

extension World {
    @inline(__always)
    func has(_ one: WorldMutant) -> Bool {
        guard let mutant else { return false }
        return mutant.place == .world(one)
    }
}
