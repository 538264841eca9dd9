// What a journal is told when it is opened, and why it could not be.
import Kernel
public import Units

public struct JournalOptions: Sendable {
    /// The journal's own directory. Its parent is there.
    public var directory: String
    /// The node's name, for the headers.
    public var writer: String
    public var shard: UInt32 = 0
    /// One start of this writer; another start has another. A writer that goes on may begin another one, too: `begin`.
    public var session: UInt64

    /// The space of one segment, taken from the disk before it is used.
    public var segmentBytes = 64 << 20
    /// A segment ends at this age, so that retention by age and shipping come to it.
    public var segmentAge = Interval.seconds(3600)
    /// Segments beyond this are removed, the oldest first, the one in use and the one prepared included.
    public var retainedBytes = 4 << 30
    /// Segments whose last record is older than this are removed.
    public var retainedFor = Interval.seconds(7 * 86_400)
    /// What was appended is durable after this and one commit.
    public var flushInterval = Interval.milliseconds(100)
    /// Less than this waits for more, for `writeInterval` or until somebody wants it on the disk: each write of a file costs
    /// a thread of the kernel its start, which at thirty thousand records a second was some hundredths of the node's time.
    public var writeBytesLeast = 128 << 10
    /// A process that is killed loses what it has not written: no more than this.
    public var writeInterval = Interval.milliseconds(20)
    /// Memory for records that are not durable yet: a power of two. A disk that stands still for a second
    /// loses nothing at 4 MB of records a second.
    public var ringBytes = 4 << 20
    /// Between a failure and the next try: a failing disk is not filled with failed files.
    public var retryPause = Interval.seconds(1)
    /// An operation that has not come back for so long is told to readiness: a disk that hangs reports no error.
    /// Longer than any commit of a disk that only has much to do.
    public var stallLimit = Interval.seconds(5)
    /// A directory in which is kept how far this journal has come, and which ends with this boot of the machine: without it
    /// nobody tells an older copy from the journal. It is there.
    public var witnesses: String?
    /// Directories of journals that nobody writes any more, such as those of shards that a node had before it was
    /// given fewer: the same retention applies in each of them.
    public var formerDirectories: [String] = []

    public init(directory: String, writer: String, session: UInt64) {
        self.directory = directory
        self.writer = writer
        self.session = session
    }

    /// Of the witness, which is called as the journal's directory is.
    var witness: String? {
        let name = directory.split(separator: "/").last.map(String.init) ?? ""
        return witnesses.map { JournalWitness.path(of: name, in: $0) }
    }

    /// The largest payload: two such records and their frames always fit the ring.
    public var payloadBytesMax: Int { ringBytes / 4 }

    /// Why these do not go together.
    var contradiction: String? {
        if ringBytes < 4096 || ringBytes.nonzeroBitCount != 1 {
            return "a ring of \(ringBytes) bytes; allowed is a power of two from 4096"
        }
        // So that what waits never spans more than two segments.
        if segmentBytes < 2 * ringBytes || segmentBytes % 4096 != 0 {
            return "segments of \(segmentBytes) bytes; allowed are multiples of 4096, twice the ring at least"
        }
        return nil
    }
}

/// A journal that could not be opened.
public struct JournalFailure: Error, CustomStringConvertible {
    public let path: String
    public let doing: String
    public let cause: String

    init(_ path: String, _ doing: String, _ cause: Errno) {
        self.init(path, doing, cause: "\(cause)")
    }

    init(_ path: String, _ doing: String, cause: String) {
        self.path = path
        self.doing = doing
        self.cause = cause
    }

    public var description: String { "\(path): could not \(doing): \(cause)" }
}

/// Whether a record may be dropped to keep room for others.
public enum Importance: Sendable {
    /// Taken while there is any room.
    case must
    /// Dropped, and counted, where half of the memory waits for the disk, or there is no segment to come.
    case sample
}

public enum AppendOutcome: Equatable, Sendable {
    /// In memory; durable once `durable` has reached this sequence number.
    case accepted(UInt64)
    case lost(LossReason)
}

/// What readiness is told.
public enum JournalHealth: Equatable, Sendable {
    case well
    case degraded(String)
}
