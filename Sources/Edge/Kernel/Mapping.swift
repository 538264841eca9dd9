// Files as memory: mapped whole, for reading.
import Glibc

extension Kernel {
    /// Maps so many bytes of a file, and has all of them read in before it returns: whoever uses them later waits
    /// for no disk. The file must not be cut as long as it is mapped, or reading traps.
    public static func map(_ descriptor: Descriptor, bytes: Int) throws(Errno) -> UnsafeRawBufferPointer {
        let address = try require(.map) {
            Int(bitPattern: mmap(nil, bytes, PROT_READ, MAP_PRIVATE | Int32(MAP_POPULATE), descriptor, 0))
        }
        return UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: bytes)
    }

    /// Keeps mapped bytes in memory until they are unmapped, whatever else the machine wants memory for. Fails where this
    /// process may not lock as much.
    public static func keepInMemory(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
        try require(.map) { Int(mlock(bytes.baseAddress, bytes.count)) }
    }

    /// How many bytes this process may keep so; nil where there is no limit.
    public static func keptMemoryLimit() throws(Errno) -> Int? {
        var limit = rlimit()
        try require(.option) {
            Int(getrlimit(__rlimit_resource_t(UInt32(__RLIMIT_MEMLOCK.rawValue)), &limit))
        }
        return limit.rlim_cur == UInt.max ? nil : Int(clamping: limit.rlim_cur)
    }

    public static func unmap(_ bytes: UnsafeRawBufferPointer) {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}

extension Kernel {
    /// Maps so many bytes of a file so that what is written into them is the file, and all who map it see it. The file
    /// must have the bytes, with their space on the disk, or using them traps.
    public static func mapShared(_ descriptor: Descriptor, bytes: Int, isWritable: Bool) throws(Errno)
        -> UnsafeMutableRawBufferPointer
    {
        let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        let address = try require(.map) {
            Int(bitPattern: mmap(nil, bytes, protection, MAP_SHARED | Int32(MAP_POPULATE), descriptor, 0))
        }
        return UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(bitPattern: address), count: bytes)
    }
}
