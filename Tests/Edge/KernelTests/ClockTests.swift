// Clocks that are compared are read as of one moment, whatever holds the thread up meanwhile.
import Kernel
import Testing
import Units

@Suite struct ClockTests {
    /// Held up for three seconds within the first look, and within the second.
    @Test func whoIsHeldUpLooksAgain() {
        var now = Int64(0)
        var looks = 0
        func first() -> Instant {
            now += 100
            return Instant(nanoseconds: now)
        }
        func second() -> Instant {
            looks += 1
            now += looks < 4 ? 3_000_000_000 : 100
            return Instant(nanoseconds: now + 7_000)
        }
        let (one, other) = Kernel.together(first, second)
        #expect((other - one).nanoseconds == 7_100)
    }

    @Test func theMachinesClocksKeepTogether() {
        let apart = (0..<1_000).map { _ in
            let (boottime, wall) = Kernel.boottimeAndWallNow()
            return (wall - boottime).nanoseconds
        }
        #expect((apart.max() ?? 0) - (apart.min() ?? 0) < 1_000_000)
    }
}
