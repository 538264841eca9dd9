// A real server for the tests, and one that says what a test wants.
import Foundation
import Glibc
import Kernel
import Reactor
import Testing
import Units

@testable import Redis

/// Where the server's program is; nil where the machine has none.
let redisProgram: String? = [
    "/usr/bin/redis-server", "/usr/bin/valkey-server", "/usr/local/bin/redis-server",
]
.first { FileManager.default.isExecutableFile(atPath: $0) }

let needsRedis: Comment = "redis-server is not here; apt has it as redis-server"

/// A redis-server on a port of its own, that keeps nothing on disk. Ends with the object.
final class RealRedis {
    let port: UInt16
    private let arguments: [String]
    private let folder: URL
    private var process: Process?

    init(_ arguments: [String] = []) throws {
        port = try freePort()
        folder = FileManager.default.temporaryDirectory.appending(path: "redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.arguments = arguments
        try start()
    }

    deinit {
        stop()
        do { try FileManager.default.removeItem(at: folder) } catch {}
    }

    var address: SocketAddress { SocketAddress(literal: "127.0.0.1", port: port)! }

    func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: redisProgram!)
        process.arguments =
            [
                "--bind", "127.0.0.1", "--port", "\(port)", "--save", "", "--appendonly", "no", "--dir",
                folder.path(),
            ]
            + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        for _ in 0..<200 {
            if let socket = connectedSocket(port) {
                Glibc.close(socket)
                return
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
        Issue.record("redis-server did not listen within four seconds")
    }

    func stop() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Sends a command over a connection of its own and gives the first bytes of the answer.
    @discardableResult
    func command(_ words: String...) -> String {
        guard let socket = connectedSocket(port) else { return "" }
        defer { Glibc.close(socket) }
        var command = RESPCommands()
        command.begin(words: words.count)
        for word in words { command.word(word) }
        _ = command.bytes.withUnsafeBytes { Glibc.write(socket, $0.baseAddress, $0.count) }
        var room = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(socket, &room, room.count)
        return String(decoding: room.prefix(max(count, 0)), as: UTF8.self)
    }
}

private func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

private func connectedSocket(_ port: UInt16) -> Int32? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var target = address(port)
    let result = withUnsafePointer(to: &target) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    if result == 0 { return socket }
    Glibc.close(socket)
    return nil
}

/// A port that was free a moment ago.
func freePort() throws -> UInt16 {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { Glibc.close(socket) }
    var target = address(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &target) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            _ = bind(socket, $0, length)
            _ = getsockname(socket, $0, &length)
        }
    }
    return UInt16(bigEndian: target.sin_port)
}

/// Turns the reactor until the condition holds; fails after ten seconds.
func settle(
    _ reactor: Reactor, _ what: Comment, at location: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) throws {
    let limit = Kernel.monotonicNow() + .seconds(10)
    while !condition() {
        guard Kernel.monotonicNow() < limit else {
            Issue.record(what, sourceLocation: location)
            return
        }
        try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(20))
    }
}

/// One node's end of a stream, and all that it heard.
final class Node {
    let stream: SharedStream
    var heard: [UInt64] = []
    var states: [SharedStream.State] = []

    init(
        _ server: RedisServer, on reactor: Reactor, from: StreamPlace = .start,
        _ change: (inout SharedStreamOptions) -> Void = { _ in }
    ) {
        var options = SharedStreamOptions()
        options.key = "test"
        options.entryBytes = 8
        options.readWait = .milliseconds(200)
        options.from = from
        change(&options)
        stream = SharedStream(server, options, on: reactor, seed: 1)
        stream.onEntry = { [unowned self] _, bytes in
            heard.append(bytes.unsafeLoadUnaligned(as: UInt64.self))
        }
        stream.onState = { [unowned self] in states.append($0) }
        stream.start()
    }

    func say(_ number: UInt64) -> Bool {
        withUnsafeBytes(of: number) { stream.append($0.bytes) }
    }

    var isAvailable: Bool { stream.state == .available }
    var failure: RedisFailure? { if case .absent(let failure) = stream.state { failure } else { nil } }
}

func server(_ address: SocketAddress) -> RedisServer {
    var server = RedisServer(address: address)
    server.timeout = .milliseconds(500)
    server.pauseLeast = .milliseconds(20)
    server.pauseMost = .milliseconds(200)
    return server
}
