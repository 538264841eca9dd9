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
    /// Those that were done to the fleet; what exchanges do late, twice or never is in the coverage besides.
    public let faults: [InjectedFault]
    /// Whether enough happened in it: what did not has shown nothing.
    public let counts: Bool
}

public enum Simulation {
    public static let eventsLeast = 20_000
    public static let faultsLeast = 20

    /// Where only one kind of thing may go wrong few things do, and in the calm none.
    private static func faultsLeast(of scenario: String) -> Int {
        switch scenario {
        case "everything": faultsLeast
        case "calm": 0
        default: 5
        }
    }

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
            coverage: world.coverage, trace: world.trace, faults: world.injected,
            counts: world.events >= eventsLeast && world.injected.count >= faultsLeast(of: scenario))
    }
}
