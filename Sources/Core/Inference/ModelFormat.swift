// Which program wrote a model. Formats are told by their first bytes, never by a file's name.

public enum ModelFormat: String, CaseIterable, Sendable {
    case lightGBM, xgBoost, catBoost, onnx

    /// As its makers write it.
    public var name: String {
        switch self {
        case .lightGBM: "LightGBM"
        case .xgBoost: "XGBoost"
        case .catBoost: "CatBoost"
        case .onnx: "ONNX"
        }
    }
}
