// Keeps the balances near the journals' ends while the node runs: reads each segment that is finished, writes the
// balances, and only then lets retention have it.
import Commands
import Journal
import Kernel
import Ledger
import Synchronization
import Telemetry
import Units

/// Shared by all threads; the work is done on a thread of its own, behind those that serve.
final class BalancesKeeper: Sendable {
    /// What a shard's journal must keep.
    private struct Held {
        let pins: JournalPins
        let pin: JournalPin
        /// What the balances had before the last writing: both files must be able to go on from what is kept.
        var former: UInt64
    }

    let listener: LedgerListener
    private let directory: String
    private let file: Mutex<BalancesFile>
    private let held = Mutex<[String: Held]>([:])
    private let log: Log
    /// The listener is used by one thread at a time.
    private let reading = Mutex<Void>(())
    /// Whether what was read at the start is on the disk.
    private let isWritten = Atomic<Bool>(false)

    /// Segments take minutes to fill; looking costs two system calls for each.
    private static let pause = Interval.seconds(10)

    /// Reads the balances that the last start left.
    ///
    /// - Parameter isRemote: an issuer elsewhere has to hear of every settlement, so they are kept until it has.
    init(_ directory: String, isRemote: Bool, _ log: Log) throws(Failure) {
        var file = BalancesFile(in: directory)
        let (balances, trouble) = try file.read()
        if let trouble {
            log.error(
                "the newest balances cannot be read, those before them are", ["cause": .string(trouble)])
        }
        self.directory = directory
        self.log = log
        self.file = Mutex(file)
        listener = LedgerListener(balances)
        listener.keepsEvidence = isRemote
    }

    /// What was read at the start goes to the disk, so that the next start has less to read.
    func keepStart() { isWritten.store(write(), ordering: .releasing) }

    private func write() -> Bool {
        do {
            try file.withLock { file throws(FileFailure) in try file.write(listener.balances) }
            return true
        } catch {
            log.error(
                "the balances could not be written; the journals keep what they lack",
                [
                    "cause": .error(error)
                ])
            return false
        }
    }

    /// Nothing of this session goes before the balances have it; nothing at all where they lack what was before.
    func hold(_ journal: Journal, shard: Int) {
        let first = isWritten.load(ordering: .acquiring) ? journal.recovery.nextSequence : 1
        guard let pin = journal.pins.pin(from: first) else {
            preconditionFailure("a journal that was just opened has pins to give")
        }
        held.withLock { $0["shard-\(shard)"] = Held(pins: journal.pins, pin: pin, former: first) }
    }

    /// Runs for as long as the process does: a writing that the end interrupts leaves the file before it.
    ///
    /// - Parameter reservations: what all shards may have open.
    /// - Parameter money: who knows what the issuer has heard; nil where it is in this process.
    func start(reservations: Int, _ money: NodeMoney?) throws(Failure) {
        listener.takesFinishedOnly = true
        listener.expect(reservations: reservations)
        do {
            try Thread(name: "balances") { [self] in
                Kernel.stepBehindOtherThreads()
                // Blocks that the issuer has, and that the finished segments do not hold yet.
                var ahead: [NodeEvidence.Forgotten] = []
                var claimsAhead: Set<ReservationKey> = []
                while true {
                    Kernel.sleep(for: Self.pause)
                    reading.withLock { _ in
                        if let heard = money?.ledger.takeForgotten() {
                            ahead = listener.forget(ahead + heard.blocks, acknowledged: heard.acknowledged)
                            claimsAhead = listener.forget(claims: claimsAhead.union(heard.claims))
                        }
                        look()
                    }
                }
            }.detach()
        } catch {
            throw Failure("the balances' thread could not start: \(error)")
        }
    }

    /// Reads on as far as these journals have it, each up to a record, for a session that goes on from there; false where that is
    /// not there to be read yet.
    func read(upTo ends: [String: UInt64], _ body: (LedgerListener) throws(Failure) -> Void) throws(Failure)
        -> Bool
    {
        try reading.withLock { _ throws(Failure) in
            look()
            guard ends.allSatisfy({ (listener.reached[$0.key] ?? 0) > $0.value }) else { return false }
            try body(listener)
            return true
        }
    }

    private func look() {
        let before = listener.balances.covered
        let memory = JournalMemory(of: directory, for: [listener])
        for trouble in memory.troubles {
            log.error(
                "a segment could not be read to its end; money in it is not known",
                [
                    "segment": .string(trouble.path), "cause": .string(trouble.reason),
                ])
        }
        guard listener.balances.covered != before, write() else { return }
        let reached = listener.reached
        held.withLock { held in
            for (journal, next) in reached {
                guard let one = held[journal], next > one.former else { continue }
                one.pins.advance(one.pin, to: one.former)
                held[journal]?.former = next
            }
        }
    }
}
