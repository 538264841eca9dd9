// `paceline fleet add-region`: one more entry in the fleet file, with names and addresses of its own.
import Commands
import Documents
import Fleet
import Kernel

enum FleetAddRegion {
    static let path = FleetInput.path
    static let name = Parameter.requiredOption("name", WordKind.text, "What the region will be called.")
    static let cloud = Parameter.requiredOption("cloud", WordKind.text, "In which of the file's clouds.")
    static let location = Parameter.requiredOption(
        "location", WordKind.text, "What that cloud calls the place, as in eu-north-1.")
    static let like = Parameter.requiredOption(
        "like", WordKind.text, "The region whose hosts it has, those that serve traffic.")
    static let zones = Parameter.option(
        "zones", WordKind.text, "What the place calls its zones, with commas, in the order of the other's.")
    static let target = Parameter.option("output", WordKind.file, "Where the file goes; else it is printed.")

    static let command = Command(
        "add-region", "Adds a region like one that is there.",
        discussion: """
            Hosts, sizes and cores are the other region's; its network is the next free one of the same size, and
            its hosts' addresses in the mesh the first free ones. What keeps a majority (etcd, databases,
            coordinators) and what watches is not copied. The new file is checked as a whole before it is written:
            nothing is written where it would be refused.
            """,
        parameters: [path, name, cloud, location, like, zones, target],
        examples: [
            Example(
                "paceline fleet add-region nixos/fleet.json --name eu-north --cloud aws --location eu-north-1 "
                    + "--like eu-central --zones eu-north-1a,eu-north-1b,eu-north-1c --output fleet.json",
                "A fifth region.", prints: "fleet.json: eu-north has 7 hosts in 10.15.0.0/16"),
            Example(
                "paceline fleet add-region nixos/fleet.json --name eu-north --cloud gcp --location europe-north1 "
                    + "--like eu-central", "Sizes of one cloud mean nothing in another.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard let fleet = try FleetInput.read(call[path], json: false, &output) else { return .failed }
        let added: FleetFile
        do {
            added = try fleet.adding(
                region: call[name], cloud: call[cloud], location: call[location], like: call[like],
                zones: call[zones].map { $0.split(separator: ",").map(String.init) } ?? [])
        } catch {
            output.print("\(InputFile.displayName(call[path])): \(error)")
            return .failed
        }
        let page = added.page
        do {
            _ = try FleetFile(reading: Array(page.utf8))
        } catch {
            for refusal in error.refusals { output.print("with \(call[name]): \(refusal)") }
            return .failed
        }
        guard let target = call[target] else {
            output.write(page)
            return .ok
        }
        do {
            try Kernel.replace(target, with: Array(page.utf8))
        } catch {
            throw Failure("\(error)")
        }
        if let region = added.regions.last {
            output.print("\(target): \(region.name) has \(region.hosts.count) hosts in \(region.network)")
        }
        return .ok
    }
}
