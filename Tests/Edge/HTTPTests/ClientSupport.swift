// What the tests of the client share: calls whose outcome a test waits for, and a server that says what a
// test tells it to.
import Kernel
import Reactor
import TLS
import Testing
import Units

@testable import HTTP

/// A call under way.
final class Pending {
    private(set) var result: Result<ClientResponse, ClientFailure>?

    func finish(_ result: Result<ClientResponse, ClientFailure>) {
        #expect(self.result == nil, "a call ends once")
        self.result = result
    }

    var response: ClientResponse? { try? result?.get() }
    var failure: ClientFailure? {
        guard case .failure(let failure)? = result else { return nil }
        return failure
    }
    /// What people would read; empty where there is no failure.
    var text: String { failure.map { "\($0)" } ?? "" }
    /// The kind of failure, without whom it is about.
    var kind: String? {
        switch failure {
        case nil: nil
        case .notConnected: "notConnected"
        case .tls: "tls"
        case .timedOut: "timedOut"
        case .cut: "cut"
        case .refused(_, let refusal): "refused \(refusal.reason)"
        case .unwanted: "unwanted"
        case .busy: "busy"
        case .unsendable: "unsendable"
        }
    }
}

/// What a scripted server does when a request's head has come.
enum Line {
    case say(String)
    case sayAndClose(String)
    case close
    case nothing
}

/// One connection of a scripted server: a line of its script for each request. After the last it says
/// nothing.
final class Scripted: Stream {
    private var script: [Line]
    private(set) var got: [UInt8] = []

    init(reactor: Reactor, script: [Line]) {
        self.script = script
        super.init(reactor: reactor)
    }

    override func received(_ bytes: UnsafeRawBufferPointer) {
        got.append(contentsOf: bytes)
        guard got.suffix(4).elementsEqual("\r\n\r\n".utf8), !script.isEmpty else { return }
        switch script.removeFirst() {
        case .say(let text): say(text)
        case .sayAndClose(let text):
            say(text)
            finish()
        case .close: finish()
        case .nothing: break
        }
    }

    func say(_ text: String) {
        Array(text.utf8).withUnsafeBytes { _ = write($0) }
        flush()
    }
}

/// A client and a server on one reactor.
final class ClientRig {
    let reactor: Reactor
    let client: Client
    private(set) var endpoint: Endpoint
    private(set) var connections: [Scripted] = []

    /// - Parameter scripts: one for each connection, the last for all further ones.
    init(
        _ driver: DriverChoice = .automatic, limits: ClientLimits = ClientLimits(), timers: Int = 64,
        scripts: [[Line]]
    ) throws {
        reactor = try ClientRig.reactor(driver, timers)
        client = Client(reactor: reactor, limits: limits)
        endpoint = Endpoint(address: loopback, authority: "node.test")
        var scripts = scripts
        let listener = try reactor.listen(on: loopback) { [unowned self] in
            let script = scripts.count > 1 ? scripts.removeFirst() : scripts[0]
            connections.append(Scripted(reactor: reactor, script: script))
            return connections.last
        }
        endpoint = Endpoint(address: listener.address, authority: "node.test")
    }

    /// Against a server that somebody else runs, on this reactor or elsewhere.
    init(
        _ reactor: Reactor, _ endpoint: Endpoint, limits: ClientLimits = ClientLimits(),
        context: TLSContext? = nil
    ) {
        self.reactor = reactor
        self.endpoint = endpoint
        client = Client(reactor: reactor, limits: limits, context: context)
    }

    private static func reactor(_ driver: DriverChoice, _ timers: Int) throws -> Reactor {
        var limits = ReactorLimits()
        limits.streams = 128
        limits.timers = timers
        return try Reactor(driver, limits: limits)
    }

    func start(_ request: ClientRequest, within time: Interval = .seconds(4)) -> Pending {
        let pending = Pending()
        client.send(request, deadline: Kernel.monotonicNow() + time) { pending.finish($0) }
        return pending
    }

    func start(_ method: HTTP.Method = .get, _ target: String = "/", within time: Interval = .seconds(4))
        -> Pending
    {
        start(ClientRequest(method, endpoint, target), within: time)
    }

    func call(_ method: HTTP.Method = .get, _ target: String = "/", within time: Interval = .seconds(4))
        throws -> Pending
    {
        try finish(start(method, target, within: time))
    }

    func finish(_ pending: Pending) throws -> Pending {
        try settle(reactor) { pending.result != nil }
        return pending
    }

    /// Ends kept connections, and sees that everything came back.
    func end(at location: SourceLocation = #_sourceLocation) throws {
        client.close()
        for connection in connections { connection.close(.finished) }
        try settle(reactor, "every stream came back", at: location) { reactor.streamCount == 0 }
        #expect(reactor.outputChunksInUse == 0, sourceLocation: location)
    }
}
