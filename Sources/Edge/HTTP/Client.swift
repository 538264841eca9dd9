// The HTTP client of one reactor: calls with a deadline, over connections that are kept and used again. It
// retries nothing that a server may have begun to do.
public import Kernel
public import Reactor
public import TLS
public import Units

/// A server as a client names it.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public var address: SocketAddress
    /// For the Host header.
    public var authority: String
    /// Whom the server's certificate must name; nil for plain HTTP.
    public var server: ExpectedServer?

    public init(address: SocketAddress, authority: String, server: ExpectedServer? = nil) {
        self.address = address
        self.authority = authority
        self.server = server
    }

    public var description: String { "\(server == nil ? "http" : "https")://\(authority)" }
}

/// Takes the next bytes of a body, which are only lent; false where it wants no more of them.
public typealias BodySink = @Sendable (UnsafeRawBufferPointer) -> Bool

public struct ClientRequest: Sendable {
    public var method: Method
    public var endpoint: Endpoint
    /// Path and query, percent-encoded.
    public var target: String
    public var headers: [(name: StaticString, value: String)] = []
    public var body: [UInt8] = []
    /// Makes a source for a body that is sent in chunks, in place of `body`: anew for each attempt.
    public var stream: (@Sendable () -> BodySource)?
    /// Where the body of a 200 goes as it comes, in place of the response's `body`: called on the client's thread, and
    /// bounded by nothing else. False ends the call.
    public var sink: BodySink?

    public init(_ method: Method, _ endpoint: Endpoint, _ target: String) {
        self.method = method
        self.endpoint = endpoint
        self.target = target
    }
}

public struct ClientResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    /// The first header of this name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Why a call has no answer. Unless it says that nothing was sent, the server may have acted on it.
public enum ClientFailure: Error, Sendable, CustomStringConvertible {
    case notConnected(Endpoint)
    case tls(Endpoint, String)
    case timedOut(Endpoint)
    /// The connection ended in the middle of the answer, or before it.
    case cut(Endpoint)
    /// The answer breaks the protocol or is beyond the limits.
    case refused(Endpoint, Refusal)
    /// The sink of the request wanted no more of the body.
    case unwanted(Endpoint)
    /// As many calls wait as may wait; nothing was sent.
    case busy(Endpoint)
    /// The request cannot be written: a target or header holds what it must not. Nothing was sent.
    case unsendable(Endpoint)

    public var description: String {
        switch self {
        case .notConnected(let endpoint): "\(endpoint): no connection; is the server running and reachable?"
        case .tls(let endpoint, let why): "\(endpoint): \(why)"
        case .timedOut(let endpoint): "\(endpoint): no answer in time"
        case .cut(let endpoint): "\(endpoint): the connection ended before the answer was complete"
        case .refused(let endpoint, let refusal): "\(endpoint): the answer was refused: \(refusal.reason)"
        case .unwanted(let endpoint): "\(endpoint): the rest of the answer was not wanted"
        case .busy(let endpoint): "\(endpoint): too many calls wait already"
        case .unsendable(let endpoint): "\(endpoint): the request's target or a header holds a forbidden byte"
        }
    }
}

public struct ClientLimits: Sendable {
    public var head = HeadLimits()
    public var responseBytes = 64 * 1024 * 1024
    public var connectionsPerEndpoint = 64
    /// Calls that wait for a connection, for all endpoints together.
    public var waitingCalls = 1024
    /// Shorter than servers keep connections, so that they rarely close one that is just being used.
    public var idleTimeout = Interval.seconds(30)

    public init() {}
}

/// One call under way.
final class Call {
    let request: ClientRequest
    let deadline: Instant
    var done: ((Result<ClientResponse, ClientFailure>) -> Void)?
    /// Set while it waits for a connection.
    var timer: TimerHandle?
    /// It was tried on a kept connection that turned out to be gone.
    var wasRetried = false

    init(
        _ request: ClientRequest, _ deadline: Instant,
        _ done: @escaping (Result<ClientResponse, ClientFailure>) -> Void
    ) {
        self.request = request
        self.deadline = deadline
        self.done = done
    }

    func finish(_ result: Result<ClientResponse, ClientFailure>) {
        let done = self.done
        self.done = nil
        done?(result)
    }

    /// Whether doing it twice is the same as doing it once (RFC 9110 §9.2.2).
    var isIdempotent: Bool {
        switch request.method {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .connect, .patch, .other: false
        }
    }
}

/// Used on its reactor's thread only.
public final class Client {
    private struct Pool {
        var idle: [ClientConnection] = []
        var open = 0
        var waiting: [Call] = []
    }

