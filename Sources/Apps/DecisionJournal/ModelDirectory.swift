// The models that a node serves, as a directory has them: which file predicts what, over which features.
//
//     models.json    the list of them
//     …              the files that it names: the schema of the features, models of any format, calibrators
public import Commands
public import Decision
import Digests
import Documents
import Features
import Inference
import Kernel
import Units

/// One such directory, read whole.
public struct ModelDirectory {
    public let served: ServedModels
    /// Every file of it, by its name: what is kept so that decisions can be made again.
    public let files: [(name: String, bytes: [UInt8])]
    let content: ModelList

    /// What models have to show before they are taken.
    public enum Proof: Int, Comparable, Sendable {
        /// Nothing: their sums and golden rows are about to be written.
        case none
        /// That they are what they were: for replay, on any machine.
        case kept
        /// The same, and that they are fast enough here.
        case served

        public static func < (a: Proof, b: Proof) -> Bool { a.rawValue < b.rawValue }
    }

    static let list = "models.json"
    private static let listBytesMost = 1 << 20
    /// Larger models are compiled, and mapped from where they lie.
    static let fileBytesMost = 1 << 30

    /// Refuses what does not fit together, with the file and the reason.
    ///
    /// - Parameter proof: what the models have to show first.
    public init(_ path: String, proof wanted: Proof = .served) throws(Failure) {
        let listPath = "\(path)/\(Self.list)"
        let bytes = try InputFile.read(listPath, limit: Self.listBytesMost)
        let list = try Self.refusing(listPath) { () throws(DocumentRefused) in
            try ModelList(reading: bytes)
        }
        var files = [(Self.list, bytes)]
        let sums = Dictionary(list.sums.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
        func read(_ name: String) throws(Failure) -> [UInt8] {
            let content = try InputFile.read("\(path)/\(name)", limit: Self.fileBytesMost)
            if wanted > .none, !sums.isEmpty {
                let found = Self.sha256(content)
                guard found == sums[name] else {
                    throw Failure(
                        "\(path)/\(name): has the SHA-256 \(found), and \(Self.list) says \(sums[name] ?? "nothing of it"); "
                            + "after a change run paceline model pack \(path)")
                }
            }
            if !files.contains(where: { $0.0 == name }) { files.append((name, content)) }
            return content
        }
        let schema = try read(list.features)
        let features = try Self.refusing("\(path)/\(list.features)") { () throws(DocumentRefused) in
            try CompiledFeatures(reading: schema)
        }
        var models: [ServedModel] = []
        for entry in list.models {
            let content = try read(entry.file)
            let model: Model
            do {
                model = try Model(
                    copying: Model.isCompiled(content)
                        ? content : ModelCompiler.compile(ModelReader.read(content)))
            } catch {
                throw Failure("\(path)/\(entry.file): \(error)")
            }
            var calibrator: Calibrator?
            if let name = entry.calibrator {
                let text = try read(name)
                calibrator = try Self.refusing("\(path)/\(name)") { () throws(DocumentRefused) in
                    try Calibrator(reading: text)
                }
            }
            var proof = ModelProof(model, calibrator, features)
            if wanted > .none, let name = entry.golden { try proof.check(read(name), "\(path)/\(name)") }
            if wanted == .served { try proof.measure(most: entry.microseconds, "\(path)/\(entry.file)") }
            models.append(
                ServedModel(
                    entry.goal.predicted, entry.tier == .full ? .full : .distilled, model,
                    calibrator: calibrator, version: model.version.rawValue, cost: proof.cost))
        }
        var priors: [PredictedGoal: Double] = [:]
        priors[.click] = list.clickPrior
        priors[.completedView] = list.completedViewPrior
        priors[.action] = list.actionPrior
        served = ServedModels(
            version: Self.version(files), features: features, models: models, priors: priors)
        self.files = files
        content = list
    }

    /// The first eight bytes of SHA-256 of all files, each with its name and length before it.
    private static func version(_ files: [(name: String, bytes: [UInt8])]) -> UInt64 {
        var digest = SHA256()
        for (name, bytes) in files {
            digest.add("\(name)\n\(bytes.count)\n".utf8Span.span.raw)
            digest.add(bytes.span.raw)
        }
        let sum = digest.digest()
        return (0..<8).reduce(0) { $0 << 8 | UInt64(sum[$1]) }
    }

    static func sha256(_ bytes: [UInt8]) -> String {
        let sum = SHA256.digest(of: bytes.span.raw)
        return hexadecimal((0..<SHA256Digest.byteCount).map { sum[$0] })
    }

    private static func refusing<Value>(
        _ path: String, _ body: () throws(DocumentRefused) -> Value
    ) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            throw Failure(error.refusals.map { "\(path):\($0)" }.joined(separator: "\n"))
        }
    }

    // MARK: For replay

    /// What a node writes of itself for those who make its decisions again, beside its compiled catalogs.
    public static func kept(_ version: UInt64, in store: String) -> String {
        "\(store)/models/\(hexadecimal(version))"
    }

    /// Writes a copy under its version; one that is there is left as it is. The list is written last, so that a copy
    /// that a crash cut short is none.
    public func keep(in store: String) throws(Failure) {
        let directory = Self.kept(served.version, in: store)
        if (try? Kernel.stamp(of: "\(directory)/\(Self.list)")) != nil { return }
        do {
            try Kernel.makeDirectory("\(store)/models")
            try Kernel.makeDirectory(directory)
            for file in files.reversed() { try Kernel.replace("\(directory)/\(file.name)", with: file.bytes) }
            try Kernel.synchroniseNames(in: directory)
            try Kernel.synchroniseNames(in: "\(store)/models")
        } catch {
            throw Failure("\(directory): the models could not be kept: \(error)")
        }
    }

    /// Notes what is served from now on, and of which directory it was read.
    public static func noteServed(_ version: UInt64, in store: String, of source: String) throws(Failure) {
        do {
            try Kernel.replace(
                "\(store)/models/current", with: Array("\(hexadecimal(version))\n\(source)\n".utf8))
        } catch { throw Failure("\(error)") }
    }

    /// The copy of what was served last of this directory; nil where there is none.
    public static func lastServed(in store: String, of source: String) -> String? {
        guard let bytes = try? Kernel.contents(of: "\(store)/models/current", limit: 16_384) else {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[1] == source, let version = UInt64(lines[0], radix: 16) else {
            return nil
        }
        return kept(version, in: store)
    }

    /// Copies that a store keeps: as many as are served in a journal's life, hardly more.
    static let keptMost = 64

    /// Removes the oldest copies beyond that, never this one.
    public static func prune(in store: String, keeping version: UInt64) throws(Failure) {
        let folder = "\(store)/models"
        do {
            var copies: [(path: String, age: Int64)] = []
            for name in try Kernel.entries(of: folder) where name != hexadecimal(version) && name != "current"
            {
                let stamp = try? Kernel.stamp(of: "\(folder)/\(name)/\(list)")
                copies.append(("\(folder)/\(name)", stamp?.modifiedNanoseconds ?? 0))
            }
            copies.sort { $0.age < $1.age }
            for copy in copies.dropLast(keptMost - 1) {
                // Without its list a copy is none.
                _ = Kernel.remove("\(copy.path)/\(list)")
                for name in try Kernel.entries(of: copy.path) { _ = Kernel.remove("\(copy.path)/\(name)") }
                try Kernel.removeDirectory(copy.path)
            }
        } catch {
            throw Failure("\(folder): old models could not be removed: \(error)")
        }
    }

    /// The models that a record names, from where a node kept them.
    public static func find(_ version: UInt64, in stores: [String]) throws(Failure) -> ServedModels {
        for store in stores {
            let directory = kept(version, in: store)
            guard (try? Kernel.stamp(of: "\(directory)/\(list)")) != nil else { continue }
            let found = try ModelDirectory(directory, proof: .kept).served
            guard found.version == version else {
                throw Failure("\(directory): holds the models \(hexadecimal(found.version))")
            }
            return found
        }
        throw Failure(
            "the models \(hexadecimal(version)) are not in \(stores.joined(separator: " or ")): name where a node keeps its compiled catalogs and models with --catalogs"
        )
    }
}
