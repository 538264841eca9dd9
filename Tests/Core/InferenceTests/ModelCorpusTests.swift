// What the fuzzers found worth keeping is tried again on every run.
import Foundation
import ModelInvariants
import Testing

@Suite struct ModelCorpusTests {
    @Test(arguments: ["lightgbm", "xgboost"])
    func theFuzzersCorpusBreaksNothing(_ name: String) throws {
        let corpus = ModelOracle.root.appending(path: "Tests/Fuzz/Corpus/\(name)")
        let files = try FileManager.default.contentsOfDirectory(atPath: corpus.path())
        #expect(files.count >= 10)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: corpus.appending(path: file)))
            let violation = bytes.withUnsafeBytes { ModelInvariants.violation($0) }
            #expect(violation == nil, "\(file): \(violation ?? "")")
        }
    }
}
