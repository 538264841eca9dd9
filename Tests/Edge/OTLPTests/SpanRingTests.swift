// A ring of spans between two threads: nothing is lost but what finds no room, and nothing comes torn.
import Kernel
import Synchronization
import Telemetry
import Testing
import Tracing
import Units

@Suite struct SpanRingTests {
    private static func record(_ number: UInt64) -> SpanRecord {
        let place = SpanStart(
            trace: TraceID(high: number, low: ~number), span: SpanID(number &+ 1), parent: .none)
        var record = SpanRecord(place, .server, "tested", start: Instant(nanoseconds: Int64(number)))
        record.say("number", .digits(number))
        record.add("step", from: record.start, to: record.start)
        return record
    }

    @Test func whatIsFullTakesNoMore() {
        let ring = SpanRing(capacity: 5)
        #expect(ring.capacity == 8)
        #expect(
            (0..<10).map { ring.put(Self.record($0)) } == Array(repeating: true, count: 8) + [false, false])
        var taken: [SpanRecord] = []
        ring.take(into: &taken, most: 3)
        #expect(taken.map(\.place.trace.high) == [0, 1, 2])
        #expect(ring.put(Self.record(10)))
        ring.take(into: &taken, most: 100)
        #expect(taken.map(\.place.trace.high) == [0, 1, 2, 3, 4, 5, 6, 7, 10])
    }

    @Test func aThreadWritesWhileAnotherReads() throws {
        let ring = SpanRing(capacity: 64)
        let lost = Atomic<Int>(-1)
        let all = 100_000
        let box = Box(lost)
        try Thread(name: "writer") {
            var refused = 0
            for number in 0..<UInt64(all) where !ring.put(Self.record(number)) { refused += 1 }
            box.lost.store(refused, ordering: .releasing)
        }.detach()
        var taken: [SpanRecord] = []
        var seen = 0
        var last: UInt64?
        while true {
            let isOver = box.lost.load(ordering: .acquiring) >= 0
            taken.removeAll(keepingCapacity: true)
            ring.take(into: &taken, most: 32)
            for record in taken {
                let number = record.place.trace.high
                #expect(record.place.trace.low == ~number && record.place.span.rawValue == number &+ 1)
                #expect(record.attribute(0).value == .digits(number) && record.stepCount == 1)
                if let last { #expect(number > last) }
                last = number
            }
            seen += taken.count
            if isOver, taken.isEmpty { break }
        }
        #expect(seen + box.lost.load(ordering: .acquiring) == all)
    }

    private final class Box: Sendable {
        let lost: Atomic<Int>
        init(_ lost: consuming Atomic<Int>) { self.lost = lost }
    }
}
