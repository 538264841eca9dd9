// One seed from its beginning to its end, what came of it, and which of its faults it takes to break what broke.
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
    public let faults: [InjectedFault]

    /// A seed in which too little happened has shown nothing.
    public var counts: Bool {
        events >= Simulation.eventsLeast && coverage.faults >= Simulation.faultsLeast
    }
}

public enum Simulation {
    public static let eventsLeast = 20_000
    public static let faultsLeast: UInt64 = 20

    public static var scenarios: [String] { FaultRanges.scenarios }

    /// Runs a seed. Nil where there is no such scenario.
    ///
    /// - Parameters:
    ///   - only: the numbers of the faults that come; nil for all of them.
    ///   - without: kinds that do not come.
    public static func run(
        seed: UInt64, scenario: String = "everything", mutant: Mutant? = nil, only: Set<Int>? = nil,
        without: Set<Fault> = [], isTraced: Bool = false
    ) -> SeedResult? {
        guard let ranges = FaultRanges.of(scenario, without: without) else { return nil }
        let world = World(
            seed: seed, shape: WorldShape(), ranges: ranges, mutant: mutant, isCanary: scenario == "canary",
            only: only, isTraced: isTraced)
        world.run()
        return SeedResult(
            seed: seed, hash: world.hash, events: world.events, violation: world.violation,
            coverage: world.coverage, trace: world.trace, faults: world.injected)
    }
}
