// What the nodes of a pool tell one another through a stream of a Redis or Valkey server: each appends what it has to
// say, and reads what the others said, in the order in which the server has it.
import Kernel
public import Reactor
import Telemetry
public import Units

public struct SharedStreamOptions: Sendable {
    public var key = ""
    /// Every entry has so many bytes.
    public var entryBytes = 64
    /// About so many entries are kept by the server, the newest.
    public var kept = 1_000_000
    /// So many wait here while the server is away; beyond, the newest are dropped and counted.
    public var waitingMost = 65_536
    /// Appended and not answered yet.
    public var inFlightMost = 1_024
    /// Read in one answer.
    public var readMost = 1_000
    /// How long the server waits for an entry before it says that there is none.
    public var readWait = Interval.seconds(1)
    /// Where reading begins.
    public var from = StreamPlace.start

    public init() {}
}

/// Two connections: one that appends, one that waits for entries. Used on its reactor's thread only. Nothing here waits.
///
/// An append whose answer was lost is sent again, so that an entry may be there twice: it carries what tells its reader.
public final class SharedStream {
    public enum State: Equatable, Sendable {
        case connecting
        case available
        case absent(RedisFailure)
    }

    private let options: SharedStreamOptions
    private let writer: RedisLink
    private let reader: RedisLink
    private let metrics: RedisMetrics
    private let wait: Interval

    /// Entries that are not known to be with the server, in a ring.
    private let room: UnsafeMutableRawPointer
    private var first = 0
    private var waiting = 0
    private var inFlight = 0
    private var commands = RESPCommands()

    /// The last entry that was handed on.
    public private(set) var place: StreamPlace
    public private(set) var state = State.connecting
    private var sides = Sides()

    /// What is known of one connection: whether its server ever answered, and why there is none now.
    private struct Side {
        var hasSpoken = false
        var trouble: RedisFailure?
    }

    private struct Sides {
        var writer = Side()
        var reader = Side()
    }

    /// Each entry of the stream, one's own too.
    public var onEntry: (StreamPlace, RawSpan) -> Void = { _, _ in }
    public var onState: (State) -> Void = { _ in }

    public init(
        _ server: RedisServer, _ options: SharedStreamOptions, on reactor: Reactor, seed: UInt64,
        metrics: RedisMetrics = .unobserved()
    ) {
        self.options = options
        self.metrics = metrics
        writer = RedisLink(server, on: reactor, seed: seed)
        reader = RedisLink(server, on: reactor, seed: seed &+ 1)
        wait = options.readWait + server.timeout
        place = options.from
        room = .allocate(byteCount: options.waitingMost * options.entryBytes, alignment: 64)
        writer.onReady = { [unowned self] in
            inFlight = 0
            pump()
            // Without anything to append a connection that stands is all there is to know.
            if waiting == 0 { spoke(\.writer) }
        }
        writer.onAnswer = { [unowned self] in appended($0, $1) }
        writer.onLost = { [unowned self] in
            inFlight = 0
            troubled(\.writer, $0)
        }
        reader.onReady = { [unowned self] in askForMore() }
        reader.onAnswer = { [unowned self] in read($0, $1) }
        reader.onLost = { [unowned self] in troubled(\.reader, $0) }
        reactor.afterEachTurn { [weak self] in self?.pump() }
    }

    deinit { room.deallocate() }

    public func start() {
        writer.start()
        reader.start()
    }

    public func end() {
        writer.end()
        reader.end()
    }

    /// How many entries the server is not known to have.
    public var waitingCount: Int { waiting }

    // MARK: Appending

    /// Takes an entry, to be sent at the end of the reactor's turn. False where too many wait: it is dropped.
    @discardableResult
    public func append(_ entry: RawSpan) -> Bool {
        precondition(entry.byteCount == options.entryBytes, "an entry of another size")
        guard waiting < options.waitingMost else {
            metrics.dropped.add()
            return false
        }
        let slot = (first + waiting) % options.waitingMost
        let place = UnsafeMutableRawBufferPointer(
            start: room + slot * options.entryBytes, count: options.entryBytes)
        entry.withUnsafeBytes { place.copyMemory(from: $0) }
        waiting += 1
        return true
    }

    /// Sends what waits, as far as answers are not owed already.
    private func pump() {
        metrics.waiting.set(waiting)
        guard writer.isReady, waiting > inFlight, inFlight < options.inFlightMost else { return }
        commands.removeAll()
        while waiting > inFlight, inFlight < options.inFlightMost {
            let slot = (first + inFlight) % options.waitingMost
            let entry = UnsafeRawBufferPointer(
                start: room + slot * options.entryBytes, count: options.entryBytes)
            commands.begin(words: 8)
            for word in ["XADD", options.key, "MAXLEN", "~", "\(options.kept)", "*", StreamAnswer.field] {
                commands.word(word)
            }
            commands.word(entry.bytes)
            inFlight += 1
        }
        _ = writer.ask(commands)
    }

    private func appended(_ reply: RESPReader, _ bytes: [UInt8]) {
        let root = reply.values[reply.root]
        guard root.kind == .text, StreamPlace(bytes[root.bytes]) != nil else {
            return writer.abandon(Self.failure(root, bytes))
        }
        precondition(inFlight > 0, "an answer to what was not asked")
        first = (first + 1) % options.waitingMost
        waiting -= 1
        inFlight -= 1
        metrics.appended.add()
        spoke(\.writer)
    }

    /// An error in the server's words, or an answer of another shape.
    private static func failure(_ root: RESPValue, _ bytes: [UInt8]) -> RedisFailure {
        guard root.kind == .error else { return .garbage("a \(root.kind) where another answer was due") }
        return .refused(
            String(decoding: bytes[root.bytes].prefix(RedisConnection.wordsMost), as: UTF8.self))
    }

    // MARK: Reading

    private func askForMore() {
        var question = RESPCommands()
        question.command(
            "XREAD", "COUNT", "\(options.readMost)", "BLOCK", "\(options.readWait.wholeMilliseconds)",
            "STREAMS", options.key, place.description)
        _ = reader.ask(question, within: wait)
    }

    private func read(_ reply: RESPReader, _ bytes: [UInt8]) {
        let root = reply.values[reply.root]
        if root.kind != .null {
            guard let entries = StreamAnswer(reply, bytes) else {
                return reader.abandon(Self.failure(root, bytes))
            }
            for entry in entries.all {
                guard entry.place > place else {
                    return reader.abandon(.garbage("an entry that was read already"))
                }
                place = entry.place
                metrics.read.add()
                // Of another version, or nobody's: it is counted and passed over.
                if let content = entry.content, content.count == options.entryBytes {
                    onEntry(entry.place, bytes.span.bytes.extracting(content))
                } else {
                    metrics.foreign.add()
                }
            }
        }
        spoke(\.reader)
        askForMore()
    }

    // MARK: State

    private func spoke(_ side: WritableKeyPath<Sides, Side>) {
        sides[keyPath: side] = Side(hasSpoken: true, trouble: nil)
        tell()
    }

    private func troubled(_ side: WritableKeyPath<Sides, Side>, _ failure: RedisFailure) {
        sides[keyPath: side].trouble = failure
        metrics.lost(failure).add()
        tell()
    }

    private func tell() {
        let now: State =
            if let failure = sides.writer.trouble ?? sides.reader.trouble {
                .absent(failure)
            } else if sides.writer.hasSpoken, sides.reader.hasSpoken {
                .available
            } else {
                .connecting
            }
        metrics.available.set(now == .available ? 1 : 0)
        guard now != state else { return }
        state = now
        onState(now)
    }
}
