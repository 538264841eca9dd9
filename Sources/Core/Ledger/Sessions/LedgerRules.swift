// The rules that the machines keep, by name, so that the simulator can break one at a time and see that it notices.
// A node that serves has all of them: a set with one missing can only be made by who asks for mutants in its import.

/// A guard in one of the machines. Each is named for what it guards; its mutant is that guard taken out.
public enum LedgerRule: UInt8, CaseIterable, Sendable {
    /// What is unreported stays in suspense at the fence.
    case fenceFreesNothing
    /// Only a closing that was read behind the fence frees.
    case closingsComeBehindTheFence
    /// A parent's session is closed by the closings of all its holders, not of some.
    case closingsCoverAllHolders
    /// A lease never outlasts what is left of the giver's own.
    case leaseWithinTheGivers
    /// A holder counts from when it sent, not from when the answer came.
    case leaseCountsFromTheRequest
    /// Both sides leave a margin for clocks that drift.
    case fenceHasAMargin
    /// The fence is looked at before money is given on.
    case fenceIsChecked
    /// The clock that counts leases is held against another one.
    case clocksAreCompared
    /// Only what was registered above is given to.
    case registeredBeforeTheFirstGrant
    /// A settled sum is kept by key and the larger wins; nothing is added.
    case countersAreMaximised
    /// Nothing is granted while there is overhang, on a window or above it.
    case overhangStopsGrants
    /// A window grants only what its lifetime account still has.
    case windowsAskTheirLifetime
    /// An account that is being audited grants nothing.
    case auditStopsGrants
    /// What brokers present is maximised with what is known.
    case presentationIsMaximised
    /// No grant is smaller than the largest reservation that it may serve.
    case grantsServeAnImpression
    /// A nonce is used once, and a second request on it is a clone's.
    case clonesAreFenced
    /// The same request again gets the same answer.
    case retriesAreNoClones
    /// What is above a closing is late, and never refused.
    case lateIsKept
    /// A claim and a settlement of one key count once.
    case claimsAreMergedByKey
    /// A reservation's settlement goes to its own account.
    case settlementKeepsItsWindow
    /// Until a journal has taken it in, a claim is no part of what journals have said.
    case claimsStandApart
    /// What was presumed spent and was not pays overhang before anything of it is free.
    case reversalPaysOverhang
    /// From one window to the next goes what nobody has.
    case onlyFreeIsCarried
    /// While money waits for evidence, what settled it so far is kept by its keys.
    case countersAreKept
    /// A broker gives back what it has, and nothing that a node was given.
    case brokerReturnsItsOwn
    /// What a lost timeline promised counts for nothing behind the audit that asked for it.
    case promisesEndWithTheirTimeline
}

/// Which rules a machine keeps. One bit is looked at for a message, none for a request.
public struct LedgerRules: Hashable, Sendable, BitwiseCopyable {
    private var broken: UInt64 = 0

    public static let all = LedgerRules()

    private init() {}

    /// For the simulator and tests alone.
    @_spi(Mutants) public init(without rule: LedgerRule?) {
        if let rule { broken = 1 << UInt64(rule.rawValue) }
    }

    @inline(__always)
    public func keep(_ rule: LedgerRule) -> Bool { broken & 1 << UInt64(rule.rawValue) == 0 }
}
