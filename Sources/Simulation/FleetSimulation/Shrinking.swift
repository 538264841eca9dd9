// Which faults it takes to break a seed that is broken, by leaving out as many as can be.
import Ledger

/// The fewest faults that were found to break a seed, and how to run it with those alone.
public struct ShrunkSeed: Sendable {
    public let seed: UInt64
    public let violation: String
    public let faults: [InjectedFault]
    /// Kinds that are in the air all the time, and are needed too.
    public let kinds: [Fault]
    /// Those that are not.
    public let without: [Fault]
    public let runs: Int
}

extension Simulation {
    /// Kinds that do not come one by one: messages, clocks and bills are drawn as they are sent.
    static let everPresent: [Fault] = [
        .messageLost, .messageDoubled, .messageLate, .clockDrift, .tailTorn, .billLate, .billTwice,
        .billNever,
        .billAboveReserved, .orphan,
    ]
    /// A seed takes some hundredths of a second.
    static let shrinkingRunsMost = 600

    /// Leaves out kinds, then faults in halves, quarters and so on, as long as something breaks: not always the same thing,
    /// since a schedule with less in it may break earlier. Nil where the seed holds.
    public static func shrink(seed: UInt64, scenario: String, mutant: Mutant? = nil) -> ShrunkSeed? {
        var runs = 0
        func breaks(_ only: Set<Int>?, _ without: Set<Fault>) -> SeedResult? {
            runs += 1
            let result = run(seed: seed, scenario: scenario, mutant: mutant, only: only, without: without)
            return result?.violation == nil ? nil : result
        }
        guard var worst = breaks(nil, []) else { return nil }
        var without: Set<Fault> = []
        var kept = worst.faults.map(\.number)
        for fault in everPresent {
            guard let result = breaks(Set(kept), without.union([fault])) else { continue }
            without.insert(fault)
            worst = result
        }
        var piece = max((kept.count + 1) / 2, 1)
        while !kept.isEmpty, runs < shrinkingRunsMost {
            var at = 0
            var isSmaller = false
            while at < kept.count, runs < shrinkingRunsMost {
                let end = min(at + piece, kept.count)
                let fewer = Array(kept[..<at] + kept[end...])
                if let result = breaks(Set(fewer), without) {
                    kept = fewer
                    worst = result
                    isSmaller = true
                } else {
                    at = end
                }
            }
            if piece == 1, !isSmaller { break }
            piece = max(piece / 2, 1)
        }
        // One that was not met before the break is none that it takes.
        let faults = worst.faults.filter { kept.contains($0.number) }
        return ShrunkSeed(
            seed: seed, violation: worst.violation ?? "", faults: faults,
            kinds: everPresent.filter { !without.contains($0) },
            without: everPresent.filter(without.contains),
            runs: runs)
    }
}
