// Seeds of the simulated fleet: they hold, they are the same each time, and the alarm rings where it must.
import FleetSimulation
import Foundation
import Testing

#if DEBUG
    private let seeds: UInt64 = 20
#else
    private let seeds: UInt64 = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1" ? 100_000 : 1_000
#endif

@Suite struct SeedTests {
    @Test func everythingHolds() throws {
        let from = UInt64.random(in: 0..<1 << 40)
        var coverage = Coverage()
        for seed in from..<from + seeds {
            let result = try #require(Simulation.run(seed: seed))
            #expect(result.violation == nil, "seed \(seed): \(result.violation ?? "")")
            coverage.add(result.coverage)
        }
    }

    @Test func aSeedIsTheSameRun() throws {
        for seed in [UInt64](1...3) {
            let (one, other) = try (
                #require(Simulation.run(seed: seed)), #require(Simulation.run(seed: seed, isTraced: true))
            )
            #expect(one.hash == other.hash && one.events == other.events && one.events >= 20_000)
        }
    }

    @Test func theCanaryIsHeard() throws {
        let result = try #require(Simulation.run(seed: 1, scenario: "canary"))
        #expect(result.violation?.contains("2:") == true)
    }
}
