// The models that a node serves, as a directory has them: which file predicts what, over which features.
//
//     models.json    the list of them
//     …              the files that it names: the schema of the features, models of any format, calibrators
public import Commands
public import Decision
import Digests
public import Documents
import Features
import Inference
import Units

/// One file of it, as it was when it was read.
public struct ModelFile: Sendable {
    public let name: String
    public let byteCount: Int
    public let sha256: String
}

/// One such directory, read whole.
public struct ModelDirectory {
    public let served: ServedModels
    /// The list, and every file that it names.
    public let files: [ModelFile]

    static let list = "models.json"
    private static let listBytesMost = 1 << 20
    /// Each is read whole into memory, and models are compiled from there.
    private static let fileBytesMost = 1 << 30
    /// Of models no more is held while a directory is read; the others are read again when their turn comes.
    private static let heldBytesMost = 64 << 20

    let path: String
    /// The list in words of its own, where it says who comes after whom.
    let list: ModelList
    /// All models in the order of the list, shadows among them.
    let models: [ServedModel]

    /// Refuses what does not fit together, with the file and the reason.
    ///
    /// - Parameters:
    ///   - isMeasured: whether models are held to what they may take here; not where decisions are made again.
    ///   - compiled: where compiled models are mapped from; without it they are compiled into memory.
    public init(
        _ path: String, isMeasured: Bool = true, compiled: CompiledModels? = nil
    ) throws(Failure) {
        try self.init(path, isMeasured: isMeasured, compiled: compiled) { (name) throws(Failure) in
            try Self.read(name, in: path)
        }
    }

    static func read(_ name: String, in path: String) throws(Failure) -> [UInt8] {
        try InputFile.read("\(path)/\(name)", limit: name == list ? listBytesMost : fileBytesMost)
    }

    /// The same of files that are not there yet. Checks come in this order, and the first that fails is the last: the
    /// list, checksums, the schema, models and what belongs to them, columns, golden rows, senseless scores, cost.
    init(
        _ path: String, isMeasured: Bool, compiled: CompiledModels? = nil,
        reading: (String) throws(Failure) -> [UInt8]
    ) throws(Failure) {
        let bytes = try reading(Self.list)
        let list = try SettingsFile.refusing("\(path)/\(Self.list)") { () throws(DocumentRefused) in
            try ModelList(reading: bytes)
        }
        let sealed = Dictionary(uniqueKeysWithValues: (list.files ?? []).map { ($0.name, $0.sha256) })
        let modelFiles = Set(list.models.map(\.file))
        var (files, all, held, heldBytes): ([String: ModelFile], SHA256, [String: [UInt8]], Int) = (
            [:], SHA256(), [:], 0
        )
        let names = [Self.list] + list.names
        for name in names {
            let bytes = name == Self.list ? bytes : try reading(name)
            all.add("\(name)\n\(bytes.count)\n".utf8Span.span.raw)
            all.add(bytes.span.raw)
            let found = Self.checksum(bytes)
            guard found == sealed[name] ?? found else {
                throw Failure(
                    "\(path)/\(name): found the SHA-256 \(found); allowed: \(sealed[name] ?? ""), as \(Self.list) has it: "
                        + "the file was damaged or changed; copy it again, or run `paceline model pack`")
            }
            files[name] = ModelFile(name: name, byteCount: bytes.count, sha256: found)
            if modelFiles.contains(name) {
                guard heldBytes + bytes.count <= Self.heldBytesMost else { continue }
                heldBytes += bytes.count
            }
            held[name] = bytes
        }
        func content(_ name: String) throws(Failure) -> [UInt8] {
            if let bytes = held[name] { return bytes }
            let bytes = try reading(name)
            guard Self.checksum(bytes) == files[name]?.sha256 else {
                throw Failure(
                    "\(path)/\(name): changed while it was read; it is read again when it stays as it is")
            }
            return bytes
        }
        let schema = try content(list.features)
        let features = try SettingsFile.refusing("\(path)/\(list.features)") { () throws(DocumentRefused) in
            try CompiledFeatures(reading: schema)
        }
        var models: [ServedModel] = []
        for (index, entry) in list.models.enumerated() {
            if let version = entry.featuresVersion, version != features.schema.version {
                throw Failure(
                    "\(path)/\(Self.list): models[\(index)].featuresVersion: found \(version); "
                        + "allowed: \(features.schema.version), the version of \(list.features)")
            }
            models.append(
                try Self.model(
                    entry, at: path, isMeasured: isMeasured, compiled, files[entry.file]?.sha256 ?? "",
                    content))
        }
        var priors: [PredictedGoal: Double] = [:]
        priors[.click] = list.clickPrior
        priors[.completedView] = list.completedViewPrior
        priors[.action] = list.actionPrior
        let listed = zip(list.models, models)
        served = ServedModels(
            version: Self.version(all), features: features,
            models: listed.filter { !$0.0.isShadow }.map(\.1),
            shadows: listed.filter(\.0.isShadow).map { ShadowModel($0.0.title, $0.1) }, priors: priors)
        self.path = path
        self.files = names.compactMap { files[$0] }
        self.models = models
        self.list = list
        do {
            try served.check()
        } catch {
            throw Failure("\(path)/\(Self.list): \(error)")
        }
        for (entry, model) in zip(list.models, models) {
            if let name = entry.golden {
                let rows = try content(name)
                do {
                    try GoldenRows(reading: rows).check(model.model, model.calibrator)
                } catch {
                    throw Failure("\(path)/\(name):\(error) (of \(entry.file))")
                }
            }
            guard isMeasured, let most = entry.latencyMicroseconds else { continue }
            let cost =
                files[entry.file].flatMap { compiled?.cost(of: $0.sha256, model.model) }
                ?? ModelCost(of: model.model)
            guard cost.batch <= .microseconds(Int64(most)) else {
                throw Failure(
                    "\(path)/\(entry.file): found \(cost); allowed: \(most) µs (latencyMicroseconds)")
            }
        }
    }

