// `paceline simulate`: runs the ledger of a whole fleet under faults, seed by seed, and says whether it held.
import Commands
import Documents
import FleetSimulation
import JSON
import Units

enum Simulate {
    static let seeds = Parameter.option(
        "seeds", .integer(1...100_000_000), default: 100, "How many seeds to run, one after another.")
    static let seed = Parameter.option(
        "seed", .integer(0...Int.max), default: 1, "The first seed; the others follow it.")
    static let scenario = Parameter.option(
        "scenario", .one(of: Simulation.scenarios, "NAME"), default: "everything", "What may go wrong.")
    static let mutant = Parameter.option(
        "mutant", .one(of: ["all"] + Mutant.all.map(\.name), "NAME"),
        "Break one rule on purpose, and look for the seed that notices; all tries each.")
    static let trace = Parameter.flag("trace", "Print what happens in each seed, by its virtual time.")
    static let json = Parameter.jsonLine

    static let command = Command(
        "simulate", "Runs the money of a whole fleet under faults, and says whether every promise held.",
        discussion: """
            One process simulates coordinators, a database with failover, brokers, nodes with disks, a network
            and an exchange under a virtual clock. The machines are those that serve. A seed is the same run on
            every machine; a seed that fails is printed with what was broken, and can be run again alone.

            With --mutant one rule is left out, and the answer is yes where some seed notices.
            """,
        parameters: [seeds, seed, scenario, mutant, trace, json],
        examples: [
            Example("paceline simulate --seeds 2", "Two seeds in which everything may go wrong."),
            Example(
                "paceline simulate --seed 1 --seeds 1 --scenario canary",
                "Somebody spends beside the ledger: the alarm must ring.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        let first = UInt64(call[seed])
        let range = first..<first + UInt64(call[seeds])
        if let name = call[mutant] {
            let mutants = name == "all" ? Mutant.all : Mutant.all.filter { $0.name == name }
            return hunt(mutants, range, call, &output)
        }
        var (events, faults, failed) = (0, UInt64(0), 0)
        var coverage = Coverage()
        for seed in range {
            guard
                let result = Simulation.run(
                    seed: seed, scenario: call[scenario], isTraced: call[trace])
            else { return .failed }
            events += result.events
            faults += result.coverage.faults
            coverage.add(result.coverage)
            if call[trace] { for line in result.trace { output.print(line) } }
            if let violation = result.violation {
                failed += 1
                if !call[json] { output.print("seed \(seed): \(violation)") }
            }
        }
        if call[json] {
            output.print([
                "seeds": .number(range.count), "failed": .number(failed), "events": .number(events),
                "faults": .number(Int(faults)),
            ])
        } else {
            output.print(
                "\(range.count) seeds, \(failed) failed, \(events) events, \(faults) faults")
        }
        return failed == 0 ? .ok : .failed
    }

    private static func hunt(
        _ mutants: [Mutant], _ range: Range<UInt64>, _ call: Invocation, _ output: inout Output
    ) -> Outcome {
        var isEachCaught = true
        for mutant in mutants {
            var caught: (seed: UInt64, violation: String)?
            for seed in range where caught == nil {
                let result = Simulation.run(seed: seed, scenario: call[scenario], mutant: mutant)
                if let violation = result?.violation { caught = (seed, violation) }
            }
            isEachCaught = isEachCaught && caught != nil
            let said = caught.map { "caught by seed \($0.seed): \($0.violation)" } ?? "NOT CAUGHT"
            if call[json] {
                output.print([
                    "mutant": .string(mutant.name),
                    "seed": caught.map { .number(Int($0.seed)) } ?? .null,
                ])
            } else {
                output.print("\(mutant.name): \(said)")
            }
        }
        return isEachCaught ? .ok : .failed
    }
}
