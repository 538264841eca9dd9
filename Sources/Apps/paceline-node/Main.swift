// The decision node: `paceline-node --config FILE`. Reads its settings, starts, and serves until it is told
// to stop.
import Commands
import Kernel

@main
enum PacelineNode {
    static let version = "0.1.0"
    static let config = Parameter.requiredOption("config", WordKind.file, "The node's settings file.")

    static let program = Program(
        Command(
            "paceline-node", "Answers requests in its region.",
            discussion: """
                Serves until SIGTERM or SIGINT, then drains: readiness says no, listeners close, what is in \
                flight finishes, and it exits with 0. A second signal ends the wait for others to notice. \
                SIGHUP reads certificates again; so does a change of their files.
                """,
            parameters: [config],
            examples: [],
            run: run),
        version: version)

    static func main() { program.main() }

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        // Before any thread starts, so that all of them inherit it and only the main thread takes signals.
        Kernel.block(signals: Signals.all)
        let node = try Node(settings: try SettingsFile.node(call[config]), version: version)
        return try node.run() ? .ok : .failed
    }
}
