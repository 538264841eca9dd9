// Finds decisions in journals: one by its id, or all of them in order.
public import Commands
public import Decision
import Journal
import Kernel
public import Notices
import Units

/// A record of a decision, and where it was found.
public struct FoundDecision: Sendable {
    public let record: RecordedDecision
    public let writer: String
    public let shard: UInt32
    public let segment: UInt64
    public let sequence: UInt64

    public init(record: RecordedDecision, writer: String, shard: UInt32, segment: UInt64, sequence: UInt64) {
        (self.record, self.writer, self.shard) = (record, writer, shard)
        (self.segment, self.sequence) = (segment, sequence)
    }
}

public enum DecisionSearch {
    /// Where a node that keeps its journals here keeps its compiled catalogs, unless it is told otherwise: beside them.
    public static func stores(besides paths: [String]) -> [String] {
        directories(besides: paths).map { "\($0)/catalog" }.filter {
            (try? Kernel.isDirectory("\($0)/snapshots")) == true
        }
    }

    /// The same of its keys; nil where none lie there.
    public static func keys(besides paths: [String]) throws(Failure) -> NoticeKeys? {
        for directory in directories(besides: paths) {
            let path = "\(directory)/notice-keys"
            guard (try? Kernel.stamp(of: path)) != nil else { continue }
            return try NoticeKeyFile.read(path)
        }
        return nil
    }

    private static func directories(besides paths: [String]) -> [String] {
        var directories: [String] = []
        for path in paths {
            guard let whole = try? Kernel.absolutePath(of: path) else { continue }
            // A segment is two below the directory of a node's journals, and one shard's directory one.
            var parts = whole.split(separator: "/")
            for _ in 0..<3 where !parts.isEmpty {
                parts.removeLast()
                let directory = "/" + parts.joined(separator: "/")
                if !directories.contains(directory) { directories.append(directory) }
            }
        }
        return directories
    }

    /// Every decision of journals, in the order of each. Settings go to the makers as they are met, and where they
    /// lie outside of what is read, from the rest of the journal.
    public static func all(
        _ paths: [String], _ makers: DecisionMakers, _ each: (FoundDecision) -> Void,
        broken: (String) -> Void
    ) {
        for path in paths {
            do {
                for journal in try JournalFiles.journals(at: path) {
                    walk(journal.segments, makers, each, broken)
                }
            } catch {
                broken(error.message)
            }
        }
    }

    /// The decision of this id, or with a bid of this id; the newest where a path has several.
    ///
    /// - Parameter bytesMost: how much of each journal is read at least, the newest segments first and each whole: up to one segment more.
    public static func find(
        _ id: UInt64, in path: String, _ makers: DecisionMakers, bytesMost: Int = .max,
        broken: (String) -> Void
    ) throws(Failure) -> FoundDecision? {
        for journal in try JournalFiles.journals(at: path) {
            var left = bytesMost
            for segment in SegmentWalk.begun(journal.segments).reversed() where left > 0 {
                var found: FoundDecision?
                left -= walk([segment], makers, only: id, { found = $0 }, broken)
                if let found { return found }
            }
        }
        return nil
    }

    /// The decisions of one journal's newest segments, each whole until these bytes are read, and as long as the function wants more. What is
    /// broken is left out.
    static func newest(
        _ segments: [SegmentFile], _ makers: DecisionMakers, bytesMost: Int,
        _ each: (FoundDecision) -> Bool
    ) {
        var left = bytesMost
        var wantsMore = true
        for segment in SegmentWalk.begun(segments).reversed() where left > 0 && wantsMore {
            left -= walk([segment], makers, { wantsMore = each($0) }, isOver: { !wantsMore }) { _ in
                // A segment that is being written ends in the middle of a record now and then.
            }
        }
    }

    /// - Returns: how many bytes the records took that were read. A segment that is being written has more, which are prepared.
    @discardableResult
    private static func walk(
        _ segments: [SegmentFile], _ makers: DecisionMakers, only id: UInt64? = nil,
        _ each: (FoundDecision) -> Void, isOver: () -> Bool = { false }, _ broken: (String) -> Void
    ) -> Int {
        var bytes = 0
        SegmentWalk.run(segments) { walked, payload in
            bytes += payload.byteCount
            do {
                switch walked.entry.kind {
                case .decisionSettings: try makers.learn(payload)
                case .decision where DecisionRecorder.readable.contains(walked.entry.version):
                    if let id, !RecordedDecision.mayBeCalled(id, payload) { return }
                    let found = FoundDecision(
                        record: try RecordedDecision(payload),
                        writer: walked.header.writer,
                        shard: walked.header.shard, segment: walked.header.number,
                        sequence: walked.entry.sequence)
                    if makers.seeks(found.record.settings, besides: walked.file.directory) {
                        learnSettings(around: walked.file, makers, broken)
                    }
                    if id.map({ found.record.isCalled($0) }) ?? true { each(found) }
                case .decision:
                    broken(
                        "\(walked.file.path): record \(walked.entry.sequence) is of version "
                            + "\(walked.entry.version), and only \(DecisionRecorder.readable.lowerBound) to \(DecisionRecorder.version) are read"
                    )
                default: break
                }
            } catch {
                broken("\(walked.file.path): record \(walked.entry.sequence): \(error)")
            }
        } isOver: {
            isOver()
        } broken: {
            broken($0)
        }
        return bytes
    }

    /// Settings that the other segments of the same directory have.
    private static func learnSettings(
        around file: SegmentFile, _ makers: DecisionMakers, _ broken: (String) -> Void
    ) {
        guard let segments = try? SegmentFiles.segments(in: file.directory) else { return }
        for segment in segments {
            SegmentWalk.run([SegmentFile(path: segment.path, number: segment.number)]) { walked, payload in
                guard walked.entry.kind == .decisionSettings else { return }
                do {
                    try makers.learn(payload)
                } catch {
                    broken("\(walked.file.path): record \(walked.entry.sequence): \(error)")
                }
            } broken: { _ in
                // It was read for what it may hold besides; who is asked to read it says what is wrong with it.
            }
        }
    }
}
