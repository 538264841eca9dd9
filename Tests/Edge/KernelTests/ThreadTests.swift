// Threads with names and cores, clocks that go forward, and signals taken as values.
import Glibc
import Synchronization
import Testing
import Units

@testable import Kernel

@Suite(.serialized)
struct ThreadTests {
    @Test func threadsHaveNamesAndCores() throws {
        let core = try #require(Kernel.usableCores().last)
        let seen = Mutex<(name: String, cores: [Int])>(("", []))
        try Thread(name: "a name that is longer than fifteen bytes", core: core) {
            let bytes = (try? Kernel.contents(of: "/proc/thread-self/comm", limit: 64)) ?? []
            seen.withLock { $0 = (String(decoding: bytes, as: UTF8.self), Kernel.usableCores()) }
        }.join()
        seen.withLock { seen in
            #expect(seen.name == "a name that is \n" && seen.cores == [core])
        }
        #expect(Kernel.usableCores().contains(core), "this thread was left alone")
    }

    @Test func aCoreThatIsNotOursIsRefused() throws {
        let refused = Mutex<[Bool]>([])
        try Thread(name: "pinned") {
            let results = [8191, 8192, 1_000_000].map { Kernel.pin(toCore: $0) }
            refused.withLock { $0 = results }
        }.join()
        #expect(refused.withLock { $0 } == [false, false, false])
    }

    @Test func clocksGoForward() {
        let clocks: [() -> Instant] = [Kernel.monotonicNow, Kernel.boottimeNow, Kernel.wallNow]
        for clock in clocks {
            let first = clock()
            usleep(2_000)
            #expect(clock() - first >= .milliseconds(1))
        }
        #expect(Kernel.boottimeNow() >= Kernel.monotonicNow() - .milliseconds(1))
        // After this line was written, and before the clocks of 64 bits run out.
        #expect(Kernel.wallNow().nanoseconds > 1_700_000_000 * 1_000_000_000)
    }

    @Test func processorTimeIsOnlyWhatWasUsed() {
        let start = Kernel.processorTime()
        var sum = 0
        let until = Kernel.monotonicNow() + .milliseconds(20)
        while Kernel.monotonicNow() < until { sum &+= 1 }
        #expect(sum > 0 && Kernel.processorTime() > start)
    }

    /// In a thread of their own: the mask is the thread's, and the tests' other threads keep theirs.
    @Test func signalsAreTakenOneByOne() throws {
        let taken = Mutex<[Int32?]>([])
        try Thread(name: "signals") {
            let signals = [SIGUSR1, SIGUSR2]
            Kernel.block(signals: signals)
            pthread_kill(pthread_self(), SIGUSR2)
            pthread_kill(pthread_self(), SIGUSR1)
            let results = (0..<3).map { _ in Kernel.nextSignal(of: signals, withinMilliseconds: 5) }
            taken.withLock { $0 = results }
        }.join()
        #expect(taken.withLock { $0 } == [SIGUSR1, SIGUSR2, nil])
    }

    @Test func eventsWakeOnceHoweverOftenTheyAreSignalled() throws {
        let event = try Kernel.blockingEventDescriptor()
        defer { Kernel.close(event) }
        let woken = Mutex(0)
        let thread = try Thread(name: "sleeper") { [event] in
            Kernel.awaitSignal(event)
            woken.withLock { $0 += 1 }
        }
        usleep(2_000)
        #expect(woken.withLock { $0 } == 0)
        for _ in 0..<3 { Kernel.signal(event) }
        thread.join()
        #expect(woken.withLock { $0 } == 1)
    }
}
