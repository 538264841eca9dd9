// Threads with a name and a core of their own, and signals taken as values by one thread.
import CLinux
import Glibc

/// A thread that runs one function to its end.
public struct Thread: ~Copyable, Sendable {
    private let handle: pthread_t

    /// Starts a thread. `core` pins it; a core that this process may not use is ignored, as a container may
    /// lend other cores than it shows.
    public init(name: String, core: Int? = nil, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let start = Unmanaged.passRetained(Start(name: name, core: core, body: body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { pointer in
                guard let pointer else { return nil }
                let start = Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue()
                start.run()
                return nil
            }, start.toOpaque())
        if code != 0 {
            start.release()
            throw Errno(code)
        }
        self.handle = handle
    }

    /// Waits for the end of the thread.
    public consuming func join() { pthread_join(handle, nil) }

    /// Lets the thread go its own way; nobody will wait for its end.
    public consuming func detach() { pthread_detach(handle) }

    private final class Start {
        let name: String
        let core: Int?
        let body: @Sendable () -> Void

        init(name: String, core: Int?, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.core = core
            self.body = body
        }

        func run() {
            linux_name_thread(name)  // the kernel keeps 15 bytes of it
            if let core { Kernel.pin(toCore: core) }
            body()
        }
    }
}

extension Kernel {
    /// Lets the calling thread run only where no other wants the core: one that wakes takes it at once. False where the
    /// kernel does not let us.
    @discardableResult
    public static func takeOnlyIdleTime() -> Bool { linux_take_only_idle_time() == 0 }

    /// Lets every thread of ordinary priority go before the calling one, for work that nobody waits for: where both
    /// want a core, this one gets a thirtieth of it.
    public static func stepBehindOtherThreads() {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 15)
    }

    public static let interruptSignal = SIGINT
    public static let terminateSignal = SIGTERM
    public static let hangUpSignal = SIGHUP

    /// The cores that this process may run on.
    public static func usableCores() -> [Int] {
        var set = [UInt8](repeating: 0, count: coreSetBytes)
        guard linux_usable_cores(&set, UInt(set.count)) > 0 else { return [0] }
        return (0..<set.count * 8).filter { set[$0 / 8] & (1 << UInt8($0 % 8)) != 0 }
    }

    /// Pins the calling thread; false where the core is not ours to use.
    @discardableResult
    public static func pin(toCore core: Int) -> Bool { keep(toCores: [core]) }

    /// Keeps the calling thread, and those that it starts from now on, to some cores; false where none is ours to use.
    @discardableResult
    public static func keep(toCores cores: some Sequence<Int>) -> Bool {
        var set = [UInt8](repeating: 0, count: coreSetBytes)
        for core in cores where core / 8 < set.count { set[core / 8] |= 1 << UInt8(core % 8) }
        return linux_pin(set, UInt(set.count)) == 0
    }

    /// Room for 8,192 cores: what Linux can be built for.
    private static var coreSetBytes: Int { 1024 }

    /// Blocks signals in this thread and in those it starts, so that `nextSignal` can take them one by one.
    public static func block(signals: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        linux_ignore_broken_pipes()  // a peer that closed is told by EPIPE, where it happened
    }

    /// The next of the blocked signals, or nil after the time is over.
    public static func nextSignal(of signals: [Int32], withinMilliseconds milliseconds: Int) -> Int32? {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        let signal = sigtimedwait(&set, nil, &time)
        return signal > 0 ? signal : nil
    }
}
