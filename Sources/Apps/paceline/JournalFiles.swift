// What `paceline journal` is pointed at: a segment, the directory of one journal, or the directory of a node's
// journals, one for each shard.
import Commands
import Journal
import Kernel
import Units

/// One segment's file.
struct SegmentFile {
    let path: String
    /// Nil where the file is not named as a writer names it.
    let number: UInt64?

    /// Its whole content.
    func bytes() throws(Failure) -> [UInt8] {
        try InputFile.read(path, limit: SegmentFiles.readableBytesMax)
    }
}

enum JournalFiles {
    /// The journals behind a path, each with its segments in order.
    static func journals(at path: String) throws(Failure) -> [(path: String, segments: [SegmentFile])] {
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

/// Records of journals, one after another, to whoever prints them.
struct RecordWalk {
    /// Only records of this kind.
    var kind: String?

    /// A record with its fields by name, or its bytes where its kind is not known.
    struct Record {
        let writer: String
        let shard: UInt32
        let segment: UInt64
        let entry: RecordEntry
        let name: String
        let fields: [(name: String, value: FieldValue)]
        let unknown: [UInt8]?
    }

    /// Calls a function for every record, and `broken` where something could not be read. True where all could.
    func run(
        _ paths: [String], _ each: (Record) -> Void, broken: (String) -> Void
    ) -> Bool {
        var isWhole = true
        func fail(_ text: String) {
            isWhole = false
            broken(text)
        }
        for path in paths {
            let journals: [(path: String, segments: [SegmentFile])]
            do {
                journals = try JournalFiles.journals(at: path)
            } catch {
                fail(error.message)
                continue
            }
            for journal in journals { walk(journal.segments, each, fail) }
        }
        return isWhole
    }

    private func walk(_ segments: [SegmentFile], _ each: (Record) -> Void, _ fail: (String) -> Void) {
        var loaded: [(file: SegmentFile, bytes: [UInt8])] = []
        func flush(below next: UInt64?) {
            for (file, bytes) in loaded { read(file, bytes, below: next, each, fail) }
            loaded.removeAll()
        }
        // One segment ahead: a segment that follows a failure stands in for the end of the one before.
        for file in segments {
            let bytes: [UInt8]
            do {
                bytes = try file.bytes()
            } catch {
                fail(error.message)
                continue
            }
            let header = Self.header(bytes)
            if header == nil, Self.isBlank(bytes) { continue }
            flush(below: header.flatMap { $0.followsFailure ? $0.firstSequence : nil })
            loaded = [(file, bytes)]
        }
        flush(below: nil)
    }

    static func header(_ bytes: [UInt8]) -> SegmentHeader? { try? SegmentHeader(bytes.span.raw) }

    /// Prepared, and not used yet.
    static func isBlank(_ bytes: [UInt8]) -> Bool { SegmentHeader.isBlank(bytes.span.raw) }

    static func summary(_ bytes: [UInt8]) -> Result<SegmentSummary, SegmentRefusal> {
        do {
            return .success(try SegmentSummary(bytes.span.raw))
        } catch {
            return .failure(error)
        }
    }

    private func read(
        _ file: SegmentFile, _ bytes: [UInt8], below next: UInt64?, _ each: (Record) -> Void,
        _ fail: (String) -> Void
    ) {
        let span = bytes.span.raw
        do {
            var reader = try SegmentReader(span)
            let header = reader.header
            while let entry = try reader.next() {
                if let next, entry.sequence >= next { return }
                let layout = RecordLayout.of(entry.kind, version: entry.version)
                let name = layout?.name ?? "kind\(entry.kind.rawValue).\(entry.version)"
                guard kind == nil || kind == name else { continue }
                var fields: [(name: String, value: FieldValue)] = []
                do {
                    fields = try layout?.read(reader.payload(of: entry)) ?? []
                } catch {
                    fail("\(file.path): record \(entry.sequence): \(error)")
                    continue
                }
                each(
                    Record(
                        writer: header.writer, shard: header.shard, segment: header.number, entry: entry,
                        name: name, fields: fields,
                        unknown: layout == nil ? Array(bytes[entry.payload]) : nil))
            }
        } catch {
            // What follows a failure has all that this one may lack.
            if next == nil { fail("\(file.path): \(error)") }
        }
    }
}
