// The coordinator: `paceline-coordinator --config FILE`. Several run at once; one leads, the others read and take over.
import Commands
import Documents
import Kernel
import Serving
import Settings

@main
enum PacelineCoordinator {
    static let version = "0.1.0"
    static let config = Parameter.option("config", WordKind.file, "The coordinator's settings file.")
    static let openAPI = Parameter.flag(
        "openapi", "Print the OpenAPI document of /api/v1, and serve nothing.")

    static let program = Program(
        Command(
            "paceline-coordinator", "Keeps the ledger's root on Postgres.",
            discussion: """
                Start two or more on one database: one of them leads, and another takes over when its lease on the \
                leadership row has run out. All answer questions; only the leader opens sessions, grants and changes \
                budgets. Serves until SIGTERM or SIGINT, then drains and exits with 0. SIGHUP reads certificates again.
                """,
            parameters: [config, openAPI], examples: [], run: run),
        version: version)

    static func main() { program.main() }

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        if call[openAPI] {
            output.print(OpenAPI.document.page)
            return .ok
        }
        // Before any thread starts, so that all of them inherit it and only the main thread takes signals.
        Kernel.block(signals: DaemonLife.signals)
        guard let file = call[config] else { throw Failure("--config FILE is needed", .usage) }
        let settings = try SettingsFile.coordinator(file)
        return try Coordinator(settings, version: version).run() ? .ok : .failed
    }
}
