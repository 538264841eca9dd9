// What a process knows about itself: its environment, number, limits and the processor time that it took.
import Glibc
public import Units

extension Kernel {
    public static var processID: Int { Int(getpid()) }

    /// A variable of the environment. Read at start, before other threads run: the C library does not lock
    /// it.
    public static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Processor time of all threads of this process, in user and kernel mode.
    public static func processorTime() -> Interval {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .zero }
        return Interval(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Processor time of the calling thread, which does not run on while others have the core.
    public static func threadTime() -> Interval {
        var time = timespec()
        guard clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return .zero }
        return Interval(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// How many descriptors this process may have open.
    public static func descriptorLimit() throws(Errno) -> Int { Int(clamping: try descriptors().rlim_cur) }

    /// Raises that limit as far as this process may, and says where it then is.
    public static func raiseDescriptorLimit() throws(Errno) -> Int {
        var limit = try descriptors()
        limit.rlim_cur = limit.rlim_max
        try require(.option) { Int(setrlimit(descriptorResource, &limit)) }
        return Int(clamping: limit.rlim_cur)
    }

    private static func descriptors() throws(Errno) -> rlimit {
        var limit = rlimit()
        try require(.option) { Int(getrlimit(descriptorResource, &limit)) }
        return limit
    }

    private static var descriptorResource: __rlimit_resource_t {
        __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
    }

    /// How many entries a directory has, without `.` and `..`.
    public static func entryCount(of path: String) throws(Errno) -> Int {
        guard let directory = opendir(path) else { throw .last }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return max(0, count - 2)
    }
}
