// `paceline journal verify`: whether every record of a journal is whole and in its place.
import Commands
import DecisionJournal
import Documents
import Journal
import Units

enum JournalVerify {
    static let paths = Parameter.arguments(
        "PATH", WordKind.file, atLeastOne: true,
        "A segment, a journal's directory, or the directory of a node's journals.")
    static let json = Parameter.json

    static let command = Command(
        "verify", "Checks every byte of journals.",
        discussion: """
            Checks the checksum, the length and the number of every record, that each segment goes on where \
            the one before it ended, and that nothing stands where nothing was written. The last segment of a \
            journal may lack its end, as it may be written just now, or its writer was killed. Exits with 1 \
            where anything is damaged or could not be read.
            """,
        parameters: [paths, json],
        examples: [
            Example(
                "mkdir journal; paceline journal verify journal", "Check a node's journals: all shards'.",
                prints: "journal: ok, no segments"),
            Example(
                "head -c 300 /dev/zero > 000000000001.journal; paceline journal verify --json 000000000001.journal",
                "The same for programs: one line for each segment."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        var outcome = Outcome.ok
        for path in call[paths] {
            do {
                let journals = try JournalFiles.journals(at: path)
                if journals.isEmpty {
                    if call[json] {
                        output.print(["path": .string(path), "valid": true, "segments": 0])
                    } else {
                        output.print("\(path): ok, no segments")
                    }
                }
                for journal in journals where !verify(journal.segments, call, &output) { outcome = .failed }
            } catch {
                output.complain("\(call.path): \(error.message)")
                outcome = .failed
            }
        }
        return outcome
    }

    /// Whether all segments of one journal are whole.
    private static func verify(
        _ segments: [SegmentFile], _ call: Invocation, _ output: inout Output
    ) -> Bool {
        var chain = JournalChain()
        var isWhole = true
        // A fault may be found when the next segment is seen, and belongs to the one before.
        var lines: [(file: SegmentFile, summary: SegmentSummary?, faults: [ChainFault])] = []
        func flush(_ output: inout Output) {
            for line in lines {
                if !line.faults.isEmpty { isWhole = false }
                report(line.file, line.summary, line.faults, call, &output)
            }
            lines.removeAll()
        }
        for (index, file) in segments.enumerated() {
            let bytes: [UInt8]
            do {
                bytes = try file.bytes()
            } catch {
                output.complain("\(call.path): \(error.message)")
                isWhole = false
                continue
            }
            if index == segments.count - 1, RecordWalk.isBlank(bytes) {
                flush(&output)
                report(file, nil, [], call, &output)
                continue
            }
            let summary = RecordWalk.summary(bytes)
            let whole = try? summary.get()
            let number = file.number ?? whole?.header.number ?? 0
            let faults = chain.take(number, summary)
            if let last = lines.indices.last {
                lines[last].faults += faults.filter { $0.number != number }
                flush(&output)
            }
            lines = [(file, whole, faults.filter { $0.number == number })]
        }
        if let last = lines.indices.last { lines[last].faults += chain.finish() }
        flush(&output)
        return isWhole
    }

    private static func report(
        _ file: SegmentFile, _ summary: SegmentSummary?, _ faults: [ChainFault], _ call: Invocation,
        _ output: inout Output
    ) {
        guard call[json] else {
            for fault in faults { output.print("\(file.path): \(fault.description)") }
            if faults.isEmpty {
                output.print("\(file.path): ok, \(summary.map(describe) ?? "prepared and not used")")
            }
            return
        }
        output.print([
            "file": .string(file.path), "valid": .bool(faults.isEmpty),
            "segment": summary.map { .number($0.header.number) } ?? .null,
            "records": .number(summary?.records ?? 0),
            "first": summary.map { .number($0.header.firstSequence) } ?? .null,
            "next": summary.map { .number($0.nextSequence) } ?? .null,
            "end": summary.map { .string(end($0)) } ?? .null,
            "followsFailure": .bool(summary?.header.followsFailure ?? false),
            "faults": .array(
                faults.map { fault in
                    [
                        "offset": fault.offset.map { .number($0) } ?? .null, "found": .string(fault.found),
                        "allowed": .string(fault.allowed),
                    ]
                }),
        ])
    }

    private static func describe(_ summary: SegmentSummary) -> String {
        "\(summary.records) records from \(summary.header.firstSequence), \(end(summary))"
            + (summary.header.followsFailure ? ", follows a failed one" : "")
    }

    private static func end(_ summary: SegmentSummary) -> String {
        guard case .sealed(let seal)? = summary.end else {
            return summary.damage == nil ? "open" : "damaged"
        }
        switch seal.cause {
        case .full, .age, .closed: return "sealed"
        case .recovered:
            return seal.bytesCut == 0
                ? "ended by a later start"
                : "cut by a later start: \(seal.recordsCut) records, \(seal.bytesCut) bytes"
        }
    }
}
