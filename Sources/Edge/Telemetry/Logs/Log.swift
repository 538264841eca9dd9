// The log: what the rest of the code calls. It decides whether a line passes (level, rate) and counts what
// does not.
import Kernel
public import Synchronization
import Units

/// Structured, levelled, rate-limited logging, from any thread. A line costs its caller one bounded write:
/// where the sink has no room at once the line is dropped and counted. A level that is off costs one relaxed
/// load.
///
///     log.warning("certificate was not reloaded", ["path": .string(path), "cause": .error(error)])
public final class Log: Sendable {
    /// The clocks that a log reads; tests bring their own.
    struct Clock: Sendable {
        var monotonic: @Sendable () -> Instant
        var wall: @Sendable () -> Instant

        static let machine = Clock(monotonic: Kernel.monotonicNow, wall: Kernel.wallNow)
    }

    @usableFromInline let leastLevel: Atomic<UInt8>
    private let sink: LogSink
    private let sites: CallSites
    private let clock: Clock
    /// One for each level.
    private let lines = LogLevel.allCases.map { _ in SharedCounter(cell: SharedCell()) }
    private let suppressed = SharedCounter(cell: SharedCell())
    private let dropped = SharedCounter(cell: SharedCell())

    public convenience init(to sink: LogSink, level: LogLevel = .info, rate: LogRate = LogRate()) {
        self.init(to: sink, level: level, rate: rate, clock: .machine)
    }

    init(to sink: LogSink, level: LogLevel, rate: LogRate, clock: Clock) {
        self.sink = sink
        self.clock = clock
        leastLevel = Atomic(level.rawValue)
        sites = CallSites(rate: rate)
    }

    /// The least level that is written. May be changed at any time.
    public var level: LogLevel {
        get { LogLevel(rawValue: leastLevel.load(ordering: .relaxed)) ?? .info }
        set { leastLevel.store(newValue.rawValue, ordering: .relaxed) }
    }

    @inlinable
    public func write(
        _ level: LogLevel, _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:],
        file: StaticString = #fileID, line: UInt = #line
    ) {
        guard level.rawValue >= leastLevel.load(ordering: .relaxed) else { return }
        pass(level, message, fields, file, line)
    }

    @usableFromInline
    func pass(
        _ level: LogLevel, _ message: StaticString, _ fields: () -> LogFields, _ file: StaticString,
        _ line: UInt
    ) {
        guard case .passes(let keptBack) = sites.ask(file, line, at: clock.monotonic()) else {
            suppressed.add()
            return
        }
        let record = LogRecord(
            wallTime: clock.wall(), level: level, message: message, fields: fields(), suppressed: keptBack,
            file: file, line: line)
        if sink.write(record) {
            lines[Int(level.rawValue)].add()
        } else {
            dropped.add()
        }
    }

    /// Adds what the log counts to the metrics.
    public func register(in catalogue: inout MetricsCatalogue) {
        for (level, counter) in zip(LogLevel.allCases, lines) {
            catalogue.add(
                counter, "paceline_log_lines_total", help: "Log lines written.",
                labels: ["level": "\(level.name)"])
        }
        catalogue.add(
            suppressed, "paceline_log_suppressed_total",
            help: "Log lines kept back by their call site's rate limit.")
        catalogue.add(
            dropped, "paceline_log_dropped_total",
            help: "Log lines lost because their sink had no room at once.")
    }
}

extension Log {
    @inlinable
    public func debug(
        _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:], file: StaticString = #fileID,
        line: UInt = #line
    ) { write(.debug, message, fields(), file: file, line: line) }

    @inlinable
    public func info(
        _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:], file: StaticString = #fileID,
        line: UInt = #line
    ) { write(.info, message, fields(), file: file, line: line) }

    @inlinable
    public func notice(
        _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:], file: StaticString = #fileID,
        line: UInt = #line
    ) { write(.notice, message, fields(), file: file, line: line) }

    @inlinable
    public func warning(
        _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:], file: StaticString = #fileID,
        line: UInt = #line
    ) { write(.warning, message, fields(), file: file, line: line) }

    @inlinable
    public func error(
        _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:], file: StaticString = #fileID,
        line: UInt = #line
    ) { write(.error, message, fields(), file: file, line: line) }

    @inlinable
    public func critical(
        _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:], file: StaticString = #fileID,
        line: UInt = #line
    ) { write(.critical, message, fields(), file: file, line: line) }
}
