// Compiled snapshots in a directory of the node's own: written whole or not at all, under what is in them, mapped for
// reading, and kept as long as somebody may ask what was decided with them.
//
//     DIRECTORY/lock                            held by the one process that writes here
//     DIRECTORY/current                         the name of the last one that was served, and of what it was made
//     DIRECTORY/snapshots/1f0c…93.snapshot
//     DIRECTORY/incoming                        one that comes from elsewhere, as far as it is here
import Glibc
public import Kernel
public import Units

/// The files. Used by one thread at a time; only what was mapped may be shared.
public final class SnapshotStore: Sendable {
    /// The last one that was served.
    public struct Current: Equatable, Sendable {
        public let name: String
        /// What it was made of, as the settings call it: another catalog's last good one is not this one's.
        public let source: String

        public init(name: String, source: String) {
            self.name = name
            self.source = source
        }
    }

    public let directory: String
    private let lock: Descriptor

    /// Names longer than that are nobody's.
    private static let currentBytesMost = 16 * 1024

    /// Opens the directory, which is made where it is missing; its parent is not. Fails where another process has it.
    public init(_ directory: String) throws(FileFailure) {
        self.directory = directory
        do {
            try Kernel.makeDirectory(directory)
            try Kernel.makeDirectory("\(directory)/snapshots")
            lock = try Kernel.open("\(directory)/lock", O_RDWR | O_CREAT)
        } catch {
            throw FileFailure(path: directory, doing: "make or open the directory", cause: error)
        }
        do {
            try Kernel.lock(lock)
        } catch {
            Kernel.close(lock)
            throw FileFailure(
                path: directory, doing: "lock the directory, which another process may have", cause: error)
        }
    }

    deinit { Kernel.close(lock) }

    public func path(of name: String) -> String { "\(directory)/snapshots/\(name).snapshot" }

    /// The bytes as a mapped file of this name; one that is there already, and is the same, is used as it is. Durable
    /// when it returns.
    public func keep(_ bytes: [UInt8], as name: String) throws(FileFailure) -> MappedFile {
        let path = path(of: name)
        if let there = try? MappedFile(path), there.holds(bytes) { return there }
        try Kernel.replace(path, with: bytes)
        do {
            try Kernel.synchroniseNames(in: "\(directory)/snapshots")
        } catch {
            throw FileFailure(path: path, doing: "make the file's name durable", cause: error)
        }
        return try MappedFile(path)
    }

    /// Where a snapshot may be written as it comes.
    public var draft: String { "\(directory)/incoming" }

    /// Gives the draft, which is durable already, this name. Who has mapped it keeps it.
    public func adoptDraft(as name: String) throws(FileFailure) {
        do {
            try Kernel.rename(draft, to: path(of: name))
            try Kernel.synchroniseNames(in: "\(directory)/snapshots")
        } catch {
            throw FileFailure(path: draft, doing: "give the file its name", cause: error)
        }
    }

    /// What was served last; nil where nothing was, or nobody can tell.
    public var current: Current? {
        guard let bytes = try? Kernel.contents(of: "\(directory)/current", limit: Self.currentBytesMost)
        else {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, !lines[0].isEmpty, !lines[0].contains("/") else { return nil }
        return Current(name: String(lines[0]), source: String(lines[1]))
    }

    /// Notes what is served from now on. The one before counts as served until now.
    public func serve(_ next: Current) throws(FileFailure) {
        if let former = current { touch(former.name) }
        touch(next.name)
        try Kernel.replace("\(directory)/current", with: Array("\(next.name)\n\(next.source)\n".utf8))
    }

    /// A file's time of change says until when it was served at least.
    private func touch(_ name: String) {
        // A snapshot whose time cannot be set is removed too early at worst, and its record says so.
        try? Kernel.touch(path(of: name))
    }

    /// Removes snapshots that were last served before the time, and, the oldest first, those beyond so many bytes.
    /// The one that is served stays. Answers how many went, and how many of them for their bytes alone.
    public func prune(servedBefore time: Instant, bytes most: Int) throws(FileFailure) -> (
        aged: Int, crowded: Int
    ) {
        struct Entry {
            let path: String
            let stamp: FileStamp
        }
        let served = current?.name
        var entries: [Entry] = []
        let folder = "\(directory)/snapshots"
        let names: [String]
        do {
            names = try Kernel.entries(of: folder)
        } catch {
            throw FileFailure(path: folder, doing: "list the directory", cause: error)
        }
        var total = 0
        for name in names {
            guard let stamp = try? Kernel.stamp(of: "\(folder)/\(name)") else { continue }
            total += Int(stamp.size)
            // What is no whole snapshot is what a crash left of one.
            if name != "\(served ?? "").snapshot" {
                entries.append(Entry(path: "\(folder)/\(name)", stamp: stamp))
            }
        }
        entries.sort { $0.stamp.modifiedNanoseconds < $1.stamp.modifiedNanoseconds }
        var (aged, crowded) = (0, 0)
        for entry in entries {
            let isOld = entry.stamp.modifiedNanoseconds < time.nanoseconds
            guard isOld || total > most else { break }
            let result = Kernel.remove(entry.path)
            guard result >= 0 else {
                throw FileFailure(path: entry.path, doing: "remove the file", cause: Errno(Int32(-result)))
            }
            total -= Int(entry.stamp.size)
            if isOld { aged += 1 } else { crowded += 1 }
        }
        return (aged, crowded)
    }
}
