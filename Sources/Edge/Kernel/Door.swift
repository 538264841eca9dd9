// The one door between Paceline and the kernel. Every system call of Edge passes `Kernel.pass`, where a test
// can make the next one fail with a chosen errno, or do less than it was asked. Nothing here decides
// anything.
import CLinux
import Glibc
import Synchronization
public import Units

/// A kind of system call, as faults name it.
public enum SystemCall: UInt8, CaseIterable, Sendable {
    case open, read, write, synchronise, synchroniseWhole, allocate, truncate, rename, remove, stat, close
    case socket, bind, listen, accept, connect, receive, send, option
    case poll, ring, map, thread
}

/// The namespace of all system calls.
public enum Kernel {
    /// Runs a call through the door: its own result, or a negative errno. An interrupted call is made again,
    /// because no caller here wants anything else.
    @inline(__always)
    static func pass(_ call: SystemCall, _ body: () -> Int) -> Int {
        if Faults.armed, case .fail(let error)? = Faults.take(call) { return -Int(error.code) }
        while true {
            let result = body()
            if result >= 0 { return result }
            let code = Glibc.errno
            if code != EINTR { return -Int(code) }
        }
    }

    /// For io_uring's own calls, which answer a negative errno themselves and are made through liburing.
    @inline(__always)
    public static func ring(_ body: () -> Int) -> Int {
        if Faults.armed, case .fail(let error)? = Faults.take(.ring) { return -Int(error.code) }
        return body()
    }

    /// The same for calls that move `count` bytes, of which a fault may let only some pass.
    @inline(__always)
    static func move(_ call: SystemCall, _ count: Int, _ body: (Int) -> Int) -> Int {
        var count = count
        if Faults.armed, let fault = Faults.take(call) {
            switch fault {
            case .fail(let error): return -Int(error.code)
            case .short(let most): count = min(most, count)
            case .late(let time): sleep(for: time)
            }
        }
        while true {
            let result = body(count)
            if result >= 0 { return result }
            let code = Glibc.errno
            if code != EINTR { return -Int(code) }
        }
    }

    /// The same as `pass` for calls whose failure is rare and belongs to whoever set things up.
    @inline(__always)
    @discardableResult
    static func require(_ call: SystemCall, _ body: () -> Int) throws(Errno) -> Int {
        let result = pass(call, body)
        if result < 0 { throw Errno(Int32(-result)) }
        return result
    }
}

/// What a test plans to go wrong. Faults belong to the thread that they are meant for, so that tests which
/// run side by side do not disturb each other.
public struct Fault: Sendable {
    public enum Effect: Sendable, Equatable {
        /// The call is not made; it fails with this error.
        case fail(Errno)
        /// The call is made, but may move this many bytes at the most.
        case short(Int)
        /// The call is made so much later: a disk that hangs. Calls that a ring makes are not held up.
        case late(Interval)
    }

    public var call: SystemCall
    public var effect: Effect
    /// Calls of this kind that pass untouched first.
    public var skipping: Int
    /// Calls that are hit after that.
    public var times: Int

    public init(_ call: SystemCall, _ effect: Effect, skipping: Int = 0, times: Int = 1) {
        self.call = call
        self.effect = effect
        self.skipping = skipping
        self.times = times
    }
}

/// The faults planned for each thread. Costs one relaxed load per call while nothing is planned.
public enum Faults {
    private static let isArmed = Atomic<Bool>(false)
    private static let planned = Mutex<[Int32: [Fault]]>([:])
    /// Threads that work for another one, and meet what is planned for that one.
    private static let employers = Mutex<[Int32: Int32]>([:])

    @inline(__always)
    public static var armed: Bool { isArmed.load(ordering: .relaxed) }

    /// Plans a fault for the calling thread.
    public static func inject(_ fault: Fault) {
        planned.withLock { $0[linux_thread_id(), default: []].append(fault) }
        isArmed.store(true, ordering: .relaxed)
    }

    /// Forgets what is planned for the calling thread.
    public static func clear() {
        let none = planned.withLock { plan in
            plan[linux_thread_id()] = nil
            return plan.isEmpty
        }
        if none { isArmed.store(false, ordering: .relaxed) }
    }

    /// The calling thread, as `work(for:)` names it.
    public static var thread: Int32 { linux_thread_id() }

    /// From here on the calling thread meets the faults of another, in whose service it is. Nil ends that:
    /// the kernel uses the numbers of threads again.
    public static func work(for employer: Int32?) {
        employers.withLock { $0[linux_thread_id()] = employer }
    }

    /// The fault that hits this call, if one is due. For calls that are not made by `Kernel.pass` itself
    /// (those queued on a ring), the ring asks here.
    public static func take(_ call: SystemCall) -> Fault.Effect? {
        let itself = linux_thread_id()
        let thread = employers.withLock { $0[itself] } ?? itself
        return planned.withLock { plan in
            guard var faults = plan[thread], let index = faults.firstIndex(where: { $0.call == call })
            else {
                return nil
            }
            defer { plan[thread] = faults }
            if faults[index].skipping > 0 {
                faults[index].skipping -= 1
                return nil
            }
            let effect = faults[index].effect
            faults[index].times -= 1
            if faults[index].times == 0 { faults.remove(at: index) }
            return effect
        }
    }
}
