// What threads put into a mailbox comes out once, in each sender's order; a full one says so.
import Synchronization
import Testing

@testable import paceline_node

@Suite struct MailboxTests {
    @Test func isFullAtItsCapacity() {
        let mailbox = Mailbox<Int>(capacity: 8)
        for round in 0..<3 {
            for message in 0..<8 { #expect(mailbox.put(round * 8 + message)) }
            #expect(!mailbox.put(99))
            var taken: [Int] = []
            mailbox.takeAll { taken.append($0) }
            #expect(taken == Array(round * 8..<round * 8 + 8))
        }
        mailbox.takeAll { _ in Issue.record("nothing is left") }
    }

    @Test func wakesOnceUntilItIsEmptied() {
        let mailbox = Mailbox<Int>(capacity: 8)
        #expect(mailbox.wantsWaking() && !mailbox.wantsWaking())
        mailbox.takeAll { _ in }
        #expect(mailbox.wantsWaking())
        mailbox.wasNotWoken()
        #expect(mailbox.wantsWaking())
    }

    private final class Shared: Sendable {
        let mailbox = Mailbox<Int>(capacity: 64)
        let wakes = Atomic<Int>(0)
    }

    /// Four senders and a receiver that sleeps until it is woken, as shards do.
    @Test func losesNothingBetweenThreads() async {
        let shared = Shared()
        let senders = 4
        let each = 20_000
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<senders {
                group.addTask {
                    for number in 0..<each {
                        while !shared.mailbox.put(sender * each + number) { await Task.yield() }
                        if shared.mailbox.wantsWaking() { shared.wakes.add(1, ordering: .releasing) }
                    }
                }
            }
            group.addTask {
                var (taken, seen) = (0, 0)
                var next = (0..<senders).map { $0 * each }
                while taken < senders * each {
                    // Nothing is looked for without a wake.
                    let woken = shared.wakes.load(ordering: .acquiring)
                    guard woken != seen else {
                        await Task.yield()
                        continue
                    }
                    seen = woken
                    shared.mailbox.takeAll { message in
                        #expect(message == next[message / each])
                        next[message / each] += 1
                        taken += 1
                    }
                }
            }
        }
    }
}
