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
        var loaded: (file: SegmentFile, bytes: [UInt8])?
        // One segment ahead: a segment that follows a failure stands in for the end of the one before.
        for file in segments {
            let bytes: [UInt8]
            do {
                bytes = try file.bytes()
            } catch {
                broken(error.message)
                continue
            }
            let header = try? SegmentHeader(bytes.span.raw)
            if header == nil, SegmentHeader.isBlank(bytes.span.raw) { continue }
            if let loaded {
                let next = header.flatMap { $0.followsFailure ? $0.firstSequence : nil }
                read(loaded.file, loaded.bytes, below: next, each, broken)
            }
            loaded = (file, bytes)
        }
        if let loaded { read(loaded.file, loaded.bytes, below: nil, each, broken) }
    }

    private static func read(
        _ file: SegmentFile, _ bytes: [UInt8], below next: UInt64?, _ each: (WalkedRecord, RawSpan) -> Void,
        _ broken: (String) -> Void
    ) {
        do {
            var reader = try SegmentReader(bytes.span.raw)
            while let entry = try reader.next() {
                if let next, entry.sequence >= next { return }
                each(WalkedRecord(file: file, header: reader.header, entry: entry), reader.payload(of: entry))
            }
        } catch {
            // What follows a failure has all that this one may lack.
            if next == nil { broken("\(file.path): \(error)") }
        }
    }
}
