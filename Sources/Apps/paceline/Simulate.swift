// `paceline simulate`: runs the money of a whole fleet under faults, seed by seed, and says whether every promise held.
import Commands
import Documents
import FleetSimulation
import JSON
import Kernel
import Units

enum Simulate {
    static let seeds = Parameter.option(
        "seeds", .integer(1...100_000_000), default: 100, "How many seeds to run.")
    static let seed = Parameter.option(
        "seed", .integer(0...1_000_000_000_000_000), default: 1, "The first seed; the others follow it.")
    static let scenario = Parameter.option(
        "scenario", .one(of: Simulation.scenarios, "NAME"), default: "everything", "What may go wrong.")
    static let mutant = Parameter.option(
        "mutant", .one(of: ["all"] + Mutant.all.map(\.name), "NAME"),
        "Break one rule on purpose, and look for the seed that notices; all tries each.")
    static let threads = Parameter.option(
        "threads", .integer(1...256), default: 2, "How many seeds are run at a time.")
    static let trace = Parameter.flag("trace", "Print what happens in each seed, by its virtual time.")
    static let json = Parameter.jsonLine

    /// With so many seeds everything that can happen has happened many times; a run that lacks something is wrong.
    static let seedsForCoverage = 500

    static let command = Command(
        "simulate", "Tries the money of a fleet under faults.",
        discussion: """
            One process simulates coordinators, a database with failover, brokers, nodes with disks, a network
            and an exchange under a virtual clock. The machines are those that serve. A seed is the same run
            on every machine; its hash says so. One that breaks something is printed with what was broken
            and with the kinds of fault that it takes.

            A seed in which too little happened does not count. With 500 seeds of everything and more, the run
            fails too where some transition, effect or fault never occurred.

            With --mutant one rule is left out, and the answer is yes where some seed notices.
            """,
        parameters: [seeds, seed, scenario, mutant, threads, trace, json],
        examples: [
            Example("paceline simulate --seeds 2", "Two seeds in which everything may go wrong."),
            Example("paceline simulate --seeds 1 --seed 7 --json", "One seed, for a program."),
            Example(
                "paceline simulate --seeds 1 --scenario canary",
                "Somebody spends beside the ledger: the alarm must ring.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        let first = UInt64(call[seed])
        let range = first..<first + UInt64(call[seeds])
        if let name = call[mutant] {
            return hunt(
                name == "all" ? Mutant.all : Mutant.all.filter { $0.name == name }, range, call, &output)
        }
        let scenario = call[scenario]
        if call[trace] {
            for seed in range {
                for line in Simulation.run(seed: seed, scenario: scenario, isTraced: true)?.trace ?? [] {
                    output.print(line)
                }
            }
        }
        let began = Kernel.monotonicNow()
        let tally = SimulationCrew.run(range, threads: call[threads]) {
            Simulation.run(seed: $0, scenario: scenario)
        }
        let took = max((Kernel.monotonicNow() - began).nanoseconds, 1)
        let missing =
            scenario == "everything" && range.count >= seedsForCoverage ? tally.coverage.missing : []
        let rate = Int(Double(tally.events) * 1e9 / Double(took))
        if call[json] {
            output.print(tree(tally, range, missing, rate))
        } else {
            for one in tally.broken.prefix(linesMost) {
                output.print("seed \(one.seed): \(one.violation)")
            }
            if let worst = tally.broken.first, scenario != "canary" {
                let needed = Simulation.shrink(seed: worst.seed, scenario: scenario)
                let names = Fault.allCases.filter(needed.contains).map { "\($0)" }
                output.print(
                    "seed \(worst.seed) takes \(names.isEmpty ? "no fault" : names.joined(separator: ", "))")
            }
            for name in missing { output.print("never occurred: \(name)") }
            output.print(
                "\(range.count) seeds, \(tally.counted) counted, \(tally.broken.count) broken; \(tally.events) events, "
                    + "\(tally.coverage.faults) faults, \(rate) events/s")
        }
        return tally.broken.isEmpty && missing.isEmpty ? .ok : .failed
    }

    /// Broken seeds that are printed; the rest are counted.
    private static let linesMost = 20

    private static func tree(
        _ tally: SimulationTally, _ range: Range<UInt64>, _ missing: [String], _ rate: Int
    ) -> JSONTree {
        [
            "seeds": .number(range.count), "counted": .number(tally.counted),
            "events": .number(tally.events), "faults": .number(Int(tally.coverage.faults)),
            "eventsPerSecond": .number(rate),
            "broken": .array(
                tally.broken.map { one in
                    ["seed": .number(Int(one.seed)), "violation": .string(one.violation)]
                }), "missing": .array(missing.map { .string($0) }),
        ]
    }

    private static func hunt(
        _ mutants: [Mutant], _ range: Range<UInt64>, _ call: Invocation, _ output: inout Output
    ) -> Outcome {
        let scenario = call[scenario]
        var isEachCaught = true
        for mutant in mutants {
            let tally = SimulationCrew.run(range, threads: call[threads], isOneEnough: true) {
                Simulation.run(seed: $0, scenario: scenario, mutant: mutant)
            }
            let caught = tally.broken.first
            isEachCaught = isEachCaught && caught != nil
            if call[json] {
                output.print([
                    "mutant": .string(mutant.name),
                    "seed": caught.map { .number(Int($0.seed)) } ?? .null,
                ])
            } else {
                let said = caught.map { "caught by seed \($0.seed): \($0.violation)" } ?? "NOT CAUGHT"
                output.print("\(mutant.name): \(said)")
            }
            output.flush()
        }
        return isEachCaught ? .ok : .failed
    }
}
