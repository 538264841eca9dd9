// The thread that makes, ends and removes a journal's files, so that the shard waits for none of it.
import Glibc
import Kernel
import Reactor
import Synchronization
import Units

/// An empty segment, its space taken from the disk, its name durable.
struct PreparedSegment: Sendable {
    let number: UInt64
    let descriptor: Descriptor
}

/// Does what it is told in that order, on a thread of its own.
final class SegmentKeeper: Sendable {
    enum Order: Sendable {
        case prepare(UInt64)
        /// Cuts a finished segment to what it holds.
        case finish(PreparedSegment, bytes: Int, lastSequence: UInt64)
        /// Closes a failed one as it is. It is removed where nothing in it was ever durable.
        case abandon(PreparedSegment, holdsRecords: Bool, lastSequence: UInt64)
        case discard(PreparedSegment)
        case retain
        case stop
    }

    enum News: Sendable {
        case prepared(PreparedSegment)
        case notPrepared(Errno)
        case removed(segments: Int)
        case stopped
    }

    private struct State {
        var orders: [Order] = []
        var news: [News] = []
    }

    private let directory: String
    private let segmentBytes: Int
    private let retainedBytes: Int
    private let retainedFor: Interval
    private let formerDirectories: [String]
    private let pins: JournalPins
    private let remote: ReactorRemote
    private let employer: Int32
    private let state = Mutex(State())
    private let hasNews = Atomic<Bool>(false)
    private let work: Descriptor

    init(
        _ options: JournalOptions, pins: JournalPins, remote: ReactorRemote, finished: [FinishedSegment]
    ) throws(Errno) {
        directory = options.directory
        segmentBytes = options.segmentBytes
        retainedBytes = options.retainedBytes
        retainedFor = options.retainedFor
        formerDirectories = options.formerDirectories
        self.pins = pins
        self.remote = remote
        // Faults that a test plans for the shard hit the keeper too, which works for it.
        employer = Faults.thread
        work = try Kernel.blockingEventDescriptor()
        do {
            // The thread keeps itself alive until it is stopped.
            try Thread(name: "journal") { [self] in run(finished) }.detach()
        } catch {
            Kernel.close(work)
            throw error
        }
    }

    func order(_ order: Order) {
        state.withLock { $0.orders.append(order) }
        Kernel.signal(work)
    }

    /// What happened since the last look. Costs a load where nothing has.
    func takeNews() -> [News] {
        guard hasNews.load(ordering: .acquiring) else { return [] }
        hasNews.store(false, ordering: .relaxed)
        return state.withLock { state in
            defer { state.news.removeAll() }
            return state.news
        }
    }

    private func tell(_ news: News) {
        state.withLock { $0.news.append(news) }
        hasNews.store(true, ordering: .releasing)
        // Any turn will do; where too much is posted already, one is coming.
        remote.post { _ in }
    }

    // MARK: On the keeper's thread

    private func run(_ finished: [FinishedSegment]) {
        Faults.work(for: employer)
        defer { Faults.work(for: nil) }
        var finished = finished
        while true {
            Kernel.awaitSignal(work)
            let orders = state.withLock { state in
                defer { state.orders.removeAll() }
                return state.orders
            }
            for order in orders {
                switch order {
                case .prepare(let number): prepare(number)
                case .finish(let segment, let bytes, let last):
                    // Space that could not be given back is zeros behind the seal, which a start cuts.
                    let isCut = Kernel.truncate(segment.descriptor, to: bytes) == 0
                    Kernel.close(segment.descriptor)
                    finished.append(
                        FinishedSegment(
                            number: segment.number, bytes: isCut ? bytes : segmentBytes, lastSequence: last,
                            ended: Kernel.wallNow()))
                    retain(&finished)
                case .abandon(let segment, let holdsRecords, let last):
                    Kernel.close(segment.descriptor)
                    if holdsRecords {
                        finished.append(
                            FinishedSegment(
                                number: segment.number, bytes: segmentBytes, lastSequence: last,
                                ended: Kernel.wallNow()))
                    } else {
                        _ = Kernel.remove(path(segment.number))
                    }
                case .discard(let segment):
                    Kernel.close(segment.descriptor)
                    _ = Kernel.remove(path(segment.number))
                case .retain:
                    retain(&finished)
                    retainFormer()
                case .stop:
                    Kernel.close(work)
                    tell(.stopped)
                    return
                }
            }
        }
    }

    private func path(_ number: UInt64) -> String { "\(directory)/\(SegmentFiles.name(number))" }

    private func prepare(_ number: UInt64) {
        let path = path(number)
        let descriptor: Descriptor
        do {
            descriptor = try Kernel.open(path, O_RDWR | O_CREAT | O_EXCL)
        } catch {
            return tell(.notPrepared(error))
        }
        do {
            for result in [
                Kernel.allocate(descriptor, bytes: segmentBytes), Kernel.synchroniseWhole(descriptor),
            ] where result < 0 { throw Errno(Int32(-result)) }
            try SegmentFiles.synchronise(directory: directory)
            tell(.prepared(PreparedSegment(number: number, descriptor: descriptor)))
        } catch {
            Kernel.close(descriptor)
            _ = Kernel.remove(path)
            tell(.notPrepared(error as? Errno ?? .inputOutput))
        }
    }

    private func retainFormer() {
        let now = Kernel.wallNow()
        let removed = formerDirectories.reduce(0) {
            $0 + FormerJournal.retain(in: $1, bytes: retainedBytes, for: retainedFor, now: now)
        }
        if removed > 0 { tell(.removed(segments: removed)) }
    }

    /// Removes what is too old or too much, from the oldest on, up to the first that is needed.
    private func retain(_ finished: inout [FinishedSegment]) {
        let now = Kernel.wallNow()
        // The one in use and the one prepared take their space too.
        var bytes = finished.reduce(2 * segmentBytes) { $0 + $1.bytes }
        var removed = 0
        let oldestNeeded = pins.oldest ?? .max
        while let first = finished.first, first.lastSequence < oldestNeeded,
            bytes > retainedBytes || now - first.ended > retainedFor
        {
            // One that cannot be removed now is tried again with the next.
            guard Kernel.remove(path(first.number)) == 0 else { break }
            bytes -= first.bytes
            finished.removeFirst()
            removed += 1
        }
        if removed > 0 { tell(.removed(segments: removed)) }
    }
}
