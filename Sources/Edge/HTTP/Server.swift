// The HTTP server of one shard: its listeners, its limits, and the memory that its connections share.
public import Kernel
public import Reactor
import Telemetry
public import TLS
public import Units

/// What a server bears with. What is beyond is refused with a status where there is one, and counted.
public struct ServerLimits: Sendable {
    public var head = HeadLimits()
    /// Connections of this server; for one more, one that has long been idle is closed, or else it is closed
    /// at once. The reactor's streams are those of all its servers, and of those on their way out.
    public var connections = Int.max
    /// Idle for less, a connection is in use and keeps its place: busy peers pause for less.
    public var displacedAfter = Interval.seconds(5)
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
    /// From the connection to its first request's first byte. Who connects has something to say; pools that
    /// open connections ahead open them again.
    public var firstByteTimeout = Interval.seconds(30)
    /// Between two requests.
    public var idleTimeout = Interval.seconds(75)
    /// In which the peer takes all of what waits for it, or at least `writeBytesMin`, again and again.
    public var writeTimeout = Interval.seconds(30)
    /// A slower peer holds memory rather than reads: in a node's five seconds this is 3 KB/s, less than a
    /// modem's.
    public var writeBytesMin = 16 * 1024
    /// From the connection to the end of the TLS handshake.
    public var handshakeTimeout = Interval.seconds(10)
    /// For so long an answer may be held. Whoever asked waits for seconds, and asks again after a 503.
    public var heldTimeout = Interval.seconds(2)
    /// After our last answer, for the peer to read it and close.
    public var lingerTimeout = Interval.seconds(2)

    public init() {}
}

/// Serves HTTP on a reactor. One per shard; used on the shard's thread only.
public final class Server {
    /// Connection objects that wait to serve again: as many as are of use in a burst.
    private static let idleObjects = 1024
    /// Connections that were closed to make room and are not gone yet: more than come in one turn of a busy
    /// shard. A reactor needs so many streams beyond the connections of its servers.
    public static let displacedMost = 64
    /// Connections that are looked at to find one that has long been idle. Few, so that a flood of new ones
    /// costs little; the longest idle of so many is among the longest idle of all.
    private static let lookedAt = 32
    /// Room for a head and a small body, sealed as one TLS record.
    static let composeBytes = 16 * 1024

    public let reactor: Reactor
    public let limits: ServerLimits
    public let metrics: ServerMetrics
    public private(set) var isDraining = false
    public var connectionCount: Int { connections.count }

    /// Records calls as spans; nil where nobody wants them, or the responder records them itself.
    public var tracer: ServerTracer?

    let scratch: TransportScratch
    let head: UnsafeMutablePointer<RequestHead>
    let response: ResponseBuffer
    let pending: PendingPool
    let compose = UnsafeMutableRawBufferPointer.allocate(byteCount: Server.composeBytes, alignment: 64)
    private let responder: any Responder
    private var listeners: [Listener] = []
    private var connections: [ServerConnection] = []
    /// Those of them that were closed to make room.
    private var displacedCount = 0
    /// Where the last look for one ended.
    private var lookedAtLast = 0
    private var idle: [ServerConnection] = []
    /// Those with a request that lets the rest of the turn go before it.
    private var yielding: [ServerConnection] = []
    /// They have their turn now, and nobody yields any more.
    private var isServingLate = false
    private var drained: (() -> Void)?
    /// When the last answer was queued, in the turn of which the second tells.
    private var answeredAt = Instant(nanoseconds: 0)
    private var turnSeen = Instant(nanoseconds: -1)

    /// The date header's value, written down once a second.
    private let date = UnsafeMutableRawBufferPointer.allocate(byteCount: HTTPDate.byteCount, alignment: 8)
    private var dateSecond: Int64 = -1
    private var dateTurn = Instant(nanoseconds: -1)
    private var beginnings = HeadBeginnings()

    public init(
        reactor: Reactor, limits: ServerLimits = ServerLimits(), responder: any Responder,
        metrics: ServerMetrics = .unobserved()
    ) {
        self.reactor = reactor
        self.limits = limits
        self.responder = responder
        self.metrics = metrics
        scratch = TransportScratch()
        response = scratch.made
        head = .allocate(capacity: 1)
        head.initialize(to: RequestHead(limits: limits.head))
        pending = PendingPool(limitBytes: limits.pendingBytes)
        yielding.reserveCapacity(Server.idleObjects)
        reactor.lastInTurns { [weak self] in self?.serveLate() }
    }

    deinit {
        head.deinitialize(count: 1)
        head.deallocate()
        date.deallocate()
        compose.deallocate()
    }

