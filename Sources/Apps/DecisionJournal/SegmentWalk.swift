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
    public static func run(
        _ segments: [SegmentFile], _ each: (WalkedRecord, RawSpan) -> Void, broken: (String) -> Void
    ) {
        for (index, file) in segments.enumerated() {
            // A segment that follows a failure stands in for the end of the one before.
            let next = segments.dropFirst(index + 1).lazy.compactMap { header(of: $0) }.first
            read(file, below: next.flatMap { $0.followsFailure ? $0.firstSequence : nil }, each, broken)
        }
    }

    private static func header(of file: SegmentFile) -> SegmentHeader? {
        guard var pass = try? SegmentPass(of: file.path) else { return nil }
        return (try? pass.readHeader()) ?? nil
    }

    private static func read(
        _ file: SegmentFile, below next: UInt64?, _ each: (WalkedRecord, RawSpan) -> Void,
        _ broken: (String) -> Void
    ) {
        do throws(SegmentTrouble) {
            var pass = try SegmentPass(of: file.path)
            try pass.run { header, entry, payload in
                if let next, entry.sequence >= next { return false }
                each(WalkedRecord(file: file, header: header, entry: entry), payload)
                return true
            }
        } catch {
            // What follows a failure has all that this one may lack.
            if next == nil { broken("\(file.path): \(error)") }
        }
    }
}
