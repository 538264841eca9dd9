// One thread tells others, which read at their own pace.
import Kernel
import Reactor
import Synchronization
import Testing

@Suite struct BroadcastTests {
    @Test func everyReaderGetsEverythingInOrder() throws {
        let ring = Broadcast<Int>(capacity: 64, readers: 3)
        let count = 50_000
        let sums = (0..<3).map { _ in SendableSum() }
        for reader in 0..<3 {
            try Thread(name: "reader-\(reader)") {
                var next = 0
                while next < count {
                    guard let value = ring.next(for: reader) else { continue }
                    if value != next { sums[reader].wrong.store(value, ordering: .relaxed) }
                    next += 1
                }
                sums[reader].done.store(next, ordering: .releasing)
            }.detach()
        }
        for value in 0..<count { while !ring.tell(value) {} }
        for sum in sums {
            while sum.done.load(ordering: .acquiring) < count {}
            #expect(sum.wrong.load(ordering: .relaxed) == -1)
        }
    }

    private final class SendableSum: Sendable {
        let done = Atomic<Int>(0)
        let wrong = Atomic<Int>(-1)
    }

    @Test func whoDoesNotReadKeepsTheWriterFromGoingOn() {
        let ring = Broadcast<UInt64>(capacity: 4, readers: 2)
        #expect((0..<4).allSatisfy { ring.tell($0) })
        #expect(!ring.tell(4))
        #expect(ring.next(for: 0) == 0 && ring.next(for: 0) == 1)
        #expect(!ring.tell(4), "the other has not read")
        #expect(ring.next(for: 1) == 0)
        #expect(ring.tell(4) && !ring.tell(5))
        #expect((1..<5).allSatisfy { ring.next(for: 1) == $0 } && ring.next(for: 1) == nil)
    }

    @Test func aShardAloneHasNobodyToTell() {
        let ring = Broadcast<UInt64>(capacity: 2, readers: 0)
        #expect((0..<10).allSatisfy { ring.tell($0) })
    }
}
