// Replies of both versions of the protocol, whole and in pieces.
import Foundation
import RedisInvariants
import Testing

@testable import Redis

@Suite struct ReplyTests {
    private func read(_ text: String, _ limits: RESPLimits = RESPLimits()) throws -> RESPReader? {
        var reader = RESPReader(limits)
        let bytes = Array(text.utf8)
        return try reader.read(bytes.span.bytes) ? reader : nil
    }

    @Test func knowsEveryType() throws {
        let all: [(String, [RESPValue.Kind])] = [
            ("+OK\r\n", [.text]), ("-ERR no\r\n", [.error]), (":-12\r\n", [.integer]),
            ("$2\r\nab\r\n", [.text]),
            ("$-1\r\n", [.null]), ("*-1\r\n", [.null]), ("_\r\n", [.null]), ("#t\r\n", [.boolean]),
            (",1.5\r\n", [.text]), ("(123\r\n", [.text]), ("=7\r\ntxt:abc\r\n", [.text]),
            ("!2\r\nno\r\n", [.error]),
            ("*2\r\n:1\r\n:2\r\n", [.list, .integer, .integer]), ("~1\r\n+a\r\n", [.list, .text]),
            ("%1\r\n+k\r\n:1\r\n", [.map, .text, .integer]), (">1\r\n+x\r\n", [.push, .text]),
            ("|1\r\n+k\r\n+v\r\n:7\r\n", [.attribute, .text, .text, .integer]),
        ]
        for (text, kinds) in all {
            let reader = try #require(try read(text), "\(text)")
            #expect(reader.values.map(\.kind) == kinds, "\(text)")
            #expect(reader.offset == text.utf8.count)
            #expect(reader.values[reader.root].kind != .attribute)
        }
        #expect(try read(":-9\r\n")?.values[0].number == -9)
    }

    @Test(
        arguments: [
            ("?\r\n", .unknownType), (":a\r\n", .malformedNumber), ("$-2\r\n", .malformedNumber),
            (":99999999999999999999\r\n", .malformedNumber), ("+a\nb\r\n", .malformedEnd),
            ("+a\rb\r\n", .malformedEnd),
            ("$1\r\nabc\r\n", .malformedEnd), ("$99999999\r\n", .tooLarge), ("*999999\r\n", .tooMany),
            (String(repeating: "*1\r\n", count: 17), .tooDeep),
            ("+" + String(repeating: "a", count: 5_000), .tooLong),
            ("#x\r\n", .malformedNumber),
        ] as [(String, RESPFailure.Reason)])
    func refusesWhatIsNone(_ text: String, _ reason: RESPFailure.Reason) {
        #expect(throws: RESPFailure.self) {
            do { _ = try read(text) } catch {
                #expect((error as? RESPFailure)?.reason == reason, "\(text): \(error)")
                throw error
            }
        }
    }

    @Test func theFuzzersCorpusBreaksNothing() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let corpus = tests.appending(path: "Fuzz/Corpus/redis")
        let files = try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
        #expect(files.count > 20, "the corpus is not at \(corpus.path())")
        for file in files {
            let violation = try Data(contentsOf: file).withUnsafeBytes { RedisInvariants.violation($0) }
            #expect(violation == nil, "\(file.lastPathComponent)")
        }
    }

    @Test func readsTheSameInPieces() {
        let answers = [
            "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\n1\r\n$4\r\nabcd\r\n*2\r\n$3\r\n1-2\r\n*-1\r\n",
            "%1\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*4\r\n$1\r\n2\r\n$1\r\nx\r\n$1\r\n1\r\n$4\r\nabcd\r\n",
        ]
        for text in answers {
            let violation = Array(text.utf8).withUnsafeBytes { RedisInvariants.violation($0) }
            #expect(violation == nil, "\(text)")
        }
    }
}
