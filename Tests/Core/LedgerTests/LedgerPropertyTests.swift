// Random schedules of a node's money, and mutants that must not survive them.
import Foundation
import Ledger
import Synchronization
import Testing
import Units

#if DEBUG
    private let rounds = 40
#else
    private let rounds = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1" ? 20_000 : 1_000
#endif

/// What a world comes to; empty where nothing is wrong.
private func violations(seed: UInt64, _ mutant: LedgerMutant? = nil) -> [String] {
    let world = LedgerWorld(seed: seed, mutant: mutant)
    for _ in 0..<300 {
        world.step()
        if !world.violations.isEmpty { return world.violations }
    }
    world.heal()
    if world.violations.isEmpty {
        world.crash()
        world.heal()
    }
    return world.violations
}

@Suite struct LedgerPropertyTests {
    @Test func moneyIsNeverLostNorSpentTwice() {
        let from = UInt64.random(in: 0..<1 << 40)
        // Those that found something once are tried each time.
        let seeds =
            [UInt64](1...10) + [1_050_204_380_506, 91_862_954_299] + (from..<from + UInt64(rounds))
        let found = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: seeds.count) { index in
            let wrong = violations(seed: seeds[index])
            if !wrong.isEmpty { found.withLock { $0.append("seed \(seeds[index]): \(wrong.prefix(3))") } }
        }
        #expect(found.withLock { $0.isEmpty }, "\(found.withLock { $0.prefix(3) })")
    }

    /// Each way to do it wrong, with a seed that catches it. A seed that no longer does is another schedule since
    /// then: find a new one, and look why.
    static let caught: [(mutant: LedgerMutant, seed: UInt64)] = [
        (.checkBeforeDurable, 1), (.markAfterUse, 1), (.splitLogs, 1), (.fenceIgnored, 1),
        (.fenceMarginSkipped, 1), (.leaseCountedFromTheReply, 1), (.freeAtTheFence, 1), (.doubtForgotten, 1),
        (.settledForgotten, 1), (.lateBillDropped, 1), (.paidAboveReserved, 1), (.settledToTodaysWindow, 1),
        (.cutIgnoresOverhang, 1), (.grantedCarriedOver, 3), (.grantsBelowOneImpression, 1),
        (.epochReused, 1), (.reportAdded, 1),
    ]

    @Test(arguments: caught)
    func mutantsAreCaught(_ mutant: LedgerMutant, _ seed: UInt64) {
        #expect(!violations(seed: seed, mutant).isEmpty, "seed \(seed) does not catch \(mutant)")
    }

    @Test func everyMutantIsInTheTable() {
        #expect(Set(Self.caught.map(\.mutant)) == Set(LedgerMutant.allCases))
    }

    /// For who looks for a seed: `PACELINE_LEDGER_MUTANT=name`.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["PACELINE_LEDGER_MUTANT"] != nil))
    func findsASeed() {
        let name = ProcessInfo.processInfo.environment["PACELINE_LEDGER_MUTANT"] ?? ""
        for mutant in LedgerMutant.allCases where name == "all" || mutant.rawValue == name {
            let seed = (UInt64(1)...400).first { !violations(seed: $0, mutant).isEmpty }
            let found = seed.map { violations(seed: $0, mutant) } ?? []
            print("(.\(mutant), \(seed.map(String.init) ?? "none")),  // \(found.first ?? "")")
        }
    }
}
