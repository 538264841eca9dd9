// A real etcd of one member for tests: its own folder and ports. Ends with the object.
import Foundation
import Glibc
import PostgresServer

/// Where the program is; nil where the machine has none.
public let etcdProgram: String? = {
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    return (["/usr/bin"] + path).map { "\($0)/etcd" }.first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
}()

public let needsEtcd = "etcd is not here; apt has it as etcd-server"

public struct EtcdServerFailure: Error, CustomStringConvertible {
    public let description: String
}

public final class EtcdServer {
    public let port: UInt16
    private let peerPort: UInt16
    private let folder: URL
    private var process: Process?

    public init() throws {
        port = try PostgresServer.freePort()
        peerPort = try PostgresServer.freePort()
        folder = FileManager.default.temporaryDirectory.appending(path: "etcd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try start()
    }

    deinit {
        stop()
        do { try FileManager.default.removeItem(at: folder) } catch {}
    }

    /// Starts it, again after `stop`, and waits until it answers.
    public func start() throws {
        guard let program = etcdProgram else { throw EtcdServerFailure(description: needsEtcd) }
        let (clients, peers) = ("http://127.0.0.1:\(port)", "http://127.0.0.1:\(peerPort)")
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = [
            "--name", "one", "--data-dir", folder.appending(path: "data").path(),
            "--listen-client-urls", clients, "--advertise-client-urls", clients,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
            "--initial-cluster", "one=\(peers)", "--log-level", "error",
        ]
        let log = folder.appending(path: "log")
        if !FileManager.default.fileExists(atPath: log.path()) { try Data().write(to: log) }
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = process
        for _ in 0..<500 {
            usleep(20_000)
            if isHealthy { return }
            if !process.isRunning { break }
        }
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        throw EtcdServerFailure(
            description: "etcd did not come up within ten seconds: \(text.suffix(500))")
    }

    /// It has a leader, which is itself.
    private var isHealthy: Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { Glibc.close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let question = Array("GET /health HTTP/1.0\r\n\r\n".utf8)
        guard connected == 0, send(socket, question, question.count, Int32(MSG_NOSIGNAL)) > 0 else {
            return false
        }
        var answer = [UInt8](repeating: 0, count: 1_024)
        var count = 0
        while count < answer.count {
            let read = answer.withUnsafeMutableBytes {
                recv(socket, $0.baseAddress! + count, $0.count - count, 0)
            }
            guard read > 0 else { break }
            count += read
        }
        return String(decoding: answer[..<count], as: UTF8.self).contains(#""health":"true""#)
    }

    /// At once and without a word; what it has stays.
    public func stop() {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// As a disk that is lost: the next start has nothing.
    public func forget() throws {
        stop()
        try FileManager.default.removeItem(at: folder.appending(path: "data"))
    }
}
