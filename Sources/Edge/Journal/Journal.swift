// A shard's journal: takes records into memory at once, and brings them to the disk behind the requests.
import Glibc
import Kernel
public import Reactor
import Telemetry
public import Units

/// Append-only segments in one directory, written by the one thread that made it.
///
/// A record goes through: accepted (in the ring) → written (the kernel has it) → durable (the disk has it).
/// The ring keeps a record until it is durable, so that what a failing file swallowed goes to the next one.
/// All writing is in `JournalCommits`.
public final class Journal {
    public let options: JournalOptions
    /// What was found at the start.
    public let recovery: JournalRecovery
    /// Keeps segments from being removed.
    public let pins = JournalPins()
    /// The number of the last record that was accepted.
    public internal(set) var accepted: UInt64
    /// Every record up to this number is on the disk, and stays there.
    public internal(set) var durable: UInt64
    public internal(set) var health = JournalHealth.well
    /// Called when `durable` has grown, at most once in a turn of the reactor.
    public var onDurable: ((UInt64) -> Void)?
    public var onHealth: ((JournalHealth) -> Void)?

    let reactor: Reactor
    let keeper: SegmentKeeper
    let metrics: JournalMetrics
    let ring: JournalRing
    let witness: JournalWitness?
    private let lock: Descriptor
    /// Of the last record.
    public private(set) var session: UInt64
    private var salt: UInt32

    // Places in the stream of bytes, each at most the next: what is durable, written, accepted.
    var durableEnd: UInt64 = 0
    var written: UInt64 = 0
    var tail: UInt64 = 0
    /// What is being committed: whole records, and the number of the last.
    var batch: (end: UInt64, sequence: UInt64)
    /// Where the next segment starts, if what was accepted reaches into it.
    var boundary: (place: UInt64, sequence: UInt64)?
    /// Whose records stand before that place, where another session begins there.
    var sessionBefore: UInt64?
    /// The segment of the last record has room up to here, its seal not counted.
    var segmentLimit: UInt64
    /// What one segment takes of the stream, its seal not counted.
    let segmentRoom: UInt64

    var commits: CommitState
    /// Losses that no record tells of yet, by reason.
    private let owed: UnsafeMutablePointer<UInt64>
    private var isOwing = false

    /// Opens a journal, and finishes what an earlier start left.
    public init(
        _ options: JournalOptions, on reactor: Reactor, now wall: Instant,
        metrics: JournalMetrics = .unobserved()
    ) throws(JournalFailure) {
        if let contradiction = options.contradiction {
            throw JournalFailure(options.directory, "open the journal", cause: contradiction)
        }
        let lock = try Self.takeDirectory(options.directory)
        do throws(JournalFailure) {
            let recovery = try JournalRecovery.run(in: options.directory, now: wall)
            let last = recovery.nextSequence - 1
            witness = try options.witness.map { path throws(JournalFailure) in
                try JournalWitness(path, durable: last)
            }
            keeper = try Self.keeper(options, pins, reactor, recovery)
            self.recovery = recovery
        } catch {
            Kernel.close(lock)
            throw error
        }
        self.lock = lock
        self.options = options
        self.reactor = reactor
        self.metrics = metrics
        session = options.session
        ring = JournalRing(bytes: options.ringBytes)
        salt = SegmentHeader.salt(session: options.session, shard: options.shard)
        accepted = recovery.nextSequence - 1
        durable = accepted
        batch = (0, accepted)
        segmentRoom = UInt64(options.segmentBytes - SegmentHeader.byteCount - RecordFrame.sealBytes)
        segmentLimit = segmentRoom
        commits = CommitState(nextNumber: recovery.nextNumber)
        owed = .allocate(capacity: LossReason.allCases.count)
        owed.initialize(repeating: 0, count: LossReason.allCases.count)
        startCommitting()
    }

    deinit {
        ring.deallocate()
        owed.deallocate()
        commits.deallocate()
        // Not closed in order: the files stay as a crash would leave them.
        if commits.phase != .ended {
            for file in [commits.segment?.file, commits.spare].compactMap(\.self) {
                Kernel.close(file.descriptor)
            }
            keeper.order(.stop)
            Kernel.close(lock)
        }
    }

    /// The directory, made where it is missing, with its lock held.
    private static func takeDirectory(_ directory: String) throws(JournalFailure) -> Descriptor {
        let path = "\(directory)/\(SegmentFiles.lockName)"
        let lock: Descriptor
        do {
            try Kernel.makeDirectory(directory)
            lock = try Kernel.open(path, O_RDWR | O_CREAT)
        } catch {
            throw JournalFailure(directory, "open the directory", error)
        }
        do {
            try Kernel.lock(lock)
            return lock
        } catch {
            Kernel.close(lock)
            guard error == .again else { throw JournalFailure(path, "take the lock", error) }
            throw JournalFailure(path, "take the lock", cause: "another process writes this journal")
        }
    }

    private static func keeper(
        _ options: JournalOptions, _ pins: JournalPins, _ reactor: Reactor, _ recovery: JournalRecovery
    ) throws(JournalFailure) -> SegmentKeeper {
        do {
            return try SegmentKeeper(
                options, pins: pins, remote: reactor.remote, finished: recovery.finished)
        } catch {
            throw JournalFailure(options.directory, "start the journal's thread", error)
        }
    }

    func releaseLock() { Kernel.close(lock) }

    // MARK: Appending

