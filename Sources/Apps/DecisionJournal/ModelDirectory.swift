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

    static let list = "models.json"
    private static let listBytesMost = 1 << 20
    /// Larger models are compiled, and mapped from where they lie.
    private static let fileBytesMost = 1 << 30

    /// Refuses what does not fit together, with the file and the reason.
    public init(_ path: String) throws(Failure) {
        let listPath = "\(path)/\(Self.list)"
        let bytes = try InputFile.read(listPath, limit: Self.listBytesMost)
        let list = try Self.refusing(listPath) { () throws(DocumentRefused) in
            try ModelList(reading: bytes)
        }
        var files = [(Self.list, bytes)]
        func read(_ name: String) throws(Failure) -> [UInt8] {
            let content = try InputFile.read("\(path)/\(name)", limit: Self.fileBytesMost)
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
            models.append(
                ServedModel(
                    entry.goal.predicted, entry.tier == .full ? .full : .distilled, model,
                    calibrator: calibrator, version: model.version.rawValue))
        }
        var priors: [PredictedGoal: Double] = [:]
        priors[.click] = list.clickPrior
        priors[.completedView] = list.completedViewPrior
        priors[.action] = list.actionPrior
        served = ServedModels(
            version: Self.version(files), features: features, models: models, priors: priors)
        self.files = files
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
            let found = try ModelDirectory(directory).served
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

/// `models.json`.
struct ModelList: DocumentObject {
    var features = ""
    var models: [ModelEntry] = []
    var clickPrior: Double?
    var completedViewPrior: Double?
    var actionPrior: Double?

    static let schema = Schema<Self>(
        "models",
        [
            .constant("schema", "paceline/models/1", "What this file is, and how it is read."),
            .required("features", \.features, .fileName, "The schema of the features, beside this file."),
            .required("models", \.models, .list(of: .object, count: 0...6), "One for each goal and tier."),
            .optional(
                "clickPrior", \.clickPrior, .number(0...1),
                "The share of clicks that was observed; without it, decision.priors has one."),
            .optional(
                "completedViewPrior", \.completedViewPrior, .number(0...1), "The same of views to the end."),
            .optional("actionPrior", \.actionPrior, .number(0...1), "The same of actions."),
        ])

    init() {}

    init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let list = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = list
    }
}

struct ModelEntry: DocumentObject {
    enum Goal: String, CaseIterable, Sendable {
        case click, completedView, action

        var predicted: PredictedGoal {
            switch self {
            case .click: .click
            case .completedView: .completedView
            case .action: .action
            }
        }
    }
    enum Tier: String, CaseIterable, Sendable { case full, distilled }

    var goal = Goal.click
    var tier = Tier.full
    var file = ""
    var calibrator: String?

    static let schema = Schema<Self>(
        "model",
        [
            .required("goal", \.goal, .choice, "What it predicts of an impression."),
            .defaulted("tier", \.tier, .choice, "The full model, or a smaller one that was taught by it."),
            .required(
                "file", \.file, .fileName, "A model that `paceline model check` takes, beside this file."),
            .optional(
                "calibrator", \.calibrator, .fileName,
                "From its prediction to a probability that holds, beside this file."),
        ])
}

extension Kind where Value == String {
    /// A name beside the list: no way leads out of its directory.
    fileprivate static var fileName: Kind {
        .text(
            TextForm(
                name: "a file's name: letters, digits, - _ and ., not first",
                pattern: "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$"),
            read: { text in
                let marks = Array("-_.".utf8)
                let isFine =
                    (1...128).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: ".")
                    && text.utf8.allSatisfy { byte in
                        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                            || marks.contains(byte)
                    }
                return isFine ? text : nil
            }, show: { $0 })
    }
}
