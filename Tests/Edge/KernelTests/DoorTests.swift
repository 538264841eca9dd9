// The door to the kernel: faults hit the call, the thread and the moment that they were planned for, and no
// other.
import Glibc
import Synchronization
import Testing

@testable import Kernel

@Suite(.serialized)
struct DoorTests {
    private func read(_ descriptor: Descriptor, _ count: Int) -> (result: Int, bytes: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = bytes.withUnsafeMutableBytes { Kernel.read(descriptor, into: $0) }
        return (result, Array(bytes.prefix(max(0, result))))
    }

    @Test func faultsHitWhatTheyWerePlannedFor() throws {
        let zero = try Kernel.open("/dev/zero", O_RDWR)
        defer { Kernel.close(zero) }
        defer { Faults.clear() }
        Faults.inject(Fault(.read, .fail(.inputOutput), skipping: 2, times: 3))
        Faults.inject(Fault(.write, .short(7)))
        #expect((0..<7).map { _ in read(zero, 4).result } == [4, 4, -5, -5, -5, 4, 4])
        let writes = (0..<3).map { _ in
            [UInt8](repeating: 1, count: 20).withUnsafeBytes { Kernel.write(zero, $0) }
        }
        #expect(writes == [7, 20, 20])
        // Faults of one kind come one after another.
        Faults.inject(Fault(.read, .short(1)))
        Faults.inject(Fault(.read, .short(2), skipping: 1))
        Faults.inject(Fault(.read, .fail(.again)))
        #expect((0..<5).map { _ in read(zero, 9).result } == [1, 9, 2, -11, 9])
    }

    @Test func faultsAreClearedAndThenCostNothing() throws {
        Faults.inject(Fault(.open, .fail(.noDescriptors), times: 100))
        #expect(Faults.armed)
        #expect(throws: Errno.noDescriptors) { try Kernel.open("/dev/null", O_RDONLY) }
        Faults.clear()
        Kernel.close(try Kernel.open("/dev/null", O_RDONLY))
    }

    @Test func faultsBelongToTheirThread() throws {
        defer { Faults.clear() }
        Faults.inject(Fault(.open, .fail(.systemTableFull), times: 10))
        let outcome = Mutex("not run")
        try Thread(name: "untouched") {
            do {
                Kernel.close(try Kernel.open("/dev/null", O_RDONLY))
                outcome.withLock { $0 = "opened" }
            } catch {
                outcome.withLock { $0 = "\(error)" }
            }
        }.join()
        #expect(outcome.withLock { $0 } == "opened")
        #expect(throws: Errno.systemTableFull) { try Kernel.open("/dev/null", O_RDONLY) }
    }

    /// A signal that comes during a call does not show: the call is made again.
    @Test func interruptedCallsAreMadeAgain() throws {
        let (near, far) = try Kernel.socketPair()
        defer {
            Kernel.close(near)
            Kernel.close(far)
        }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }  // without SA_RESTART, so that calls are interrupted
        sigaction(SIGUSR2, &action, nil)
        defer { signal(SIGUSR2, SIG_DFL) }
        let reader = pthread_self()
        let thread = try Thread(name: "interrupter") { [far] in
            for _ in 0..<5 {
                usleep(2_000)
                pthread_kill(reader, SIGUSR2)
            }
            usleep(2_000)
            _ = [UInt8(9)].withUnsafeBytes { Kernel.write(far, $0) }
        }
        #expect(read(near, 4).bytes == [9])
        thread.join()
    }

    @Test func errorsHaveNames() {
        #expect("\(Errno.noSpace)" == "No space left on device")
        #expect(
            "\(FileFailure(path: "/a", doing: "read the file", cause: .inputOutput))"
                == "/a: could not read the file: Input/output error")
    }
}
