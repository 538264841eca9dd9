// From memory to the disk: one write or one fdatasync in flight, the next as soon as it is done, and a new
// segment where one has failed.
import Kernel
import Reactor
import Telemetry
import Units

/// A segment in use.
struct OpenSegment {
    let file: PreparedSegment
    /// The place in the stream at which its records start.
    let base: UInt64
    let opened: Instant
    var headerWritten = 0
}

/// What a journal's writing remembers.
struct CommitState {
    enum Phase { case open, closing, stopping, ended }

    var phase = Phase.open
    var segment: OpenSegment?
    var spare: PreparedSegment?
    var nextNumber: UInt64
    /// When the keeper was asked for the next segment, which it has not brought yet.
    var preparingSince: Instant?
    /// Nothing is tried again before.
    var retryAt = Instant(nanoseconds: .min)
    /// The next segment takes the place of what a failed one holds beyond `durable`.
    var followsFailure = false
    var prepareFailure: Errno?
    var diskFailure: (step: JournalStep, cause: Errno)?

    /// A write or fdatasync is under way; the journal keeps itself alive until it has come back, as the
    /// kernel reads its memory.
    var inFlight: Journal?
    var inFlightSince: Instant?
    /// What has not come back for too long.
    var overdue: JournalStep?
    var overdueTimer: TimerHandle?
    var isAdvancing = false
    /// The reactor had no room for an operation: not again in this turn.
    var isStalled = false
    var syncing: (end: UInt64, sequence: UInt64, began: Instant)?

    /// When the oldest record that no fdatasync covers was accepted.
    var unsyncedSince: Instant?
    /// When the oldest record was accepted that no batch has yet.
    var unbatchedSince: Instant?
    var timer: TimerHandle?
    var writeTimer: TimerHandle?
    /// Somebody waits for this record to be durable.
    var wanted: UInt64 = 0
    var reported: UInt64 = 0
    var lastRetention: Instant?
    var closedAt = Instant(nanoseconds: 0)
    var onClosed: (() -> Void)?

    let header: UnsafeMutableRawBufferPointer
    var onWritten: (Result<Int, Errno>) -> Void = { _ in }
    var onSynchronised: (Result<Int, Errno>) -> Void = { _ in }
    var onTimer: () -> Void = {}
    var onWriteTimer: () -> Void = {}
    var onOverdueTimer: () -> Void = {}

    init(nextNumber: UInt64) {
        self.nextNumber = nextNumber
        header = .allocate(byteCount: SegmentHeader.byteCount, alignment: 8)
    }

    func deallocate() { header.deallocate() }

    var isPreparing: Bool { preparingSince != nil }

    /// Since when the disk owes an answer.
    var waitingSince: Instant? {
        guard let inFlightSince, let preparingSince else { return inFlightSince ?? preparingSince }
        return min(inFlightSince, preparingSince)
    }

    /// Whether what waits has no file to go to.
    var isWithoutSegment: Bool { spare == nil && (segment == nil || prepareFailure != nil) }
}

extension Journal {
    /// Retention by age must also come to a journal that nothing is appended to.
    private static let retentionPause = Interval.seconds(60)

    func startCommitting() {
        commits.onWritten = { [unowned self] result in completed { $0.wrote(result) } }
        commits.onSynchronised = { [unowned self] result in completed { $0.synchronised(result) } }
        commits.onTimer = { [weak self] in self?.commits.timer = nil }
        commits.onWriteTimer = { [weak self] in self?.commits.writeTimer = nil }
        commits.onOverdueTimer = { [weak self] in self?.commits.overdueTimer = nil }
        reactor.afterEachTurn { [weak self] in self?.turn() }
        prepare()
    }

    // MARK: Turning

    /// At the end of each turn of the reactor.
    private func turn() {
        guard commits.phase != .ended else { return }
        for news in keeper.takeNews() { hear(news) }
        commits.isStalled = false
        if commits.lastRetention.map({ reactor.now - $0 >= Self.retentionPause }) ?? true {
            commits.lastRetention = reactor.now
            keeper.order(.retain)
        }
        endOldSegment()
        advance()
        watchForStall()
        metrics.waiting.set(Int(tail - durableEnd))
        if durable > commits.reported {
            commits.reported = durable
            onDurable?(durable)
        }
        armTimer()
    }

