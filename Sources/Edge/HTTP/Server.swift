// The HTTP server of one shard: its listeners, its limits, and the memory that its connections share.
public import Kernel
public import Reactor
import Telemetry
public import TLS
public import Units

/// What a server bears with. What is beyond is refused with a status where there is one, and counted.
public struct ServerLimits: Sendable {
    public var head = HeadLimits()
    /// Connections of this server; one more is closed at once. The reactor's streams are those of all its
    /// servers.
    public var connections = Int.max
    /// A whole body, chunked or not.
    public var bodyBytes = 1024 * 1024
    /// Bytes of requests that are not complete, over all connections of the shard.
    public var pendingBytes = 256 * 1024 * 1024
    /// Answers that a connection may have waiting before no further request of it is read.
    public var outputBytesPerConnection = 1024 * 1024
    /// After so many requests a connection is closed, so that clients spread again over shards and nodes.
    public var requestsPerConnection = 1_000_000
    /// From a request's first byte to the end of its head.
    public var headTimeout = Interval.seconds(10)
    /// From there to the end of its body.
    public var bodyTimeout = Interval.seconds(30)
    /// Between two requests.
    public var idleTimeout = Interval.seconds(75)
    /// Without the peer taking any of what waits for it.
    public var writeTimeout = Interval.seconds(30)
    /// From the connection to the end of the TLS handshake.
    public var handshakeTimeout = Interval.seconds(10)
    /// After our last answer, for the peer to read it and close.
    public var lingerTimeout = Interval.seconds(2)

    public init() {}
}

/// Serves HTTP on a reactor. One per shard; used on the shard's thread only.
public final class Server {
    /// Connection objects that wait to serve again: as many as are of use in a burst.
    private static let idleObjects = 1024
    /// Room for a head and a small body, sealed as one TLS record.
    static let composeBytes = 16 * 1024

    public let reactor: Reactor
    public let limits: ServerLimits
    public let metrics: ServerMetrics
    public private(set) var isDraining = false
    public private(set) var connectionCount = 0

    let scratch: TransportScratch
    let head: UnsafeMutablePointer<RequestHead>
    let response = ResponseBuffer()
    let pending: PendingPool
    let compose = UnsafeMutableRawBufferPointer.allocate(byteCount: Server.composeBytes, alignment: 64)
    private let responder: any Responder
    private var listeners: [Listener] = []
    private var idle: [ServerConnection] = []
    private var drained: (() -> Void)?
    /// When the last answer was queued, in the turn of which the second tells.
    private var answeredAt = Instant(nanoseconds: 0)
    private var turnSeen = Instant(nanoseconds: -1)

    /// The date header's value, written down once a second.
    private let date = UnsafeMutableRawBufferPointer.allocate(byteCount: HTTPDate.byteCount, alignment: 8)
    private var dateSecond: Int64 = -1
    private var dateTurn = Instant(nanoseconds: -1)

    public init(
        reactor: Reactor, limits: ServerLimits = ServerLimits(), responder: any Responder,
        metrics: ServerMetrics = .unobserved()
    ) {
        self.reactor = reactor
        self.limits = limits
        self.responder = responder
        self.metrics = metrics
        scratch = TransportScratch()
        head = .allocate(capacity: 1)
        head.initialize(to: RequestHead(limits: limits.head))
        pending = PendingPool(limitBytes: limits.pendingBytes)
    }

    deinit {
        head.deinitialize(count: 1)
        head.deallocate()
        date.deallocate()
        compose.deallocate()
    }

    /// Listens, with TLS where credentials are given. Answers where, with the port that the kernel chose for
    /// 0.
    @discardableResult
    public func listen(
        on address: SocketAddress, credentials: TLSCredentials? = nil
    ) throws(Errno) -> SocketAddress {
        let listener = try reactor.listen(on: address) { [unowned self] in connection(credentials) }
        listeners.append(listener)
        return listener.address
    }

