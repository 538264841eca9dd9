// The files of a journal's directory: their names, and how they are opened whole.
import Glibc
public import Kernel

public enum SegmentFiles {
    static let ending = ".journal"
    static let digits = 12
    /// Held by the one process that writes the journal.
    static let lockName = "lock"
    /// A reader takes no larger file into memory.
    public static let readableBytesMax = 1 << 30

    public static func name(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text + ending
    }

    /// The number in a segment's name; nil for any other file.
    public static func number(of name: String) -> UInt64? {
        guard name.hasSuffix(ending) else { return nil }
        let stem = name.dropLast(ending.count)
        guard stem.utf8.count >= digits, let number = UInt64(stem), self.name(number) == name else {
            return nil
        }
        return number
    }

    /// The segments of a directory, in order.
    public static func segments(in directory: String) throws(Errno) -> [(number: UInt64, path: String)] {
        try Kernel.entries(of: directory)
            .compactMap { name in number(of: name).map { ($0, "\(directory)/\(name)") } }
            .sorted { $0.number < $1.number }
    }

    /// Makes the names in a directory durable.
    static func synchronise(directory: String) throws(Errno) {
        let descriptor = try Kernel.open(directory, O_RDONLY | O_DIRECTORY)
        defer { Kernel.close(descriptor) }
        let result = Kernel.synchroniseWhole(descriptor)
        if result < 0 { throw Errno(Int32(-result)) }
    }
}
