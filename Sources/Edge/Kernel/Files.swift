// Files: opening, whole reads with a limit, positional writes, and making them durable.
import Glibc

/// An open descriptor. A plain number on purpose: who closes it is said by whoever holds it.
public typealias Descriptor = Int32

/// Why a file could not be read, with its path.
public struct FileFailure: Error, CustomStringConvertible {
    public let path: String
    public let doing: String
    public let cause: Errno

    public init(path: String, doing: String, cause: Errno) {
        self.path = path
        self.doing = doing
        self.cause = cause
    }

    public var description: String { "\(path): could not \(doing): \(cause)" }
}

/// What tells one content of a path from another without reading it.
public struct FileStamp: Equatable, Sendable {
    public let device: UInt64
    public let inode: UInt64
    public let size: Int64
    public let modifiedNanoseconds: Int64
}

extension Kernel {
    public static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o644) throws(Errno) -> Descriptor
    {
        Descriptor(try require(.open) { Int(Glibc.open(path, flags | O_CLOEXEC, mode)) })
    }

    /// Closes a descriptor. Never made again on EINTR: Linux has closed it already.
    /// A second name for what is open, that is closed by itself.
    public static func duplicate(_ descriptor: Descriptor) throws(Errno) -> Descriptor {
        Descriptor(try require(.open) { Int(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) })
    }

    public static func close(_ descriptor: Descriptor) {
        _ = Glibc.close(descriptor)
    }

    public static func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        move(.read, buffer.count) { Glibc.read(descriptor, buffer.baseAddress, $0) }
    }

    public static func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer) -> Int {
        move(.write, bytes.count) { Glibc.write(descriptor, bytes.baseAddress, $0) }
    }

    public static func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64)
        -> Int
    {
        move(.write, bytes.count) { Glibc.pwrite(descriptor, bytes.baseAddress, $0, Int(offset)) }
    }

    /// Makes what was written durable. A failure is final for that file: it is never made again.
    public static func synchronise(_ descriptor: Descriptor) -> Int {
        pass(.synchronise) { Int(Glibc.fdatasync(descriptor)) }
    }

    public static func stamp(of path: String) throws(Errno) -> FileStamp {
        var info = stat()
        try require(.stat) { Int(fstatat(AT_FDCWD, path, &info, 0)) }
        return FileStamp(
            device: UInt64(info.st_dev), inode: UInt64(info.st_ino), size: Int64(info.st_size),
            modifiedNanoseconds: Int64(info.st_mtim.tv_sec) * 1_000_000_000 + Int64(info.st_mtim.tv_nsec))
    }

    /// How many bytes an open file has.
    public static func size(of descriptor: Descriptor) throws(Errno) -> Int {
        var info = stat()
        try require(.stat) { Int(fstat(descriptor, &info)) }
        return Int(info.st_size)
    }

    /// The whole content of a file (or of a pipe), refused where it is longer than `limit` bytes.
    public static func contents(of path: String, limit: Int) throws(FileFailure) -> [UInt8] {
        do {
            let descriptor = try open(path, O_RDONLY)
            defer { close(descriptor) }
            return try contents(of: descriptor, limit: limit)
        } catch {
            throw FileFailure(path: path, doing: "read the file", cause: error)
        }
    }

    /// Everything that is left in a descriptor, refused where it is longer than `limit` bytes.
    public static func contents(of descriptor: Descriptor, limit: Int) throws(Errno) -> [UInt8] {
        // A file says how long it is, which saves copies of what may be large; a pipe says nothing. One byte more
        // shows that a file has not grown meanwhile.
        var room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(64 * 1024, min(try size(of: descriptor), limit) + 1), alignment: 16)
        defer { room.deallocate() }
        var count = 0
        while true {
            if count == room.count {
                let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * room.count, alignment: 16)
                larger.copyMemory(from: UnsafeRawBufferPointer(room))
                room.deallocate()
                room = larger
            }
            let result = read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: room[count...]))
            if result < 0 { throw Errno(Int32(-result)) }
            count += result
            if count > limit { throw .tooLarge }
            if result == 0 { break }
        }
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            UnsafeMutableRawBufferPointer(bytes).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: room[..<count]))
            initialized = count
        }
    }
}
