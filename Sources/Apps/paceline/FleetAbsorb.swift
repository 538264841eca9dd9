// `paceline fleet absorb`: what the clouds know of a fleet, from Terraform into the file that Nix and the names read.
import Commands
import Documents
import Fleet
import Kernel

enum FleetAbsorb {
    static let path = FleetInput.path
    static let state = Parameter.requiredOption(
        "state", WordKind.file, "The state file, which is made where it is missing.")
    private static let limitBytes = 4 << 20

    static let command = Command(
        "absorb", "Takes in what Terraform's stacks put out.",
        discussion: """
            Reads `terraform output -json` of one stack on standard input. Regions and hosts that the fleet file
            does not have are refused, and nothing is written then. Other stacks' regions stay as they are; those
            that have left the fleet file go.
            """,
        parameters: [path, state],
        examples: [
            Example(
                "echo '{\"fleet_state\": {\"value\": {\"eu-west\": {\"balancer\": [\"198.51.100.4\"], \"hosts\": {}}}}}' | "
                    + "paceline fleet absorb nixos/fleet.json --state fleet.state.json",
                "What a stack put out.", prints: "fleet.state.json: eu-west taken in, 1 of 5 regions known"),
            Example(
                "echo '{}' | paceline fleet absorb nixos/fleet.json --state fleet.state.json",
                "A stack that was not applied has put out nothing.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard let fleet = try FleetInput.read(call[path], json: false, &output) else { return .failed }
        var known = FleetState()
        if (try? Kernel.stamp(of: call[state])) != nil {
            let bytes = try InputFile.read(call[state], limit: limitBytes)
            guard
                let read = refusing(
                    call[state], &output, { () throws(DocumentRefused) in try FleetState(reading: bytes) })
            else { return .failed }
            known = read
        }
        let bytes = try InputFile.read("-", limit: limitBytes)
        guard
            let told = refusing(
                "-", &output, { () throws(DocumentRefused) in try FleetState(terraform: bytes) })
        else { return .failed }
        let wrong = known.absorb(told, of: fleet)
        guard wrong.isEmpty else {
            for line in wrong { output.print(line) }
            return .failed
        }
        do {
            try Kernel.replace(call[state], with: Array(known.page.utf8))
        } catch {
            throw Failure("\(error)")
        }
        let names = told.regions.keys.sorted().joined(separator: ", ")
        output.print(
            "\(call[state]): \(names) taken in, \(known.regions.count) of \(fleet.regions.count) regions known"
        )
        return .ok
    }

    /// Nil after it was told what is wrong.
    private static func refusing(
        _ path: String, _ output: inout Output, _ body: () throws(DocumentRefused) -> FleetState
    ) -> FleetState? {
        do {
            return try body()
        } catch {
            output.print(error, of: path, asJSON: false)
            return nil
        }
    }
}
