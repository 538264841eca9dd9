// `paceline-node --standalone DIR`: a node for one catalog, without a settings file.
import Commands
import Kernel
import Settings

enum Standalone {
    static let catalog = Parameter.option(
        "standalone", WordKind.file,
        "Serve this catalog alone: a directory of JSON files, or a compiled snapshot.")
    static let state = Parameter.option(
        "state", WordKind.file,
        "With --standalone: where the journal and compiled catalogs are kept. Without it, paceline-node in $XDG_STATE_HOME or ~/.local/state."
    )
    static let port = Parameter.option(
        "port", .integer(1...65_535), default: 8080,
        "With --standalone: the port of loopback where requests come in.")
    static let adminPort = Parameter.option(
        "admin-port", .integer(1...65_535), default: 9900,
        "With --standalone: the port of loopback for health and metrics.")
    static let shards = Parameter.option(
        "shards", .integer(0...256), default: 0, "With --standalone: shards; 0 is one on each core.")

    static let models = Parameter.option(
        "models", WordKind.file,
        "With --standalone: a directory with models.json, which predict for the catalog.")
    static let profiles = Parameter.option(
        "profiles", WordKind.file, "With --models: the profiles that `paceline features import` keeps.")

    static let parameters: [any CommandParameter] = [
        catalog, state, port, adminPort, shards, models, profiles,
    ]

    static func settings(_ path: String, _ call: Invocation) throws(Failure) -> NodeSettings {
        guard call[port] != call[adminPort] else {
            throw Failure("--port and --admin-port are the same", .usage)
        }
        let catalog: String
        do {
            catalog = try Kernel.absolutePath(of: path)
        } catch {
            throw Failure("--standalone: \(path): could not be found: \(error)")
        }
        let wanted: String
        if let given = call[state] { wanted = given } else { wanted = try defaultState() }
        let state: String
        do {
            let isAbsolute = wanted.hasPrefix("/")
            try Kernel.makePrivateDirectories(
                isAbsolute ? wanted : "\(Kernel.absolutePath(of: "."))/\(wanted)")
            state = try Kernel.absolutePath(of: wanted)
        } catch {
            throw Failure("--state: \(wanted): could not be made or found: \(error)")
        }
        guard call[profiles] == nil || call[models] != nil else {
            throw Failure("--profiles is given without --models", .usage)
        }
        return .standalone(
            catalog: catalog, state: state, port: UInt16(call[port]), adminPort: UInt16(call[adminPort]),
            shards: call[shards], models: try absolute(call[models], "--models"),
            profiles: try absolute(call[profiles], "--profiles"))
    }

    private static func absolute(_ path: String?, _ option: String) throws(Failure) -> String? {
        guard let path else { return nil }
        do {
            return try Kernel.absolutePath(of: path)
        } catch { throw Failure("\(option): \(path): could not be found: \(error)") }
    }

    /// A place of the user's own: what lies in /tmp may be anybody's.
    private static func defaultState() throws(Failure) -> String {
        // What systemd gives a service with StateDirectory=; of several the first.
        if let given = Kernel.environment("STATE_DIRECTORY")?.split(separator: ":").first {
            return String(given)
        }
        if let given = Kernel.environment("XDG_STATE_HOME"), given.hasPrefix("/") {
            return "\(given)/paceline-node"
        }
        if let home = Kernel.environment("HOME"), home.hasPrefix("/") {
            return "\(home)/.local/state/paceline-node"
        }
        throw Failure(
            "--state is missing, and there is no HOME to keep the journal and compiled catalogs in", .usage)
    }
}
