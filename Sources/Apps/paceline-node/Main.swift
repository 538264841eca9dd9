// The decision node: `paceline-node --config FILE`, or `--standalone DIR` for one catalog. Reads its settings, starts,
// and serves until it is told to stop.
import Commands
import Kernel
import Settings

@main
enum PacelineNode {
    static let version = "0.1.0"
    static let config = Parameter.option("config", WordKind.file, "The node's settings file.")

    static let program = Program(
        Command(
            "paceline-node", "Answers requests in its region.",
            discussion: """
                Serves until SIGTERM or SIGINT, then drains: readiness says no, listeners close, what is in \
                flight finishes, and it exits with 0. A second signal ends the wait for others to notice. \
                SIGHUP reads certificates and the catalog again; so does a change of their files.

                Answers bid requests at /openrtb2/bid where it has a catalog. With --standalone it needs \
                nothing but a catalog: it listens on loopback, journals, and says at start where it keeps that.
                """,
            parameters: [config] + Standalone.parameters,
            examples: [],
            run: run),
        version: version)

    static func main() { program.main() }

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        // Before any thread starts, so that all of them inherit it and only the main thread takes signals.
        Kernel.block(signals: Signals.all)
        let node = try Node(settings: try settings(call), version: version)
        return try node.run() ? .ok : .failed
    }

    private static func settings(_ call: Invocation) throws(Failure) -> NodeSettings {
        switch (call[config], call[Standalone.catalog]) {
        case (let file?, nil):
            guard call[Standalone.state] == nil else {
                throw Failure(
                    "--state goes with --standalone; a settings file says where things are kept", .usage)
            }
            return try SettingsFile.node(file)
        case (nil, let catalog?): return try Standalone.settings(catalog, call)
        case (nil, nil), (.some, .some):
            throw Failure("either --config FILE or --standalone DIR is needed", .usage)
        }
    }
}
