// For how long things wait for a reactor, as it measures itself.
import Kernel
import Reactor
import Testing
import Units

@Suite struct PulseTests {
    @Test(arguments: [DriverChoice.automatic, .poller])
    func waitingIsMeasured(_ choice: DriverChoice) throws {
        let reactor = try Reactor(choice)
        let (remote, work) = (reactor.remote, Interval.milliseconds(20))
        #expect(reactor.waitingTime(at: Kernel.monotonicNow()) == .zero)
        // What is sent at the beginning of a long turn comes back after it; on a busy machine some turns have nothing sent.
        for _ in 0..<50 where reactor.waitingTime(at: Kernel.monotonicNow()) < work {
            remote.post { _ in Kernel.sleep(for: work) }
            try reactor.turn()
        }
        #expect(reactor.waitingTime(at: Kernel.monotonicNow()) >= work)
        // Nothing comes, and so nothing waits.
        try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(100))
        try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(100))
        #expect(reactor.waitingTime(at: Kernel.monotonicNow()) < work)
    }
}
