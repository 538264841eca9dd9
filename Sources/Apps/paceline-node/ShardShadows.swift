// What a shard does for shadows: copies what it decided with, for one decision in so many, and journals later what they
// said of it.
import Decision
import Journal
import Kernel
import Reactor
import Telemetry
import Units

/// One for each shard, used on its thread only.
final class ShardShadows {
    private let journal: NodeJournal
    private unowned let reactor: Reactor
    private let behind: Counter
    private let recorded: Counter
    /// Nil where there are none.
    private var queue: ShadowQueue?
    private let room = UnsafeMutableRawBufferPointer.allocate(
        byteCount: RecordedShadow.bytesMost, alignment: 8)
    private var isTurning = false

    /// So often, and so many at once, records are written: two hundred a second, in pieces that no request notices.
    private static let pause = Interval.milliseconds(20)
    private static let most = 4

    init(_ journal: NodeJournal, _ keys: ShadowMetricKeys, _ block: ShardMetrics, on reactor: Reactor) {
        self.journal = journal
        self.reactor = reactor
        (behind, recorded) = (block.counter(keys.behind), block.counter(keys.recorded))
    }

    deinit { room.deallocate() }

    /// From now on these are asked. What was on its way to the former ones is lost.
    func take(_ queue: ShadowQueue?) {
        self.queue = queue
        guard queue != nil, !isTurning else { return }
        isTurning = true
        turn()
    }

    /// After an answer was made: some microseconds for one of the sample.
    func note(_ decision: Decision, by decider: borrowing Decider) {
        guard let queue, queue.wants(decision.id) else { return }
        if !queue.offer(decision, by: decider) { behind.add() }
    }

    private func turn() {
        guard let queue else { return isTurning = false }
        queue.takeAsked(most: Self.most) { if $0.isAnyScored { write($0) } }
        _ = reactor.timer(at: reactor.now + Self.pause) { [weak self] in self?.turn() }
    }

    private func write(_ sample: borrowing ShadowSample) {
        let count = sample.write(into: room.mutableBytes)
        let record = UnsafeRawBufferPointer(rebasing: room[..<count])
        guard
            case .accepted = journal.journal.append(
                .shadow, version: RecordedShadow.version, at: Kernel.wallNow(), record.bytes, .sample)
        else { return }
        recorded.add()
    }
}