    /// A turn when the flush interval is over, or when it is time to try again.
    func armTimer() {
        armWriteTimer()
        guard commits.timer == nil, commits.inFlight == nil,
            commits.phase == .open || commits.phase == .closing
        else { return }
        var due = commits.unsyncedSince.map { $0 + options.flushInterval }
        if commits.segment == nil, tail > durableEnd { due = max(due ?? commits.retryAt, commits.retryAt) }
        if commits.prepareFailure != nil { due = min(due ?? commits.retryAt, commits.retryAt) }
        guard let due else { return }
        commits.timer = reactor.timer(at: max(due, reactor.now + .milliseconds(1)), commits.onTimer)
    }

    /// A timer of its own, as the other one may be set for later.
    private func armWriteTimer() {
        guard commits.writeTimer == nil, commits.inFlight == nil, commits.segment != nil,
            let since = commits.unbatchedSince
        else { return }
        commits.writeTimer = reactor.timer(
            at: max(since + writeInterval, reactor.now + .milliseconds(1)), commits.onWriteTimer)
    }

    /// A timer of its own: the other one must never be late for it.
    private func watchForStall() {
        let latest = reactor.now - options.stallLimit
        var overdue: JournalStep?
        if let since = commits.preparingSince, since <= latest { overdue = .prepare }
        if let since = commits.inFlightSince, since <= latest {
            overdue = commits.syncing == nil ? .write : .synchronise
        }
        if overdue != commits.overdue {
            commits.overdue = overdue
            judgeHealth()
        }
        guard commits.overdueTimer == nil, overdue == nil, let since = commits.waitingSince else { return }
        commits.overdueTimer = reactor.timer(
            at: max(since + options.stallLimit, reactor.now + .milliseconds(1)), commits.onOverdueTimer)
    }

    private func endOldSegment() {
        guard let segment = commits.segment, boundary == nil, commits.phase == .open, tail > segment.base,
            reactor.now - segment.opened >= options.segmentAge,
            Int(tail - durableEnd) + RecordFrame.sealBytes <= ring.bytes
        else { return }
        endSegment(.age, at: Kernel.wallNow())
    }

    private func hear(_ news: SegmentKeeper.News) {
        switch news {
        case .prepared(let segment):
            commits.preparingSince = nil
            commits.prepareFailure = nil
            commits.spare = segment
            judgeHealth()
            if commits.phase == .stopping { stop() }
        case .notPrepared(let error):
            commits.preparingSince = nil
            commits.prepareFailure = error
            commits.nextNumber -= 1
            commits.retryAt = reactor.now + options.retryPause
            metrics.failed(.prepare)
            judgeHealth()
            if commits.phase == .closing, commits.segment == nil { giveUp() }
            if commits.phase == .stopping { stop() }
        case .removed(let segments): metrics.removed.add(segments)
        case .stopped:
            commits.phase = .ended
            releaseLock()
            let done = commits.onClosed
            commits.onClosed = nil
            done?()
        }
    }

    private func prepare() {
        guard !commits.isPreparing, commits.spare == nil, commits.phase == .open || tail > durableEnd,
            commits.prepareFailure == nil || reactor.now >= commits.retryAt
        else { return }
        commits.preparingSince = reactor.now
        keeper.order(.prepare(commits.nextNumber))
        commits.nextNumber += 1
    }

    // MARK: Advancing

    /// Does what can be done now, until an operation is in flight.
    func advance() {
        guard !commits.isAdvancing else { return }
        commits.isAdvancing = true
        while commits.inFlight == nil, !commits.isStalled, step() {}
        commits.isAdvancing = false
    }