    /// Takes a record. Copies it and returns: no allocation, lock or system call.
    @discardableResult
    public func append(
        _ kind: RecordKind, version: UInt16 = 1, at time: Instant, _ payload: RawSpan,
        _ importance: Importance = .must
    ) -> AppendOutcome {
        guard commits.phase == .open else { return lose(.closed) }
        guard payload.byteCount <= options.payloadBytesMax else { return lose(.tooLarge) }
        let needed = RecordFrame.byteCount(payload: payload.byteCount) + (isOwing ? Self.debtBytes : 0)
        // A seal always fits, so that a segment can end at any time.
        let free = ring.bytes - Int(tail - durableEnd) - RecordFrame.sealBytes
        if importance == .sample, free < ring.bytes / 2 || commits.prepareFailure != nil {
            return lose(.shed)
        }
        guard needed <= free, makeRoom(in: needed, free: free, at: time) else {
            return lose(commits.isWithoutSegment ? .noSegment : .backlog)
        }
        if isOwing { settleDebt(at: time) }
        place(kind, version, at: time, payload)
        metrics.records.add()
        return .accepted(accepted)
    }

    /// Room in the segment: ends it, and goes on in the next, where this one is full.
    private func makeRoom(in needed: Int, free: Int, at time: Instant) -> Bool {
        if tail + UInt64(needed) <= segmentLimit { return true }
        guard boundary == nil, needed + RecordFrame.sealBytes <= free else { return false }
        endSegment(.full, at: time)
        return true
    }

    /// Seals the segment of the last record. What is accepted from here on goes to the next.
    func endSegment(_ cause: Seal.Cause, at time: Instant) {
        withUnsafeTemporaryAllocation(byteCount: Seal.byteCount, alignment: 8) { bytes in
            Seal(cause: cause).write(into: bytes)
            place(.sealed, Seal.version, at: time, UnsafeRawBufferPointer(bytes).bytes)
        }
        boundary = (tail, accepted)
        segmentLimit = tail + segmentRoom
    }

    /// Ends the segment of what was accepted: what is accepted from here on stands in segments of another session. False where that
    /// cannot be now, as the end of a segment is on its way already; it is tried again in a moment.
    public func begin(session next: UInt64, at time: Instant) -> Bool {
        guard commits.phase == .open, boundary == nil,
            Int(tail - durableEnd) + RecordFrame.sealBytes <= ring.bytes
        else { return false }
        // Where nothing was written nothing has to end.
        if commits.segment != nil || tail > durableEnd {
            endSegment(.closed, at: time)
            sessionBefore = session
        }
        session = next
        salt = SegmentHeader.salt(session: next, shard: options.shard)
        return true
    }

    /// Puts a record into the ring, which has room for it.
    private func place(_ kind: RecordKind, _ version: UInt16, at time: Instant, _ payload: RawSpan) {
        accepted += 1
        withUnsafeTemporaryAllocation(byteCount: RecordFrame.headBytes, alignment: 8) { head in
            RecordFrame.writeHead(
                into: head, kind: kind, version: version, sequence: accepted, at: time, payload: payload,
                salt: salt)
            ring.put(UnsafeRawBufferPointer(head), at: tail)
        }
        let start = tail + UInt64(RecordFrame.headBytes)
        payload.withUnsafeBytes { ring.put($0, at: start) }
        let end = tail + UInt64(RecordFrame.byteCount(payload: payload.byteCount))
        let padding = start + UInt64(payload.byteCount)
        ring.putZeros(Int(end - padding), at: padding)
        tail = end
        if commits.unsyncedSince == nil { commits.unsyncedSince = reactor.now }
        guard commits.unbatchedSince == nil else { return }
        commits.unbatchedSince = reactor.now
        guard !reactor.isHandling else { return }
        // In a turn its end does this, for all that the turn brings. Between turns the segment may not even be open, whose
        // first write is what the next turn comes from.
        if commits.segment == nil { advance() }
        armTimer()
    }

    // MARK: Losses

    @inline(never)
    private func lose(_ reason: LossReason) -> AppendOutcome {
        metrics.lost(reason).add()
        owed[reason.rawValue] += 1
        isOwing = true
        return .lost(reason)
    }

    /// What was accepted and cannot be made durable any more.
    func loseRest() {
        let count = accepted - durable
        guard count > 0 else { return }
        metrics.lost(.failed).add(Int(count))
    }

    private static let debtBytes = RecordFrame.byteCount(payload: 8 * LossReason.allCases.count)

    /// The journal itself says what is missing in it.
    private func settleDebt(at time: Instant) {
        let count = LossReason.allCases.count
        withUnsafeTemporaryAllocation(byteCount: 8 * count, alignment: 8) { bytes in
            for index in 0..<count {
                bytes.put(owed[index], at: 8 * index)
                owed[index] = 0
            }
            isOwing = false
            place(.lost, 1, at: time, UnsafeRawBufferPointer(bytes).bytes)
        }
    }

    // MARK: Waiting

    /// Asks for the next commit at once, and not only when the flush interval is over. `durable` says when the
    /// record is there, and `onDurable` is called.
    public func commit(upTo sequence: UInt64) {
        commits.wanted = max(commits.wanted, min(sequence, accepted))
        // In a turn its end commits for all who ask. Between turns nothing would, until something else happens.
        if !reactor.isHandling { advance() }
    }

    /// Makes all that was accepted durable, ends the segment, and lets the directory go. Records that the disk
    /// refuses then are lost, and counted.
    public func close(at time: Instant, _ done: @escaping () -> Void) {
        guard commits.phase == .open else { return done() }
        commits.onClosed = done
        commits.closedAt = time
        beginClosing()
    }
}
