// `paceline fleet check`: whether a fleet can be deployed as its file says, and what it carries.
import Commands
import Documents
import Fleet

enum FleetCheck {
    static let path = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: false, "A fleet file, or - for standard input.")
    static let schema = Parameter.flag("schema", "Print the JSON Schema of fleet files, for editors.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks a fleet file before anything is deployed.",
        discussion: """
            Terraform and Nix read the same file. Everything that is wrong is reported, each with its line and
            column, what was found and what to write instead: names and addresses that are given twice, networks
            that overlap, etcd without a majority outside of any cloud, databases and coordinators in one cloud,
            brokers that are no pair, and a peak that the others do not carry with one region lost. Of an accepted
            file it is told what each region carries, by its nodes' cores and the cost of a decision that the file
            names. Exits with 1 where it is refused.
            """,
        parameters: [path, schema, json],
        examples: [
            Example(
                "paceline fleet check nixos/fleet.json", "Check the example.",
                prints: "nixos/fleet.json: ok, 5 regions, 34 hosts"),
            Example(
                "sed 's/\"colo\"/\"aws\"/' nixos/fleet.json | paceline fleet check -",
                "A witness that fails with a third of the fleet is none.", outcome: .failed),
            Example(
                "paceline fleet check --schema > fleet.schema.json", "Let your editor check as you type."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard call[path].isEmpty == call[schema] else {
            throw Failure("either a FILE is needed, or --schema", .usage)
        }
        if call[schema] { output.print(FleetFile.jsonSchema.page) }
        var outcome = Outcome.ok
        for path in call[path] {
            guard let fleet = try FleetInput.read(path, json: call[json], &output) else {
                outcome = .failed
                continue
            }
            tell(fleet, path, json: call[json], &output)
        }
        return outcome
    }

    private static func tell(_ fleet: FleetFile, _ path: String, json: Bool, _ output: inout Output) {
        guard !json else {
            output.print([
                "file": .string(path), "valid": true, "hosts": .number(fleet.places.count),
                "environments": .array(fleet.environments.map(tree(fleet))),
            ])
            return
        }
        output.print(
            "\(InputFile.displayName(path)): ok, \(fleet.regions.count) regions, \(fleet.places.count) hosts")
        for environment in fleet.environments {
            let capacities = fleet.capacities(of: environment)
            let all = capacities.reduce(0) { $0 + $1.perSecond }
            output.print(
                "\(environment.name): peak \(environment.peakRequestsPerSecond) a second, "
                    + "\(environment.decisionMicroseconds) µs each, cores \(environment.load) % busy")
            for one in capacities {
                output.print(
                    "  \(one.region): \(one.cores) cores answer \(one.perSecond); without it \(all - one.perSecond)"
                )
            }
        }
    }

    private static func tree(_ fleet: FleetFile) -> (FleetFile.Environment) -> JSONTree {
        { environment in
            [
                "name": .string(environment.name), "peak": .number(environment.peakRequestsPerSecond),
                "regions": .array(
                    fleet.capacities(of: environment).map {
                        [
                            "name": .string($0.region), "cores": .number($0.cores),
                            "perSecond": .number($0.perSecond),
                        ]
                    }),
            ]
        }
    }
}
