// Streams over real sockets on loopback, the same tests for both drivers.
import Glibc
import Kernel
import Reactor
import Telemetry
import Testing
import Units

/// Sends back what it gets.
private final class Echo: Stream {
    var ended: StreamEnd?
    override func received(_ bytes: UnsafeRawBufferPointer) {
        if !write(bytes) { close(.overLimit) }
        flush()
    }
    override func closed(_ reason: StreamEnd) { ended = reason }
}

/// Connects, sends, and keeps what comes back.
private final class Caller: Stream {
    var got: [UInt8] = []
    var isOpened = false
    var ended: StreamEnd?
    var finishedByPeer = false
    override func opened() { isOpened = true }
    override func received(_ bytes: UnsafeRawBufferPointer) { got.append(contentsOf: bytes) }
    override func peerFinished() {
        finishedByPeer = true
        super.peerFinished()
    }
    override func closed(_ reason: StreamEnd) { ended = reason }
}

private let local = SocketAddress(literal: "127.0.0.1", port: 0)!

/// Turns the reactor until the condition holds; fails after five seconds.
private func settle(
    _ reactor: Reactor, _ what: Comment = "in time", _ condition: () -> Bool,
    at location: SourceLocation = #_sourceLocation
) throws {
    let limit = Kernel.monotonicNow() + .seconds(5)
    while !condition() {
        guard Kernel.monotonicNow() < limit else {
            Issue.record(what, sourceLocation: location)
            return
        }
        try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(20))
    }
}

@Suite(.serialized)
struct StreamTests {
    static let drivers: [DriverChoice] = [.ring, .poller]

