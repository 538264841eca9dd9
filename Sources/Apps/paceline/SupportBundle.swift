// `paceline support-bundle`: what a node says of itself, without what names customers, machines or people.
import Commands
import Documents
import HTTP
import Kernel
import Operations
import TLS
import Units

enum SupportBundle {
    static let url = Parameter.argument(
        "URL", WordKind.serverURL, "A listener for operators: of a node or a coordinator.")
    static let target = Parameter.requiredOption(
        "output", WordKind.file, "The directory to make; it must not be there.")
    static let settings = Parameter.option(
        "settings", WordKind.file, "The daemon's settings file, to add to it.")
    static let json = Parameter.jsonLine

    /// What is asked of a daemon; one of another kind has no such address, and answers 404.
    private static let addresses = [
        ("node.json", "/v1/node"), ("broker.json", "/v1/broker"), ("coordinator.json", "/v1/coordinator"),
        ("readyz.json", "/readyz"), ("metrics.txt", "/metrics"), ("budgets.json", "/v1/budgets"),
        ("pacing.json", "/v1/pacing"),
    ]
    private static let settingsLimitBytes = 1 << 20

    static let command = Command(
        "support-bundle", "Gathers what others need to help, redacted.",
        discussion: """
            Asks the daemon for its state, readiness, metrics, budgets and pacing, and writes each answer into a
            directory. Names of campaigns, holders, nodes and regions, addresses and paths become numbers, the
            same for the same in all files; values of keys that may be secrets are left out. Amounts of money
            stay: budgets cannot be looked at without them. Nothing of journals, requests or viewers is in it.
            Read it before you give it away. Exits with 1 where nothing answered.
            """,
        parameters: [
            url, target, settings, Status.certificate, Status.key, Status.authorities, Status.timeout, json,
        ],
        examples: [
            Example(
                "paceline support-bundle http://127.0.0.1:1 --output bundle", "Nobody listens there.",
                outcome: .failed,
                prints: "http://127.0.0.1:1: nothing answered, and nothing was written")
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let server = call[url]
        let context = try Status.tlsContext(call, secure: server.isSecure)
        guard let address = SocketAddress(resolving: server.host, port: server.port) else {
            throw Failure("\(server): the name '\(server.host)' is not known here")
        }
        var redaction = Redaction()
        var files: [(name: String, text: String)] = []
        var missing: [String] = []
        var foreign: [String] = []
        for (name, path) in addresses {
            let node = try NodeConnection(
                server, address, context, within: .seconds(Int64(call[Status.timeout])))
            let answer = try? node.get(path)
            switch answer?.status {
            case 404: foreign.append(path)
            case .some(let status) where status == 200 || path == "/readyz":
                files.append((name, redacted(Array(answer?.body ?? []), &redaction)))
            default: missing.append(path)
            }
        }
        guard !files.isEmpty else {
            if call[json] {
                output.print(["url": .string(server.description), "files": []])
            } else {
                output.print("\(server): nothing answered, and nothing was written")
            }
            return .failed
        }
        if let path = call[settings] {
            files.append(
                ("settings.json", redacted(try InputFile.read(path, limit: settingsLimitBytes), &redaction)))
        }
        try write(files, to: call[target])
        if call[json] {
            output.print([
                "url": .string(server.description), "files": .array(files.map { .string($0.name) }),
                "names": .number(redaction.count),
            ])
        } else {
            output.print(
                "\(call[target]): \(files.count) files, \(redaction.count) names replaced by numbers"
                    + told("; of other kinds of daemons: ", foreign) + told("; not answered: ", missing))
        }
        return .ok
    }

    private static func told(_ what: String, _ paths: [String]) -> String {
        paths.isEmpty ? "" : what + paths.joined(separator: " ")
    }

    private static func redacted(_ bytes: [UInt8], _ redaction: inout Redaction) -> String {
        if let tree = try? JSONTree(reading: bytes) { return redaction.redacted(tree).page + "\n" }
        return redaction.redacted(String(decoding: bytes, as: UTF8.self))
    }

    private static func write(_ files: [(name: String, text: String)], to directory: String) throws(Failure) {
        guard (try? Kernel.stamp(of: directory)) == nil else {
            throw Failure("\(directory) is there already; give --output a new name")
        }
        do {
            try Kernel.makeDirectory(directory, mode: 0o700)
        } catch {
            throw Failure("\(directory): could not be made: \(error)")
        }
        for file in files {
            do {
                try Kernel.replace("\(directory)/\(file.name)", with: Array(file.text.utf8), mode: 0o600)
            } catch {
                throw Failure("\(error)")
            }
        }
    }
}
