// A file in memory, for reading, as long as somebody holds it.
import Glibc
public import Kernel

/// The whole of a file as it was when it was mapped. Only for files that are replaced and never changed in place:
/// reading beyond the end of a file that was cut traps.
public final class MappedFile: @unchecked Sendable {
    /// Only as long as the file is held.
    public let bytes: UnsafeRawBufferPointer

    public init(_ path: String) throws(FileFailure) {
        do {
            let descriptor = try Kernel.open(path, O_RDONLY)
            defer { Kernel.close(descriptor) }
            let size = try Kernel.size(of: descriptor)
            bytes =
                size == 0
                ? UnsafeRawBufferPointer(start: nil, count: 0) : try Kernel.map(descriptor, bytes: size)
        } catch {
            throw FileFailure(path: path, doing: "map the file", cause: error)
        }
    }

    /// Whether these are its bytes.
    public func holds(_ other: [UInt8]) -> Bool {
        withExtendedLifetime(self) { other.withUnsafeBytes { bytes.elementsEqual($0) } }
    }

    /// Keeps it in memory for as long as it is held: reading it never waits for a disk. Fails where this process may not
    /// lock as much; then it is read as before.
    public func keepInMemory() throws(Errno) {
        if bytes.count > 0 { try Kernel.keepInMemory(bytes) }
    }

    deinit { if bytes.count > 0 { Kernel.unmap(bytes) } }
}
