// What will happen and when: a heap over flat memory, in which two events at one instant keep the order in which they were
// put, so that a seed is the same run on every machine.

/// What is to happen, to whom.
struct Event: BitwiseCopyable {
    enum Kind: UInt8, BitwiseCopyable, CaseIterable {
        case message, tick, synced, request, exchange, fault, start, replicated
    }

    var kind: Kind
    var actor: UInt16
    /// Of the process that it is meant for; another start of it hears nothing.
    var generation: UInt32
    /// A message's place, an ad, a count of records: what the kind needs.
    var value: Int
}

struct EventQueue {
    private struct Entry: BitwiseCopyable {
        var time: Int64
        var order: UInt32
        var event: Event

        @inline(__always) static func < (a: Self, b: Self) -> Bool {
            a.time != b.time ? a.time < b.time : a.order < b.order
        }
    }

    private var heap: [Entry] = []
    private var order: UInt32 = 0

    init() { heap.reserveCapacity(1024) }

    var isEmpty: Bool { heap.isEmpty }

    mutating func put(_ event: Event, at time: Int64) {
        order &+= 1
        let entry = Entry(time: time, order: order, event: event)
        heap.append(entry)
        var at = heap.count - 1
        while at > 0 {
            let parent = (at - 1) / 2
            guard entry < heap[parent] else { break }
            heap[at] = heap[parent]
            at = parent
        }
        heap[at] = entry
    }

    mutating func next() -> (time: Int64, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        let count = heap.count
        if count > 0 {
            var at = 0
            while true {
                var child = 2 * at + 1
                guard child < count else { break }
                if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < last else { break }
                heap[at] = heap[child]
                at = child
            }
            heap[at] = last
        }
        return (first.time, first.event)
    }
}
