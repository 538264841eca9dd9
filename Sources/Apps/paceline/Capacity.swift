// `paceline capacity`: how many nodes a peak takes, with the formula and what it was fed with.
import Commands
import Documents
import Fleet

enum Capacity {
    static let peak = Parameter.requiredOption(
        "peak", .integer(1...100_000_000), "Requests a second at the peak, all regions together.")
    static let fleet = Parameter.option(
        "fleet", WordKind.file,
        "A fleet file: its cost and load are taken, and what is there is held against the peak.")
    static let regions = Parameter.option(
        "regions", .integer(2...64),
        "How many regions of equal size; without it, those of the fleet file that have nodes.")
    static let microseconds = Parameter.option(
        "microseconds", .integer(1...100_000),
        "What a request costs of one core, as ./dev bench decide measured it.")
    static let models = Parameter.option(
        "models", .integer(1...100_000),
        "What models take of a request in addition, as paceline model bench measured it.")
    static let load = Parameter.option(
        "load", .integer(10...90), "The share of its cores that may be busy, in percent.")
    static let cores = Parameter.option("cores", .integer(1...1_024), default: 16, "Cores of a node.")
    static let json = Parameter.jsonLine

    static let command = Command(
        "capacity", "Says how many nodes a peak takes.",
        discussion: """
            Cores at the peak are requests a second × microseconds of a request ÷ (a million × the load); each
            region has as many as the others need to carry the peak without it. With a fleet file its own cost
            and load hold where none are given, and each of its regions is told with what would be left. Exits
            with 1 where the fleet of the file would not carry the peak with one region lost.
            """,
        parameters: [peak, fleet, regions, microseconds, models, load, cores, json],
        examples: [
            Example(
                "paceline capacity --peak 200000 --regions 3 --microseconds 65", "From scratch.",
                prints: "200000 a second × 65 µs = 13 cores busy; at 60 % load 22"),
            Example(
                "paceline capacity --peak 900000 --fleet nixos/fleet.json", "Does what is there carry it?"),
            Example(
                "paceline capacity --peak 2000000 --fleet nixos/fleet.json", "And twice as much?",
                outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        var file: FleetFile?
        if let path = call[fleet] {
            guard let read = try FleetInput.read(path, json: call[json], &output) else { return .failed }
            file = read
        }
        let environment = file?.environments.first
        guard let cost = call[microseconds] ?? environment?.decisionMicroseconds else {
            throw Failure(
                "what a request costs is not known: give --microseconds, or a --fleet that says it", .usage)
        }
        let here = file.flatMap { file in environment.map { file.capacities(of: $0) } } ?? []
        guard let count = call[regions] ?? (here.count > 1 ? here.count : nil) else {
            throw Failure("how many regions? Give --regions, or a --fleet that has two at least", .usage)
        }
        let busy = call[load] ?? environment?.load ?? 60
        let plans = ([0] + (call[models].map { [$0] } ?? [])).map { added in
            CapacityPlan(
                peakPerSecond: call[peak], decisionMicroseconds: cost + added, load: busy, regions: count,
                coresPerNode: call[cores])
        }
        // What is there, by the cost and the load that hold here.
        let dearest = plans.map(\.decisionMicroseconds).max() ?? cost
        let standing = here.map {
            (region: $0.region, perSecond: $0.cores * busy * 10_000 / dearest, cores: $0.cores)
        }
        let all = standing.reduce(0) { $0 + $1.perSecond }
        let left = standing.map { all - $0.perSecond }.min()
        if call[json] {
            output.print([
                "plans": .array(plans.map(tree)), "left": left.map { .number($0) } ?? .null,
                "carried": left.map { .bool($0 >= call[peak]) } ?? .null,
            ])
        } else {
            for plan in plans { for line in lines(plan) { output.print(line) } }
            for one in standing {
                output.print(
                    "\(one.region): \(one.cores) cores answer \(one.perSecond); without it \(all - one.perSecond), "
                        + headroom(all - one.perSecond, call[peak]))
            }
        }
        return (left ?? call[peak]) >= call[peak] ? .ok : .failed
    }

    private static func lines(_ plan: CapacityPlan) -> [String] {
        [
            "\(plan.peakPerSecond) a second × \(plan.decisionMicroseconds) µs = \(plan.busyCores) cores busy; at \(plan.load) % load \(plan.coresForPeak)",
            "÷ (\(plan.regions) regions − 1 lost) = \(plan.coresPerRegion) cores, or \(plan.nodesPerRegion) nodes of \(plan.coresPerNode), in each: \(plan.nodes) in all",
            "they answer \(plan.carriesPerSecond) a second; with a region lost \(plan.carriesWithOneLost), \(headroom(plan.carriesWithOneLost, plan.peakPerSecond))",
        ]
    }

    private static func headroom(_ carried: Int, _ peak: Int) -> String {
        let percent = (carried - peak) * 100 / peak
        return percent < 0 ? "\(-percent) % too little" : "\(percent) % to spare"
    }

    private static func tree(_ plan: CapacityPlan) -> JSONTree {
        [
            "peak": .number(plan.peakPerSecond), "microseconds": .number(plan.decisionMicroseconds),
            "load": .number(plan.load), "coresForPeak": .number(plan.coresForPeak),
            "coresPerRegion": .number(plan.coresPerRegion), "nodesPerRegion": .number(plan.nodesPerRegion),
            "nodes": .number(plan.nodes), "carries": .number(plan.carriesPerSecond),
            "carriesWithOneLost": .number(plan.carriesWithOneLost),
        ]
    }
}
