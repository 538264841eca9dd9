// Directories of models: what is refused of them, with its place, and that no damage to a file goes unseen.
import Commands
import Decision
import DecisionJournal
import Documents
import Foundation
import Inference
import Testing

/// A copy of models that people can read, to be changed.
private final class Models {
    let url = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized

    init() throws {
        try FileManager.default.copyItem(
            at: Self.root.appending(path: "Tests/Support/HandWrittenModels"), to: url)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.path() }

    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url.appending(path: name))) }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: url.appending(path: name))
    }

    /// Changes a file where it says something, once.
    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try bytes(name), as: UTF8.self)
        let range = try #require(text.range(of: old), "\(name) has no \(old)")
        try write(Array(text.replacingCharacters(in: range, with: new).utf8), name)
    }

    /// Without checksums, so that what lies behind them is asked.
    func unseal() throws {
        let text = String(decoding: try bytes("models.json"), as: UTF8.self)
        let seal = try #require(text.range(of: #",\s*"files": \[[^\]]*\]"#, options: .regularExpression))
        try write(Array(text.replacingCharacters(in: seal, with: "").utf8), "models.json")
    }

    func refusal() -> String? {
        do {
            _ = try ModelDirectory(path, isMeasured: false)
            return nil
        } catch { return error.message }
    }
}

@Suite struct ModelDirectoryTests {
    /// The demo's golden rows are LightGBM's own words.
    @Test(arguments: [("Examples/predictions", 10, 1), ("Tests/Support/HandWrittenModels", 7, 0)])
    func whatIsInTheRepositoryIsSealedAndServes(_ path: String, _ files: Int, _ shadows: Int) throws {
        let directory = try ModelDirectory(Models.root.appending(path: path).path())
        #expect(directory.isSealed)
        #expect(directory.served.models.count == 2)
        #expect(directory.served.shadows.count == shadows)
        #expect(directory.files.count == files)
    }

    /// What a checksum cannot see, since whoever changed the file may have sealed it again.
    @Test(arguments: [
        ("completion.txt", "leaf_value=", "leaf_value=1", "completion.txt", "found"),
        (
            "completion-small.txt", "leaf_value=2.1", "leaf_value=2.2",
            "completedView-distilled.golden.jsonl:", "raw score"
        ),
        ("completion-small.txt", "threshold=20", "threshold=nan", "completion-small.txt", "tree 0"),
        (
            "completion-small.txt", "feature_names=hour", "feature_names=our",
            "models.json: the distilled model", "our"
        ),
        ("completion.json", "scores", "score", "completion.json:", "score"),
        ("features.json", "\"seconds\"", "\"second\"", "models.json", "the feature seconds"),
        (
            "features.json", "\"version\": 1", "\"version\": 2", "models.json: models[0].featuresVersion",
            "found 1"
        ),
        ("completedView-full.golden.jsonl", "\"row\": [", "\"row\": [1, ", "golden.jsonl:1", "7 features"),
        ("completedView-full.golden.jsonl", "{", "{{", "golden.jsonl:1: ", "JSON"),
        ("models.json", "\"distilled\"", "\"full\"", "models.json:", "a second full model"),
        (
            "models.json", "\"distilled\"", "\"distilled\", \"role\": \"shadow\"", "models.json:",
            "name: found nothing"
        ),
        (
            "models.json", "\"version\": 2,", "\"version\": 2, \"name\": \"x\",", "models.json:",
            "only shadows have names"
        ),
        ("models.json", "\"completion.txt\"", "\"../completion.txt\"", "models.json:", "a file's name"),
        ("models.json", "\"completion.txt\"", "\"none.txt\"", "none.txt", "could not be read"),
    ])
    func aMistakeIsRefusedWithItsPlace(
        _ file: String, _ old: String, _ new: String, _ place: String, _ reason: String
    ) throws {
        let models = try Models()
        try models.unseal()
        #expect(models.refusal() == nil)
        try models.edit(file, old, new)
        let refusal = try #require(models.refusal(), "\(file) with \(new) was taken")
        #expect(refusal.contains(place) && refusal.contains(reason), "\(refusal)")
    }

