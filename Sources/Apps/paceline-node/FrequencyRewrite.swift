// Writes all counters into the first shard's journal, little by little and again and again, so that what a start needs is
// never older than one round; each shard keeps its segments since the last whole round began.
import Features
import Journal
import Units

/// One shard's part of it.
struct FrequencyRewrite {
    private let journal: Journal
    private let isWriter: Bool
    private let setCount: Int
    /// Sets for each tick, in 2^20ths.
    private let pace: Int
    private var owed = 0
    private var next = 0
    private var pin: JournalPin?
    /// Where the journal stood when the round began that goes on.
    private var beginning: UInt64?

    private static let unit = 1 << 20

    init(_ journal: Journal, isWriter: Bool, setCount: Int, every round: Interval, tick: Interval) {
        self.journal = journal
        self.isWriter = isWriter
        self.setCount = setCount
        let ticks = max(round.nanoseconds / tick.nanoseconds, 1)
        pace = max(Int(Int64(setCount) * Int64(Self.unit) / ticks), 1)
        // What earlier starts wrote is needed until the first round is whole.
        pin = journal.pins.pin(from: 0)
    }

    /// Writes the counters of some sets. What a round's beginning and end is, other shards are to hear.
    mutating func step(
        _ table: borrowing FrequencyTable, asOf now: CountedSecond, _ write: (KeptCounter) -> Bool
    ) -> FrequencyMessage.Kind? {
        if next == 0, beginning == nil {
            noteBeginning()
            return .rewriteBegan
        }
        // What could not be written meanwhile is not made up for at once: a shard has requests to answer.
        owed = min(owed + pace, 2 * max(pace, Self.unit))
        while owed >= Self.unit, next < setCount {
            var isWritten = true
            table.visit(set: next, asOf: now) { isWritten = write($0) && isWritten }
            // The journal has no room now: the set is written once it has.
            guard isWritten else { return nil }
            owed -= Self.unit
            next += 1
        }
        guard next == setCount else { return nil }
        (next, owed) = (0, 0)
        noteEnd()
        return .rewriteEnded
    }

    mutating func noteBeginning() { beginning = journal.accepted + 1 }

    mutating func noteEnd() {
        guard let beginning else { return }
        self.beginning = nil
        if let pin {
            journal.pins.advance(pin, to: beginning)
        } else {
            pin = journal.pins.pin(from: beginning)
        }
    }
}
