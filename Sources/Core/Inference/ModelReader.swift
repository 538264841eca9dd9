// One door to all formats: which one it is, is told by the first bytes.

/// What a model is, before it is compiled.
public enum ModelContent: Equatable, Sendable {
    case trees(TreeEnsemble)
    case linear(LinearModel)
    case graph(GraphModel)
}

public enum ModelReader {
    public static func read(_ bytes: [UInt8]) throws(ModelRefused) -> ModelContent {
        if LightGBMReader.recognises(bytes) { return .trees(try LightGBMReader.read(bytes)) }
        if GraphModel.recognises(bytes) { return .graph(try GraphModel(reading: bytes)) }
        switch bytes.first {
        case UInt8(ascii: "{"):
            // UBJSON starts with the same brace, and goes on with a length where JSON has a blank or a quote.
            switch bytes.dropFirst().first {
            case UInt8(ascii: "L"), UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "I"),
                UInt8(ascii: "l"):
                return try XGBoostReader.read(ubj: bytes)
            default: return try json(bytes)
            }
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
            return try json(bytes)
        default: break
        }
        if bytes.starts(with: Array("binf".utf8)) {
            throw ModelRefused(
                "byte 0", found: "XGBoost's old binary format",
                allowed: "a model saved again as .json or .ubj")
        }
        if bytes.starts(with: Array("CBM1".utf8)) {
            throw ModelRefused(
                "byte 0", found: "CatBoost's binary format", allowed: "a model saved with format=\"json\"")
        }
        throw ModelRefused(
            "byte 0", found: bytes.isEmpty ? "an empty file" : "another kind of file",
            allowed: "a model of LightGBM (text), XGBoost (JSON or UBJSON), CatBoost (JSON) or ONNX")
    }

    /// Numbers of XGBoost's are Floats, of CatBoost's Doubles: the document is read for the one that it is
    /// of.
    private static func json(_ bytes: [UInt8]) throws(ModelRefused) -> ModelContent {
        let document = ModelPlace(value: try ModelValue(json: bytes, singles: true), path: "")
        if XGBoostReader.recognises(document) { return try XGBoostReader.read(document) }
        if CatBoostReader.recognises(document) { return .trees(try CatBoostReader.read(bytes)) }
        throw document.refused("XGBoost's key learner, or CatBoost's features_info and oblivious_trees")
    }
}
