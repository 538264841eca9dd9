// Reads models for commands: in any of their libraries' formats, or compiled.
import Commands
import Decision
import DecisionJournal
import Documents
import Inference
import Kernel

enum ModelInput {
    /// Four gibibytes is what the name of a compiled model can tell apart.
    static let limitBytes = 4 * 1024 * 1024 * 1024 - 1

    static let model = Parameter.requiredOption(
        "model", WordKind.file,
        "A model of LightGBM, XGBoost, CatBoost or ONNX, a compiled one, or a directory with models.json that has one."
    )

    /// Why a model was refused, without the file's name.
    struct Refused: Error { let reason: String }

    /// The bytes of a compiled model, compiled where it is not yet.
    static func compiled(_ bytes: [UInt8]) throws(Refused) -> [UInt8] {
        if Model.isCompiled(bytes) { return bytes }
        do {
            return try ModelCompiler.compile(ModelReader.read(bytes))
        } catch { throw Refused(reason: "\(error)") }
    }

    static func model(_ bytes: [UInt8]) throws(Refused) -> Model {
        let compiled = try compiled(bytes)
        do {
            return try Model(copying: compiled)
        } catch { throw Refused(reason: "\(error)") }
    }

    /// The model at a path, ready to score, with the calibrator that a directory has for it.
    static func loadCalibrated(_ path: String) throws(Failure) -> (model: Model, calibrator: Calibrator?) {
        guard (try? Kernel.isDirectory(path)) == true else { return (try load(path), nil) }
        let one = try directoryOfOne(path).served.models[0]
        return (one.model, one.calibrator)
    }

    private static func directoryOfOne(_ path: String) throws(Failure) -> ModelDirectory {
        let directory = try ModelDirectory(path, isMeasured: false)
        let count = directory.served.models.count
        guard count == 1 else {
            throw Failure("\(path): found \(count) models; allowed: one, or the path of one of its files")
        }
        return directory
    }

    /// The model at a path, ready to score.
    static func load(_ path: String) throws(Failure) -> Model {
        if (try? Kernel.isDirectory(path)) == true { return try loadCalibrated(path).model }
        let bytes = try InputFile.read(path, limit: limitBytes)
        do {
            return try model(bytes)
        } catch { throw Failure("\(InputFile.displayName(path)): \(error.reason)") }
    }
}

extension ModelInput {
    /// A model's file: the path itself, or the one that a directory has.
    static func file(_ path: String) throws(Failure) -> String {
        guard (try? Kernel.isDirectory(path)) == true else { return path }
        return "\(path)/\(try directoryOfOne(path).modelFiles[0])"
    }

    private static let calibratorBytesMost = 4 * 1024 * 1024

    static func calibrator(_ path: String) throws(Failure) -> Calibrator {
        let bytes = try InputFile.read(path, limit: calibratorBytesMost)
        return try SettingsFile.refusing(path) { () throws(DocumentRefused) in try Calibrator(reading: bytes)
        }
    }
}

extension ModelHead {
    /// `LightGBM, 5 features, 1 output`.
    var line: String {
        let features = featureCount == 1 ? "1 feature" : "\(featureCount) features"
        let outputs = outputCount == 1 ? "1 output" : "\(outputCount) outputs"
        return "\(format.name), \(features), \(outputs)"
    }
}

extension ModelSummary {
    /// `8 trees by bits of 32`.
    var line: String {
        trees == 0 ? "by \(evaluator)" : "\(trees == 1 ? "1 tree" : "\(trees) trees") by \(evaluator)"
    }
}
