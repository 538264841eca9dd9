// One seed from its beginning to its end, and what came of it.
internal import Ledger

/// What a run of one seed came to.
public struct SeedResult: Sendable {
    public let seed: UInt64
    /// Of everything that happened, in its order: the same on every machine.
    public let hash: UInt64
    /// Events that Core's machines took and orders that they gave.
    public let events: Int
    public let violation: String?
    public let coverage: Coverage
    public let trace: [String]
}

public enum Simulation {
    public static var scenarios: [String] { FaultRanges.scenarios }

    /// Runs a seed. Nil where there is no such scenario.
    public static func run(
        seed: UInt64, scenario: String = "everything", mutant: Mutant? = nil, without: Set<Fault> = [],
        isTraced: Bool = false
    ) -> SeedResult? {
        guard let ranges = FaultRanges.of(scenario, without: without) else { return nil }
        let world = World(
            seed: seed, shape: WorldShape(), ranges: ranges, mutant: mutant, isCanary: scenario == "canary",
            isTraced: isTraced)
        world.run()
        return SeedResult(
            seed: seed, hash: world.hash, events: world.events, violation: world.violation,
            coverage: world.coverage, trace: world.trace)
    }
}
