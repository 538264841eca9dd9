// A broker's process between the coordinators of a pair and some nodes.
import Foundation
import Glibc
import PostgresServer

final class RunningBroker: ServedProcess, @unchecked Sendable {
    let port: UInt16
    let admin: UInt16
    let folder: URL
    private let name: String
    private(set) var process = Process()
    private let file: URL

    /// - Parameters:
    ///   - window: a node's lease, in seconds.
    ///   - copy: its folder, where that is not the one of its name: then with a copy of that one's journal, as it is.
    ///   - more: what else stands in its settings.
    init(
        _ name: String, of pair: Pair, window: Int = 600, ahead: Int = 60, copy: String? = nil,
        more: [String: Any] = [:]
    ) throws {
        self.name = name
        folder = pair.folder.appending(path: copy ?? name)
        port = try PostgresServer.freePort()
        admin = try PostgresServer.freePort()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if copy != nil {
            try FileManager.default.copyItem(
                at: pair.folder.appending(path: name).appending(path: "journal"),
                to: folder.appending(path: "journal"))
        }
        var settings: [String: Any] = [
            "daemon": "broker", "name": name, "listen": [["address": "127.0.0.1", "port": Int(port)]],
            "admin": ["address": "127.0.0.1", "port": Int(admin)],
            "root": [
                "holder": name, "timeoutMilliseconds": 2_000,
                "coordinators": pair.all.map { ["address": "127.0.0.1", "port": Int($0.port)] },
            ],
            "holders": ["node-a", "node-b", "node-c"],
            "leases": ["windowSeconds": window, "aheadSeconds": ahead, "idleSeconds": 2],
            "journal": [
                "directory": folder.appending(path: "journal").path(), "segmentBytes": 8_388_608,
                "retainBytes": 33_554_432,
            ],
            "drain": ["noticeMilliseconds": 0],
        ]
        settings.merge(more) { $1 }
        file = folder.appending(path: "broker.json")
        try JSONSerialization.data(withJSONObject: settings).write(to: file)
        try Data().write(to: folder.appending(path: "log"))
        try start()
    }

    deinit { kill(SIGKILL) }

    /// Starts it, again where it was killed, and waits until it has a lease of the root.
    func start(isReady: Bool = true) throws {
        let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process = Process()
        let output = try FileHandle(forWritingTo: folder.appending(path: "log"))
        try output.seekToEnd()
        process.executableURL = programs.appending(path: "paceline-broker")
        process.arguments = ["--config", file.path()]
        process.standardError = output
        try process.run()
        let end = Date().addingTimeInterval(30)
        while isReady, ask(admin, "GET /readyz")?.status != 200 {
            guard Date() < end, process.isRunning else {
                throw PostgresServerFailure(description: "the broker does not serve: \(log)")
            }
            usleep(20_000)
        }
    }

    var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

    /// A sum over its accounts, in micros.
    func sum(_ place: String) -> Int64 {
        let accounts = ask(admin, "GET /v1/broker")?.json["accounts"] as? [[String: Any]] ?? []
        return accounts.reduce(0) { $0 + Int64((($1[place] as? Double ?? 0) * 1_000_000).rounded()) }
    }
}
