// How far a journal has come, kept beside it where it ends with this boot of the machine: a start that finds less in the journal
// than this machine has made durable has an older copy before it, and must not go on from that.
import Glibc
import Kernel
import Units

/// One number in a mapped file, written by the one process that writes the journal. It says nothing after a reboot, which leaves
/// none, and nothing on another machine; whoever puts an older copy there has to take the journal away.
public final class JournalWitness {
    private static let mark: UInt64 = 0x5041_4345_5749_5431
    private static let byteCount = 16

    private let bytes: UnsafeMutableRawBufferPointer

    /// - Parameters:
    ///   - path: of the file, whose directory is there.
    ///   - durable: what the journal has, which was checked.
    init(_ path: String, durable: UInt64) throws(JournalFailure) {
        do throws(Errno) {
            let descriptor = try Kernel.open(path, O_RDWR | O_CREAT)
            defer { Kernel.close(descriptor) }
            let result = Kernel.allocate(descriptor, bytes: Self.byteCount)
            if result < 0 { throw Errno(Int32(-result)) }
            bytes = try Kernel.mapShared(descriptor, bytes: Self.byteCount, isWritable: true)
        } catch {
            throw JournalFailure(path, "keep the journal's witness", error)
        }
        note(durable)
        bytes.storeBytes(of: Self.mark, toByteOffset: 0, as: UInt64.self)
    }

    deinit { Kernel.unmap(UnsafeRawBufferPointer(bytes)) }

    /// Every record up to this one is on the disk. Told before anybody acts on it.
    @inline(__always)
    func note(_ durable: UInt64) { bytes.storeBytes(of: durable, toByteOffset: 8, as: UInt64.self) }

    // MARK: At a start

    /// The file of a journal's directory, such as `shard-3`.
    static func path(of journal: String, in directory: String) -> String { "\(directory)/\(journal).witness" }

    /// What this boot of the machine knows of the journal; nil where it has not written any of it.
    private static func known(_ path: String) throws(JournalFailure) -> UInt64? {
        do {
            let descriptor = try Kernel.open(path, O_RDONLY)
            defer { Kernel.close(descriptor) }
            let bytes = try Kernel.contents(of: descriptor, limit: byteCount)
            guard bytes.count == byteCount, bytes.span.raw.number(at: 0) == mark else { return nil }
            return bytes.span.raw.number(at: 8)
        } catch Errno(ENOENT) {
            return nil
        } catch {
            throw JournalFailure(path, "read the journal's witness", error)
        }
    }

    /// The last whole record in a directory; nil where nothing was written there.
    private static func last(in directory: String) throws(JournalFailure) -> UInt64? {
        let files: [(number: UInt64, path: String)]
        do {
            files = try SegmentFiles.segments(in: directory)
        } catch Errno(ENOENT) {
            return nil
        } catch {
            throw JournalFailure(directory, "list the directory", error)
        }
        for file in files.reversed() {
            do throws(SegmentTrouble) {
                var pass = try SegmentPass(of: file.path)
                do throws(SegmentTrouble) {
                    try pass.run { _, _, _ in true }
                } catch {
                    // Where it is damaged its records end.
                    guard case .refused = error else { throw error }
                }
                if pass.header != nil { return pass.sequence - 1 }
            } catch {
                throw JournalFailure(file.path, "read the segment", cause: "\(error)")
            }
        }
        return nil
    }

    /// Refuses a journal that ends before what this machine has made durable in it. One that was taken away is none.
    public static func check(_ journal: String, in directory: String, by witnesses: String)
        throws(JournalFailure)
    {
        guard let known = try known(path(of: journal, in: witnesses)),
            let last = try last(in: "\(directory)/\(journal)"), last < known
        else { return }
        throw JournalFailure(
            "\(directory)/\(journal)", "go on from the journal",
            cause:
                "it ends with record \(last), and this machine has written \(known) since it booted: it is an older "
                + "copy, or damaged. What it lacks may have been spent. Move the whole directory away and start "
                + "again: what its sessions had comes back as bills of others tell of it, or stays presumed spent"
        )
    }

    /// All journals of a node.
    public static func check(all directory: String, by witnesses: String) throws(JournalFailure) {
        let entries: [String]
        do {
            entries = try Kernel.entries(of: directory)
        } catch Errno(ENOENT) {
            return
        } catch {
            throw JournalFailure(directory, "list the directory", error)
        }
        for journal in entries.sorted() where journal.hasPrefix("shard-") {
            try check(journal, in: directory, by: witnesses)
        }
    }
}
