// Reads models for commands: in any of their libraries' formats, or compiled.
import Commands
import Inference
import Kernel

enum ModelInput {
    /// Four gibibytes is what the name of a compiled model can tell apart.
    static let limitBytes = 4 * 1024 * 1024 * 1024 - 1

    static let model = Parameter.requiredOption(
        "model", WordKind.file, "A model of LightGBM, XGBoost, CatBoost or ONNX, or a compiled one.")

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

    /// The model at a path, ready to score.
    static func load(_ path: String) throws(Failure) -> Model {
        let bytes = try InputFile.read(path, limit: limitBytes)
        do {
            return try model(bytes)
        } catch { throw Failure("\(InputFile.displayName(path)): \(error.reason)") }
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