    /// Accepts no more, lets what is in flight finish, and calls back when the last connection has ended.
    public func drain(_ done: @escaping () -> Void) {
        isDraining = true
        drained = done
        // First those at hand: what listeners still take from the kernel's queue has yet to say what it
        // wants.
        forEachConnection { $0.drain() }
        for listener in listeners { listener.close() }
        if connectionCount == 0 { finishDraining() }
    }

    /// Ends whatever is left after the time for draining is over. Answers how many connections were in the
    /// middle of something; one whose peer has its last answer and does not close loses nothing.
    public func abandon() -> Int {
        var cut = 0
        forEachConnection { connection in
            if !connection.isDone { cut += 1 }
            connection.close(.drained)
        }
        return cut
    }

    private func forEachConnection(_ body: (ServerConnection) -> Void) {
        reactor.forEachStream { stream in
            if let connection = stream as? ServerConnection, connection.server === self { body(connection) }
        }
    }

    private func finishDraining() {
        let done = drained
        drained = nil
        done?()
    }

    private func connection(_ credentials: TLSCredentials?) -> Stream? {
        guard connectionCount < limits.connections else { return nil }
        var session: TLSSession?
        if let credentials {
            do {
                session = try TLSSession(server: credentials.current)
            } catch {
                metrics.tlsFailures(error.reason).add()
                return nil
            }
        }
        let connection = idle.popLast() ?? ServerConnection(server: self)
        connection.use(session)
        connectionCount += 1
        metrics.open.set(connectionCount)
        return connection
    }

    func released(_ connection: ServerConnection) {
        connectionCount -= 1
        metrics.open.set(connectionCount)
        if idle.count < Server.idleObjects { idle.append(connection) }
        if connectionCount == 0, isDraining { finishDraining() }
    }

    @inline(__always)
    func answer(_ request: borrowing Request, _ response: inout Response) {
        responder.respond(to: request, &response)
    }

    /// Counts a request whose answer is queued. Requests of one turn follow each other, so that the end of one is
    /// the beginning of the next and one reading of the clock is enough for both.
    @inline(__always)
    func countAnswer() {
        let turn = reactor.now
        if turnSeen != turn {
            turnSeen = turn
            answeredAt = turn
        }
        let now = Kernel.monotonicNow()
        metrics.serviceTime.record(now - answeredAt)
        metrics.requests.add()
        answeredAt = now
    }

    /// The date as heads show it. The clock is read once a turn.
    func dateText() -> UnsafeRawBufferPointer {
        let now = reactor.now
        if dateTurn != now {
            dateTurn = now
            let second = Kernel.wallNow().nanoseconds / 1_000_000_000
            if second != dateSecond {
                dateSecond = second
                HTTPDate.write(secondsSinceEpoch: second, into: date)
            }
        }
        return UnsafeRawBufferPointer(date)
    }
}

/// Buffers for requests that are not complete yet: pieces of one size are kept, larger ones come and go.
final class PendingPool {
    /// Holds a head of the largest size, or most requests whole.
    static let smallBytes = 16 * 1024
    private static let kept = 256

    private let limit: Int
    private(set) var used = 0
    private var free: [UnsafeMutableRawBufferPointer] = []

    init(limitBytes: Int) {
        limit = limitBytes
        free.reserveCapacity(PendingPool.kept)
    }

    deinit { for buffer in free { buffer.deallocate() } }

    /// Nil where the shard holds as much as it may.
    func take(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        let size = max(PendingPool.smallBytes, count)
        guard used + size <= limit else { return nil }
        used += size
        if size == PendingPool.smallBytes, let buffer = free.popLast() { return buffer }
        return .allocate(byteCount: size, alignment: 64)
    }

    func give(_ buffer: UnsafeMutableRawBufferPointer) {
        used -= buffer.count
        if buffer.count == PendingPool.smallBytes, free.count < PendingPool.kept {
            free.append(buffer)
        } else {
            buffer.deallocate()
        }
    }
}