    @Test func aSlowModelIsRefusedWhereItServesAndNotWhereItIsReplayed() throws {
        let models = try Models()
        try models.edit("models.json", "\"latencyMicroseconds\": 5000", "\"latencyMicroseconds\": 1")
        try models.unseal()
        #expect(models.refusal() == nil)
        #expect(throws: Failure.self) { try ModelDirectory(models.path) }
        do { _ = try ModelDirectory(models.path) } catch {
            #expect(
                error.message.contains("completion.txt: found") && error.message.contains("allowed: 1 µs"))
        }
    }

    @Test func aFileThatWasNotSealedIsRefused() throws {
        let models = try Models()
        try models.edit("models.json", "\"completion.json\"", "\"features.json\"")
        #expect(models.refusal()?.contains("models.json") == true)
    }

    /// Each leaf is a number, and their sum is none.
    @Test func aModelThatGivesNoNumberIsRefused() throws {
        let models = try Models()
        try models.unseal()
        let text = String(decoding: try models.bytes("completion.txt"), as: UTF8.self)
        let huge = text.replacing(#/leaf_value=[^\n]*/#, with: "leaf_value=1.7e308 1.7e308")
        try models.write(Array(huge.utf8), "completion.txt")
        let refusal = try #require(models.refusal())
        #expect(refusal.contains("found the raw score inf where nothing is known"), "\(refusal)")
    }

    /// Every file, in every byte, and cut off anywhere: refused with the file that it is, or the same as before.
    @Test func noDamageGoesUnseen() throws {
        let models = try Models()
        let sound = try ModelDirectory(models.path, isMeasured: false)
        var tried = 0
        for file in sound.files {
            let (name, bytes) = (file.name, try models.bytes(file.name))
            // One bit of each byte, another one from byte to byte; of long files every few bytes.
            for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(place % 8)
                for content in [damaged, Array(bytes[..<place])] {
                    try models.write(content, name)
                    tried += 1
                    guard let refusal = models.refusal() else {
                        // The list has no checksum: what still is a list may only say something else of what it has.
                        #expect(name == "models.json", "\(name) was taken, changed at \(place)")
                        continue
                    }
                    #expect(refusal.hasPrefix(models.path), "\(refusal)")
                    if name != "models.json" { #expect(refusal.contains("/\(name): found"), "\(refusal)") }
                }
            }
            try models.write(bytes, name)
        }
        #expect(tried > 500)
        #expect(models.refusal() == nil)
    }

    /// The same behind the checksums: readers, golden rows and guards hold by themselves.
    @Test func damageThatWasSealedIsRefusedOrHarmless() throws {
        let models = try Models()
        try models.unseal()
        let sound = try ModelDirectory(models.path, isMeasured: false)
        var refused = 0
        for file in sound.files where file.name != "models.json" {
            let (name, bytes) = (file.name, try models.bytes(file.name))
            for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(place % 8)
                try models.write(damaged, name)
                if let refusal = models.refusal() {
                    refused += 1
                    #expect(refusal.hasPrefix(models.path), "\(refusal)")
                }
            }
            try models.write(bytes, name)
        }
        #expect(refused > 60)
    }

    @Test func packingSealsWhatWasChanged() throws {
        let models = try Models()
        try models.edit("features.json", "\"owner\": \"delivery\"", "\"owner\": \"somebody\"")
        #expect(models.refusal()?.contains("features.json: found the SHA-256") == true)
        let packed = try ModelDirectory.pack(models.path, rows: nil)
        #expect(packed.isSealed && models.refusal() == nil)
        // What would be refused is not written.
        let before = try models.bytes("models.json")
        try models.edit("completion-small.txt", "leaf_value=2.1", "leaf_value=2.2")
        #expect(throws: Failure.self) { try ModelDirectory.pack(models.path, rows: nil) }
        #expect(try models.bytes("models.json") == before)
        // New golden rows are of what the model says now.
        _ = try ModelDirectory.pack(models.path) { head in [Double](repeating: 1, count: head.featureCount) }
        #expect(models.refusal() == nil)
    }

    @Test func copiesAreKeptAndFound() throws {
        let (models, store) = (try Models(), try Models())
        let directory = try ModelDirectory(models.path)
        try directory.keep(in: store.path)
        try directory.keep(in: store.path)
        let version = directory.served.version
        #expect(try ModelDirectory.find(version, in: ["/nowhere", store.path]).version == version)
        try Data("{}".utf8).write(
            to: URL(filePath: "\(ModelDirectory.kept(version, in: store.path))/models.json"))
        #expect(throws: Failure.self) { try ModelDirectory.find(version, in: [store.path]) }
        #expect(throws: Failure.self) { try ModelDirectory.find(version + 1, in: [store.path]) }
    }

    /// Of two versions that differ in one file all others are on the disk once, and go with the last copy.
    @Test func copiesShareWhatIsTheSame() throws {
        let (models, store) = (try Models(), try Models())
        let first = try ModelDirectory(models.path)
        try first.keep(in: store.path)
        try models.unseal()
        let second = try ModelDirectory(models.path)
        #expect(second.served.version != first.served.version)
        try second.keep(in: store.path)
        let shared = "\(store.path)/model-files"
        func names() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: shared).sorted()
        }
        #expect(try names().count == first.files.count + 1, "the list is another one")
        for version in [first, second].map(\.served.version) {
            #expect(try ModelDirectory.find(version, in: [store.path]).version == version)
        }
        // A crash before a copy's list was written, and one while a file was.
        let kept = ModelDirectory.kept(second.served.version, in: store.path)
        try FileManager.default.removeItem(atPath: "\(kept)/models.json")
        try Data([1]).write(to: URL(filePath: "\(shared)/\(first.files[1].sha256).77.new"))
        try second.keep(in: store.path)
        #expect(
            try ModelDirectory.find(second.served.version, in: [store.path]).version == second.served.version)
        try FileManager.default.removeItem(
            atPath: ModelDirectory.kept(first.served.version, in: store.path))
        try ModelDirectory.prune(in: store.path, keeping: second.served.version)
        #expect(try names() == second.files.map(\.sha256).sorted())
        // As a version left it that shared nothing.
        try FileManager.default.removeItem(atPath: shared)
        try ModelDirectory.prune(in: store.path, keeping: second.served.version)
        #expect(try names().isEmpty)
    }

    @Test func theSchemaInTheRepositoryIsOurs() throws {
        let text = try String(
            contentsOf: Models.root.appending(path: "docs/models.schema.json"), encoding: .utf8)
        #expect(
            text == ModelDirectory.jsonSchema.page + "\n",
            "run: paceline model check --schema > docs/models.schema.json")
    }
}