    @Test(arguments: drivers) func echoes(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        var served: [Echo] = []
        let listener = try reactor.listen(on: local) {
            served.append(Echo(reactor: reactor))
            return served.last
        }
        let caller = Caller(reactor: reactor)
        try reactor.connect(caller, to: listener.address)
        // More than one chunk, more than the socket's buffers: partial sends and pieces in order.
        let message = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try settle(reactor) { caller.isOpened }
        message.withUnsafeBytes { #expect(caller.write($0)) }
        caller.flush()
        try settle(reactor) { caller.got.count >= message.count }
        #expect(caller.got == message)
        caller.finish()
        try settle(reactor) { served[0].ended != nil && caller.ended != nil }
        #expect(caller.ended == .finished && served[0].ended == .finished)
        #expect(reactor.streamCount == 0)
        #expect(reactor.outputChunksInUse == 0, "every chunk came back")
        #expect(reactor.metrics.accepted.value == 1)
    }

    @Test(arguments: drivers) func sendsBorrowedAndCopiedPiecesInOrder(_ driver: DriverChoice) throws {
        final class Block { var bytes = [UInt8](repeating: 7, count: 100_000) }
        let reactor = try Reactor(driver)
        let listener = try reactor.listen(on: local) { Echo(reactor: reactor) }
        let caller = Caller(reactor: reactor)
        try reactor.connect(caller, to: listener.address)
        try settle(reactor) { caller.isOpened }
        var expected: [UInt8] = []
        var block: Block? = Block()
        weak let watched = block
        for index in 0..<40 {
            let small = [UInt8](repeating: UInt8(index), count: index * 10)
            small.withUnsafeBytes { #expect(caller.write($0)) }
            expected += small
            if index % 2 == 0, let block {
                block.bytes.withUnsafeBytes { caller.write($0, owner: block) }
                expected += block.bytes
            }
        }
        block = nil
        #expect(watched != nil, "kept while it is on its way")
        caller.flush()
        try settle(reactor) { caller.got.count >= expected.count }
        #expect(caller.got == expected)
        #expect(watched == nil, "let go when it had left")
        caller.close(.finished)
        try settle(reactor) { reactor.streamCount == 0 }
        #expect(reactor.outputChunksInUse == 0)
    }

    @Test(arguments: drivers) func shortSendsAreContinued(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        let listener = try reactor.listen(on: local) { Echo(reactor: reactor) }
        let caller = Caller(reactor: reactor)
        try reactor.connect(caller, to: listener.address)
        try settle(reactor) { caller.isOpened }
        Faults.inject(Fault(.send, .short(3), times: 50))
        defer { Faults.clear() }
        let message = Array("a message that leaves in pieces of three bytes".utf8)
        message.withUnsafeBytes { _ = caller.write($0) }
        caller.flush()
        try settle(reactor) { caller.got.count >= message.count }
        #expect(caller.got == message)
    }

    @Test(arguments: drivers) func failuresOfTheKernelEndTheStreamAlone(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        let listener = try reactor.listen(on: local) { Echo(reactor: reactor) }
        for call in [SystemCall.send, .receive] {
            let caller = Caller(reactor: reactor)
            try reactor.connect(caller, to: listener.address)
            try settle(reactor) { caller.isOpened && reactor.streamCount == 2 }
            Faults.inject(Fault(call, .fail(.connectionReset)))
            defer { Faults.clear() }
            [UInt8(1)].withUnsafeBytes { _ = caller.write($0) }
            caller.flush()
            try settle(reactor) { caller.ended != nil && reactor.streamCount == 0 }
        }
        let caller = Caller(reactor: reactor)
        try reactor.connect(caller, to: listener.address)
        try settle(reactor, "the reactor serves on") { caller.isOpened }
        Faults.inject(Fault(.connect, .fail(.connectionRefused)))
        defer { Faults.clear() }
        let refused = Caller(reactor: reactor)
        try reactor.connect(refused, to: listener.address)
        try settle(reactor) { refused.ended == .notConnected }
    }

    @Test(arguments: drivers) func descriptorsRunOutAndComeBack(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        let listener = try reactor.listen(on: local) { Echo(reactor: reactor) }
        Faults.inject(Fault(.accept, .fail(.noDescriptors), times: 3))
        defer { Faults.clear() }
        var callers: [Caller] = []
        for _ in 0..<5 {
            callers.append(Caller(reactor: reactor))
            try reactor.connect(callers.last!, to: listener.address)
        }
        try settle(reactor) {
            reactor.metrics.acceptFailures.value == 3 && reactor.metrics.accepted.value >= 2
        }
        for caller in callers where caller.isOpen {
            [UInt8(9)].withUnsafeBytes { _ = caller.write($0) }
            caller.flush()
        }
        try settle(reactor) { callers.count(where: { $0.got == [9] }) >= 2 }
    }

    @Test(arguments: drivers) func theLastDescriptorsAreLeftToOthers(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        let modest = try reactor.listen(on: local, leaving: .max) { Echo(reactor: reactor) }
        let other = try reactor.listen(on: local) { Echo(reactor: reactor) }
        let turnedAway = Caller(reactor: reactor)
        let served = Caller(reactor: reactor)
        try reactor.connect(turnedAway, to: modest.address)
        try reactor.connect(served, to: other.address)
        try settle(reactor) { turnedAway.ended != nil && served.isOpened }
        #expect(reactor.metrics.acceptFailures.value == 1 && reactor.metrics.accepted.value == 1)
    }

    @Test(arguments: drivers) func aFullShardRefusesAndCounts(_ driver: DriverChoice) throws {
        var limits = ReactorLimits()
        limits.streams = 4
        let reactor = try Reactor(driver, limits: limits)
        let listener = try reactor.listen(on: local) { Echo(reactor: reactor) }
        let first = [Caller(reactor: reactor), Caller(reactor: reactor)]
        for caller in first { try reactor.connect(caller, to: listener.address) }
        try settle(reactor) { reactor.streamCount == 4 }
        #expect(throws: Errno.self) { try reactor.connect(Caller(reactor: reactor), to: listener.address) }
        let other = try Reactor(driver)
        let third = Caller(reactor: other)
        try other.connect(third, to: listener.address)
        let limit = Kernel.monotonicNow() + .seconds(5)
        while reactor.metrics.refused.value == 0 || third.ended == nil, Kernel.monotonicNow() < limit {
            try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(5))
            try other.turn(until: Kernel.monotonicNow() + .milliseconds(5))
        }
        #expect(reactor.metrics.refused.value == 1)
        #expect(third.ended != nil)
    }

    @Test(arguments: drivers) func pausedStreamsLeaveBytesWithThePeer(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        var sink: Caller?
        let listener = try reactor.listen(on: local) {
            sink = Caller(reactor: reactor)
            return sink
        }
        let caller = Caller(reactor: reactor)
        try reactor.connect(caller, to: listener.address)
        try settle(reactor) { caller.isOpened && sink != nil }
        sink!.pauseReceiving()
        try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(10))
        let message = [UInt8](repeating: 5, count: 64_000_000 / 8)
        message.withUnsafeBytes { #expect(caller.write($0)) }
        caller.flush()
        for _ in 0..<20 { try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(5)) }
        #expect(sink!.got.count < message.count / 2, "the kernel's buffers hold some, we none")
        #expect(caller.isSending)
        sink!.resumeReceiving()
        try settle(reactor) { sink!.got.count == message.count }
    }

