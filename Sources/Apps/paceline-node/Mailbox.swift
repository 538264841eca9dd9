// Values on their way to one thread from any others, without a lock and without an allocation: a ring whose places
// say by number whose turn they are in (Dmitry Vyukov's bounded queue).
import Reactor
import Synchronization

/// Takes what other threads put, on one thread.
final class Mailbox<Message: Sendable>: @unchecked Sendable {
    private struct Slot: ~Copyable {
        /// The number of the put that may fill the place, or one more once it is filled.
        let turn: Atomic<UInt64>
        var message: Message?
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: UInt64
    private let puts = Atomic<UInt64>(0)
    /// The receiver's alone.
    private var taken: UInt64 = 0
    private let isWoken = Atomic<Bool>(false)

    /// - Parameter capacity: a power of two.
    init(capacity: Int) {
        precondition(capacity.nonzeroBitCount == 1, "a ring has a power of two of places")
        mask = UInt64(capacity - 1)
        slots = .allocate(capacity: capacity)
        for at in 0..<capacity {
            (slots + at).initialize(to: Slot(turn: Atomic(UInt64(at)), message: nil))
        }
    }

    deinit {
        slots.deinitialize(count: Int(mask) + 1)
        slots.deallocate()
    }

    /// False where it is full. From any thread.
    func put(_ message: Message) -> Bool {
        var number = puts.load(ordering: .relaxed)
        while true {
            let slot = slots + Int(number & mask)
            let turn = slot.pointee.turn.load(ordering: .acquiring)
            if turn == number {
                let (isOurs, found) = puts.weakCompareExchange(
                    expected: number, desired: number + 1, ordering: .relaxed)
                if isOurs {
                    slot.pointee.message = message
                    slot.pointee.turn.store(number + 1, ordering: .releasing)
                    return true
                }
                number = found
            } else if turn < number {
                return false
            } else {
                number = puts.load(ordering: .relaxed)
            }
        }
    }

    /// Whether the receiver has to be woken: nobody has since it took last.
    func wantsWaking() -> Bool { !isWoken.exchange(true, ordering: .acquiringAndReleasing) }

    /// The receiver could not be woken; the next one to put tries again.
    func wasNotWoken() { isWoken.store(false, ordering: .releasing) }

    /// Hands out what is there. On the receiver's thread.
    func takeAll(_ body: (Message) -> Void) {
        // An exchange and not a store: whoever found it true before has put what is seen behind it.
        _ = isWoken.exchange(false, ordering: .acquiringAndReleasing)
        while true {
            let slot = slots + Int(taken & mask)
            guard slot.pointee.turn.load(ordering: .acquiring) == taken + 1,
                let message = slot.pointee.message
            else { return }
            slot.pointee.message = nil
            slot.pointee.turn.store(taken + mask + 1, ordering: .releasing)
            taken += 1
            body(message)
        }
    }
}
