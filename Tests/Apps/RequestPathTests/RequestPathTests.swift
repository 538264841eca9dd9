// A bid and an ad tag cost no allocation on the shard's thread, from the socket's bytes to the answer's: measured in the
// node's own routes, on a server like that of a shard, with a client on another thread.
import AllocationCounter
import Foundation
import Glibc
import HTTP
import Kernel
import Reactor
import Synchronization
import Telemetry
import Testing
import Units

@testable import Settings
@testable import paceline_node

/// The routes of a shard, and how much was allocated in the thread while they and the server answered.
private final class CountedRoutes: Responder, Sendable {
    private struct State {
        var requests = 0
        var allocations: UInt64 = 0
    }

    static let warmUp = 200
    static let all = warmUp + 1_000

    private let state = Mutex(State())
    /// Used on the shard's thread only.
    private nonisolated(unsafe) var routes: RequestRoutes?

    func use(_ routes: RequestRoutes) { self.routes = routes }

    /// Counts what answering takes. What reading a request and sending its answer take, the server's own tests count; the
    /// shard's timers come up between requests.
    func respond(to request: borrowing Request, _ response: inout Response) {
        let before = allocations_of_thread()
        routes?.respond(to: request, &response)
        let took = allocations_of_thread() - before
        state.withLock { state in
            state.requests += 1
            if state.requests > Self.warmUp { state.allocations += took }
        }
    }

    /// Of all that were measured; nil before all requests have come.
    var counted: UInt64? { state.withLock { $0.requests >= Self.all ? $0.allocations : nil } }
}

@Suite struct RequestPathTests {
    private static let examples = URL(filePath: #filePath).appending(path: "../../../../Examples")
        .standardized

    private static func post(_ query: String) throws -> [UInt8] {
        // From nobody who could be counted: caps would soon leave nothing to bid.
        let body = try String(contentsOf: examples.appending(path: "ctv-pod.json"), encoding: .utf8)
            .replacing("\"ip\":", with: "\"x\":").replacing("\"ifa\":", with: "\"y\":")
            .replacing("\"user\":", with: "\"z\":")
        let head =
            "POST /openrtb2/bid\(query) HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n"
        return Array((head + body).utf8)
    }

    private static func get(_ query: String) -> [UInt8] {
        Array("GET /vast?\(query) HTTP/1.1\r\nhost: a\r\n\r\n".utf8)
    }

    enum Kind: String, CaseIterable {
        case bid, noBid, noBidWithReason, tag, emptyTag
        /// Recorded as a span: for its caller, and by the node's own share.
        case tracedBid, tracedTag

        var isTraced: Bool { self == .tracedBid || self == .tracedTag }
        var hasAd: Bool { self == .bid || self == .tag || isTraced }
    }

    @Test(
        .enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"),
        arguments: Kind.allCases)
    func allocatesNothing(_ kind: Kind) async throws {
        let demo =
            "pub=streamfront&app=streamfront-roku&pod=90&ads=6&dur=15,30&country=USA&metro=501&zip=10001&devicetype=3&genre=sports&live=1"
        let request =
            switch kind {
            case .bid: try Self.post("")
            case .noBid: try Self.post("").replacing("\"USD\"".utf8, with: "\"XXX\"".utf8)
            case .noBidWithReason: try Self.post("?nbr=1").replacing("\"USD\"".utf8, with: "\"XXX\"".utf8)
            case .tracedBid:
                try Self.post("").replacing(
                    "host: a\r\n".utf8,
                    with:
                        "host: a\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
                        .utf8)
            case .tag, .tracedTag: Self.get(demo)
            case .emptyTag: Self.get("country=DEU&floor=900&cur=USD")
            }
        let status: Substring = kind == .noBid ? "204" : "200"
        var (last, counted): (String, UInt64?) = ("", nil)
        // What a timer takes once in a while is no request's; what a request takes, it takes every time.
        for _ in 0..<3 {
            (last, counted) = try await answerAndCount(request, awaitsAd: kind.hasAd, isTraced: kind.isTraced)
            if counted == 0 { break }
        }
        #expect(last.split(separator: " ").dropFirst().first == status, "\(last)")
        #expect(last.contains("<VAST") == (kind.hasAd || kind == .emptyTag), "\(last)")
        #expect(last.contains("<Ad ") == kind.hasAd, "\(last)")
        #expect(counted == 0)
    }

    /// A shard of its own answers the request again and again: the last answer, and how often it allocated.
    private func answerAndCount(_ request: [UInt8], awaitsAd: Bool, isTraced: Bool) async throws -> (
        String, UInt64?
    ) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }

