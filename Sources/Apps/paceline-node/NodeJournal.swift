// What a node writes into its journals: that it started, reloaded and left, and a sample of what it answered.
import Catalog
import Commands
import Decision
import Documents
import Features
import HTTP
import Journal
import Kernel
import Ledger
import Reactor
import Redis
import Settings
import Synchronization
import Telemetry
import Units

/// One shard's journal, and what that shard says in it. Used on the shard's thread only.
final class NodeJournal {
    let journal: Journal
    private let oneIn: UInt64
    private var randomness: Randomness
    private var durabilityListeners: [(UInt64) -> Void] = []
    private var troubleListeners: [() -> Void] = []
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: roomBytes, alignment: 8)

    /// Room for the longest record: a path or an error, cut, and a few names.
    private static let roomBytes = 4096
    private static let textBytesMax = 1024

    /// Nil where the settings have no journal.
    init?(shard: Int, context: NodeContext, reactor: Reactor, metrics: ShardMetrics) throws(Failure) {
        guard let settings = context.settings.journal, let keys = context.keys.journal else { return nil }
        var options = JournalOptions(
            directory: "\(settings.directory)/shard-\(shard)", writer: context.settings.node.name,
            session: context.session)
        options.shard = UInt32(shard)
        options.segmentBytes = settings.segmentBytes
        options.segmentAge = settings.segmentAge
        options.retainedBytes = settings.retainBytes
        options.retainedFor = settings.retain
        options.flushInterval = settings.flushInterval
        options.witnesses = settings.witness
        oneIn = UInt64(settings.accessOneIn)
        randomness = Randomness(seed: options.session &+ UInt64(shard))
        do {
            try Kernel.makeDirectory(settings.directory)
            if shard == 0 {
                options.formerDirectories = try Self.former(in: settings.directory, shards: context.shards)
            }
        } catch {
            throw Failure(
                "journal.directory: \(settings.directory): could not make or list the directory: \(error)")
        }
        do {
            journal = try Journal(
                options, on: reactor, now: Kernel.wallNow(), metrics: JournalMetrics(keys, metrics))
        } catch {
            throw Failure("journal.directory: \(error)")
        }
        report(journal.recovery, shard, context.log)
        if !options.formerDirectories.isEmpty {
            context.log.notice(
                "journals of shards that this node no longer has are kept as long as the others",
                ["directories": .string(options.formerDirectories.joined(separator: " "))])
        }
        journal.onDurable = { [unowned self] number in
            for listener in durabilityListeners { listener(number) }
        }
        journal.onHealth = { [unowned self, journals = context.journals] health in
            journals.set(health, of: shard)
            if case .degraded = health { for listener in troubleListeners { listener() } }
        }
        if shard == 0 { context.journals.attach(self, reactor) }
    }

    deinit { room.deallocate() }

    /// Where shards wrote that this node had before it was given fewer.
    private static func former(in directory: String, shards: Int) throws(Errno) -> [String] {
        try Kernel.entries(of: directory).filter { name in
            let number = Int(name.dropFirst("shard-".count)) ?? -1
            return number >= shards && name == "shard-\(number)"
        }.map { "\(directory)/\($0)" }
    }

    private func report(_ recovery: JournalRecovery, _ shard: Int, _ log: Log) {
        for cut in recovery.cut {
            log.warning(
                "a journal's segment was not finished, and is now",
                [
                    "shard": .integer(shard), "segment": .integer(Int(cut.number)),
                    "bytesCut": .integer(cut.bytes), "recordsLost": .integer(Int(cut.records)),
                    "cause": .string(cut.damage.map { "\($0)" } ?? "the writer ended"),
                ])
        }
        for damaged in recovery.damaged {
            log.error(
                "a journal's segment cannot be read, and stays as it is",
                [
                    "shard": .integer(shard), "segment": .integer(Int(damaged.number)),
                    "cause": .string(damaged.reason),
                ])
        }
    }

    // MARK: Records

    func noteStart(_ context: NodeContext, driver: String) {
        let settings = context.settings.effective.line
        let checksum = CRC32C.checksum(of: settings.utf8Span.span.raw)
        append(.nodeStarted) { writer in
            writer.put(text: context.version)
            writer.put(text: context.settings.node.region)
            writer.put(checksum)
            writer.put(UInt32(clamping: context.settings.shards))
            writer.put(text: driver)
        }
    }

    func noteReload(of listener: String, refused cause: String?) {
        append(.certificateReload) { writer in
            writer.put(text: listener)
            writer.put(UInt16(cause == nil ? 1 : 0))
            writer.put(text: cause ?? "", most: Self.textBytesMax)
        }
    }

    func noteCatalog(_ version: CatalogVersion, lineItems: Int, refused cause: String?) {
        append(.catalogReload) { writer in
            writer.put(version.rawValue)
            writer.put(UInt32(clamping: lineItems))
            writer.put(UInt16(cause == nil ? 1 : 0))
            writer.put(text: cause ?? "", most: Self.textBytesMax)
        }
    }

    /// Of a viewer whose data may be written, and only of one.
    func noteShown(_ event: FrequencyEvent, isShared: Bool) {
        guard event.mayJournal else { return }
        append(.impression) { FrequencyPayload.put(event, isShared: isShared, into: &$0) }
    }

    /// False where there is no room for it now: counters are written again and again.
    func noteCounter(_ counter: KeptCounter) -> Bool {
        var writer = PayloadWriter(room)
        FrequencyPayload.put(counter, into: &writer)
        let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count])
        guard case .accepted = journal.append(.counter, at: Kernel.wallNow(), payload.bytes, .sample) else {
            return false
        }
        return true
    }

    func noteSharedRead(_ place: StreamPlace) {
        append(.sharedRead) { writer in
            writer.put(place.milliseconds)
            writer.put(place.sequence)
        }
    }

    func noteDrain(connections: Int, limit: Interval) {
        append(.drainBegan) { writer in
            writer.put(UInt32(clamping: connections))
            writer.put(limit.nanoseconds)
        }
    }

    func noteDrained(cut: Int, took: Interval) {
        append(.drainEnded) { writer in
            writer.put(UInt32(clamping: cut))
            writer.put(took.nanoseconds)
        }
    }

    /// The last record, and the end of the journal.
    func noteStop(cut: Int, _ done: @escaping () -> Void) {
        append(.nodeStopped) { $0.put(UInt32(clamping: cut)) }
        journal.close(at: Kernel.wallNow(), done)
    }

    /// Whether this request is one of the sample.
    func wants(_ path: RawSpan) -> Bool {
        guard oneIn > 0, path.starts(with: "/v1/") else { return false }
        return oneIn == 1 || randomness.next(below: oneIn) == 0
    }

    func noteAccess(_ request: borrowing Request, _ response: borrowing Response, took: Interval) {
        append(.access, .sample) { writer in
            request.method.token.withUTF8Buffer { writer.put(text: UnsafeRawBufferPointer($0).bytes) }
            writer.put(text: request.path, most: Self.textBytesMax)
            writer.put(response.status.code)
            writer.put(UInt32(clamping: request.body.byteCount))
            writer.put(UInt32(clamping: response.bodyBytes))
            writer.put(took.nanoseconds)
            writer.put(UInt32(clamping: oneIn))
        }
    }

    /// One decision. False where it was not taken.
    func note(decision record: RawSpan, at now: Instant, _ importance: Importance) -> Bool {
        let outcome = journal.append(
            .decision, version: DecisionRecorder.version, at: now, record, importance)
        if case .accepted = outcome { return true } else { return false }
    }

    /// The settings that decisions name.
    func note(settings record: RawSpan, at now: Instant) {
        journal.append(.decisionSettings, at: now, record)
    }

    /// Calls back when more is durable, with the number of the last record that is.
    func whenDurable(_ body: @escaping (UInt64) -> Void) { durabilityListeners.append(body) }

    /// Calls back when the journal has got into trouble: nobody knows when what waits will be durable.
    func whenInTrouble(_ body: @escaping () -> Void) { troubleListeners.append(body) }

    /// The number of a ledger's record; nil where the journal does not take it.
    func append(_ record: LedgerRecord, at time: Instant) -> UInt64? {
        var writer = PayloadWriter(room)
        record.write(into: &writer)
        let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count])
        guard case .accepted(let number) = journal.append(record.kind, at: time, payload.bytes) else {
            return nil
        }
        return number
    }

    /// The number of the record of another node's bill; nil where the journal does not take it.
    func append(_ claim: Claim, at time: Instant) -> UInt64? {
        var writer = PayloadWriter(room)
        claim.write(into: &writer)
        let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count])
        guard case .accepted(let number) = journal.append(.claimed, at: time, payload.bytes) else {
            return nil
        }
        return number
    }

    /// False where the journal does not take it: nothing that names the account may be written then.
    func note(_ opening: AccountOpening, at time: Instant) -> Bool {
        var writer = PayloadWriter(room)
        opening.write(into: &writer)
        let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count])
        guard case .accepted = journal.append(.accountOpened, at: time, payload.bytes) else { return false }
        return true
    }

    func append(
        _ kind: RecordKind, _ importance: Importance = .must, _ fields: (inout PayloadWriter) -> Void
    ) {
        var writer = PayloadWriter(room)
        fields(&writer)
        let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count])
        journal.append(kind, at: Kernel.wallNow(), payload.bytes, importance)
    }
}

