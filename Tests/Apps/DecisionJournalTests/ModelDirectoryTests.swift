// A directory of models is taken whole or refused with the file and the reason, whatever its bytes are.
import Commands
import DecisionJournal
import Foundation
import Testing
import Units

@testable import Decision

private final class Folder {
    let path: String

    init() throws {
        let examples = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Examples/predictions").standardized
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: examples, to: folder)
        path = folder.path()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
    }
    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }
    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try read(name), as: UTF8.self)
        try #require(text.contains(old))
        try write(Array(text.replacingOccurrences(of: old, with: new).utf8), to: name)
    }
    var refusal: String? {
        do throws(Failure) {
            _ = try ModelDirectory(path)
            return nil
        } catch { return error.message }
    }
}

@Suite struct ModelDirectoryTests {
    /// After packing no file can change without being found out: by its sum, or in the list itself by what it says.
    @Test func noChangedFileIsServed() throws {
        let folder = try Folder()
        let packed = try ModelDirectory.pack(folder.path)
        let served = try ModelDirectory(folder.path).served
        #expect(packed.version == served.version && packed.golden.count == 2 && packed.files == 6)
        var numbers = Randomness(seed: 3)
        for name in folder.names where name != "models.json" && name != "history.jsonl" {
            let whole = try folder.read(name)
            for _ in 0..<12 {
                var bytes = whole
                let place = numbers.next(in: 0...whole.count - 1)
                bytes[place] ^= UInt8(numbers.next(in: 1...255))
                try folder.write(bytes, to: name)
                #expect(folder.refusal?.contains("\(name): has the SHA-256") ?? false, "\(name) at \(place)")
                try folder.write(Array(whole[..<place]), to: name)
                #expect(folder.refusal?.contains(name) ?? false, "\(name) cut at \(place)")
            }
            try folder.write(whole, to: name)
        }
        #expect(folder.refusal == nil)
    }

    /// Without sums a change is refused, or it is another set under another version: nothing else happens.
    @Test func aChangeWithoutSumsIsRefusedOrAnother() throws {
        let folder = try Folder()
        let version = try ModelDirectory(folder.path).served.version
        var numbers = Randomness(seed: 4)
        var (refused, other) = (0, 0)
        for name in folder.names where name != "history.jsonl" {
            let whole = try folder.read(name)
            for round in 0..<40 {
                var bytes = whole
                let place = numbers.next(in: 0...whole.count - 1)
                if round % 4 == 0 {
                    bytes = Array(whole[..<place])
                } else {
                    bytes[place] ^= UInt8(numbers.next(in: 1...255))
                }
                try folder.write(bytes, to: name)
                do throws(Failure) {
                    #expect(try ModelDirectory(folder.path).served.version != version)
                    other += 1
                } catch {
                    #expect(error.message.contains(folder.path), "\(error.message)")
                    refused += 1
                }
            }
            try folder.write(whole, to: name)
        }
        #expect(refused > 50 && refused + other == 200, "\(refused) refused, \(other) others")
    }

    @Test func goldenRowsAndTimesAreHeld() throws {
        let folder = try Folder()
        _ = try ModelDirectory.pack(folder.path)
        // Who trusts no sums still has the rows: the last bit counts.
        let list = String(decoding: try folder.read("models.json"), as: UTF8.self)
        let start = try #require(list.range(of: ",\n  \"files\""))
        try folder.write(Array((list[..<start.lowerBound] + "\n}\n").utf8), to: "models.json")
        #expect(folder.refusal == nil)
        try folder.edit(
            "completion.txt", "leaf_value=1.9 1.2", "leaf_value=1.9000000000000001 1.2000000000000002")
        #expect(folder.refusal?.contains("completion.txt.golden.tsv:") ?? false, "\(folder.refusal ?? "")")
        try folder.edit(
            "completion.txt", "leaf_value=1.9000000000000001 1.2000000000000002", "leaf_value=1.9 1.2")
        try folder.edit(
            "models.json", "\"golden\": \"completion.txt.golden.tsv\"",
            "\"golden\": \"completion.txt.golden.tsv\", \"microsecondsPerCandidate\": 0.001")
        #expect(folder.refusal?.contains("µs a candidate here; allowed: 0.001") ?? false)
        // Another library's rows are not overwritten.
        try folder.edit("completion.txt.golden.tsv", "# by paceline model pack\n", "")
        try folder.edit("completion.txt", "leaf_value=1.9 1.2", "leaf_value=1.8 1.2")
        #expect(throws: Failure.self) { try ModelDirectory.pack(folder.path) }
    }

    @Test func copiesAreKeptAndFound() throws {
        let folder = try Folder()
        let store = try Folder()
        let directory = try ModelDirectory(folder.path)
        try directory.keep(in: store.path)
        try directory.keep(in: store.path)
        let version = directory.served.version
        #expect(try ModelDirectory.find(version, in: ["/nowhere", store.path]).version == version)
        let list = "\(ModelDirectory.kept(version, in: store.path))/models.json"
        try Data("{}".utf8).write(to: URL(filePath: list))
        #expect(throws: Failure.self) { try ModelDirectory.find(version, in: [store.path]) }
        #expect(throws: Failure.self) { try ModelDirectory.find(version + 1, in: [store.path]) }
    }
}
