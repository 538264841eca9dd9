// An ONNX file as it is written, before anything is known of what its nodes mean.

/// What is allowed of a file, whatever it says.
enum ONNXLimits {
    /// A model of 64 million Floats: far more than answers in microseconds.
    static let bytes = 1 << 28
    static let nodes = 1 << 14
    static let tensors = 1 << 14
    /// Inputs and outputs of the graph, and of a node. Pipelines of scikit-learn have one input for each
    /// column.
    static let places = 1 << 12
    static let attributes = 256
    static let rank = 8
    /// Of one tensor, in elements.
    static let elements = 1 << 26
    static let nameBytes = 1 << 10
    static let textBytes = 1 << 16
    /// The versions whose operators are known, of both operator sets.
    static let irVersions: ClosedRange<Int64> = 3...10
    static let opsets: ClosedRange<Int64> = 9...21
    static let mlOpsets: ClosedRange<Int64> = 1...5
    static let mlDomain = "ai.onnx.ml"
}

struct ONNXModel {
    var producer = ""
    /// Versions by domain; the main one is "".
    var opsets: [String: Int64] = [:]
    var graph = ONNXGraph()
}

struct ONNXGraph {
    var name = ""
    var nodes: [ONNXNode] = []
    var initializers: [ONNXTensor] = []
    var inputs: [ONNXValueInfo] = []
    var outputs: [ONNXValueInfo] = []
}

struct ONNXNode {
    var name = ""
    var domain = ""
    var operation = ""
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [String: ONNXAttribute] = [:]
}

enum ONNXAttribute {
    case float(Float)
    case int(Int64)
    case text(String)
    case tensor(ONNXTensor)
    case floats([Float])
    case ints([Int64])
    case texts([String])
}

struct ONNXTensor {
    enum Numbers {
        case floats([Float])
        case doubles([Double])
        /// Whole numbers of every width, and truth values.
        case ints([Int64])
        case texts([String])

        var count: Int {
            switch self {
            case .floats(let values): values.count
            case .doubles(let values): values.count
            case .ints(let values): values.count
            case .texts(let values): values.count
            }
        }
    }

    var name = ""
    var dimensions: [Int] = []
    var numbers = Numbers.floats([])
}

/// An input or output as it is declared. Of outputs only the name counts: what is declared of their shapes is
/// often wrong, and follows from the graph.
struct ONNXValueInfo {
    var name = ""
    /// 0 where it is no tensor.
    var elementType: Int64 = 0
    /// nil where nothing is said; -1 for a dimension that is free.
    var dimensions: [Int]?
}
