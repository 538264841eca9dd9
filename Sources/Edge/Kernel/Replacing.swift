// Putting a whole file in the place of another: whoever opens the path sees the old content or the new one, also
// after a crash.
import Glibc

extension Kernel {
    /// Writes the bytes beside the path, makes them durable, and then gives them the name.
    ///
    /// - Parameters:
    ///   - mode: who may read it, from its first byte on.
    ///   - isDurable: false for what is looked at before it is used and can be made again: nobody waits for the disk,
    ///     and a crash may leave anything under the name.
    public static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32 = 0o644, isDurable: Bool = true
    ) throws(FileFailure) {
        let draft = "\(path).\(getpid()).new"
        do {
            try write(draft, bytes, mode, isDurable)
            try require(.rename) { Int(Glibc.rename(draft, path)) }
        } catch {
            _ = unlink(draft)
            throw FileFailure(path: path, doing: "write the file", cause: error)
        }
    }

    /// Gives a file another name in the same file system, in place of what has it.
    public static func rename(_ path: String, to name: String) throws(Errno) {
        try require(.rename) { Int(Glibc.rename(path, name)) }
    }

    private static func write(
        _ path: String, _ bytes: [UInt8], _ mode: UInt32, _ isDurable: Bool
    ) throws(Errno) {
        let descriptor = try open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                write(descriptor, UnsafeRawBufferPointer(rebasing: all[done...]))
            }
            if count < 0 { throw Errno(Int32(-count)) }
            done += count
        }
        guard isDurable else { return }
        let result = synchronise(descriptor)
        if result < 0 { throw Errno(Int32(-result)) }
    }
}
