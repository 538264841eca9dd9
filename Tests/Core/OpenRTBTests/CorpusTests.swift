// What the fuzzers found worth keeping is tried again on every run.
import ConsentInvariants
import Foundation
import Testing
import VASTInvariants

@Suite struct CorpusTests {
    private func files(_ name: String) throws -> [URL] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let corpus = tests.appending(path: "Fuzz/Corpus/\(name)")
        let files = try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
        #expect(files.count > 50, "the corpus is not at \(corpus.path())")
        return files
    }

    @Test func vast() throws {
        for file in try files("vast") {
            let violation = try Data(contentsOf: file).withUnsafeBytes { VASTInvariants.violation($0) }
            #expect(violation == nil, "\(file.lastPathComponent)")
        }
    }

    @Test func consent() throws {
        for file in try files("consent") {
            let violation = try Data(contentsOf: file).withUnsafeBytes { ConsentInvariants.violation($0) }
            #expect(violation == nil, "\(file.lastPathComponent)")
        }
    }
}
