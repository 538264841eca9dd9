// `paceline pacing simulate`: a day of a market, or less of one, through our pacing or through one that others published.
import Commands
import Documents
import JSON
import Kernel
import MarketSimulation
import Pacing
import Units

enum PacingSimulate {
    private static let scenarios = MarketScenario.all().map { String($0.name.map { $0 == " " ? "-" : $0 }) }

    static let scenario = Parameter.option(
        "scenario", .one(of: scenarios, "NAME"), default: "calm", "What befalls the market.")
    static let policies = Parameter.option(
        "policy", .list(of: .one(of: MarketPolicy.allCases.map(\.name), "NAME")),
        "Who paces; several meet the same requests. Without it, paceline.")
    static let seed = Parameter.option(
        "seed", .integer(0...1_000_000_000_000_000), default: 1, "Another one is another day.")
    static let hours = Parameter.option("hours", .integer(1...48), default: 24, "How long the flight is.")
    static let rate = Parameter.option(
        "rate", .integer(1...1_000), default: 60, "Requests a second, in the mean of all regions.")
    static let campaigns = Parameter.option(
        "campaigns", .integer(10...2_000), default: 220, "How many compete.")
    static let bound = Parameter.flag(
        "bound",
        "Look for the most that could have been had, and hold value against it; that takes longer than the runs."
    )
    static let plots = Parameter.option(
        "svg", WordKind.file,
        "Draw spend, distance to plan, regions and the worst campaign into this directory.")
    static let json = Parameter.json

    static let command = Command(
        "simulate", "Runs campaigns through a market with faults.",
        discussion: """
            Three regions with shifted days, requests from a seed, campaigns that compete, bills that are late, doubled
            or lost, and what the scenario does to all that. Everybody meets the same requests. For each policy: what was
            spent beyond budgets and billed late, in micros; how far campaigns that can deliver ended from their
            budgets, and how far they strayed from their plans at their worst minute, half of them and the worst one;
            what was open at the end, what a lost session held, and with --bound what was had of the value that
            hindsight finds. Without --bound those can deliver of whom the plan says so.

            A day of 220 campaigns takes some twenty seconds for each policy. In less than a day what befalls the
            market comes at the same part of it, and lasts as long.
            """,
        parameters: [scenario, policies, seed, hours, rate, campaigns, bound, plots, json],
        examples: [
            Example(
                "paceline pacing simulate --hours 1 --rate 4 --campaigns 12",
                "An hour of a small market.", prints: "calm: a day without faults"),
            Example(
                "paceline pacing simulate --scenario surge --policy paceline,pid --hours 1 --rate 2 --campaigns 10 --json",
                "Ten times the traffic within a second, for a program."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        var shape = MarketShape(rate: Double(call[rate]))
        shape.seed = UInt64(call[seed])
        shape.seconds = Double(call[hours]) * 3_600
        shape.campaigns = call[campaigns]
        guard let place = scenarios.firstIndex(of: call[scenario]) else {
            throw Failure("no scenario '\(call[scenario])'", .usage)
        }
        let scenario = MarketScenario.all(shape)[place]
        let market = Market(scenario.shape)
        let hindsight = call[bound] ? Hindsight(market) : nil
        let wanted = call[policies] ?? [MarketPolicy.paceline.name]
        let runs = MarketPolicy.allCases.filter { wanted.contains($0.name) }.map { policy in
            let outcome = MarketRun(market, policy: policy).run()
            return (outcome: outcome, measures: MarketMeasures(outcome, market, hindsight))
        }
        let result = MarketResult(scenario: scenario, market: market, hindsight: hindsight, runs: runs)
        if let directory = call[plots] { try draw(result, directory) }
        if call[json] {
            output.print(tree(result))
        } else {
            output.print("\(scenario.name): \(scenario.what)")
            output.print(MarketMeasures.header)
            for run in runs {
                output.print(run.measures.row(hasValue: hindsight != nil && scenario.hasBound))
            }
        }
        return .ok
    }

    private static func draw(_ result: MarketResult, _ directory: String) throws(Failure) {
        do {
            try Kernel.makeDirectory(directory)
        } catch {
            throw Failure("--svg: \(directory): could not be made: \(error)")
        }
        for plot in MarketPlots.all(result) {
            do {
                try Kernel.replace("\(directory)/\(plot.file)", with: Array(plot.svg.utf8))
            } catch {
                throw Failure("--svg: \(error)")
            }
        }
    }

    private static func tree(_ result: MarketResult) -> JSONTree {
        .object([
            .init("scenario", .string(result.scenario.name)),
            .init("seed", .number(Int(result.scenario.shape.seed))),
            .init("campaigns", .number(result.scenario.shape.campaigns)),
            .init(
                "policies",
                .array(
                    result.runs.map { run in
                        let measures = run.measures
                        var members: [JSONTree.Member] = [
                            .init("policy", .string(measures.name)),
                            .init("requests", .number(run.outcome.requests)),
                            .init("overspendMicros", .number(Int(measures.overspend))),
                            .init("lateMicros", .number(Int(measures.late))),
                            .init("errorHalf", fraction(measures.errorHalf)),
                            .init("errorWorst", fraction(measures.errorMost)),
                            .init("distanceHalf", fraction(measures.distanceHalf)),
                            .init("distanceWorst", fraction(measures.distanceMost)),
                            .init(
                                "worstCampaign",
                                .string(result.market.campaigns[measures.worst].pacing.id)),
                            .init("openAtEnd", fraction(measures.openAtEnd)),
                            .init("stranded", fraction(measures.stranded)),
                        ]
                        if result.hindsight != nil, result.scenario.hasBound {
                            members.append(.init("value", fraction(measures.value)))
                            members.append(.init("valueOfFree", fraction(measures.freeValue)))
                        }
                        return .object(members)
                    })),
        ])
    }

    /// To millionths.
    private static func fraction(_ share: Double) -> JSONTree {
        JSONTree(.number("\(Micros(Int64((share * 1_000_000).rounded())))"))
    }
}
