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

    /// The kinds of fault that it takes to break a seed that is broken: left out one after another, as long as it stays
    /// broken. Fewer faults are another schedule, so what is left is one that is easier to read, not the same one.
    public static func shrink(seed: UInt64, scenario: String, mutant: Mutant? = nil) -> Set<Fault> {
        var without: Set<Fault> = []
        for fault in Fault.allCases {
            let result = run(seed: seed, scenario: scenario, mutant: mutant, without: without.union([fault]))
            if result?.violation != nil { without.insert(fault) }
        }
        return Set(Fault.allCases).subtracting(without)
    }
}
