// Hears what other sessions say by NOTIFY, over a connection of its own that is made anew when it is lost.
public import Reactor
import Units

/// Used on its reactor's thread only. What is said while there is no connection is never heard: `onListening` tells when
/// that may have been, so that whoever relies on notifications looks by themselves then.
public final class PostgresListener {
    private let options: PostgresOptions
    private let reactor: Reactor
    private let channels: [String]
    private var connection: PostgresConnection?
    private var timer: TimerHandle?
    private var randomness: Randomness
    private var failures = 0
    private var isEnded = false

    public var onNotification: (PostgresNotification) -> Void = { _ in }
    public var onListening: () -> Void = {}
    public var onTrouble: (PostgresFailure) -> Void = { _ in }

    /// - Parameter channels: names as they are, without quotes.
    public init(_ options: PostgresOptions, _ channels: [String], on reactor: Reactor, seed: UInt64) {
        self.options = options
        self.channels = channels
        self.reactor = reactor
        randomness = Randomness(seed: seed)
    }

    deinit { if let timer { reactor.cancel(timer) } }

    public func start() { connect() }

    public func end() {
        isEnded = true
        if let timer { reactor.cancel(timer) }
        timer = nil
        connection?.end(.lost("it is not needed any more"))
        connection = nil
    }

    private func connect() {
        timer = nil
        guard !isEnded else { return }
        let connection = PostgresConnection(options, on: reactor)
        self.connection = connection
        connection.onNotification = { [weak self] in self?.onNotification($0) }
        connection.onClosed = { [weak self] failure in self?.lost(failure) }
        connection.onReady = { [weak self, unowned connection] in
            guard let self else { return }
            var batch = PostgresBatch(begins: false, commits: false)
            for channel in channels { batch.add(PostgresStatement("LISTEN \(Self.quoted(channel))")) }
            guard connection.setDeadline(reactor.now + options.connectTimeout) else { return }
            connection.send(batch) { [weak self, unowned connection] outcome in
                guard let self else { return }
                connection.clearDeadline()
                guard case .done = outcome else {
                    return connection.end(.lost("LISTEN was refused: \(outcome)"))
                }
                failures = 0
                onListening()
            }
        }
        connection.start()
    }

    private static func quoted(_ name: String) -> String {
        "\"\(String(name.flatMap { $0 == "\"" ? ["\"", "\""] : [$0] }))\""
    }

    private func lost(_ failure: PostgresFailure) {
        guard !isEnded else { return }
        onTrouble(failure)
        let doubled = options.pauseLeast.nanoseconds << Int64(min(failures, 16))
        let pause = min(doubled, options.pauseMost.nanoseconds)
        failures += 1
        let drawn = pause / 2 + Int64(randomness.next(below: UInt64(pause / 2 + 1)))
        timer = reactor.timer(at: reactor.now + Interval(nanoseconds: drawn)) { [weak self] in self?.connect()
        }
    }
}