        // Flights without an end: tests run for years.
        let files = Self.examples.appending(path: "catalog")
        let copy = folder.appending(path: "files")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(atPath: files.path()) {
            try String(contentsOf: files.appending(path: file), encoding: .utf8)
                .replacing("\"start\": \"2026-", with: "\"start\": \"2000-")
                .replacing("\"end\": \"20", with: "\"end\": \"21")
                .write(to: copy.appending(path: file), atomically: true, encoding: .utf8)
        }
        var settings = NodeSettings.standalone(
            catalog: copy.path(), state: folder.path(), port: 1,
            adminPort: 2,
            shards: 1)
        if isTraced {
            // Nobody takes them: the ring fills, which costs no allocation either.
            var traces = TraceSettings()
            (traces.ratio, traces.parentsPerSecond, traces.ringSpans) = (1, 100_000, 512)
            settings.traces = traces
        }
        let context = try NodeContext(settings: settings, version: "tested")
        try context.catalogs?.start()
        try context.money?.open(context)
        let counted = CountedRoutes()
        let started = Mutex<(address: SocketAddress, remote: ReactorRemote)?>(nil)
        try Thread(name: "shard") {
            do {
                let reactor = try Reactor()
                let metrics = context.metrics.addShard()
                let journal = try NodeJournal(
                    shard: 0, context: context, reactor: reactor, metrics: metrics)
                let frequency = context.shardFrequency(0, journal, reactor, metrics: metrics)
                let decisions = context.shardDecisions(0, reactor, metrics: metrics, frequency, journal)
                let notices = context.shardNotices(
                    0, decisions, frequency, journal, reactor, metrics: metrics)
                counted.use(RequestRoutes(context, reactor, journal, decisions, notices))
                let server = Server(
                    reactor: reactor, responder: counted,
                    metrics: ServerMetrics(context.keys.requests, metrics))
                let address = try server.listen(
                    on: try #require(SocketAddress(literal: "127.0.0.1", port: 0)))
                started.withLock { $0 = (address, reactor.remote) }
                try reactor.run()
            } catch { Issue.record(error) }
        }.detach()
        while started.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
        let (address, remote) = try #require(started.withLock { $0 })
        let last = try await withCheckedThrowingContinuation { continuation in
            do {
                // It waits for sockets, which the threads of tests have no time for.
                try Thread(name: "client") {
                    continuation.resume(with: Result { try ask(request, address.port, awaitsAd) })
                }.detach()
            } catch { continuation.resume(throwing: error) }
        }
        remote.post { $0.stop() }
        let page = String(decoding: Array(context.metrics.prometheusFamilies().joined()), as: UTF8.self)
        #expect(page.contains("\npaceline_spans_total \(CountedRoutes.all)\n") == isTraced)
        return (last, counted.counted)
    }

    /// Asks again and again on one connection, each time after the answer; gives the last answer with an ad, or the last.
    private func ask(_ request: [UInt8], _ port: UInt16, _ awaitsAd: Bool) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        var last = ""
        var room = [UInt8](repeating: 0, count: 256 * 1024)
        for round in 0..<CountedRoutes.all {
            // Money comes when the disk has its first mark, which a busy one takes its time for.
            if awaitsAd, round < CountedRoutes.warmUp / 2, !last.contains("<Ad ") { usleep(50_000) }
            try #require(send(descriptor, request, request.count, 0) == request.count)
            var count = 0
            while true {
                let more = room.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress! + count, $0.count - count, 0)
                }
                try #require(more > 0)
                count += more
                if isWhole(room[..<count]) { break }
            }
            // One with an ad, if any has: money comes under marks as the disk lets it.
            let answer = String(decoding: room[..<count], as: UTF8.self)
            if !last.contains("<Ad ") || answer.contains("<Ad ") { last = answer }
        }
        return last
    }

    private func isWhole(_ answer: ArraySlice<UInt8>) -> Bool {
        guard let head = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return false }
        let text = String(decoding: answer[..<head.lowerBound], as: UTF8.self)
        let length = text.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
        return answer.count - head.upperBound >= Int(length?.dropFirst("content-length: ".count) ?? "0") ?? 0
    }
}
