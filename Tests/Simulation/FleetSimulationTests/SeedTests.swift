// Seeds of the simulated fleet: they hold, they are the same each time, and the alarm rings where it must.
import FleetSimulation
import Foundation
import Synchronization
import Testing

private let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"
#if DEBUG
    private let seeds = 20
#else
    private let seeds = isLong ? 100_000 : 3_000
#endif

@Suite struct SeedTests {
    @Test func everythingHolds() throws {
        let from: UInt64 = isLong ? .random(in: 0..<1 << 40) : 1
        let all = Mutex((coverage: Coverage(), counted: 0, events: 0, broken: [String]()))
        let began = ContinuousClock.now
        // A few at a time, so that a machine's cores are all used and none waits long for the last.
        DispatchQueue.concurrentPerform(iterations: seeds) { index in
            guard let result = Simulation.run(seed: from + UInt64(index)) else { return }
            all.withLock { all in
                if result.counts { all.counted += 1 }
                all.events += result.events
                all.coverage.add(result.coverage)
                if let violation = result.violation { all.broken.append("seed \(result.seed): \(violation)") }
            }
        }
        let took = began.duration(to: .now) / .seconds(1)
        let found = all.withLock { $0 }
        print(
            "\(seeds) seeds, \(found.events) events in \(took) s: \(Int(Double(found.events) / took)) events/s"
        )
        #expect(found.broken.isEmpty, "\(found.broken.prefix(5))")
        // One in which too little happens shows nothing; about two in a hundred are such.
        #expect(found.counted * 100 >= seeds * 95, "\(found.counted) of \(seeds) count")
        if seeds >= 500 {
            #expect(found.coverage.missing.isEmpty, "never occurred: \(found.coverage.missing)")
        }
    }

    @Test func aSeedIsTheSameRun() throws {
        for seed in [UInt64](1...3) {
            let (one, other) = try (
                #require(Simulation.run(seed: seed)), #require(Simulation.run(seed: seed, isTraced: true))
            )
            #expect(one.hash == other.hash && one.events == other.events && one.counts)
        }
    }

    @Test(arguments: Simulation.scenarios.filter { $0 != "canary" })
    func eachScenarioHolds(_ scenario: String) throws {
        for seed in [UInt64](1...5) {
            let result = try #require(Simulation.run(seed: seed, scenario: scenario))
            #expect(result.violation == nil, "seed \(seed): \(result.violation ?? "")")
        }
    }

    @Test func theCanaryIsHeard() throws {
        let result = try #require(Simulation.run(seed: 1, scenario: "canary"))
        #expect(result.violation?.contains("2:") == true)
    }
}
