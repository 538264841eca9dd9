// A node, or a broker, that follows the published catalog. Its money is no subject here: whoever it asks has none.
import Foundation
import Glibc
import PostgresServer
import Testing

final class FollowingProcess: ServedProcess, @unchecked Sendable {
    let port: UInt16
    let admin: UInt16
    let folder: URL
    private(set) var process = Process()
    private let program: String

    /// - Parameter issuers: the ports of those who say what is published.
    /// - Parameter models: whether it follows them as it does the catalog.
    static func node(
        _ issuers: [UInt16], in folder: URL, name: String = "node-a", models: Bool = false
    ) throws -> FollowingProcess {
        try FollowingProcess("paceline-node", in: folder) { port, admin, folder in
            var settings: [String: Any] = [
                "daemon": "node", "node": ["name": name, "region": "here"], "shards": 1,
                "listen": [["address": "127.0.0.1", "port": Int(port)]],
                "admin": ["address": "127.0.0.1", "port": Int(admin)],
                "drain": ["noticeMilliseconds": 0, "timeoutMilliseconds": 5_000],
                "catalog": ["published": [:], "stateDirectory": folder.appending(path: "state").path()],
                "notices": [
                    "baseURL": "http://notices.test", "keyFile": folder.appending(path: "notice-keys").path(),
                ],
                "journal": [
                    "directory": folder.appending(path: "journal").path(), "segmentBytes": 8_388_608,
                    "flushIntervalMilliseconds": 5, "requestOneIn": 1,
                ],
                "ledger": ["issuer": ["holder": name, "coordinators": Self.peers(issuers)]],
            ]
            if models { settings["models"] = ["published": [:]] }
            return settings
        }
    }

    static func broker(_ coordinators: [UInt16], in folder: URL) throws -> FollowingProcess {
        try FollowingProcess("paceline-broker", in: folder) { port, admin, folder in
            [
                "daemon": "broker", "name": "broker-0",
                "listen": [["address": "127.0.0.1", "port": Int(port)]],
                "admin": ["address": "127.0.0.1", "port": Int(admin)],
                "root": ["holder": "broker-0", "coordinators": Self.peers(coordinators)],
                "holders": ["node-a", "node-b"], "drain": ["noticeMilliseconds": 0],
                "journal": [
                    "directory": folder.appending(path: "journal").path(), "segmentBytes": 8_388_608,
                    "retainBytes": 33_554_432,
                ],
                "catalog": ["directory": folder.appending(path: "catalog").path()],
            ]
        }
    }

    private static func peers(_ ports: [UInt16]) -> [[String: Any]] {
        ports.map { ["address": "127.0.0.1", "port": Int($0)] }
    }

    private init(
        _ program: String, in folder: URL, _ settings: (UInt16, UInt16, URL) -> [String: Any]
    ) throws {
        (self.program, self.folder) = (program, folder)
        port = try PostgresServer.freePort()
        admin = try PostgresServer.freePort()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try JSONSerialization.data(withJSONObject: settings(port, admin, folder))
            .write(to: folder.appending(path: "settings.json"))
        try Data().write(to: folder.appending(path: "log"))
        try start()
    }

    deinit { kill(SIGKILL) }

    /// Starts it, again where it was ended, and waits until it answers.
    func start() throws {
        process = Process()
        let output = try FileHandle(forWritingTo: folder.appending(path: "log"))
        try output.seekToEnd()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: program)
        process.arguments = ["--config", folder.appending(path: "settings.json").path()]
        process.standardError = output
        try process.run()
        let end = Date().addingTimeInterval(30)
        while ask(admin, "GET /healthz")?.status != 200 {
            guard Date() < end, process.isRunning else {
                throw PostgresServerFailure(description: "\(program) does not serve: \(log)")
            }
            usleep(20_000)
        }
    }

    func restart(after signal: Int32 = SIGKILL) throws {
        kill(signal)
        _ = end()
        try start()
    }

    var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }
    var readiness: String { ask(admin, "GET /readyz")?.body ?? "" }

    /// What a node says of its catalog.
    var catalog: [String: Any] { ask(admin, "GET /v1/node")?.json["catalog"] as? [String: Any] ?? [:] }
    /// What it says of its models, and which package they are; nil where it serves something else than is meant for it.
    var models: [String: Any] { catalog["models"] as? [String: Any] ?? [:] }
    var package: Int? {
        let published = models["published"] as? [String: Any]
        return published?["here"] as? Bool == true ? published?["package"] as? Int : nil
    }

    /// Under which number what it serves was published; nil where it serves something else.
    var version: Int? {
        let published = catalog["published"] as? [String: Any]
        return published?["here"] as? Bool == true ? published?["version"] as? Int : nil
    }
}
