// The life of a daemon whose work is one thread's: started, watched over, its certificates read again, drained. It runs on the
// main thread.
public import Commands
public import HTTP
import Kernel
public import Reactor
public import Settings
import Synchronization
public import Telemetry
public import Units

/// What the working thread runs. Made and used on that thread only.
public protocol DaemonService: AnyObject {
    var reactor: Reactor { get }
    /// Serves until drained. Answers how many connections had to be cut.
    func run() -> Int
    /// Finishes what is in flight, for at most so long, and ends `run`.
    func drain(within limit: Interval)
}

public struct DaemonLife: Sendable {
    public static let stop = [Kernel.interruptSignal, Kernel.terminateSignal]
    public static let signals = stop + [Kernel.hangUpSignal]

    /// What it is, as in `the broker is leaving`.
    private let kind: StaticString
    private let name: String
    private let listen: [ListenerSettings]
    private let admin: AdminSettings
    private let limits: NodeSettings.Drain
    private let log: Log
    private let health: Health
    private let certificates: Certificates
    private let notifier = ServiceNotifier()

    /// What the working thread tells of itself.
    private final class Running: @unchecked Sendable {
        let state = Mutex<(started: Result<ReactorRemote, Failure>?, cut: Int?)>((nil, nil))
        /// Used on the working thread only.
        var service: (any DaemonService)?
    }

    public init(
        _ kind: StaticString, _ name: String, listen: [ListenerSettings], admin: AdminSettings,
        drain: NodeSettings.Drain, _ log: Log, _ health: Health, _ certificates: Certificates
    ) {
        (self.kind, self.name, self.listen, self.admin) = (kind, name, listen, admin)
        (limits, self.log, self.health, self.certificates) = (drain, log, health, certificates)
    }

    /// Serves until told to stop. True where everything in flight has finished in time.
    ///
    /// - Parameter thread: what the working thread is called.
    public func run(
        thread: String, _ make: @escaping @Sendable () throws(Failure) -> any DaemonService
    ) throws(Failure) -> Bool {
        let running = Running()
        let remote = try Self.start(thread, running, make)
        health.set("listeners", .ready)
        log.info(
            "serving",
            [
                kind: .string(name),
                "listeners": .string(listen.map { "\($0.address):\($0.port)" }.joined(separator: " ")),
                "admin": .string("\(admin.address):\(admin.port)"),
            ])
        tell { notifier throws(NotifyFailure) in try notifier.ready() }
        while true {
            let signal = Kernel.nextSignal(of: Self.signals, withinMilliseconds: 1_000)
            if let signal, Self.stop.contains(signal) { break }
            certificates.reload(evenUnchanged: signal == Kernel.hangUpSignal, log)
            if running.state.withLock({ $0.cut }) != nil { return false }
        }
        log.notice("draining", ["noticeMilliseconds": .integer(Int(limits.notice.wholeMilliseconds))])
        health.set("drain", .notReady("the \(kind) is leaving"))
        tell { notifier throws(NotifyFailure) in try notifier.stopping() }
        _ = Kernel.nextSignal(of: Self.stop, withinMilliseconds: Int(limits.notice.wholeMilliseconds))
        let limit = max(limits.timeout - limits.notice, .zero)
        _ = remote.post { _ in running.service?.drain(within: limit) }
        while true {
            if let cut = running.state.withLock({ $0.cut }) {
                log.info("stopped", ["connectionsCut": .integer(cut)])
                return cut == 0
            }
            _ = Kernel.nextSignal(of: Self.stop, withinMilliseconds: 5)
        }
    }

    private static func start(
        _ thread: String, _ running: Running,
        _ make: @escaping @Sendable () throws(Failure) -> any DaemonService
    ) throws(Failure) -> ReactorRemote {
        do {
            let signal = try Kernel.blockingEventDescriptor()
            try Thread(name: thread) {
                do throws(Failure) {
                    let service = try make()
                    running.service = service
                    running.state.withLock { $0.started = .success(service.reactor.remote) }
                    Kernel.signal(signal)
                    let cut = service.run()
                    running.service = nil
                    running.state.withLock { $0.cut = cut }
                } catch {
                    running.state.withLock { $0.started = .failure(error) }
                    Kernel.signal(signal)
                }
            }.detach()
            Kernel.awaitSignal(signal)
            Kernel.close(signal)
        } catch {
            throw Failure("the \(thread)'s thread could not start: \(error)")
        }
        switch running.state.withLock({ $0.started }) {
        case .success(let remote): return remote
        case .failure(let failure): throw failure
        case nil: throw Failure("the \(thread)'s thread ended before it served")
        }
    }

    private func tell(_ body: (ServiceNotifier) throws(NotifyFailure) -> Void) {
        do {
            try body(notifier)
        } catch {
            log.warning("the supervisor could not be told", ["cause": .error(error)])
        }
    }
}

extension Server {
    /// Listens where nobody else does. Servers share ports: a second daemon on one is a mistake that must be seen.
    ///
    /// - Parameter path: where the listener stands in the settings.
    public func listenAlone(
        _ address: IPAddress, _ port: UInt16, _ path: String, _ certificates: Certificates
    ) throws(Failure) {
        guard let socket = SocketAddress(literal: address.description, port: port) else {
            throw Failure("\(path): \(address) is not an address of this system")
        }
        do {
            Kernel.close(try Kernel.listen(on: socket, backlog: 1, shared: false))
            try listen(on: socket, credentials: certificates["\(path).tls"])
        } catch {
            throw Failure("\(path): could not listen on \(socket): \(error)")
        }
    }
}
