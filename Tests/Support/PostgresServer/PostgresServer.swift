// A real Postgres for tests: its own folder, port and Unix socket, nothing made durable. Ends with the object.
public import Foundation
import Glibc

/// Where the server's programs are; nil where the machine has none.
public let postgresPrograms: String? = {
    let debian = (13...18).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    return (debian + path).first { folder in
        ["initdb", "postgres", "psql"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)")
        }
    }
}()

public let needsPostgres = "Postgres is not here; apt has it as postgresql"

public struct PostgresServerFailure: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
}

/// Trusts everybody on this machine as `postgres`, database `postgres`. It refuses to run as root, so where we are root it
/// runs as `nobody`.
public final class PostgresServer {
    public let port: UInt16
    public let folder: URL
    private let settings: [String]
    private var process: Process?
    /// The postmaster's own, as it wrote it.
    public private(set) var pid: pid_t = 0

    /// - Parameters:
    ///   - settings: more of the server's settings, as `name=value`.
    ///   - files: further files of the data folder, such as a certificate; only the server may read them.
    ///   - access: `pg_hba.conf`, and `pg_ident.conf`, in place of trust for everybody.
    public init(
        _ settings: [String] = [], files: [String: String] = [:], access: String? = nil, maps: String? = nil
    ) throws {
        guard let programs = postgresPrograms else { throw PostgresServerFailure(description: needsPostgres) }
        port = try PostgresServer.freePort()
        // Short, as a Unix socket's path has little room.
        folder = URL(fileURLWithPath: "/tmp/pg-\(getpid())-\(port)")
        self.settings = settings
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if getuid() == 0, let nobody = getpwnam("nobody") {
            guard chown(folder.path(), nobody.pointee.pw_uid, nobody.pointee.pw_gid) == 0 else {
                throw PostgresServerFailure(description: "\(folder.path()) cannot be given to nobody")
            }
        }
        let made = try run(
            "\(programs)/initdb", "-D", data.path(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C",
            "-N")
        guard made.status == 0 else { throw PostgresServerFailure(description: "initdb: \(made.output)") }
        for (name, text) in files { try place(text, as: name) }
        if let access { try place(access + "\n", as: "pg_hba.conf") }
        if let maps { try place(maps + "\n", as: "pg_ident.conf") }
        try start()
    }

    deinit {
        stop()
        do { try FileManager.default.removeItem(at: folder) } catch {}
    }

    public var data: URL { folder.appending(path: "data") }

    private func place(_ text: String, as name: String) throws {
        let path = data.appending(path: name).path()
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        if getuid() == 0, let nobody = getpwnam("nobody") {
            _ = chown(path, nobody.pointee.pw_uid, nobody.pointee.pw_gid)
        }
        _ = chmod(path, 0o600)
    }

    /// Starts it, again after `kill`, and waits until it answers.
    public func start() throws {
        guard let programs = postgresPrograms else { return }
        let process = prepared(
            ["\(programs)/postgres", "-D", data.path(), "-p", "\(port)", "-k", folder.path()]
                + ([
                    "listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "max_connections=60",
                    "shared_buffers=16MB", "max_wal_size=256MB", "autovacuum=off", "log_min_messages=fatal",
                ] + settings).flatMap { ["-c", $0] })
        let log = folder.appending(path: "log")
        _ = FileManager.default.createFile(atPath: log.path(), contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = process
        for _ in 0..<500 {
            usleep(20_000)
            if !process.isRunning { break }
            guard let pid = postmaster(), try psql("select 1").status == 0 else { continue }
            self.pid = pid
            return
        }
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        throw PostgresServerFailure(
            description: "postgres did not come up within ten seconds: \(text.suffix(500))")
    }

    private func postmaster() -> pid_t? {
        let path = data.appending(path: "postmaster.pid").path()
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first.flatMap { pid_t($0) }
    }

    /// As the machine's loss: at once and without a word. Its sessions' processes notice and end too.
    public func kill() {
        guard pid > 0 else { return }
        Glibc.kill(pid, SIGKILL)
        process?.waitUntilExit()
        process = nil
        pid = 0
        // The new one refuses to start while a process of the old one is attached to its memory.
        usleep(100_000)
        try? FileManager.default.removeItem(at: data.appending(path: "postmaster.pid"))
    }

    /// - Parameter signal: SIGINT ends it in order.
    public func stop(by signal: Int32 = SIGQUIT) {
        guard pid > 0 else { return }
        Glibc.kill(pid, signal)
        process?.waitUntilExit()
        process = nil
        pid = 0
    }

    /// Keeps a copy of all that it has now, as a backup does; it is down meanwhile.
    public func keepCopy() throws {
        stop(by: SIGINT)
        let copied = try run("/bin/cp", "-a", data.path(), copy.path())
        guard copied.status == 0 else { throw PostgresServerFailure(description: copied.output) }
        try start()
    }

    /// The copy takes the place of what it has, and is made the primary: what was written since is lost, on a timeline of its own.
    public func putCopyBack() throws {
        stop()
        let moved = try run(
            "/bin/sh", "-c",
            "rm -rf '\(data.path())' && mv '\(copy.path())' '\(data.path())' && touch '\(data.path())/standby.signal'"
        )
        guard moved.status == 0 else { throw PostgresServerFailure(description: moved.output) }
        try promote()
    }

    /// It has all that it had, and is made the primary as a standby is: on a timeline of its own.
    public func promoteWithAll() throws {
        stop()
        let marked = try run("/usr/bin/touch", data.appending(path: "standby.signal").path())
        guard marked.status == 0 else { throw PostgresServerFailure(description: marked.output) }
        try promote()
    }

    private func promote() throws {
        try start()
        let promoted = try psql("select pg_promote()")
        guard promoted.output == "t" else { throw PostgresServerFailure(description: promoted.output) }
    }

    private var copy: URL { folder.appending(path: "copy") }

    /// What psql says to a text, without headers and with `|` between columns.
    @discardableResult
    public func psql(_ text: String) throws -> (status: Int32, output: String) {
        guard let programs = postgresPrograms else { return (1, needsPostgres) }
        return try run(
            "\(programs)/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder.path(), "-p",
            "\(port)", "-U", "postgres", "-d", "postgres", "-c", text)
    }

    private func prepared(_ words: [String]) -> Process {
        let process = Process()
        let words = getuid() == 0 ? ["/usr/sbin/runuser", "-u", "nobody", "--"] + words : words
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        environment["LC_ALL"] = "C"
        process.environment = environment
        return process
    }

    private func run(_ words: String...) throws -> (status: Int32, output: String) {
        let process = prepared(words)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self)
        return (process.terminationStatus, text.trimmingCharacters(in: .newlines))
    }

    /// A port that was free a moment ago.
    public static func freePort() throws -> UInt16 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) + getsockname(socket, $0, &length)
            }
        }
        guard result == 0 else { throw PostgresServerFailure(description: "no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
