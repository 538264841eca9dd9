// A request on a connection that is kept costs no allocation: the reactor, the server, the router and the
// answer work in memory that they have already.
import AllocationCounter
import Glibc
import HTTP
import Kernel
import Reactor
import Synchronization
import Testing
import Units

/// Sends one request after another, each when the answer to the last is whole.
private final class Repeater: Transport {
    static let request = Array(
        ("POST /v1/bid?x=1 HTTP/1.1\r\nHost: node.test\r\nContent-Type: application/json\r\nUser-Agent: test\r\n"
            + "Content-Length: 1400\r\n\r\n" + String(repeating: "b", count: 1400)).utf8)
    /// Known from the first answer on: all of them are alike.
    private var answerBytes: Int?
    private var first: [UInt8] = []
    private var received = 0
    private(set) var left: Int

    init(reactor: Reactor, scratch: TransportScratch, count: Int) {
        left = count
        super.init(reactor: reactor, scratch: scratch)
    }

    override func ready() { sendNext() }

    override func arrived(_ bytes: UnsafeRawBufferPointer) {
        received += bytes.count
        if answerBytes == nil {
            first.append(contentsOf: bytes)
            guard let blank = first.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            answerBytes = blank.upperBound + CountingShard.body.count
        }
        guard received == answerBytes else { return }
        received = 0
        left -= 1
        if left > 0 { sendNext() }
    }

    private func sendNext() {
        Repeater.request.withUnsafeBytes { _ = send($0) }
        flush()
    }
}

/// The shard under test. Its handler reads the counter itself, so that nothing else of the thread is counted.
private final class CountingShard: Responder, Sendable {
    private struct State {
        var address: SocketAddress?
        var remote: ReactorRemote?
        var requests = 0
        var atStart: UInt64 = 0
        var atEnd: UInt64 = 0
        var kept: [Int] = []
    }

    static let warmUp = 2_000
    static let measured = 10_000
    static let body = Array(String(repeating: #"{"k":"v"}"#, count: 33).utf8)

    private let state = Mutex(State())
    private let router: SharedRouter
    private let allocates: Bool

    init(allocating allocates: Bool) {
        self.allocates = allocates
        router = SharedRouter()
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        state.withLock { state in
            state.requests += 1
            if state.requests == CountingShard.warmUp { state.atStart = allocations_of_thread() }
            if state.requests == CountingShard.warmUp + CountingShard.measured {
                state.atEnd = allocations_of_thread()
            }
            if allocates { state.kept = [state.requests] }
        }
        router.respond(to: request, &response)
    }

    func run(_ driver: DriverChoice) {
        do {
            let reactor = try Reactor(driver)
            let server = Server(reactor: reactor, responder: self)
            let address = try server.listen(on: SocketAddress(literal: "127.0.0.1", port: 0)!)
            state.withLock { ($0.address, $0.remote) = (address, reactor.remote) }
            try reactor.run()
            withExtendedLifetime(server) {}
        } catch {
            Issue.record("the shard failed: \(error)")
        }
    }

    var address: SocketAddress? { state.withLock { $0.address } }
    var allocations: UInt64 { state.withLock { $0.atEnd - $0.atStart } }
    var requests: Int { state.withLock { $0.requests } }
    func stop() { state.withLock { $0.remote }?.post { $0.stop() } }
}

/// Built once and only read after.
private final class SharedRouter: @unchecked Sendable {
    private var router = Router()

    init() {
        router.add(.get, "/readyz") { _, _ in }
        router.add(.post, "/v1/bid") { request, response in
            response.contentType = "application/json"
            response.header("x-request", request.query)
            response.header("x-seat", "one")
            response.write(CountingShard.body.span.bytes)
        }
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        router.respond(to: request, &response)
    }
}

@Suite(.serialized, .enabled(if: allocations_are_counted() != 0, "sanitizers bring their own allocator"))
struct AllocationTests {
    private func allocations(_ driver: DriverChoice, allocating: Bool) throws -> UInt64 {
        let shard = CountingShard(allocating: allocating)
        let thread = try Thread(name: "counted") { shard.run(driver) }
        let result = Result { try call(shard) }
        shard.stop()
        thread.join()
        try result.get()
        return shard.allocations
    }

    /// Eight connections side by side, each with one request under way.
    private func call(_ shard: CountingShard) throws {
        let patience = Kernel.monotonicNow() + .seconds(20)
        while shard.address == nil, Kernel.monotonicNow() < patience { sched_yield() }
        let address = try #require(shard.address)
        let reactor = try Reactor(.poller)
        let scratch = TransportScratch()
        let total = CountingShard.warmUp + CountingShard.measured
        let callers = (0..<8).map { _ in Repeater(reactor: reactor, scratch: scratch, count: total / 8) }
        for caller in callers { try reactor.connect(caller, to: address) }
        while callers.contains(where: { $0.left > 0 }), Kernel.monotonicNow() < patience {
            try reactor.turn(until: patience)
        }
        #expect(shard.requests == total, "every request was answered")
        for caller in callers { caller.close(.finished) }
        try settle(reactor) { reactor.streamCount == 0 }
    }

    @Test(arguments: bothDrivers) func aRequestAllocatesNothing(_ driver: DriverChoice) throws {
        #expect(try allocations(driver, allocating: false) == 0)
    }

    @Test func theCounterCounts() throws {
        #expect(try allocations(.automatic, allocating: true) >= UInt64(CountingShard.measured))
    }
}