    /// Listens, with TLS where credentials are given. Answers where, with the port that the kernel chose for
    /// 0.
    ///
    /// - Parameter leaving: descriptors of the process that are left for others. What would take one of the
    ///   last so many is closed at once.
    @discardableResult
    public func listen(
        on address: SocketAddress, credentials: TLSCredentials? = nil, leaving: Int = 0
    ) throws(Errno) -> SocketAddress {
        let listener = try reactor.listen(on: address, leaving: leaving) { [unowned self] in
            connection(credentials)
        }
        listeners.append(listener)
        return listener.address
    }

    /// Accepts no more, lets what is in flight finish, and calls back when the last connection has ended.
    public func drain(_ done: @escaping () -> Void) {
        isDraining = true
        drained = done
        // First those at hand: what listeners still take from the kernel's queue has yet to say what it
        // wants.
        for connection in connections where connection.isOpen { connection.drain() }
        for listener in listeners { listener.close() }
        if connectionCount == 0 { finishDraining() }
    }

    /// Ends whatever is left after the time for draining is over. Answers how many connections were in the
    /// middle of something; one whose peer has its last answer and does not close loses nothing.
    public func abandon() -> Int {
        var cut = 0
        for connection in connections where connection.isOpen {
            if !connection.isDone { cut += 1 }
            connection.close(.drained)
        }
        return cut
    }

    private func finishDraining() {
        let done = drained
        drained = nil
        done?()
    }

    private func connection(_ credentials: TLSCredentials?) -> Stream? {
        guard connections.count - displacedCount < limits.connections || displaceOne() else { return nil }
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
        connection.place = connections.count
        connections.append(connection)
        metrics.open.set(connectionCount)
        return connection
    }

    /// Makes room by closing a connection that nobody has used for long; false where none was found.
    private func displaceOne() -> Bool {
        guard displacedCount < Server.displacedMost else { return false }
        var found: (connection: ServerConnection, idle: Interval)?
        for _ in 0..<min(Server.lookedAt, connections.count) {
            lookedAtLast = lookedAtLast + 1 < connections.count ? lookedAtLast + 1 : 0
            let connection = connections[lookedAtLast]
            if let time = connection.idleTime, time >= found?.idle ?? limits.displacedAfter {
                found = (connection, time)
            }
        }
        guard let found else { return false }
        displacedCount += 1
        found.connection.displace()
        return true
    }

    func released(_ connection: ServerConnection, wasDisplaced: Bool) {
        if wasDisplaced { displacedCount -= 1 }
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.place] = last
            last.place = connection.place
        }
        connection.place = -1
        metrics.open.set(connectionCount)
        if idle.count < Server.idleObjects { idle.append(connection) }
        if connectionCount == 0, isDraining { finishDraining() }
    }

    // MARK: Answers that do not leave at once

    /// Only while a turn is being handled: nobody would come back to it otherwise.
    @inline(__always)
    func yields(_ request: borrowing Request) -> Bool {
        reactor.isHandling && !isServingLate && responder.yields(request)
    }

    func noteYielding(_ connection: ServerConnection) {
        yielding.append(connection)
        reactor.wantsLast()
    }

    /// What came in this turn and did not yield is answered.
    private func serveLate() {
        guard !yielding.isEmpty else { return }
        isServingLate = true
        for index in yielding.indices { yielding[index].goOn() }
        yielding.removeAll(keepingCapacity: true)
        isServingLate = false
    }

    /// Gives an answer that was held. False where nobody waits for it any more.
    @discardableResult
    public func answer(_ place: AnswerPlace, _ body: (inout Response) -> Void) -> Bool {
        guard let stream = reactor.stream(at: place.stream), let connection = stream as? ServerConnection
        else { return false }
        return connection.answerHeld(place, body)
    }

    /// Says what a call that is held waited for, which has just ended.
    public func addStep(_ name: StaticString, took: Interval, to place: AnswerPlace) {
        guard let connection = reactor.stream(at: place.stream) as? ServerConnection,
            connection.answerPlace == place
        else { return }
        connection.openSpan?.addStep(name, took: took)
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

    /// What an answer's head begins with: all of it that is before the digits of its length.
    func headBeginning(
        _ status: Status, _ contentType: StaticString, _ framing: BodyFraming
    ) -> UnsafeRawBufferPointer {
        refreshDate()
        return beginnings.of(
            status, contentType, HeadBeginnings.Framing(framing), second: dateSecond,
            date: UnsafeRawBufferPointer(date))
    }

    /// The date as heads show it. The clock is read once a turn.
    @inline(__always)
    private func refreshDate() {
        let now = reactor.now
        if dateTurn != now {
            dateTurn = now
            let second = Kernel.wallNow().nanoseconds / 1_000_000_000
            if second != dateSecond {
                dateSecond = second
                HTTPDate.write(secondsSinceEpoch: second, into: date)
            }
        }
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