    private static func model(
        _ entry: ModelEntry, at path: String, isMeasured: Bool, _ compiled: CompiledModels?, _ digest: String,
        _ content: (String) throws(Failure) -> [UInt8]
    ) throws(Failure) -> ServedModel {
        func compile() throws(Failure) -> [UInt8] {
            let bytes = try content(entry.file)
            do {
                guard Model.isCompiled(bytes) else {
                    return try ModelCompiler.compile(ModelReader.read(bytes))
                }
                _ = try Model(copying: bytes)
                return bytes
            } catch {
                throw Failure("\(path)/\(entry.file): \(error)")
            }
        }
        let model: Model
        if let compiled {
            model = try compiled.model(of: digest, making: compile)
        } else {
            let bytes = try compile()
            do {
                model = try Model(copying: bytes)
            } catch {
                throw Failure("\(path)/\(entry.file): \(error)")
            }
        }
        if let columns = entry.columns, columns.count != model.featureCount {
            throw Failure(
                "\(path)/\(Self.list): columns of \(entry.file): found \(columns.count); "
                    + "allowed: the model's \(model.featureCount) features")
        }
        var calibrator: Calibrator?
        if let name = entry.calibrator {
            let bytes = try content(name)
            calibrator = try SettingsFile.refusing("\(path)/\(name)") { () throws(DocumentRefused) in
                try Calibrator(reading: bytes)
            }
        }
        // Of a shadow nobody asks whether there is time.
        let cost =
            isMeasured && !entry.isShadow
            ? compiled?.cost(of: digest, model) ?? ModelCost(of: model) : nil
        return ServedModel(
            entry.goal.predicted, entry.tier == .full ? .full : .distilled, model, calibrator: calibrator,
            version: model.version.rawValue, columns: entry.columns, campaigns: entry.campaigns ?? [],
            cost: cost?.one)
    }

    static func checksum(_ bytes: [UInt8]) -> String {
        var digest = SHA256()
        digest.add(bytes.span.raw)
        let sum = digest.digest()
        return hexadecimal((0..<SHA256Digest.byteCount).map { sum[$0] })
    }

    /// Whether it says what its files come to.
    public var isSealed: Bool { list.files != nil }

    /// The JSON Schema of `models.json`, for editors.
    public static var jsonSchema: JSONTree {
        Kind<ModelList>.object.shape.jsonSchema(title: "The models of a Paceline node")
    }

    /// The first eight bytes of SHA-256 of all files, each with its name and length before it.
    private static func version(_ all: SHA256) -> UInt64 {
        let sum = all.digest()
        return (0..<8).reduce(0) { $0 << 8 | UInt64(sum[$1]) }
    }
}