    /// One step; false where there is nothing to do now.
    private func step() -> Bool {
        guard commits.phase == .open || commits.phase == .closing else { return false }
        prepare()
        sealBeforeTheEnd()
        guard let segment = commits.segment else {
            if tail > durableEnd { return openSegment() }
            return commits.phase == .closing && finish()
        }
        if segment.headerWritten < SegmentHeader.byteCount {
            let rest = UnsafeRawBufferPointer(rebasing: commits.header[segment.headerWritten...])
            write(rest, at: Int64(segment.headerWritten))
            return true
        }
        if written == batch.end {
            if batch.end > durableEnd, isCommitDue, !hasOlderRecordsBehind {
                synchronise()
                return true
            }
            if let boundary, durableEnd == boundary.place {
                finishSegment(segment, boundary)
                return true
            }
            guard extendBatch() else { return commits.phase == .closing && finish() }
        }
        write(
            ring.piece(from: written, to: batch.end),
            at: Int64(SegmentHeader.byteCount) + Int64(written - segment.base))
        return true
    }

    private var isCommitDue: Bool {
        // Who waits for a record that is not written yet is served by one fdatasync, after it is.
        commits.phase == .closing || batch.end == boundary?.place
            || commits.wanted > durable && commits.wanted <= batch.sequence || isFlushDue
    }

    /// The flush interval of a record that no batch has yet is over: it comes into the batch, so that one fdatasync
    /// serves it too.
    private var hasOlderRecordsBehind: Bool {
        (boundary?.place ?? tail) > batch.end
            && hasWaited(options.flushInterval, since: commits.unbatchedSince)
    }

    private func hasWaited(_ interval: Interval, since: Instant?) -> Bool {
        since.map { reactor.now - $0 >= interval } ?? false
    }

    private var isFlushDue: Bool { hasWaited(options.flushInterval, since: commits.unsyncedSince) }
    private var writeInterval: Interval { min(options.writeInterval, options.flushInterval) }

    /// A small ring does not fill up with what waits for company.
    private var writeBytesLeast: UInt64 { UInt64(min(options.writeBytesLeast, options.ringBytes / 8)) }

    /// More of what was accepted; false where all of it is written, or where the rest is too little for a write of its
    /// own and nobody waits for it yet.
    private func extendBatch() -> Bool {
        let limit = boundary ?? (tail, accepted)
        guard limit.place > batch.end else { return false }
        guard
            limit.place - batch.end >= writeBytesLeast || boundary != nil
                || hasWaited(writeInterval, since: commits.unbatchedSince)
                || commits.wanted > batch.sequence || commits.phase == .closing
        else { return false }
        batch = (limit.place, limit.sequence)
        if tail == batch.end { commits.unbatchedSince = nil }
        return true
    }

    /// Takes the prepared segment into use.
    private func openSegment() -> Bool {
        guard reactor.now >= commits.retryAt || commits.diskFailure == nil, let file = commits.spare else {
            return false
        }
        commits.spare = nil
        commits.segment = OpenSegment(file: file, base: durableEnd, opened: reactor.now)
        if boundary == nil { segmentLimit = durableEnd + segmentRoom }
        SegmentHeader(
            number: file.number, firstSequence: durable + 1, created: Kernel.wallNow(),
            session: sessionBefore ?? session, shard: options.shard, followsFailure: commits.followsFailure,
            writer: options.writer
        ).write(into: commits.header)
        metrics.segments.add()
        return true
    }

    private func finishSegment(_ segment: OpenSegment, _ boundary: (place: UInt64, sequence: UInt64)) {
        keeper.order(
            .finish(
                segment.file, bytes: SegmentHeader.byteCount + Int(boundary.place - segment.base),
                lastSequence: boundary.sequence))
        commits.segment = nil
        self.boundary = nil
        sessionBefore = nil
    }

