// What tests against real peers need: a socket driven by blocking calls, and a program that runs beside the
// test.
import Foundation
import Glibc
import Synchronization
import TLS
import Testing

/// A session on a connected socket. Blocks; a receive timeout turns a hang into a failure.
final class BlockingConnection {
    let session: TLSSession
    private let descriptor: Int32
    private var chunk = [UInt8](repeating: 0, count: 32 * 1024)

    init(_ session: TLSSession, on descriptor: Int32) {
        self.session = session
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Glibc.close(descriptor) }

    static func connect(_ context: TLSContext, to server: ExpectedServer, port: UInt16) throws
        -> BlockingConnection
    {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Loopback.address(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        let connection = BlockingConnection(try TLSSession(client: context, to: server), on: descriptor)
        connection.put { connection.session.start(&$0) }
        return connection
    }

    /// Reads until `enough` says so of everything read, or until the end.
    func read(until enough: ([UInt8]) -> Bool) -> [UInt8] {
        var plaintext = [UInt8](repeating: 0, count: 16 * 1024)
        var all: [UInt8] = []
        while true {
            let received = Glibc.recv(descriptor, &chunk, chunk.count, 0)
            if received <= 0 {
                _ = session.endOfInput()
                return all
            }
            var input = chunk[..<received]
            while true {
                var outcome = TLSSession.ReadOutcome.wantsInput
                let left = input.withUnsafeBytes { bytes in
                    var rest = bytes
                    plaintext.withUnsafeMutableBytes { plain in
                        put { outcome = session.read(&rest, into: plain, &$0) }
                    }
                    return rest.count
                }
                input = input.suffix(left)
                if case .bytes(let count) = outcome { all += plaintext[..<count] }
                if outcome == .wantsInput { break }
                if outcome == .closed || outcome == .failed { return all }
            }
            if session.isEstablished && enough(all) { return all }
        }
    }

    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            bytes[sent...].withUnsafeBytes { rest in
                put {
                    if case .sealed(let count) = session.write(rest, &$0) {
                        sent += count
                    } else {
                        sent = bytes.count
                    }
                }
            }
        }
    }

    func close() { put { session.close(&$0) } }

    private func put(_ body: (inout TLSOutput) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 20_000, alignment: 16) { region in
            var output = TLSOutput(region)
            body(&output)
            send(output.written)
            while session.hasPendingOutput {
                var more = TLSOutput(region)
                _ = session.flush(&more)
                send(more.written)
            }
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer) {
        var bytes = bytes
        while !bytes.isEmpty {
            let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if sent <= 0 { return }
            bytes = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        }
    }
}

/// A listener on a free port of this machine. Each connection is answered with what the server knows of it.
final class Loopback: Sendable {
    struct Seen: Sendable {
        var text: [UInt8]
        var isResumed: Bool
        var peer: TLSPeer?
        var failure: TLSFailure?
        var negotiatedProtocol: String?
    }

    let port: UInt16
    private let descriptor: Int32
    private let seen = Mutex<[Seen]>([])
    private let finished = DispatchSemaphore(value: 0)

    /// Serves `connections` of them and then no more. The answer to a line is `answer`, or a summary.
    init(_ context: TLSContext, connections: Int, answer: [UInt8]? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Loopback.address(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        port = try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try #require(bind(descriptor, address, size) == 0 && listen(descriptor, 8) == 0)
                try #require(getsockname(descriptor, address, &size) == 0)
            }
            return UInt16(bigEndian: $0.pointee.sin_port)
        }
        Thread.detachNewThread { [self] in
            for _ in 0..<connections {
                let client = accept(descriptor, nil, nil)
                guard client >= 0, let session = try? TLSSession(server: context) else { break }
                let connection = BlockingConnection(session, on: client)
                let text = connection.read { $0.contains(UInt8(ascii: "\n")) }
                if session.isEstablished && session.failure == nil {
                    let summary =
                        "\(session.version.rawValue) \(session.cipher) resumed=\(session.isResumed)\n"
                    connection.write(answer ?? Array(summary.utf8))
                    connection.close()
                    // The peer's own end, or its refusal.
                    _ = connection.read { _ in false }
                }
                let one = Seen(
                    text: text, isResumed: session.isResumed, peer: session.peer, failure: session.failure,
                    negotiatedProtocol: session.negotiatedProtocol)
                seen.withLock { $0.append(one) }
                finished.signal()
            }
        }
    }

    deinit { Glibc.close(descriptor) }

    /// What the next connection turned out to be.
    func next() throws -> Seen {
        try #require(finished.wait(timeout: .now() + 15) == .success)
        return seen.withLock { $0.removeFirst() }
    }

    static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

/// A program with its output. It ends with the test, or by itself after its time limit.
final class Program {
    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()

    init(_ arguments: [String]) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "15"] + arguments
        process.standardOutput = output
        process.standardError = output
        process.standardInput = input
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    func say(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

    /// Everything that it printed until it ended.
    func finish() -> String {
        let all = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: all, as: UTF8.self)
    }

    /// Its output up to and including `text`.
    func read(until text: String) -> String {
        var all = ""
        while !all.contains(text) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            all += String(decoding: more, as: UTF8.self)
        }
        return all
    }

    static func exists(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }
}
