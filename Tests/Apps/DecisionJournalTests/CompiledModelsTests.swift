// Compiled models on disk: used as they are found, made again where they are not what they were, shared by sets, kept
// in memory where the system lets us, and bounded.
import Commands
import Foundation
import Inference
import Kernel
import Testing

@testable import DecisionJournal

@Suite struct CompiledModelsTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "paceline-\(UUID().uuidString)")

    private var path: String { folder.path() }
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../../../Examples/models"
    ).standardized

    private func bytes(_ name: String) throws -> [UInt8] {
        try ModelCompiler.compile(
            ModelReader.read(Array(Data(contentsOf: Self.examples.appending(path: name)))))
    }

    private func names() throws -> [String] { try Kernel.entries(of: path) }

    private func refuse() throws(Failure) -> [UInt8] { throw Failure("nobody asked for it to be compiled") }

    @Test func whatWasCompiledIsMappedAgain() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let made = try bytes("click.txt")
        try {
            let compiled = try CompiledModels(path)
            let model = try compiled.model(of: "aa") { () throws(Failure) in made }
            #expect(model.byteCount == made.count && model.featureCount == 5)
            #expect(compiled.tally.files == 1 && compiled.tally.made == 1)
            // Whoever asks while somebody has it gets the same memory.
            let again = try compiled.model(of: "aa", making: refuse)
            #expect(again.version == model.version && compiled.tally.files == 1)
        }()
        #expect(try names() == ["aa-\(ModelCompiler.version).model"])
        let next = try CompiledModels(path)
        #expect(try next.model(of: "aa", making: refuse).featureCount == 5)
        #expect(next.tally.files == 0, "nobody holds it")
        #expect(next.tally.made == 0)
        #expect(throws: Failure.self) { try next.model(of: "bb", making: refuse) }
    }

    /// Every way in which a file may not be what was written.
    @Test func damageIsMadeGood() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let made = try bytes("click.txt")
        let compiled = try CompiledModels(path)
        _ = try compiled.model(of: "aa") { () throws(Failure) in made }
        let file = "\(path)/aa-\(ModelCompiler.version).model"
        var changed = made
        changed[made.count / 2] ^= 1
        var older = made
        older[8] = 0
        for (count, damaged) in [
            [], Array(made.prefix(10)), Array(made.dropLast(64)), changed, older, made + [0],
        ]
        .enumerated() {
            try Data(damaged).write(to: URL(filePath: file))
            let model = try compiled.model(of: "aa") { () throws(Failure) in made }
            #expect(model.featureCount == 5 && compiled.tally.damaged == count + 1)
            #expect(try Array(Data(contentsOf: URL(filePath: file))) == made)
        }
        try FileManager.default.removeItem(atPath: file)
        #expect(try compiled.model(of: "aa") { () throws(Failure) in made }.featureCount == 5)
        #expect(compiled.tally.damaged == 6, "what is missing is not damaged")
    }

    @Test func whatCannotBeKeptInMemoryIsSaidAndServes() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let compiled = try CompiledModels(path)
        let made = try bytes("click.txt")
        let model = try compiled.model(of: "aa") { () throws(Failure) in made }
        let isKept = compiled.tally.looseBytes == 0
        #expect(compiled.tally.keptBytes == (isKept ? made.count : 0))
        #expect((compiled.complaint == nil) == isKept)
        // The first call of its kind maps the file, the second locks it.
        Faults.inject(Fault(.map, .fail(Errno(ENOMEM)), skipping: 1))
        defer { Faults.clear() }
        let price = try bytes("price.json")
        let other = try compiled.model(of: "bb") { () throws(Failure) in price }
        #expect(compiled.tally.looseBytes >= price.count)
        let complaint = try #require(compiled.complaint)
        #expect(complaint.contains("\(price.count) of ") && complaint.contains("LimitMEMLOCK=infinity"))
        withExtendedLifetime((model, other)) {}
    }

    @Test func aFullDiskIsSaid() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let compiled = try CompiledModels(path)
        let made = try bytes("click.txt")
        Faults.inject(Fault(.write, .fail(.noSpace)))
        defer { Faults.clear() }
        #expect(throws: Failure.self) { try compiled.model(of: "aa") { () throws(Failure) in made } }
        #expect(try names() == [])
    }

    @Test func theLongestUnusedGoFirst() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let made = try bytes("click.txt")
        let compiled = try CompiledModels(path, bytesMost: 2 * made.count)
        let held = try compiled.model(of: "held") { () throws(Failure) in made }
        for (age, name) in ["held", "oldest", "older", "old"].enumerated() {
            _ = try compiled.model(of: name) { () throws(Failure) in made }
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000 + Double(age))],
                ofItemAtPath: "\(path)/\(name)-\(ModelCompiler.version).model")
        }
        try Data([1]).write(to: folder.appending(path: "aa-1.model.77.new"))
        try compiled.prune()
        #expect(try names().map { $0.prefix { $0 != "-" } } == ["held", "old"])
        withExtendedLifetime(held) {}
        try CompiledModels(path, bytesMost: 0).prune()
        #expect(try names() == [])
    }

    /// The names of files on nodes' disks say that the same compiler made them.
    @Test func theCompilersVersionIsRaisedWithWhatItMakes() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var found: [String] = []
        for name in ["click.txt", "price.json"] { found.append("\(try Model(copying: bytes(name)).version)") }
        #expect(
            ModelCompiler.version == 2 && found == ["622bc1ec00002280", "8891381700000b80"],
            "other bytes of the same models: raise ModelCompiler.version, and write both down here")
    }
}