    @Test(arguments: drivers) func deadlinesMoveAndPass(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        let listener = try reactor.listen(on: local) { Echo(reactor: reactor) }
        let caller = Caller(reactor: reactor)
        try reactor.connect(caller, to: listener.address)
        try settle(reactor) { caller.isOpened }
        let start = Kernel.monotonicNow()
        caller.setDeadline(start + .milliseconds(10))
        caller.setDeadline(start + .milliseconds(60))
        try settle(reactor) { caller.ended != nil }
        #expect(caller.ended == .idle)
        #expect(Kernel.monotonicNow() - start >= .milliseconds(60))
    }

    @Test(arguments: drivers) func wakesFromOtherThreads(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        final class Tally: @unchecked Sendable { var count = 0 }  // touched by the reactor's thread only
        let tally = Tally()
        let remote = reactor.remote
        let posts = 2_000
        var threads: [Int] = []
        for index in 0..<2 {
            threads.append(index)
            try Thread(name: "poster") {
                for _ in 0..<posts { remote.post { _ in tally.count += 1 } }
            }.detach()
        }
        try settle(reactor) { tally.count == posts * threads.count }
    }

    @Test(arguments: drivers) func writesFilesAndMakesThemDurable(_ driver: DriverChoice) throws {
        let path = "/tmp/paceline-reactor-\(getpid())-\(driver.rawValue)"
        let file = try Kernel.open(path, O_RDWR | O_CREAT | O_TRUNC)
        defer {
            Kernel.close(file)
            unlink(path)
        }
        let reactor = try Reactor(driver)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 5_000, alignment: 8)
        defer { bytes.deallocate() }
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index * 7) }
        var outcomes: [String] = []
        reactor.write(UnsafeRawBufferPointer(bytes), to: file, at: 3) { outcomes.append("\($0)") }
        try settle(reactor) { outcomes.count == 1 }
        reactor.synchronise(file) { outcomes.append("\($0)") }
        try settle(reactor) { outcomes.count == 2 }
        #expect(outcomes == ["success(5000)", "success(0)"])
        #expect(try Kernel.contents(of: path, limit: 10_000).dropFirst(3).elementsEqual(bytes))

        Faults.inject(Fault(.write, .fail(.noSpace)))
        Faults.inject(Fault(.write, .short(10)))
        Faults.inject(Fault(.synchronise, .fail(.inputOutput)))
        defer { Faults.clear() }
        outcomes = []
        for _ in 0..<2 {
            reactor.write(UnsafeRawBufferPointer(bytes), to: file, at: 0) { outcomes.append("\($0)") }
        }
        reactor.synchronise(file) { outcomes.append("\($0)") }
        try settle(reactor) { outcomes.count == 3 }
        #expect(outcomes.contains("failure(No space left on device)"))
        #expect(outcomes.contains("success(10)"))
        #expect(outcomes.contains("failure(Input/output error)"))
    }

    @Test func withoutIoUringTheShardRunsOnEpoll() throws {
        Faults.inject(Fault(.ring, .fail(.notPermitted), times: 10))
        defer { Faults.clear() }
        let reactor = try Reactor(.automatic)
        #expect(reactor.driverName == "epoll")
        #expect(reactor.fallback == .notPermitted)
        #expect(throws: Errno.notPermitted) { try Reactor(.ring) }
    }

    @Test(arguments: drivers) func aClosedListenerServesThoseWhoWaited(_ driver: DriverChoice) throws {
        let reactor = try Reactor(driver)
        var served = 0
        let listener = try reactor.listen(on: local) {
            served += 1
            return Echo(reactor: reactor)
        }
        let caller = Caller(reactor: reactor)
        try reactor.connect(caller, to: listener.address)
        try settle(reactor) { caller.isOpened && served == 1 }
        listener.close()
        for _ in 0..<5 { try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(2)) }
        [UInt8(9)].withUnsafeBytes { _ = caller.write($0) }
        caller.flush()
        try settle(reactor) { caller.got == [9] }
        let late = Caller(reactor: reactor)
        try reactor.connect(late, to: listener.address)
        try settle(reactor) { late.ended == .notConnected }
    }
}
