// Entries as journald receives them, read back by its documented framing, and whether stderr leads there.
import Foundation
import Testing
import Units

@testable import Kernel
@testable import Telemetry

/// The fields of one native entry: `NAME=value\n`, or `NAME\n`, 64 little-endian bits of length, the value
/// and `\n`.
private func fields(of entry: [UInt8]) throws -> [String: String] {
    var fields: [String: String] = [:]
    var rest = entry[...]
    while !rest.isEmpty {
        let end = try #require(rest.firstIndex { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\n") })
        let name = String(decoding: rest[..<end], as: UTF8.self)
        #expect(fields[name] == nil, "\(name) came twice")
        let value: ArraySlice<UInt8>
        if rest[end] == UInt8(ascii: "=") {
            let lineEnd = try #require(rest[end...].firstIndex(of: UInt8(ascii: "\n")))
            value = rest[(end + 1)..<lineEnd]
        } else {
            let length = rest[(end + 1)..<(end + 9)].reversed().reduce(0) { $0 << 8 | Int($1) }
            value = rest[(end + 9)..<(end + 9 + length)]
        }
        fields[name] = String(decoding: value, as: UTF8.self)
        #expect(rest[value.endIndex] == UInt8(ascii: "\n"))
        rest = rest[(value.endIndex + 1)...]
    }
    return fields
}

@Suite struct JournalTests {
    @Test func anEntryReadsBack() throws {
        let journal = try DatagramReceiver()
        let log = Log(
            to: try .journal(at: journal.address, identifier: "paceline-node"), level: .info, rate: LogRate(),
            clock: ManualClock().logClock)
        log.error(
            "journal write failed",
            [
                "path": "/var/lib/paceline", "cause": "first\nsecond=2\n\u{1B}[2Jthird",
                "took": .duration(.milliseconds(5)),
                "bytes": 12, "message": "not ours", "_odd-key": "1",
            ], file: "Journal/Segment.swift", line: 77)
        let entry = try fields(of: journal.next())
        #expect(
            entry == [
                "MESSAGE": #"journal write failed path=/var/lib/paceline "#
                    + #"cause="first\nsecond=2\n\u{1b}[2Jthird" took=5ms bytes=12 message="not ours" _odd-key=1"#,
                "PRIORITY": "3", "SYSLOG_IDENTIFIER": "paceline-node",
                "CODE_FILE": "Journal/Segment.swift", "CODE_LINE": "77",
                "PATH": "/var/lib/paceline", "CAUSE": "first\nsecond=2\n\\u{1b}[2Jthird", "TOOK": "0.005",
                "BYTES": "12", "FIELD_MESSAGE": "not ours", "FIELD__ODD_KEY": "1",
            ])
    }

    @Test func everyLevelHasItsPriority() throws {
        let journal = try DatagramReceiver()
        let log = Log(
            to: try .journal(at: journal.address, identifier: "x"), level: .debug, rate: LogRate(),
            clock: ManualClock().logClock)
        for level in LogLevel.allCases { log.write(level, "a line") }
        let priorities = try LogLevel.allCases.map { _ in try fields(of: journal.next())["PRIORITY"] }
        #expect(priorities == ["7", "6", "5", "4", "3", "2"])
    }

    @Test func aJournalThatDoesNotReadDropsAndNeverWaits() throws {
        let journal = try DatagramReceiver()
        let log = Log(
            to: try .journal(at: journal.address, identifier: "x"), level: .info,
            rate: LogRate(burst: 10_000),
            clock: ManualClock().logClock)
        var catalogue = MetricsCatalogue()
        log.register(in: &catalogue)
        let metrics = catalogue.freeze()
        for _ in 0..<5_000 { log.info("nobody reads") }
        let text = String(decoding: metrics.prometheusText(), as: UTF8.self)
        let dropped = text.split(separator: "\n").first { $0.hasPrefix("paceline_log_dropped_total ") }
        #expect((dropped?.split(separator: " ").last.flatMap { Int($0) } ?? 0) > 3_000)
        _ = try journal.next()
    }

    @Test func theJournalIsUsedWhereStderrLeadsThere() throws {
        let (near, far) = try Kernel.socketPair()
        defer {
            close(near)
            close(far)
        }
        let stamp = try Kernel.stamp(of: near)
        #expect(LogSink.isJournal(near, "\(stamp.device):\(stamp.inode)"))
        #expect(!LogSink.isJournal(near, "\(stamp.device):\(stamp.inode + 1)"))
        #expect(!LogSink.isJournal(far, "\(stamp.device):\(stamp.inode)"))
        #expect(!LogSink.isJournal(near, nil))
        #expect(!LogSink.isJournal(near, ""))
    }

    @Test func theFormatFollowsWhereStderrLeads() throws {
        let stamp = try Kernel.stamp(of: STDERR_FILENO)
        func style(_ format: LogFormat, _ stream: String?) -> String {
            let sink = LogSink.standardError(identifier: "x", format: format) {
                $0 == "JOURNAL_STREAM" ? stream : nil
            }
            return switch sink.style {
            case .readable: "readable"
            case .json: "json"
            case .journal: "journal"
            }
        }
        let hasJournal = FileManager.default.fileExists(atPath: LogSink.journalSocket)
        #expect(style(.automatic, "\(stamp.device):\(stamp.inode)") == (hasJournal ? "journal" : "readable"))
        #expect(style(.automatic, "0:0") == "readable")
        #expect(style(.automatic, nil) == "readable")
        #expect(style(.json, "\(stamp.device):\(stamp.inode)") == "json")
    }

    @Test(
        arguments: [
            ("path", "PATH"), ("peerAddress", "PEERADDRESS"), ("priority", "FIELD_PRIORITY"),
            ("code_file", "FIELD_CODE_FILE"),
            ("9lives", "FIELD_9LIVES"), ("_pid", "FIELD__PID"), ("a.b", "A_B"),
        ] as [(StaticString, String)])
    func keysBecomeFieldNames(key: StaticString, name: String) {
        #expect(JournalEntry.fieldName(key) == name)
    }
}
