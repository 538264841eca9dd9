// Records of journals with their fields, one after another, to whoever prints them.
import Commands
import DecisionJournal
import Journal
import Units

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
            do {
                for journal in try JournalFiles.journals(at: path) {
                    SegmentWalk.run(journal.segments) { walked, payload in
                        let layout = RecordLayout.of(walked.entry.kind, version: walked.entry.version)
                        let name =
                            layout?.name ?? "kind\(walked.entry.kind.rawValue).\(walked.entry.version)"
                        if let kind, kind != name {
                            let known = RecordLayout.all.last { $0.kind == walked.entry.kind }
                            guard layout == nil, let known, known.name == kind else { return }
                            return fail(
                                "\(walked.file.path): record \(walked.entry.sequence) is a \(kind) of version "
                                    + "\(walked.entry.version), and this program reads version \(known.version)"
                            )
                        }
                        do {
                            each(
                                Record(
                                    writer: walked.header.writer, shard: walked.header.shard,
                                    segment: walked.header.number, entry: walked.entry, name: name,
                                    fields: try layout?.read(payload) ?? [],
                                    unknown: layout == nil ? payload.withUnsafeBytes { Array($0) } : nil))
                        } catch {
                            fail("\(walked.file.path): record \(walked.entry.sequence): \(error)")
                        }
                    } broken: {
                        fail($0)
                    }
                }
            } catch {
                fail(error.message)
            }
        }
        return isWhole
    }

    /// Prepared, and not used yet.
    static func isBlank(_ bytes: [UInt8]) -> Bool { SegmentHeader.isBlank(bytes.span.raw) }

    static func summary(_ bytes: [UInt8]) -> Result<SegmentSummary, SegmentRefusal> {
        do {
            return .success(try SegmentSummary(bytes.span.raw))
        } catch {
            return .failure(error)
        }
    }
}
