// What a node tells the others of its pool, and hears from them, through the shared stream: impressions, in bytes that
// every version of a node understands or passes over.
import Features
import Kernel
import Reactor
import Redis
import Telemetry
import Units

/// On the first shard's thread, which hears of every impression of the node.
///
///     0  the node, 8 bytes      24  the user, 8       40  line item, 4    52  when, 4
///     8  its start, 8           32  the household, 8  44  creative, 4     56  nothing yet, 8
///     16 its entries so far, 8                        48  advertiser, 4
final class SharedFrequency {
    static let entryBytes = 64

    private let stream: SharedStream
    private let node: UInt64
    private let session: UInt64
    private let skipsOwn: Bool
    private unowned let reactor: Reactor
    private var sequence: UInt64 = 0
    /// Of each node, what was heard last: what was sent twice is counted once.
    private var heard: [UInt64: (session: UInt64, sequence: UInt64)] = [:]
    private var written: StreamPlace
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: entryBytes, alignment: 8)

    /// A pool is a region's; what further nodes send twice is counted twice.
    private static let nodesMost = 4_096
    /// How often it is written down how far the stream was read: so much of it is counted twice after a crash.
    private static let pause = Interval.seconds(1)

    /// An impression on another node.
    var onShown: (FrequencyEvent) -> Void = { _ in }
    /// Everything up to there has been handed on.
    var onPause: (StreamPlace) -> Void = { _ in }

    /// - Parameter place: how far an earlier start has read; nil where nothing is known of earlier starts, and what this
    ///   node itself has said is news.
    init(
        _ server: RedisServer, _ options: SharedStreamOptions, from place: StreamPlace?, name: String,
        session: UInt64, on reactor: Reactor, metrics: RedisMetrics
    ) {
        var options = options
        options.entryBytes = Self.entryBytes
        options.from = place ?? .start
        written = options.from
        skipsOwn = place != nil
        node = UInt64(CRC32C.checksum(of: name.utf8Span.span.raw))
        self.session = session
        self.reactor = reactor
        stream = SharedStream(server, options, on: reactor, seed: session, metrics: metrics)
        stream.onEntry = { [unowned self] _, bytes in hear(bytes) }
    }

    deinit { room.deallocate() }

    var onState: (SharedStream.State) -> Void {
        get { stream.onState }
        set { stream.onState = newValue }
    }

    func start() {
        stream.start()
        wait()
    }

    func end() { stream.end() }

    private func wait() {
        _ = reactor.timer(at: reactor.now + Self.pause) { [weak self] in
            guard let self else { return }
            if stream.place > written {
                written = stream.place
                onPause(written)
            }
            wait()
        }
    }

    /// Tells the others. What may not be written to a journal is not written to a server either.
    func tell(_ event: FrequencyEvent) {
        guard event.mayJournal, event.user != 0 || event.household != 0 else { return }
        sequence += 1
        let words: [UInt64] = [node, session, sequence, event.user, event.household]
        for (index, word) in words.enumerated() {
            room.storeBytes(of: word.littleEndian, toByteOffset: 8 * index, as: UInt64.self)
        }
        let halves = [
            event.lineItem.rawValue, event.creative.rawValue, event.advertiser.rawValue, event.at.rawValue, 0,
            0,
        ]
        for (index, half) in halves.enumerated() {
            room.storeBytes(of: half.littleEndian, toByteOffset: 40 + 4 * index, as: UInt32.self)
        }
        stream.append(UnsafeRawBufferPointer(room).bytes)
    }

    private func hear(_ entry: RawSpan) {
        func word(_ index: Int) -> UInt64 {
            UInt64(littleEndian: entry.unsafeLoadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        func half(_ index: Int) -> UInt32 {
            UInt32(littleEndian: entry.unsafeLoadUnaligned(fromByteOffset: 40 + 4 * index, as: UInt32.self))
        }
        let (writer, start, number) = (word(0), word(1), word(2))
        // What this start has said is counted already, and what earlier ones said is in the journal.
        if writer == node, start == session || skipsOwn { return }
        if let last = heard[writer], last.session == start, number <= last.sequence { return }
        if heard[writer] != nil || heard.count < Self.nodesMost { heard[writer] = (start, number) }
        let now = CountedSecond(Kernel.wallNow())
        onShown(
            FrequencyEvent(
                .shown, user: word(3), household: word(4), lineItem: EntityNumber(rawValue: half(0)),
                creative: EntityNumber(rawValue: half(1)), advertiser: EntityNumber(rawValue: half(2)),
                // Another node's clock may be ahead; nothing was shown in the future.
                at: min(CountedSecond(rawValue: half(3)), now), until: now, mayJournal: true))
    }
}
