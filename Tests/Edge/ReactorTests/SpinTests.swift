// Spinning: the thread of a busy reactor does not sleep between two things to do, and that of an idle one does.
import Glibc
import Kernel
import Reactor
import Testing
import Units

@Suite(.serialized)
struct SpinTests {
    static let drivers: [DriverChoice] = [.ring, .poller]

    /// What running a reactor took of its thread while another thread posted to it at even intervals.
    private struct Cost {
        var sleeps: Int
        var processor: Interval
    }

    private func run(
        _ driver: DriverChoice, spin: Interval, posts: Int, every microseconds: UInt32
    ) throws -> Cost {
        var limits = ReactorLimits()
        limits.spin = spin
        let reactor = try Reactor(driver, limits: limits)
        let remote = reactor.remote
        let poster = try Thread(name: "poster") {
            for _ in 0..<posts {
                usleep(microseconds)
                _ = remote.post { _ in }
            }
            _ = remote.post { $0.stop() }
        }
        let before = Self.usage()
        try reactor.run()
        let after = Self.usage()
        poster.join()
        return Cost(sleeps: after.sleeps - before.sleeps, processor: after.processor - before.processor)
    }

    private static func usage() -> Cost {
        var usage = rusage()
        // RUSAGE_THREAD, which Glibc's module leaves out.
        getrusage(1, &usage)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Cost(
            sleeps: usage.ru_nvcsw, processor: .microseconds(Int64(seconds) * 1_000_000 + Int64(microseconds))
        )
    }

    @Test(arguments: drivers) func aBusyReactorDoesNotSleep(_ driver: DriverChoice) throws {
        let without = try run(driver, spin: .zero, posts: 200, every: 500)
        let with = try run(driver, spin: .milliseconds(50), posts: 200, every: 500)
        #expect(without.sleeps > 100, "it sleeps between posts where it may not spin")
        #expect(with.sleeps < 50, "it sleeps before it has learned that posts come fast, and hardly after")
    }

    @Test(arguments: drivers) func anIdleReactorSleeps(_ driver: DriverChoice) throws {
        // Spinning through every wait would take a fifth of the time, 80 ms.
        let cost = try run(driver, spin: .milliseconds(2), posts: 40, every: 10_000)
        #expect(cost.processor < .milliseconds(40))
    }

    @Test(arguments: drivers) func aDeadlineEndsASpin(_ driver: DriverChoice) throws {
        var limits = ReactorLimits()
        limits.spin = .seconds(5)
        let reactor = try Reactor(driver, limits: limits)
        let began = Kernel.monotonicNow()
        // The first turn sleeps, the second would spin.
        for _ in 0..<2 { try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(1)) }
        #expect(Kernel.monotonicNow() - began < .seconds(1))
    }
}
