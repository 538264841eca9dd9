// The records of a journal's segments, one after the other, each once.
import Commands
public import Journal
import Units

/// What stands around a record.
public struct WalkedRecord {
    public let file: SegmentFile
    public let header: SegmentHeader
    public let entry: RecordEntry
}

public enum SegmentWalk {
    /// Calls a function with every record and its payload, and `broken` where something could not be read.
    ///
    /// - Parameter isOver: asked after each record, whether no further one is wanted.
    public static func run(
        _ segments: [SegmentFile], _ each: (WalkedRecord, RawSpan) -> Void, isOver: () -> Bool = { false },
        broken: (String) -> Void
    ) {
        for (index, file) in segments.enumerated() {
            // A segment that follows a failure stands in for the end of the one before.
            let next = segments.dropFirst(index + 1).lazy.compactMap { header(of: $0) }.first
            read(
                file, below: next.flatMap { $0.followsFailure ? $0.firstSequence : nil }, each, isOver, broken
            )
            if isOver() { return }
        }
    }

    /// The segments that were begun. The last file of a journal that is being written is as long as the others and has nothing in it: its
    /// space is prepared for when the one before is full. What cannot be read is for whoever reads it to find.
    static func begun(_ segments: [SegmentFile]) -> [SegmentFile] {
        segments.filter { file in
            do {
                var pass = try SegmentPass(of: file.path)
                return try pass.readHeader() != nil
            } catch {
                return true
            }
        }
    }

    private static func header(of file: SegmentFile) -> SegmentHeader? {
        guard var pass = try? SegmentPass(of: file.path) else { return nil }
        return (try? pass.readHeader()) ?? nil
    }

    private static func read(
        _ file: SegmentFile, below next: UInt64?, _ each: (WalkedRecord, RawSpan) -> Void,
        _ isOver: () -> Bool, _ broken: (String) -> Void
    ) {
        do throws(SegmentTrouble) {
            var pass = try SegmentPass(of: file.path)
            try pass.run { header, entry, payload in
                if let next, entry.sequence >= next { return false }
                each(WalkedRecord(file: file, header: header, entry: entry), payload)
                return !isOver()
            }
        } catch {
            // What follows a failure has all that this one may lack.
            if next == nil { broken("\(file.path): \(error)") }
        }
    }
}
