// The IAB's schemas as the judge of our writer and of our checker. They are not ours to keep in this
// repository: PACELINE_VAST_XSD names a folder with vast_4.2.xsd and vast3_draft.xsd of the IAB's public one.
import Foundation
import OpenRTB
import Testing
import Units

@Suite struct SchemaTests {
    static let folder = ProcessInfo.processInfo.environment["PACELINE_VAST_XSD"]
    static let xmllint = "/usr/bin/xmllint"

    static var hasJudge: Bool {
        folder != nil && FileManager.default.isExecutableFile(atPath: xmllint)
    }

    private static func schema(_ version: VASTVersion) -> String {
        (folder ?? "") + (version == .v4_2 ? "/vast_4.2.xsd" : "/vast3_draft.xsd")
    }

    /// Which of the documents the schema accepts.
    private static func judge(_ documents: [[UInt8]], _ version: VASTVersion) throws -> [Bool] {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "vast-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        for (number, document) in documents.enumerated() {
            // libxml2 takes no brackets in an address, though the specification of VAST puts its macros in
            // them: this is the one way in which documents are changed for the judge. (CDATA ends in an A.)
            let text = String(validating: document, as: UTF8.self)?.replacing(/([^A])\[([A-Za-z0-9_]+)\]/) {
                "\($0.1)\($0.2)"
            }
            let bytes = text.map { Array($0.utf8) } ?? document
            try Data(bytes).write(to: folder.appending(path: "\(number).xml"))
        }
        let process = Process()
        process.executableURL = URL(filePath: xmllint)
        process.arguments =
            ["--noout", "--nonet", "--schema", schema(version)] + documents.indices.map { "\($0).xml" }
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let accepted = Set(
            output.split(separator: "\n").filter { $0.hasSuffix(" validates") }.map(String.init))
        return documents.indices.map { accepted.contains("\($0).xml validates") }
    }

    static let why: Comment = """
        needs xmllint (libxml2-utils) and PACELINE_VAST_XSD, a folder with the IAB's vast_4.2.xsd and \
        vast3_draft.xsd, which are not ours to commit
        """

    @Test(.enabled(if: hasJudge, why), arguments: VASTVersion.allCases)
    func writtenDocumentsAreValid(version: VASTVersion) throws {
        var random = RandomVAST(seed: 42)
        var document = VASTDocument()
        let documents = try (0..<200).map { _ in
            random.fill(&document, version: version)
            return try bytes(of: document)
        }
        let verdicts = try Self.judge(documents, version)
        for (number, verdict) in verdicts.enumerated() where !verdict {
            Issue.record("seed 42, document \(number): \(String(decoding: documents[number], as: UTF8.self))")
            return
        }
    }

    /// What the schema refuses is refused here; what it accepts is accepted, but for reasons that are marked as
    /// beyond it.
    @Test(.enabled(if: hasJudge, why), arguments: VASTVersion.allCases)
    func theCheckerAgrees(version: VASTVersion) throws {
        let seed: UInt64 = 43
        var random = RandomVAST(seed: seed)
        var document = VASTDocument()
        let rounds = ProcessInfo.processInfo.environment["PACELINE_LONG"] == nil ? 600 : 20_000
        var documents: [[UInt8]] = []
        for _ in 0..<rounds {
            random.fill(&document, version: version)
            documents.append(random.damage(try bytes(of: document)))
        }
        var refused = 0
        for start in stride(from: 0, to: rounds, by: 500) {
            let batch = Array(documents[start..<min(rounds, start + 500)])
            for (document, isValid) in zip(batch, try Self.judge(batch, version)) {
                var error: VASTError?
                do { _ = try VASTSummary(checking: document.span.bytes) } catch let found { error = found }
                refused += isValid ? 0 : 1
                if isValid ? error?.reason.isBeyondSchema ?? true : error != nil { continue }
                Issue.record(
                    """
                    seed \(seed), the schema says \(isValid), we \(error.map { "\($0)" } ?? "accept"):
                    \(String(decoding: document, as: UTF8.self))
                    """)
                return
            }
        }
        // A corpus in which nearly everything is wrong, or nearly nothing, would show little.
        #expect(refused > rounds / 4 && refused < rounds * 19 / 20)
    }
}
