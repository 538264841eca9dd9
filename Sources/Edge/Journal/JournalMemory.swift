// What a node's journals remember: one pass over the segments of all shards, before anything is served, for whoever
// takes up what earlier starts left: money, what viewers saw, which notices have come.
import Glibc
import Kernel
public import Units

/// Takes records in the order of each shard's journal; of several shards one journal after the other.
public protocol JournalListener: AnyObject {
    /// Whether it needs anything of a segment. One that nobody needs is not read.
    func needs(_ segment: RememberedSegment) -> Bool
    func take(_ record: RecordEntry, _ payload: RawSpan, of segment: SegmentHeader)
    /// The segment was read to its end, or to where it is damaged.
    func finished(_ segment: RememberedSegment, upTo next: UInt64)
}

extension JournalListener {
    public func finished(_ segment: RememberedSegment, upTo next: UInt64) {}
}

/// A segment by its name, before it is read.
public struct RememberedSegment: Equatable, Sendable {
    /// The directory in the node's: `shard-3`.
    public let journal: String
    public let number: UInt64
    /// When it was last written to.
    public let changed: Instant
    public let bytes: Int
    /// Another one has records behind it: nobody writes it any more.
    public let isFinished: Bool
}

/// What a pass came across.
public struct JournalMemory: Sendable {
    public struct Trouble: Equatable, Sendable {
        public let path: String
        public let reason: String
    }

    public private(set) var segments = 0
    public private(set) var bytes = 0
    public private(set) var records = 0
    /// Segments that could not be read, or not to their end. A torn tail is none of them: that is how a crash
    /// leaves a journal.
    public private(set) var troubles: [Trouble] = []

    /// Reads what the listeners need, from the oldest segment of each journal to the newest.
    public init(of directory: String, for listeners: [any JournalListener]) {
        let journals: [String]
        do {
            journals = try Kernel.entries(of: directory).filter { $0.hasPrefix("shard-") }
                .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
        } catch Errno(ENOENT) {
            return
        } catch {
            troubles.append(Trouble(path: directory, reason: "\(error)"))
            return
        }
        for journal in journals { read(journal, in: directory, listeners) }
    }

    private mutating func read(_ journal: String, in directory: String, _ listeners: [any JournalListener]) {
        let files: [(number: UInt64, path: String)]
        do {
            files = try SegmentFiles.segments(in: "\(directory)/\(journal)")
        } catch {
            troubles.append(Trouble(path: "\(directory)/\(journal)", reason: "\(error)"))
            return
        }
        for (index, file) in files.enumerated() {
            do {
                let next = index + 1 < files.count ? Self.header(of: files[index + 1].path) : nil
                let stamp = try Kernel.stamp(of: file.path)
                let segment = RememberedSegment(
                    journal: journal, number: file.number,
                    changed: Instant(nanoseconds: stamp.modifiedNanoseconds), bytes: Int(stamp.size),
                    isFinished: next != nil)
                let interested = listeners.filter { $0.needs(segment) }
                guard !interested.isEmpty else { continue }
                // What follows a failure takes the place of what the failed one holds from there on.
                let limit = next.flatMap { $0.followsFailure ? $0.firstSequence : nil }
                try read(segment, file.path, upTo: limit ?? .max, interested)
            } catch {
                troubles.append(Trouble(path: file.path, reason: "\(error)"))
            }
        }
    }

    private mutating func read(
        _ segment: RememberedSegment, _ path: String, upTo limit: UInt64,
        _ listeners: [any JournalListener]
    ) throws(SegmentTrouble) {
        var pass = try SegmentPass(of: path)
        segments += 1
        var failure: SegmentTrouble?
        do throws(SegmentTrouble) {
            try pass.run { header, record, payload in
                guard record.sequence < limit else { return false }
                records += 1
                for listener in listeners { listener.take(record, payload, of: header) }
                return true
            }
        } catch { failure = error }
        bytes += pass.bytesRead
        if pass.header != nil {
            for listener in listeners { listener.finished(segment, upTo: min(pass.sequence, limit)) }
            // The end of the last one, or of one that failed, is where its writer stopped.
            if case .refused = failure, !segment.isFinished || limit != .max { failure = nil }
        }
        if let failure { throw failure }
    }

    /// Nil where nothing was written to it yet.
    private static func header(of path: String) -> SegmentHeader? {
        guard var pass = try? SegmentPass(of: path) else { return nil }
        return (try? pass.readHeader()) ?? nil
    }
}
