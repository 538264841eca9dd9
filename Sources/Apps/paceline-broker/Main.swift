// The broker: `paceline-broker --config FILE`. A region has a pair of them, each with money of its own.
import Commands
import Kernel
import Serving
import Settings

@main
enum PacelineBroker {
    static let version = "0.1.0"
    static let config = Parameter.option("config", WordKind.file, "The broker's settings file.")

    static let program = Program(
        Command(
            "paceline-broker", "Holds a region's money, and gives it to its nodes.",
            discussion: """
                Takes money from the coordinators and gives it on to nodes, by what its journal has of it; goes on \
                while no coordinator answers, for as long as its lease is. A region has two, and its nodes ask \
                either. Serves until SIGTERM or SIGINT, then drains and exits with 0. SIGHUP reads certificates again.
                """,
            parameters: [config], examples: [], run: run),
        version: version)

    static func main() { program.main() }

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        // Before any thread starts, so that all of them inherit it and only the main thread takes signals.
        Kernel.block(signals: DaemonLife.signals)
        guard let file = call[config] else { throw Failure("--config FILE is needed", .usage) }
        let settings = try SettingsFile.broker(file)
        return try Broker(settings, version: version).run() ? .ok : .failed
    }
}
