// A daemon of ours that a test has started, as seen from outside.
import Foundation
import Glibc
import PostgresServer

protocol ServedProcess: AnyObject {
    var process: Process { get }
    var admin: UInt16 { get }
}

/// A connection on which half a request has come: whoever ends in order waits for the rest of it.
final class HeldConnection {
    private let socket: Int32

    init(_ port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let half = Array("POST /v1/none HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12".utf8)
        guard connects(socket, to: port), send(socket, half, half.count, Int32(MSG_NOSIGNAL)) == half.count
        else {
            throw PostgresServerFailure(description: "no connection to port \(port)")
        }
    }

    func end() { close(socket) }
}

extension ServedProcess {
    var isRunning: Bool { process.isRunning }

    func kill(_ signal: Int32) {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, signal)
    }

    func end() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Nil where it does not answer, or has no such metric.
    func metric(_ name: String) -> Double? {
        let line = ask(admin, "GET /metrics")?.body.split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
}