    // MARK: Operations

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        guard let segment = commits.segment else { return }
        commits.inFlight = self
        commits.inFlightSince = reactor.now
        reactor.write(bytes, to: segment.file.descriptor, at: offset, commits.onWritten)
    }

    private func synchronise() {
        guard let segment = commits.segment else { return }
        commits.inFlight = self
        commits.inFlightSince = reactor.now
        commits.syncing = (batch.end, batch.sequence, reactor.now)
        commits.unsyncedSince = commits.unbatchedSince
        reactor.synchronise(segment.file.descriptor, commits.onSynchronised)
    }

    private func completed(_ body: (Journal) -> Void) {
        let journal = commits.inFlight ?? self
        commits.inFlight = nil
        commits.inFlightSince = nil
        body(journal)
        journal.advance()
    }

    private func wrote(_ result: Result<Int, Errno>) {
        switch result {
        case .success(let count) where count > 0:
            metrics.bytes.add(count)
            if let done = commits.segment?.headerWritten, done < SegmentHeader.byteCount {
                commits.segment?.headerWritten = done + count
            } else {
                written += UInt64(count)
            }
        case .success: fail(.write, .noSpace)
        // Nothing was written: the same bytes go again.
        case .failure(.again), .failure(.interrupted): commits.isStalled = true
        case .failure(let error): fail(.write, error)
        }
    }

    private func synchronised(_ result: Result<Int, Errno>) {
        guard let syncing = commits.syncing else { return }
        commits.syncing = nil
        switch result {
        case .success:
            durableEnd = syncing.end
            witness?.note(syncing.sequence)
            durable = syncing.sequence
            commits.followsFailure = false
            commits.diskFailure = nil
            metrics.commits.record(Kernel.monotonicNow() - syncing.began)
            judgeHealth()
        case .failure(.again):
            // The reactor's table was full, and so nothing was asked of the disk.
            commits.unsyncedSince = syncing.began - options.flushInterval
            commits.isStalled = true
        case .failure(let error): fail(.synchronise, error)
        }
    }

    // MARK: Failing

    /// The file is given up. What it may hold and what never came to it goes to the next one: after a failed
    /// fdatasync nobody can know what is on the disk, and asking again may answer yes without it being there.
    private func fail(_ step: JournalStep, _ error: Errno) {
        metrics.failed(step)
        if let segment = commits.segment {
            keeper.order(
                .abandon(segment.file, holdsRecords: durableEnd > segment.base, lastSequence: durable))
        }
        commits.segment = nil
        commits.followsFailure = true
        commits.diskFailure = (step, error)
        commits.retryAt = reactor.now + options.retryPause
        written = durableEnd
        batch = (durableEnd, durable)
        if boundary == nil { segmentLimit = durableEnd + segmentRoom }
        commits.unsyncedSince = tail > durableEnd ? reactor.now : nil
        commits.unbatchedSince = commits.unsyncedSince
        judgeHealth()
        if commits.phase == .closing { giveUp() }
    }

    private func judgeHealth() {
        var now = JournalHealth.well
        if let failure = commits.diskFailure {
            now = .degraded("\(options.directory): \(failure.step.rawValue): \(failure.cause)")
        } else if let failure = commits.prepareFailure {
            now = .degraded("\(options.directory): no space is prepared for the next segment: \(failure)")
        } else if let step = commits.overdue {
            let limit = options.stallLimit.wholeMilliseconds
            now = .degraded(
                "\(options.directory): \(step.rawValue): no answer of the disk within \(limit) ms")
        }
        guard now != health else { return }
        health = now
        onHealth?(now)
    }

    // MARK: Closing

    func beginClosing() {
        commits.phase = .closing
        // Without a file to write to there is nothing to wait for.
        if commits.isWithoutSegment, commits.prepareFailure != nil || commits.diskFailure != nil { giveUp() }
        advance()
    }

    /// The last segment's seal, as soon as no other segment's end is on its way.
    private func sealBeforeTheEnd() {
        guard commits.phase == .closing, boundary == nil, commits.segment != nil || tail > durableEnd,
            Int(tail - durableEnd) + RecordFrame.sealBytes <= ring.bytes
        else { return }
        endSegment(.closed, at: commits.closedAt)
    }

    private func giveUp() {
        loseRest()
        stop()
    }

    /// All is durable; true so that the caller's loop ends in the new phase.
    private func finish() -> Bool {
        stop()
        return true
    }

    private func stop() {
        commits.phase = .stopping
        if let segment = commits.segment {
            keeper.order(
                .abandon(segment.file, holdsRecords: durableEnd > segment.base, lastSequence: durable))
            commits.segment = nil
        }
        // What is being prepared is waited for, and then discarded too.
        guard !commits.isPreparing else { return }
        if let spare = commits.spare { keeper.order(.discard(spare)) }
        commits.spare = nil
        keeper.order(.stop)
    }
}
