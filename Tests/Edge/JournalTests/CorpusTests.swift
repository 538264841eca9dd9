// What the fuzzer found worth keeping is tried again on every run.
import Foundation
import JournalInvariants
import Testing

@Suite struct CorpusTests {
    @Test func theFuzzersCorpusBreaksNothing() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let corpus = tests.appending(path: "Fuzz/Corpus/journal")
        let files = try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
        #expect(files.count > 20, "the corpus is not at \(corpus.path())")
        for file in files {
            let violation = try Data(contentsOf: file).withUnsafeBytes { JournalInvariants.violation($0) }
            #expect(violation == nil, "\(file.lastPathComponent)")
        }
    }
}
