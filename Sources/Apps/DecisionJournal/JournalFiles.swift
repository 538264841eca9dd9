// What `paceline journal` is pointed at: a segment, the directory of one journal, or the directory of a node's
// journals, one for each shard.
public import Commands
import Journal
import Kernel

/// One segment's file.
public struct SegmentFile: Sendable {
    public let path: String
    /// Nil where the file is not named as a writer names it.
    public let number: UInt64?

    public init(path: String, number: UInt64?) {
        self.path = path
        self.number = number
    }

    /// Where it lies.
    var directory: String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }

    /// Its whole content.
    public func bytes() throws(Failure) -> [UInt8] {
        try InputFile.read(path, limit: SegmentFiles.readableBytesMax)
    }
}

public enum JournalFiles {
    /// The journals behind a path, each with its segments in order.
    public static func journals(at path: String) throws(Failure) -> [(path: String, segments: [SegmentFile])]
    {
        do {
            guard try Kernel.isDirectory(path) else {
                let name = path.split(separator: "/").last.map(String.init) ?? path
                return [(path, [SegmentFile(path: path, number: SegmentFiles.number(of: name))])]
            }
            let own = try segments(in: path)
            if !own.isEmpty { return [(path, own)] }
            var found: [(path: String, segments: [SegmentFile])] = []
            for name in try Kernel.entries(of: path) where try Kernel.isDirectory("\(path)/\(name)") {
                found.append(("\(path)/\(name)", try segments(in: "\(path)/\(name)")))
            }
            return found.filter { !$0.segments.isEmpty }
        } catch {
            throw Failure("\(path): could not be read: \(error)")
        }
    }

    private static func segments(in directory: String) throws(Errno) -> [SegmentFile] {
        try SegmentFiles.segments(in: directory).map { SegmentFile(path: $0.path, number: $0.number) }
    }
}