/// The journals of all shards, as the main thread and readiness see them.
final class Journals: Sendable {
    /// The first shard's, for functions that run on its thread. No other thread looks into it.
    private final class First: @unchecked Sendable {
        weak var journal: NodeJournal?
    }

    private let first = First()
    private let remote = Mutex<ReactorRemote?>(nil)
    private let troubles = Mutex<[Int: String]>([:])
    private let isInTrouble = Atomic<Bool>(false)
    private let health: Health

    init(_ health: Health) { self.health = health }

    /// Called on the first shard's thread, before it serves.
    func attach(_ journal: NodeJournal, _ reactor: Reactor) {
        first.journal = journal
        remote.withLock { $0 = reactor.remote }
    }

    func noteReload(of listener: String, refused cause: String?) {
        _ = remote.withLock { $0 }?.post { [first] _ in
            first.journal?.noteReload(of: listener, refused: cause)
        }
    }

    func noteCatalog(_ version: CatalogVersion, lineItems: Int, refused cause: String?) {
        _ = remote.withLock { $0 }?.post { [first] _ in
            first.journal?.noteCatalog(version, lineItems: lineItems, refused: cause)
        }
    }

    /// Whether all of them take what is to be kept, as far as it is known.
    var areWell: Bool { !isInTrouble.load(ordering: .relaxed) }

    func set(_ state: JournalHealth, of shard: Int) {
        let worst = troubles.withLock { troubles in
            if case .degraded(let reason) = state { troubles[shard] = reason } else { troubles[shard] = nil }
            isInTrouble.store(!troubles.isEmpty, ordering: .relaxed)
            return troubles.min { $0.key < $1.key }
        }
        // Requests are still answered, but what they do is no longer kept.
        health.set("journal", worst.map { .notReady("shard \($0.key): \($0.value)") } ?? .ready)
    }
}
