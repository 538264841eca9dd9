// A bare TCP connection to a node: sends any bytes in any pieces, and reads what comes back. Waiting holds no
// thread.
import Foundation
import Glibc
import Testing

/// An answer taken apart as far as tests look into it.
struct Answer: Sendable, Equatable {
    let status: Int
    let head: [String]
    let body: String

    func header(_ name: String) -> String? {
        let found = head.dropFirst().first { $0.lowercased().hasPrefix("\(name.lowercased()):") }
        return found.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// Without what the clock decides.
    var timeless: Answer { Answer(status: status, head: head.filter { !$0.hasPrefix("date:") }, body: body) }
}

final class Wire {
    private let descriptor: Int32
    /// What has come and was not taken yet.
    private(set) var received: [UInt8] = []
    /// Where `pour` goes on.
    private var poured = 0
    /// How the peer ended it, once it has: 0 for its end, else an errno.
    private(set) var ending: Int32?

    /// - Parameter receiveBuffer: what the kernel may hold for us in bytes; nil for its own choice.
    init(_ port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        let result = Wire.with(port) { Glibc.connect(descriptor, $0, $1) }
        // A port that nobody listens on is how a test sees that a node has left.
        if result != 0 { ending = errno }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { Glibc.close(descriptor) }

    private static func with<T>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Whether nobody listens on a port, of all who do so alone or together.
    static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        return with(port) { bind(descriptor, $0, $1) == 0 } && listen(descriptor, 1) == 0
    }

    /// Sends as much as the kernel takes at once, and says how much that was.
    @discardableResult
    func offer(_ bytes: [UInt8]) -> Int {
        let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        return max(0, sent)
    }

    /// Sends as much of an endless repetition of these bytes as the kernel takes at once, from where it stopped.
    /// Answers how much that was, and whether the last repetition is whole.
    @discardableResult
    func pour(_ bytes: [UInt8]) -> (sent: Int, isWhole: Bool) {
        let sent = offer(Array(bytes[poured...]))
        poured = (poured + sent) % bytes.count
        return (sent, poured == 0)
    }

    /// Sends all in one piece.
    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        let sent = offer(bytes)
        // A peer that has refused already takes no more, and that is for the test to see in its answer.
        if sent != bytes.count, ending == nil { takeAll() }
    }

    /// Announces that no more will come.
    func finishSending() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    private func takeAll() {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while ending == nil {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 { received += chunk[..<count] }
            if count == 0 { ending = 0 }
            if count < 0 {
                if errno == EAGAIN { return }
                ending = errno
            }
        }
    }

    /// Waits for the peer's end, and gives all that came.
    func readToEnd(within limit: Duration = .seconds(10)) async throws -> String {
        try await until("the peer ends the connection", within: limit) {
            takeAll()
            return ending != nil
        }
        return String(decoding: received, as: UTF8.self)
    }

    /// The next whole answer; nil where the connection ends before.
    func answer(toHead: Bool = false, within limit: Duration = .seconds(10)) async throws -> Answer? {
        var found: Answer?
        try await until("an answer", within: limit) {
            takeAll()
            found = takeAnswer(toHead: toHead)
            return found != nil || ending != nil
        }
        return found
    }

    /// A whole answer where one is here already.
    func answerNow() -> Answer? {
        takeAll()
        return takeAnswer(toHead: false)
    }

    private func takeAnswer(toHead: Bool) -> Answer? {
        let text = String(decoding: received, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let head = Answer(status: status, head: lines, body: "")
        if head.header("transfer-encoding") == "chunked", !toHead {
            guard let body = takeChunks(after: text[..<end.upperBound].utf8.count) else { return nil }
            return Answer(status: status, head: lines, body: body)
        }
        let length = toHead ? 0 : head.header("content-length").flatMap { Int($0) } ?? 0
        let headBytes = text[..<end.upperBound].utf8.count
        guard received.count >= headBytes + length else { return nil }
        let body = String(decoding: received[headBytes..<headBytes + length], as: UTF8.self)
        received.removeFirst(headBytes + length)
        return Answer(status: status, head: lines, body: body)
    }

    /// The joined chunks behind a head, taken with it; nil while the last is not here.
    private func takeChunks(after headBytes: Int) -> String? {
        var body: [UInt8] = []
        var rest = received[headBytes...]
        while let line = rest.firstRange(of: Array("\r\n".utf8)) {
            let digits = String(decoding: rest[..<line.lowerBound], as: UTF8.self)
            guard let count = Int(digits, radix: 16), rest[line.upperBound...].count >= count + 2 else {
                break
            }
            body += rest[line.upperBound...].prefix(count)
            rest = rest[(line.upperBound + count + 2)...]
            if count == 0 {
                received = Array(rest)
                return String(decoding: body, as: UTF8.self)
            }
        }
        return nil
    }

    /// One request on a connection of its own; nil where there is no answer.
    static func get(_ path: String, port: UInt16) async throws -> Answer? {
        let wire = try Wire(port)
        wire.send("GET \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        return try await wire.answer()
    }
}
