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
        // What the file says that it has comes into its place at once; a pipe says nothing.
        var failure: Errno?
        let expected = min((try? size(of: descriptor)) ?? 0, limit)
        var bytes = [UInt8](unsafeUninitializedCapacity: expected) { room, count in
            let room = UnsafeMutableRawBufferPointer(room)
            while count < expected {
                let result = read(
                    descriptor, into: UnsafeMutableRawBufferPointer(rebasing: room[count..<expected]))
                if result < 0 { failure = Errno(Int32(-result)) }
                guard result > 0 else { return }
                count += result
            }
        }
        if let failure { throw failure }
        let step = 64 * 1024
        while true {
            let before = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: step))
            let result = bytes.withUnsafeMutableBytes { all in
                read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: all[before...]))
            }
            if result < 0 { throw Errno(Int32(-result)) }
            bytes.removeLast(step - result)
            if bytes.count > limit { throw .tooLarge }
            if result == 0 { return bytes }
        }
    }
}
