// A real Postgres and two coordinators on it, asked over HTTP only.
import Foundation
import Glibc
import PostgresServer
import Testing

struct Answer {
    let status: Int
    let headers: String
    let body: String
    var bytes: [UInt8] = []

    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
    }
}

/// Connects a socket to a port of this machine; false where nobody listens there.
func connects(_ socket: Int32, to port: UInt16) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    } == 0
}

/// One exchange on a connection of its own; nil where nobody answers.
func ask(
    _ port: UInt16, _ head: String, _ body: String = "", headers: [String] = []
) -> Answer? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return nil }
    defer { close(socket) }
    var limit = timeval(tv_sec: 40, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard connects(socket, to: port) else { return nil }
    let lines = [
        "\(head) HTTP/1.1", "host: localhost", "connection: close", "content-length: \(body.utf8.count)",
    ]
    let text = (lines + headers).joined(separator: "\r\n") + "\r\n\r\n" + body
    var sent = Array(text.utf8)[...]
    while !sent.isEmpty {
        let count = sent.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return nil }
        sent = sent.dropFirst(count)
    }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = recv(socket, &piece, piece.count, 0)
        guard count >= 0 else { return nil }
        if count == 0 { break }
        bytes += piece[..<count]
    }
    guard let end = Data(bytes).range(of: Data("\r\n\r\n".utf8)) else { return nil }
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    guard let status = Int(head.dropFirst(9).prefix(3)) else { return nil }
    let content = Array(bytes[end.upperBound...])
    return Answer(
        status: status, headers: head, body: String(decoding: content, as: UTF8.self), bytes: content)
}

/// One coordinator's process.
final class RunningCoordinator: ServedProcess, @unchecked Sendable {
    let port: UInt16
    let admin: UInt16
    private let folder: URL
    private let name: String
    let process = Process()

    init(
        _ name: String, database: UInt16, lease: Int, user: String, catalog: URL?, more: [String: Any] = [:],
        in folder: URL
    ) throws {
        self.folder = folder
        self.name = name
        port = try PostgresServer.freePort()
        admin = try PostgresServer.freePort()
        let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var settings: [String: Any] = [
            "daemon": "coordinator", "name": name, "listen": [["address": "127.0.0.1", "port": Int(port)]],
            "admin": ["address": "127.0.0.1", "port": Int(admin)],
            "database": [
                "port": Int(database), "name": "postgres", "user": user, "timeoutMilliseconds": 1_000,
                "migrationsDirectory": URL(filePath: #filePath).deletingLastPathComponent()
                    .appending(path: "../../../Sources/Apps/paceline-coordinator/Migrations").standardized
                    .path(),
            ],
            "holders": ["broker-0", "broker-1", "broker-2", "broker-3", "node-a", "node-b"],
            "leases": ["leadershipMilliseconds": 1_200, "renewalMilliseconds": 300, "leaseSeconds": lease],
            "drain": ["noticeMilliseconds": 0],
            "consoleDirectory": URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../../Sources/Apps/paceline-coordinator/Console").standardized.path(),
        ]
        settings.merge(more) { $1 }
        if let catalog { settings["catalog"] = ["path": catalog.path(), "reloadSeconds": 1] }
        let file = folder.appending(path: "\(name).json")
        try JSONSerialization.data(withJSONObject: settings).write(to: file)
        let log = folder.appending(path: "\(name).log")
        try Data().write(to: log)
        process.executableURL = programs.appending(path: "paceline-coordinator")
        process.arguments = ["--config", file.path()]
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
    }

    deinit { kill(SIGKILL) }

    var log: String {
        (try? String(contentsOf: folder.appending(path: "\(name).log"), encoding: .utf8)) ?? ""
    }

    var leads: Bool { ask(admin, "GET /v1/coordinator")?.json["leads"] as? Bool ?? false }
}

final class Pair: @unchecked Sendable {
    let database: PostgresServer
    let folder: URL
    let all: [RunningCoordinator]

    /// - Parameters:
    ///   - lease: how long a holder may spend without a word, in seconds.
    ///   - user: the database's role that both come as.
    ///   - catalog: whose campaigns get accounts by themselves.
    ///   - more: what else stands in the settings of both.
    init(
        lease: Int = 600, user: String = "postgres", catalog: URL? = nil, more: [String: Any] = [:]
    ) throws {
        // What is committed stays, also when the server is killed.
        database = try PostgresServer(["fsync=on"])
        if user != "postgres" {
            let made = try database.psql("create role \(user) login superuser")
            guard made.status == 0 else { throw PostgresServerFailure(description: made.output) }
        }
        folder = FileManager.default.temporaryDirectory.appending(path: "paceline-root-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        all = try ["one", "two"].map { [database, folder] in
            try RunningCoordinator(
                $0, database: database.port, lease: lease, user: user, catalog: catalog, more: more,
                in: folder)
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The one that leads, as soon as there is one; never both.
    func leader(within seconds: Double = 30) throws -> RunningCoordinator {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if let leader = all.first(where: \.leads) { return leader }
            usleep(20_000)
        }
        throw PostgresServerFailure(description: "nobody leads: \(all.map(\.log).joined(separator: "\n"))")
    }

    func sql(_ text: String) throws -> [[String]] {
        let answer = try database.psql(text)
        guard answer.status == 0 else { throw PostgresServerFailure(description: answer.output) }
        return answer.output.split(separator: "\n").map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @discardableResult
    func order(_ key: String, _ body: String, ifMatch: String? = nil) throws -> Answer {
        let headers = ["idempotency-key: \(key)"] + (ifMatch.map { ["if-match: \($0)"] } ?? [])
        return try #require(
            ask(try leader().admin, "PUT /api/v1/ledger/accounts", body, headers: headers))
    }
}
