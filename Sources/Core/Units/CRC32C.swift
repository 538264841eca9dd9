// CRC32C: the check of what is kept on disk. It finds every error of a few bits and every torn write, and is
// no proof against anybody who means harm.
import CSIMD

public enum CRC32C {
    /// The checksum of some bytes, after those whose checksum is given: a checksum can be taken in pieces.
    public static func checksum(of bytes: RawSpan, continuing before: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return before }
            return unsafe csimd_crc32c(before, start.assumingMemoryBound(to: UInt8.self), buffer.count)
        }
    }
}
