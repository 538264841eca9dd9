// Reads what a command is pointed at: a file, or standard input where it is called `-`. Always bounded.
import Glibc
import Kernel
import Documents

public enum InputFile {
    /// The whole content, refused where it is longer than `limit` bytes.
    public static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let cause: Errno
        do {
            return path == "-"
                ? try Kernel.contents(of: STDIN_FILENO, limit: limit)
                : try contents(of: path, limit: limit)
        } catch {
            cause = error
        }
        let name = displayName(path)
        switch cause {
        case .tooLarge: throw Failure("\(name): larger than \(limit) bytes, the limit for such a file")
        case .isDirectory: throw Failure("\(name): is a directory; a file is needed")
        default: throw Failure("\(name): could not be read: \(cause)")
        }
    }

    /// How messages call it.
    public static func displayName(_ path: String) -> String { path == "-" ? "(standard input)" : path }

    private static func contents(of path: String, limit: Int) throws(Errno) -> [UInt8] {
        // Reading stops at the limit anyway; a file that tells its size need not be read that far.
        if try Kernel.stamp(of: path).size > limit { throw .tooLarge }
        let descriptor = try Kernel.open(path, O_RDONLY)
        defer { Kernel.close(descriptor) }
        return try Kernel.contents(of: descriptor, limit: limit)
    }
}

extension Invocation {
    /// The content of one of several files, or nil after it was said why there is none: the others are still worth
    /// looking at. Programs are told where they read, in a line of its own; people on standard error.
    public func read(_ path: String, limit: Int, asJSON: Bool, _ output: inout Output) -> [UInt8]? {
        do {
            return try InputFile.read(path, limit: limit)
        } catch {
            if asJSON {
                output.print(["file": .string(path), "valid": false, "problem": .string(error.message)])
            } else {
                output.complain("\(self.path): \(error.message)")
            }
            return nil
        }
    }
}
