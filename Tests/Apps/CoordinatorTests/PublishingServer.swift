// Who publishes a catalog as far as a follower can see, in the test's own hands: `GET /v1/catalog` and `GET /v1/blobs/SHA256`, with
// blobs that are changed on the way where a test wants it. Whatever else it is asked it has no time for.
import CatalogWire
import Foundation
import Glibc
import PostgresServer
import Synchronization

final class PublishingServer: @unchecked Sendable {
    struct Published {
        var version: Int
        var blob: [UInt8]
        var format = 3
        /// How many seconds ago it was true, as a relay says it.
        var age = 0

        var digest: String { BlobDigest(of: blob).description }
    }

    private struct State {
        var published: Published?
        /// All that were.
        var blobs: [String: [UInt8]] = [:]
        var isChangedOnTheWay = false
        var asks = 0
        var fetches = 0
        var isOver = false
    }

    let port: UInt16
    private let condition = NSCondition()
    private var state = State()
    private var listener: Int32 = -1

    init() throws {
        port = try PostgresServer.freePort()
        try start()
    }

    deinit { stop() }

    var asks: Int { locked { $0.asks } }
    var fetches: Int { locked { $0.fetches } }

    func publish(_ published: Published, changedOnTheWay: Bool = false) {
        locked { state in
            state.published = published
            state.blobs[published.digest] = published.blob
            state.isChangedOnTheWay = changedOnTheWay
        }
        condition.broadcast()
    }

    func isNotChangedOnTheWayAnyMore() { locked { $0.isChangedOnTheWay = false } }

    /// Nobody listens there, and whoever waits is cut off.
    func stop() {
        locked { $0.isOver = true }
        condition.broadcast()
        if listener >= 0 {
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
            listener = -1
        }
    }

    func start() throws {
        locked { $0.isOver = false }
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, listen(listener, 64) == 0 else {
            throw PostgresServerFailure(description: "nobody can listen on \(port)")
        }
        Thread.detachNewThread { [listener, weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let server = self else { return }
                Thread.detachNewThread {
                    server.serve(connection)
                    close(connection)
                }
            }
        }
    }

    private func locked<Value>(_ body: (inout State) -> Value) -> Value {
        condition.lock()
        defer { condition.unlock() }
        return body(&state)
    }

    private func serve(_ connection: Int32) {
        var head = ""
        var piece = [UInt8](repeating: 0, count: 16_384)
        while !head.contains("\r\n\r\n") {
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return }
            head += String(decoding: piece[..<count], as: UTF8.self)
        }
        let target = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        let answer: [UInt8]?
        if target.hasPrefix("/v1/catalog") {
            answer = word(target)
        } else if target.hasPrefix("/v1/blobs/") {
            answer = blob(String(target.dropFirst("/v1/blobs/".count)))
        } else {
            answer = Self.answer("503 Service Unavailable", [])
        }
        var rest = (answer ?? [])[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    private static func answer(_ status: String, _ body: [UInt8], _ headers: String = "") -> [UInt8] {
        Array(
            "HTTP/1.1 \(status)\r\nconnection: close\r\n\(headers)content-length: \(body.count)\r\n\r\n".utf8)
            + body
    }

    private func word(_ target: String) -> [UInt8]? {
        func parameter(_ name: String) -> Int? {
            target.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix("\(name)=") }
                .flatMap { Int($0.dropFirst(name.count + 1)) }
        }
        let end = Date().addingTimeInterval(Double(parameter("wait") ?? 0))
        condition.lock()
        defer { condition.unlock() }
        state.asks += 1
        while let published = state.published, published.version == parameter("have"), !state.isOver,
            condition.wait(until: end)
        {}
        guard !state.isOver else { return nil }
        guard let published = state.published else { return Self.answer("404 Not Found", []) }
        let age = "age: \(published.age)\r\n"
        if published.version == parameter("have") { return Self.answer("304 Not Modified", [], age) }
        let body = """
            {"version":\(published.version),"sha256":"\(published.digest)","bytes":\(published.blob.count),\
            "format":\(published.format)}
            """
        return Self.answer("200 OK", Array(body.utf8), age)
    }

    private func blob(_ digest: String) -> [UInt8] {
        locked { state in
            state.fetches += 1
            guard var blob = state.blobs[digest] else { return Self.answer("404 Not Found", []) }
            if state.isChangedOnTheWay { blob[blob.count / 2] ^= 1 }
            return Self.answer("200 OK", blob)
        }
    }
}
