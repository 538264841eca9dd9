// A journal on a real disk for a test: its folder, its reactor, and what can be read back from the files.
import Foundation
import Journal
import Kernel
import Reactor
import Testing
import Units

let drivers: [DriverChoice] = [.ring, .poller]

/// A directory that goes with the test.
final class JournalFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "paceline-journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.appending(path: "journal").path() }

    func segments() throws -> [(number: UInt64, path: String)] { try SegmentFiles.segments(in: path) }

    func bytes(_ number: UInt64) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: "\(path)/\(SegmentFiles.name(number))")))
    }

    func summary(_ number: UInt64) throws -> SegmentSummary {
        let bytes = try bytes(number)
        return try SegmentSummary(bytes.span.raw)
    }

    func write(_ bytes: [UInt8], as number: UInt64) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: "\(path)/\(SegmentFiles.name(number))"))
    }
}

/// One record as it was read back.
struct Found: Equatable {
    let sequence: UInt64
    let kind: RecordKind
    let text: String
}

extension JournalFolder {
    /// All records of the journal in order, without those that a later segment stands in for.
    func records() throws -> [Found] {
        var found: [Found] = []
        for (number, _) in try segments() {
            // One that could not be prepared may be removed just now.
            guard let bytes = try? bytes(number), var reader = try? SegmentReader(bytes.span.raw) else {
                continue
            }
            if reader.header.followsFailure { found.removeAll { $0.sequence >= reader.header.firstSequence } }
            while let entry = try? reader.next() {
                let text = String(decoding: bytes[entry.payload], as: UTF8.self)
                found.append(Found(sequence: entry.sequence, kind: entry.kind, text: text))
            }
        }
        return found
    }

    /// The payloads of the records that the test itself appended.
    func texts() throws -> [String] { try records().filter { $0.kind == .testing }.map(\.text) }
}

extension JournalFolder {
    /// What the journal itself says is missing.
    func toldLosses() throws -> [LossReason: Int] {
        var told: [LossReason: Int] = [:]
        for (number, _) in try segments() {
            let bytes = try bytes(number)
            var reader = try SegmentReader(bytes.span.raw)
            while let entry = try reader.next() {
                guard entry.kind == .lost, let layout = RecordLayout.of(.lost, version: entry.version) else {
                    continue
                }
                let fields = try layout.read(reader.payload(of: entry))
                for (reason, field) in zip(LossReason.allCases, fields) {
                    if case .natural(let count) = field.value, count > 0 {
                        told[reason, default: 0] += Int(count)
                    }
                }
            }
        }
        return told
    }
}

extension RecordKind {
    static let testing = RecordKind(rawValue: 900)
}

/// A journal and the reactor under it, turned by the test.
final class Bench {
    let reactor: Reactor
    private(set) var journal: Journal

    init(_ options: JournalOptions, _ driver: DriverChoice) throws {
        reactor = try Reactor(driver)
        journal = try Journal(options, on: reactor, now: Kernel.wallNow())
    }

    convenience init(
        _ folder: JournalFolder, _ driver: DriverChoice, _ change: (inout JournalOptions) -> Void = { _ in }
    ) throws {
        var options = JournalOptions(directory: folder.path, writer: "tested", session: 42)
        options.ringBytes = 16 * 1024
        options.segmentBytes = 32 * 1024
        options.flushInterval = .milliseconds(5)
        // Each turn writes what it has: faults are planned for the second write, or the third.
        options.writeBytesLeast = 1
        options.retryPause = .milliseconds(10)
        change(&options)
        try self.init(options, driver)
    }

    @discardableResult
    func append(_ text: String, _ importance: Importance = .must) -> AppendOutcome {
        let bytes = Array(text.utf8)
        return journal.append(.testing, at: Kernel.wallNow(), bytes.span.raw, importance)
    }

    /// Turns the reactor until the condition holds; fails after ten seconds.
    func settle(
        _ what: Comment = "in time", at location: SourceLocation = #_sourceLocation, _ condition: () -> Bool
    ) throws {
        let limit = Kernel.monotonicNow() + .seconds(10)
        while !condition() {
            guard Kernel.monotonicNow() < limit else {
                Issue.record(what, sourceLocation: location)
                return
            }
            try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(5))
        }
    }

    func settleAll(at location: SourceLocation = #_sourceLocation) throws {
        try settle("all is durable", at: location) { journal.durable == journal.accepted }
    }

    func close(at location: SourceLocation = #_sourceLocation) throws {
        var isClosed = false
        journal.close(at: Kernel.wallNow()) { isClosed = true }
        try settle("the journal closes", at: location) { isClosed }
    }
}
