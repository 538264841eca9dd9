// Answers to bills that wait for the disk. Who bills is told that it was taken when a crash would not forget it any more,
// and not before: an exchange that hears nothing, or 503, bills again.
import HTTP

/// Where the answer to a bill goes, and in which form.
struct BillAnswer: Sendable {
    /// Whose connection waits.
    let shard: Int
    let place: AnswerPlace
    let isPicture: Bool
}

/// What is to be answered, on its way to the shard whose connection waits.
struct ToldBill: Sendable {
    let answer: BillAnswer
    let isDurable: Bool
}

/// One shard's, in the order of the records that they wait for.
struct HeldBills {
    /// More than come between two commits of a slow disk, each of a connection of its own.
    static let most = 4_096

    private var entries: [(record: UInt64, answer: BillAnswer)?] = Array(repeating: nil, count: most)
    private var first = 0
    private(set) var count = 0

    /// False where too many wait.
    mutating func hold(_ answer: BillAnswer, until record: UInt64) -> Bool {
        guard count < Self.most else { return false }
        entries[(first + count) % Self.most] = (record, answer)
        count += 1
        return true
    }

    /// The next one whose record is among those up to this number.
    mutating func take(upTo record: UInt64) -> BillAnswer? {
        guard count > 0, let entry = entries[first], entry.record <= record else { return nil }
        entries[first] = nil
        first = (first + 1) % Self.most
        count -= 1
        return entry.answer
    }
}
