// What the kernel answers when it refuses.
import Glibc

/// An error number of the kernel, with its name and meaning for people.
public struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32

    public init(_ code: Int32) { self.code = code }

    /// The number that a call left behind in `errno`; only meaningful right after the call.
    static var last: Errno { Errno(Glibc.errno) }

    public var description: String { String(cString: strerror(code)) }

    public static let again = Errno(EAGAIN)
    public static let interrupted = Errno(EINTR)
    public static let noDescriptors = Errno(EMFILE)
    public static let systemTableFull = Errno(ENFILE)
    public static let noBuffers = Errno(ENOBUFS)
    public static let cancelled = Errno(ECANCELED)
    public static let connectionReset = Errno(ECONNRESET)
    public static let connectionRefused = Errno(ECONNREFUSED)
    public static let brokenPipe = Errno(EPIPE)
    public static let timedOut = Errno(ETIMEDOUT)
    public static let noSpace = Errno(ENOSPC)
    public static let inputOutput = Errno(EIO)
    public static let tooLarge = Errno(EFBIG)
    public static let noSuchFile = Errno(ENOENT)
    public static let notPermitted = Errno(EPERM)
    public static let notSupported = Errno(ENOSYS)
    public static let isDirectory = Errno(EISDIR)
}
