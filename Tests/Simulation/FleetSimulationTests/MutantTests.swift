// Every rule that is left out on purpose is noticed, each by a seed that is known to. Where a change of the simulator makes other
// schedules of the seeds, `paceline simulate --mutant all --seeds 10000` prints the table anew.
import FleetSimulation
import Testing

@Suite struct MutantTests {
    private static let caughtBy: [String: UInt64] = [
        "free-at-the-fence": 1,
        "closing-before-the-fence": 8,
        "free-by-the-broker-while-a-node-holds": 1,
        "one-closing-closes-all": 8,
        "childs-lease-longer": 1,
        "lease-counted-from-the-reply": 1,
        "fence-margin-skipped": 1,
        "fence-not-checked": 1,
        "clock-stops-in-suspend": 10,
        "node-session-not-registered": 1,
        "report-counted-twice": 1,
        "cut-ignores-overhang": 1,
        "window-grants-under-an-ancestors-overhang": 4,
        "granted-money-carried-over": 1,
        "counters-trimmed-while-in-suspense": 3,
        "clones-counter-maximised": 12,
        "audit-does-not-stop-grants": 7,
        "presentation-added": 27,
        "grants-below-one-impression": 1,
        "claim-and-settlement-in-two-sets": 1,
        "orphan-added-to-the-cumulative": 1,
        "settlement-to-todays-window": 1,
        "late-bill-dropped": 1,
        "retry-taken-for-a-clone": 1,
        "takeover-keeps-the-old-clock": 1,
        "zombie-leader-renews": 3,
        "epoch-check-unlocked": 3,
        "warning-taken-as-success": 2,
        "retry-by-read": 45,
        "answer-before-the-number-is-in-etcd": 4,
        "check-before-the-mark-is-durable": 1,
        "fsync-retried": 3,
        "closings-trimmed-on-acknowledgement": 4,
        "mark-after-use": 1,
        "paid-above-reserved-accepted": 1,
        "standby-inherits-free": 1,
        "settled-forgotten": 10,
        "standby-refuses-unknown-reports": 1,
        "audit-lists-holders-from-the-database": 40,
        "a-silent-holder-blocks-all": 1,
        "removed-broker-forgotten-in-audit": 82,
        "split-logs": 1,
        "orphan-deduplicated-per-node": 1,
        "report-summed-by-the-broker": 1,
        "returned-frees-at-the-root": 1,
        "batches-of-one-stream-in-parallel": 395,
        "old-money-renewed-at-the-standby": 1,
        "reversal-bypasses-overhang": 2,
        "audit-skipped": 2,
        "epoch-reused": 77,
        "free-from-a-shipped-journal": 41,
        "acknowledgement-of-a-lost-timeline-taken": 116,
        "promise-of-a-lost-timeline-taken": 64,
        "lapsed-leader-counts-on": 785,
        "restored-journal-trusted": 1,
        "restored-brokers-journal-trusted": 83,
        "resumed-renewal-counts-anew": 147,
        "resumed-on-a-clock-that-stood-still": 260,
        "returned-money-forgotten": 1,
        "freed-though-nobody-reached-it": 2,
    ]

    /// In a debug build a seed takes a quarter of a second; the list is checked there, the seeds where they are quick.
    @Test func eachIsCaught() throws {
        #expect(Set(Self.caughtBy.keys) == Set(Mutant.all.map(\.name)))
        #if !DEBUG
            for mutant in Mutant.all {
                let seed = try #require(Self.caughtBy[mutant.name])
                let result = try #require(
                    Simulation.run(seed: seed, scenario: mutant.scenario, mutant: mutant))
                #expect(result.violation != nil, "\(mutant.name) is not caught by seed \(seed) any more")
            }
        #endif
    }

    /// What caught it is not a seed that breaks anyway.
    @Test func theirSeedsHoldWithAllRules() throws {
        #if !DEBUG
            for mutant in Mutant.all {
                let seed = try #require(Self.caughtBy[mutant.name])
                let result = try #require(Simulation.run(seed: seed, scenario: mutant.scenario))
                #expect(result.violation == nil, "seed \(seed): \(result.violation ?? "")")
            }
        #endif
    }

    /// What is left of a broken seed still breaks, and is less.
    @Test func aBrokenSeedShrinks() throws {
        let mutant = try #require(Mutant.named("retry-by-read"))
        let seed = try #require(Self.caughtBy[mutant.name])
        let whole = try #require(Simulation.run(seed: seed, mutant: mutant))
        let shrunk = try #require(Simulation.shrink(seed: seed, scenario: "everything", mutant: mutant))
        let again = try #require(
            Simulation.run(
                seed: seed, mutant: mutant, only: Set(shrunk.faults.map(\.number)),
                without: Set(shrunk.without)))
        #expect(again.violation == shrunk.violation && shrunk.faults.count < whole.faults.count)
        #expect(Simulation.shrink(seed: 1, scenario: "calm") == nil)
    }
}
