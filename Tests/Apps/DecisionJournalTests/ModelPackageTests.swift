// A directory of models as one file: the same again where it is unpacked, and refused with its place where it is not whole.
import Commands
import Decision
import DecisionJournal
import Foundation
import Testing

@Suite struct ModelPackageTests {
    private static let directory = URL(filePath: #filePath).appending(
        path: "../../../Support/HandWrittenModels"
    ).standardized.path()

    private static func packed() throws -> [UInt8] {
        try ModelPackage.bytes(of: ModelDirectory(directory, isMeasured: false))
    }

    private static func refusal(_ bytes: [UInt8]) -> String? {
        do {
            _ = try ModelPackage.read(bytes)
            return nil
        } catch { return error.message }
    }

    @Test func itIsUnpackedAsItWas() throws {
        let bytes = try Self.packed()
        #expect(try Self.packed() == bytes, "the same directory is the same bytes")
        let version = try ModelDirectory(Self.directory, isMeasured: false).served.version
        #expect(try ModelPackage.read(bytes).served.version == version)
        let folder = FileManager.default.temporaryDirectory.appending(path: "package-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What lay there is gone.
        try Data("old".utf8).write(to: folder.appending(path: "old.txt"))
        try ModelPackage.unpack(bytes, into: folder.path())
        #expect(try ModelDirectory(folder.path(), isMeasured: false).served.version == version)
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "old.txt").path()))
        #expect(
            try ModelPackage.bytes(of: ModelDirectory(folder.path(), isMeasured: false)) == bytes)
    }

    @Test func whatIsCutOffIsRefused() throws {
        let bytes = try Self.packed()
        for length in Array(0..<200) + stride(from: 200, to: bytes.count, by: 997) {
            #expect(Self.refusal(Array(bytes[..<length])) != nil, "the first \(length) bytes")
        }
        #expect(Self.refusal(bytes + [0])?.contains("1 bytes behind its last file") == true)
    }

    /// Any byte but the list's is sealed; one of the list's is another list, or none.
    @Test func whatIsChangedIsRefusedOrAnotherSet() throws {
        let bytes = try Self.packed()
        let version = try ModelPackage.read(bytes).served.version
        let seed = UInt64.random(in: 0...UInt64.max)
        var place = seed
        for _ in 0..<60 {
            place = place &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var changed = bytes
            changed[Int(place >> 33) % bytes.count] ^= 1 << UInt8(place >> 29 & 7)
            let found = try? ModelPackage.read(changed).served.version
            #expect(found != version, "seed \(seed)")
        }
    }

    @Test func noNameLeadsOutOfTheFolder() throws {
        var bytes = try Self.packed()
        let list = try #require(Data(bytes).range(of: Data("models.json".utf8)))
        for name in ["../odels.js", "/odels.json", ".odels.json", "models/json"] {
            bytes.replaceSubrange(list, with: Array(name.utf8))
            #expect(Self.refusal(bytes)?.contains("found the name '\(name)'") == true)
            #expect(throws: Failure.self) {
                try ModelPackage.unpack(bytes, into: "/tmp/never-made-by-a-test")
            }
        }
        #expect(!FileManager.default.fileExists(atPath: "/tmp/never-made-by-a-test"))
    }
}
