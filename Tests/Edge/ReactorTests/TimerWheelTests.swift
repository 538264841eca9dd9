// The wheel against the plainest thing that is right: a sorted list.
import Testing
import Units

@testable import Reactor

struct TimerWheelTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test(arguments: [1, 2, 63, 64, 65, 4095, 4096, 4097, 262_144, 16_777_216, 90_000_000] as [Int64])
    func firesAtItsTime(_ delay: Int64) {
        var wheel = TimerWheel(timers: 1, now: at(1_000_003))
        wheel.schedule(0, at: at(1_000_003 + delay))
        #expect(wheel.takeDue(now: at(1_000_003 + delay - 1)) == nil)
        #expect(wheel.takeDue(now: at(1_000_003 + delay)) == 0)
        #expect(wheel.nextTurn == nil)
    }

    @Test func agreesWithASortedList() {
        for seed in UInt64(1)...20 {
            var random = SplitMix(seed)
            let timers = 200
            var wheel = TimerWheel(timers: timers, now: at(0))
            var expected: [Int: Int64] = [:]
            var now: Int64 = 0
            for _ in 0..<2_000 {
                let timer = Int(random.next() % UInt64(timers))
                switch random.next() % 4 {
                case 0, 1:
                    let reach: UInt64 = [10, 100, 10_000, 1_000_000, 40_000_000][Int(random.next() % 5)]
                    let due = now + Int64(random.next() % reach)
                    wheel.schedule(timer, at: at(due))
                    expected[timer] = max(due, now + 1)
                case 2:
                    wheel.cancel(timer)
                    expected[timer] = nil
                default:
                    now += Int64(random.next() % [2, 70, 5_000, 300_000][Int(random.next() % 4)])
                    var fired: Set<Int> = []
                    while let due = wheel.takeDue(now: at(now)) { fired.insert(due) }
                    let due = Set(expected.filter { $0.value <= now }.keys)
                    #expect(fired == due, "seed \(seed) at \(now)")
                    for timer in due { expected[timer] = nil }
                }
                if let soonest = expected.values.min() {
                    let turn = wheel.nextTurn
                    #expect(
                        turn != nil && turn! <= at(soonest), "seed \(seed): the wheel would sleep too long")
                    #expect(turn! > at(now - 1))
                } else {
                    #expect(wheel.nextTurn == nil)
                }
            }
        }
    }
}

/// A small generator for tests whose seed is printed.
struct SplitMix {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
