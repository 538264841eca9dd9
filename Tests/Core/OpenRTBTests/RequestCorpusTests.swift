// What the fuzzer found worth keeping is tried again on every run, and so is every truncation and some damage
// of what the other tests read.
import Foundation
import OpenRTBInvariants
import Testing
import Units

/// One after the other: the invariants keep one reader for all inputs.
@Suite(.serialized) struct RequestCorpusTests {
    private static func violation(_ bytes: [UInt8]) -> String? {
        bytes.withUnsafeBytes { OpenRTBInvariants.violation($0) }
    }

    @Test func theFuzzersCorpusBreaksNothing() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let corpus = tests.appending(path: "Fuzz/Corpus/openrtb")
        let files = try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
        #expect(files.count > 100, "the corpus is not at \(corpus.path())")
        for file in files {
            let violation = Self.violation(Array(try Data(contentsOf: file)))
            #expect(violation == nil, "\(file.lastPathComponent)")
        }
    }

    /// Requests with a piece taken out, doubled or replaced: most stay JSON, many stay requests.
    @Test func damageBreaksNothing() {
        let long = ProcessInfo.processInfo.environment["PACELINE_LONG"] != nil
        var requests = RandomRequests(seed: 27)
        var randomness = Randomness(seed: 28)
        let pieces = ["null", "-1", "0", "[]", "{}", "\"\"", "1e9", "\"\\u0000\"", "true", "86401", "\"x\""]
        for round in 0..<(long ? 200_000 : 1_500) {
            var bytes = Array(requests.request().utf8)
            for _ in 0..<randomness.next(in: 0...2) {
                let start = randomness.next(in: 0...bytes.count - 1)
                let end = min(bytes.count, start + randomness.next(in: 0...9))
                switch randomness.next(in: 0...2) {
                case 0: bytes.removeSubrange(start..<end)
                case 1: bytes.insert(contentsOf: bytes[start..<end], at: start)
                default: Self.replaceValue(&bytes, from: start, by: pieces[randomness.next(in: 0...10)])
                }
            }
            let violation = Self.violation(bytes)
            #expect(
                violation == nil, "seeds 27 and 28, round \(round): \(String(decoding: bytes, as: UTF8.self))"
            )
        }
    }

    /// Another value behind the next colon, in place of one without brackets.
    private static func replaceValue(_ bytes: inout [UInt8], from start: Int, by piece: String) {
        guard let colon = bytes[start...].firstIndex(of: UInt8(ascii: ":")) else { return }
        let stops = Set("[]{},".utf8)
        guard let end = bytes[(colon + 1)...].firstIndex(where: stops.contains), bytes[end] != 0x7B,
            bytes[end] != 0x5B
        else { return }
        bytes.replaceSubrange(colon + 1..<end, with: Array(piece.utf8))
    }
}
