// The broker's memory on disk: rows of each exchange as one record, all rows again once in a while, and what waits for them.
import Commands
import Journal
import Kernel
import Ledger
import Reactor
import Settings
import Telemetry
import Units

/// Used on the desk's thread only.
final class BrokerJournal {
    private let journal: Journal
    private let log: Log
    private let pin: JournalPin
    /// What may leave when this much is durable, in its order.
    private var waiting: [(number: UInt64, body: () -> Void)] = []
    /// Bytes of rows since all of them were written.
    private var bytes = 0
    private var imageBytes = 0
    private let segmentBytes: Int

    /// So many rows of some hundred bytes are one record, far below what a journal takes.
    private static let rowsMost = 2_048
    /// What waits for a disk that stands still: exchanges of all nodes for some seconds. Beyond it nodes are declined.
    private static let waitingMost = 4_096

    /// What earlier starts left in this directory.
    static func read(_ settings: BrokerSettings.Journal) throws(Failure) -> BrokerMemory {
        let directory = settings.directory
        if let witness = settings.witness {
            do {
                try JournalWitness.check(all: directory, by: witness)
            } catch {
                throw Failure("journal.directory: \(error)")
            }
        }
        let listener = BrokerListener()
        let memory = JournalMemory(of: directory, for: [listener])
        if let trouble = listener.trouble ?? memory.troubles.first.map({ "\($0.path): \($0.reason)" }) {
            throw Failure(
                "journal.directory: \(trouble)\nWhat this broker promised its nodes is not known whole. Move the "
                    + "directory away, and the broker starts with another session, while the money of this one "
                    + "comes back when its nodes have closed it. No older copy may take its place."
            )
        }
        return listener.memory
    }

    /// - Parameter image: all rows that there are.
    init(
        _ context: BrokerContext, _ image: [BrokerRows], on reactor: Reactor, metrics: JournalMetrics
    ) throws(Failure) {
        let settings = context.settings.journal
        log = context.log
        segmentBytes = settings.segmentBytes
        var options = JournalOptions(
            directory: "\(settings.directory)/shard-0", writer: context.settings.name, session: context.start)
        options.segmentBytes = settings.segmentBytes
        options.retainedBytes = settings.retainBytes
        options.retainedFor = settings.retain
        // Whoever waits is answered as soon as the disk has it; this is only how long nothing may wait.
        options.flushInterval = .milliseconds(10)
        options.witnesses = settings.witness
        do {
            try Kernel.makeDirectory(settings.directory)
            journal = try Journal(options, on: reactor, now: Kernel.wallNow(), metrics: metrics)
        } catch {
            throw Failure("journal.directory: \(error)")
        }
        guard let pin = journal.pins.pin(from: 1) else {
            preconditionFailure("a journal that was just opened has pins to give")
        }
        self.pin = pin
        for cut in journal.recovery.cut {
            log.warning(
                "a journal's segment was not finished, and is now",
                ["segment": .integer(Int(cut.number)), "bytesCut": .integer(cut.bytes)])
        }
        journal.onDurable = { [unowned self] number in release(upTo: number) }
        journal.onHealth = { [health = context.health] state in
            if case .degraded(let reason) = state {
                health.set("journal", .notReady(reason))
            } else {
                health.set("journal", .ready)
            }
        }
        write(image)
    }

    /// Whether more may wait.
    var hasRoom: Bool { waiting.count < Self.waitingMost }

    /// Whether all of it was written so long ago that it is time again.
    var isImageDue: Bool { bytes > segmentBytes / 2 && bytes > 4 * imageBytes }

    /// Writes rows as one record; false where the journal does not take them now.
    func append(_ rows: BrokerRows) -> Bool {
        let payload = rows.encoded()
        guard
            case .accepted(let number) = journal.append(.brokerRows, at: Kernel.wallNow(), payload.span.bytes)
        else { return false }
        bytes += payload.count
        journal.commit(upTo: number)
        return true
    }

    /// Writes all rows: when they are durable nothing before them is needed by a start.
    func write(_ image: [BrokerRows]) {
        let first = journal.accepted + 1
        bytes = 0
        for piece in image {
            // What does not fit now is tried again with the whole, later; what is there stays until then.
            guard append(piece) else {
                bytes = segmentBytes
                return
            }
        }
        imageBytes = bytes
        bytes = 0
        whenDurable { [unowned self] in journal.pins.advance(pin, to: first) }
    }

    static func pieces(of desk: BrokerDesk) -> [BrokerRows] { desk.pieces(of: rowsMost) }

    private var isAllDurable: Bool { journal.durable >= journal.accepted && waiting.isEmpty }

    /// Calls back when all that was appended until now is durable.
    func whenDurable(_ body: @escaping () -> Void) {
        if isAllDurable { return body() }
        waiting.append((journal.accepted, body))
        journal.commit(upTo: journal.accepted)
    }

    private func release(upTo number: UInt64) {
        let count = waiting.prefix { $0.number <= number }.count
        let bodies = waiting.prefix(count)
        waiting.removeFirst(count)
        for one in bodies { one.body() }
    }

    func close(_ done: @escaping () -> Void) { journal.close(at: Kernel.wallNow(), done) }
}
