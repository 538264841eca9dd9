// A thread that asks the issuers: a reactor with an HTTP client on it, which runs as long as the process.
public import Commands
public import HTTP
internal import Kernel
internal import Reactor
internal import Synchronization
internal import TLS
public import Telemetry

public final class ClientThread: Sendable {
    /// The clients, for functions that run on their thread. No other thread looks into it.
    private final class Place: @unchecked Sendable {
        var client: Client?
        var beside: [Client] = []
    }

    private let name: String
    private let peers: IssuerPeers
    private let answerBytes: Int
    private let waitingBeside: [Int]
    private let log: Log
    private let place = Place()
    private let remote = Mutex<ReactorRemote?>(nil)

    /// - Parameters:
    ///   - name: the thread's, of at most 15 bytes.
    ///   - answerBytes: the largest answer that is taken.
    ///   - waitingBeside: there are further clients, each with connections of its own: behind its calls none of another one's waits. How many of each
    ///     one's wait at most.
    public init(
        _ name: String, _ peers: IssuerPeers, answerBytes: Int, waitingBeside: [Int] = [], _ log: Log
    ) {
        (self.name, self.peers, self.log) = (name, peers, log)
        (self.answerBytes, self.waitingBeside) = (answerBytes, waitingBeside)
    }

    public func start() throws(Failure) {
        let signal: Descriptor
        do {
            signal = try Kernel.blockingEventDescriptor()
            try Thread(name: name) { [self] in run(signal) }.detach()
        } catch {
            throw Failure("the thread \(name) could not start: \(error)")
        }
        Kernel.awaitSignal(signal)
        Kernel.close(signal)
        guard remote.withLock({ $0 }) != nil else { throw Failure("\(name): its I/O could not be set up") }
    }

    private func run(_ started: Descriptor) {
        do {
            var limits = ReactorLimits()
            limits.streams = 8 * (1 + waitingBeside.count) * peers.endpoints.count
            limits.outputBytes = 2 * 1024 * 1024
            let reactor = try Reactor(.poller, limits: limits)
            var bounds = ClientLimits()
            bounds.responseBytes = answerBytes
            bounds.connectionsPerEndpoint = 2
            let context = peers.context(for: name, log)
            place.client = Client(reactor: reactor, limits: bounds, atEachConnection: context)
            place.beside = waitingBeside.map { waiting in
                bounds.waitingCalls = waiting
                return Client(reactor: reactor, limits: bounds, atEachConnection: context)
            }
            remote.withLock { $0 = reactor.remote }
            Kernel.signal(started)
            try reactor.run()
        } catch {
            log.critical(
                "the kernel ended a thread's I/O; the issuers are not asked any more",
                ["thread": .string(name), "cause": .error(error)])
            if remote.withLock({ $0 }) == nil { Kernel.signal(started) }
        }
    }

    /// Runs a function with the client, or with the one of this place beside it, on its thread; false where too many wait already, or before
    /// the start.
    public func post(beside: Int? = nil, _ body: @escaping @Sendable (Client) -> Void) -> Bool {
        remote.withLock { $0 }?.post { [place] _ in
            if let client = beside.map({ place.beside[$0] }) ?? place.client { body(client) }
        } ?? false
    }
}
