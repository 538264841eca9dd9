// Watching what another library reads: the same for both drivers.
import Glibc
import Kernel
import Testing
import Units

@testable import Reactor

struct WatchTests {
    private func turn(_ reactor: Reactor, for time: Interval = .milliseconds(50)) throws {
        let end = Kernel.monotonicNow() + time
        while Kernel.monotonicNow() < end { try reactor.turn(until: end) }
    }

    @Test(arguments: SpinTests.drivers) func aWatchTellsOnce(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        let (near, far) = try Kernel.socketPair()
        defer { for descriptor in [near, far] { Kernel.close(descriptor) } }
        var told: [Readiness] = []
        _ = try reactor.watch(near, for: .readable) { told.append($0) }
        try turn(reactor)
        #expect(told.isEmpty, "nothing is there to read")
        var byte: UInt8 = 1
        _ = withUnsafeBytes(of: &byte) { Kernel.write(far, $0) }
        try turn(reactor)
        #expect(told == [.readable], "once, although the byte still lies there")
        _ = try reactor.watch(near, for: [.readable, .writable]) { told.append($0) }
        try turn(reactor)
        #expect(told.last == [.readable, .writable])
        _ = try reactor.watch(near, for: .writable) { told.append($0) }
        try turn(reactor)
        #expect(told.count == 3 && told.last == .writable)
        Kernel.shutdown(far, .both)
        _ = try reactor.watch(near, for: .readable) { told.append($0) }
        try turn(reactor)
        #expect(told.count == 4 && told.last?.contains(.readable) == true, "an end is there to be read")
    }

    @Test(arguments: SpinTests.drivers) func aCancelledWatchTellsNothing(_ driver: DriverChoice) throws {
        var limits = ReactorLimits()
        limits.watches = 4
        let reactor = try Reactor(driver, limits: limits)
        // Far more than there are places, on numbers that the kernel gives again and again.
        for round in 0..<200 {
            let (near, far) = try Kernel.socketPair()
            var told = 0
            let watch = try reactor.watch(near, for: .readable) { _ in told += 1 }
            var byte: UInt8 = 1
            _ = withUnsafeBytes(of: &byte) { Kernel.write(far, $0) }
            if round % 2 == 0 { try reactor.turn(until: reactor.now) }
            let before = told
            reactor.unwatch(watch)
            Kernel.close(near)
            Kernel.close(far)
            try turn(reactor, for: .milliseconds(1))
            #expect(told == before, "round \(round)")
        }
    }

    @Test(arguments: SpinTests.drivers) func moreThanThereIsRoomForIsRefused(_ driver: DriverChoice) throws {
        var limits = ReactorLimits()
        limits.watches = 1
        let reactor = try Reactor(driver, limits: limits)
        let (near, far) = try Kernel.socketPair()
        defer { for descriptor in [near, far] { Kernel.close(descriptor) } }
        let watch = try reactor.watch(near, for: .readable) { _ in }
        #expect(throws: Errno.again) { try reactor.watch(far, for: .readable) { _ in } }
        reactor.unwatch(watch)
        try turn(reactor)
        _ = try reactor.watch(far, for: .readable) { _ in }
    }
}