    public let reactor: Reactor
    public let limits: ClientLimits
    let scratch: TransportScratch
    let head: UnsafeMutablePointer<ResponseHead>
    private let context: (() -> TLSContext)?
    private var pools: [Endpoint: Pool] = [:]
    private var waiting = 0

    /// - Parameter context: for endpoints that want TLS; its certificate is who we are.
    public convenience init(
        reactor: Reactor, limits: ClientLimits = ClientLimits(), context: TLSContext? = nil
    ) {
        self.init(reactor: reactor, limits: limits, atEachConnection: context.map { context in { context } })
    }

    /// - Parameter context: asked for each new connection that wants TLS: a client may outlive its certificate.
    public init(
        reactor: Reactor, limits: ClientLimits = ClientLimits(), atEachConnection context: (() -> TLSContext)?
    ) {
        self.reactor = reactor
        self.limits = limits
        self.context = context
        scratch = TransportScratch()
        head = .allocate(capacity: 1)
        head.initialize(to: ResponseHead(limits: limits.head))
    }

    deinit {
        head.deinitialize(count: 1)
        head.deallocate()
    }

    /// Sends a request and calls back once: with the answer, or with why there is none by the deadline.
    public func send(
        _ request: ClientRequest, deadline: Instant,
        _ done: @escaping (Result<ClientResponse, ClientFailure>) -> Void
    ) {
        start(Call(request, deadline, done))
    }

    /// Ends all kept connections.
    public func close() {
        for endpoint in pools.keys {
            while let connection = pools[endpoint]?.idle.popLast() { connection.retire() }
        }
    }

    private func start(_ call: Call, fresh: Bool = false) {
        let endpoint = call.request.endpoint
        if !fresh {
            while let connection = pools[endpoint]?.idle.popLast() {
                if connection.isUsable { return connection.begin(call) }
            }
        }
        guard pools[endpoint, default: Pool()].open < limits.connectionsPerEndpoint else { return wait(call) }
        connect(call)
    }

    private func wait(_ call: Call) {
        let endpoint = call.request.endpoint
        let timer = reactor.timer(at: call.deadline) { [weak self, weak call] in
            guard let self, let call else { return }
            call.timer = nil
            if self.forget(call) { call.finish(.failure(.timedOut(endpoint))) }
        }
        guard let timer, waiting < limits.waitingCalls else {
            if let timer { reactor.cancel(timer) }
            return call.finish(.failure(.busy(endpoint)))
        }
        call.timer = timer
        waiting += 1
        pools[endpoint]?.waiting.append(call)
    }

    /// True where the call was still waiting.
    private func forget(_ call: Call) -> Bool {
        let endpoint = call.request.endpoint
        guard let index = pools[endpoint]?.waiting.firstIndex(where: { $0 === call }) else { return false }
        pools[endpoint]?.waiting.remove(at: index)
        waiting -= 1
        if let timer = call.timer { reactor.cancel(timer) }
        call.timer = nil
        return true
    }

    private func connect(_ call: Call) {
        let endpoint = call.request.endpoint
        let connection = ClientConnection(client: self, endpoint: endpoint)
        if let server = endpoint.server {
            guard let context else {
                return call.finish(.failure(.tls(endpoint, "this client was made without TLS")))
            }
            do {
                connection.use(try TLSSession(client: context(), to: server))
            } catch {
                return call.finish(.failure(.tls(endpoint, "\(error)")))
            }
        }
        do {
            try reactor.connect(connection, to: endpoint.address)
        } catch {
            return call.finish(.failure(.notConnected(endpoint)))
        }
        pools[endpoint, default: Pool()].open += 1
        connection.begin(call)
    }

    /// The connection may carry another call.
    func idle(_ connection: ClientConnection) {
        let endpoint = connection.endpoint
        guard let next = pools[endpoint]?.waiting.first, forget(next) else {
            pools[endpoint]?.idle.append(connection)
            return
        }
        connection.begin(next)
    }

    /// The connection is gone, and with it perhaps a call.
    func gone(_ connection: ClientConnection, _ call: Call?, _ failure: ClientFailure) {
        let endpoint = connection.endpoint
        pools[endpoint]?.open -= 1
        pools[endpoint]?.idle.removeAll { $0 === connection }
        if let call {
            // Servers close kept connections when they like; what they had not read they have not done. Only
            // what may be done twice is sent again, and only once.
            if connection.wasReused, connection.isAnswerUntouched, call.isIdempotent, !call.wasRetried,
                call.deadline > reactor.now
            {
                call.wasRetried = true
                start(call, fresh: true)
            } else {
                call.finish(.failure(failure))
            }
        }
        // One that cannot even be tried leaves its place to the next.
        while let pool = pools[endpoint], pool.open < limits.connectionsPerEndpoint,
            let next = pool.waiting.first, forget(next)
        { start(next) }
    }
}
