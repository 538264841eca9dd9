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
    static let faults = Parameter.option(
        "faults", .list(of: .integer(0...1_000_000)),
        "Let only these faults of a seed come, by the numbers that its trace gives them.")
    static let without = Parameter.option(
        "without", .list(of: .one(of: Fault.allCases.map(\.name), "KIND")), "Kinds of fault that do not come."
    )
    static let threads = Parameter.option(
        "threads", .integer(1...256), default: 2, "How many seeds are run at a time.")
    static let trace = Parameter.flag("trace", "Print what happens in each seed, by its virtual time.")
    static let json = Parameter.jsonLine

    /// With so many seeds everything that can happen has happened many times; a run that lacks something is wrong.
    static let seedsForCoverage = 2_000

    static let command = Command(
        "simulate", "Tries the money of a fleet under faults.",
        discussion: """
            One process simulates coordinators, a database with failover, brokers, nodes with disks, a network
            and an exchange under a virtual clock. The machines are those that serve. A seed is the same run
            on every machine; its hash says so. The first that breaks something is shrunk: its faults are left out
            as far as it still breaks, and what is left is printed with their times and targets, and with the
            command that runs the seed with those alone.

            A seed in which too little happened does not count, and a run of which none counts fails. With 2,000
            seeds of everything and more, it fails too where some transition of a session, lease, account or region,
            some effect, refusal or alarm, or some kind of fault never occurred; with fewer that is not asked.
            In the scenario canary somebody spends beside the ledger: it must break, and shrinks to that alone.

            With --mutant one rule is left out, in the scenario where that shows unless another one is named, and the answer is yes where some seed notices; all prints the
            table of all rules with the seed that noticed each.
            """,
        parameters: [seeds, seed, scenario, mutant, faults, without, threads, trace, json],
        examples: [
            Example("paceline simulate --seeds 2", "Two seeds in which everything may go wrong."),
            Example("paceline simulate --seeds 1 --seed 7 --json", "One seed, for a program."),
            Example(
                "paceline simulate --seeds 1 --scenario canary --json",
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
        let only = call[faults].map { Set($0) }
        let without = Set((call[without] ?? []).compactMap(Fault.named))
        if call[trace] { print(traceOf: range, scenario, call, nil, &output) }
        let began = Kernel.monotonicNow()
        let tally = SimulationCrew.run(range, threads: call[threads]) {
            Simulation.run(seed: $0, scenario: scenario, only: only, without: without)
        }
        let took = max((Kernel.monotonicNow() - began).nanoseconds, 1)
        let missing =
            scenario == "everything" && range.count >= seedsForCoverage ? tally.coverage.missing : []
        // A fault that is looked at alone, or a broken seed, has said something.
        let isIdle = tally.counted == 0 && tally.broken.isEmpty && only == nil && without.isEmpty
        let rate = Int(Double(tally.events) * 1e9 / Double(took))
        if call[json] {
            output.print(tree(tally, range, missing, rate))
        } else {
            for one in tally.broken.prefix(linesMost) {
                output.print("seed \(one.seed): \(one.violation)")
            }
            if let worst = tally.broken.first, only == nil, without.isEmpty {
                shrink(worst.seed, scenario, nil, &output)
            }
            for name in missing { output.print("never occurred: \(name)") }
            if isIdle {
                output.print(
                    "no seed counts: too little happened in each, under \(Simulation.eventsLeast) events or too few faults; try others with --seed"
                )
            }
            output.print(
                "\(range.count) seeds, \(tally.counted) counted, \(tally.broken.count) broken; \(tally.events) events, "
                    + "\(tally.coverage.faults) faults, \(rate) events/s; hash \(text(of: tally.hash))")
        }
        return tally.broken.isEmpty && missing.isEmpty && !isIdle ? .ok : .failed
    }

    private static func print(
        traceOf range: Range<UInt64>, _ scenario: String, _ call: Invocation, _ mutant: Mutant?,
        _ output: inout Output
    ) {
        for seed in range {
            let result = Simulation.run(
                seed: seed, scenario: scenario, mutant: mutant, only: call[faults].map { Set($0) },
                without: Set((call[without] ?? []).compactMap(Fault.named)), isTraced: true)
            for line in result?.trace ?? [] { output.print(line) }
        }
    }

    /// What a broken seed takes, and how to see it.
    private static func shrink(_ seed: UInt64, _ scenario: String, _ mutant: Mutant?, _ output: inout Output)
    {
        guard let shrunk = Simulation.shrink(seed: seed, scenario: scenario, mutant: mutant) else { return }
        output.print("seed \(seed) still breaks with \(shrunk.faults.count) faults: \(shrunk.violation)")
        for one in shrunk.faults {
            output.print("  \(one.number)  at \(one.milliseconds) ms  \(one.name)  \(one.target)")
        }
        let kinds = shrunk.kinds.map(\.name).joined(separator: ", ")
        output.print("  and \(kinds.isEmpty ? "nothing else" : kinds)")
        var command = "paceline simulate --seeds 1 --seed \(seed)"
        if scenario != "everything" { command += " --scenario \(scenario)" }
        if let mutant { command += " --mutant \(mutant.name)" }
        command += " --faults '\(shrunk.faults.map { "\($0.number)" }.joined(separator: ","))'"
        if !shrunk.without.isEmpty {
            command += " --without \(shrunk.without.map(\.name).joined(separator: ","))"
        }
        output.print("  \(command) --trace")
    }

    private static func text(of hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Broken seeds that are printed; the rest are counted.
    private static let linesMost = 20

    private static func tree(
        _ tally: SimulationTally, _ range: Range<UInt64>, _ missing: [String], _ rate: Int
    ) -> JSONTree {
        [
            "seeds": .number(range.count), "counted": .number(tally.counted),
            "events": .number(tally.events), "faults": .number(Int(tally.coverage.faults)),
            "eventsPerSecond": .number(rate), "hash": .string(text(of: tally.hash)),
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
        let only = call[faults].map { Set($0) }
        let without = Set((call[without] ?? []).compactMap(Fault.named))
        var isEachCaught = true
        for mutant in mutants {
            let scenario = scenario == "everything" ? mutant.scenario : scenario
            if call[trace] { print(traceOf: range, scenario, call, mutant, &output) }
            let tally = SimulationCrew.run(range, threads: call[threads], isOneEnough: true) {
                Simulation.run(seed: $0, scenario: scenario, mutant: mutant, only: only, without: without)
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
                if let caught, mutants.count == 1, only == nil, without.isEmpty {
                    shrink(caught.seed, scenario, mutant, &output)
                }
            }
            output.flush()
        }
        return isEachCaught ? .ok : .failed
    }
}
