// A graph as a list of steps over typed memory: no names, no shapes to work out, nothing to allocate. A step
// says what it does, where its operands and its result lie, and a few numbers.

/// Where a value lies: among the constants, or in the workspace with so many bytes for each row.
struct Operand: Sendable {
    var offset: Int
    /// 0 for a constant.
    var rowBytes: Int

    static let none = Operand(offset: 0, rowBytes: 0)
    var isConstant: Bool { rowBytes == 0 }
}

enum UnaryOperation: UInt8, Sendable {
    case copy, negative, magnitude, reciprocal, squareRoot, floor, ceiling, nearest, sign, rectify, exp, log
    case sigmoid, tanh, erf, softplus, softsign, not, isNaN, leaky, exponentialUnit, hardSigmoid, clip, above
}

enum BinaryOperation: UInt8, Sendable {
    case add, subtract, multiply, divide, power, smaller, larger, less, lessOrEqual, equal, and, or
}

enum Reduction: UInt8, Sendable {
    case sum, mean, largest, smallest, product, absolutes, length, squares, firstLargest, firstSmallest
}

enum Scaling: UInt8, Sendable { case softmax, logSoftmax, largest, absolutes, length, softmaxOfNonzero }

struct GraphStep: Sendable {
    enum Code: Sendable {
        case unary(UnaryOperation), binary(BinaryOperation), reduce(Reduction), scale(Scaling)
        case convert(from: GraphType)
        /// Elements by a table of places.
        case pick
        /// Runs of elements into places that are so far apart: what joins values.
        case place
        /// Rows of a constant table by whole numbers.
        case gather
        /// The first operand where the third is not zero, else the second.
        case choose
        /// Floats through a matrix that lies in panels.
        case dense
        /// Matrices of each row, summed in Double.
        case multiply
        case layerNormalize
        /// 1 at the category's place, else 0.
        case oneHot
        /// The values that belong to keys.
        case lookUp
        /// What stands in for a value that is missing.
        case impute
        case trees
    }

    var code: Code
    /// That of the result; of the operands for what compares them, and for `gather` of the table.
    var type: GraphType
    var a = Operand.none
    var b = Operand.none
    var c = Operand.none
    var out = Operand.none
    /// Elements of a result's row.
    var count = 1
    // What the code says they are.
    var n0 = 0
    var n1 = 0
    var n2 = 0
    var n3 = 0
    var x = 0.0
    var y = 0.0
    /// Where the operands' tables of places lie among the constants; -1 for the same place, -2 for the first.
    var tableA = -1
    var tableB = -1
    var tableC = -1
}

/// What a model takes: the inputs stand one behind the other in a row.
public struct GraphInput: Equatable, Sendable {
    public let name: String
    /// How many numbers of a row are this input's.
    public let width: Int
    /// Whether they must be whole numbers: a row in which one is not has no result.
    public let isWhole: Bool
}

public struct GraphOutput: Equatable, Sendable {
    public let name: String
    public let width: Int
    /// What the numbers stand for: of a single one the texts of classes, which it counts from zero; of
    /// several, one for each. Empty where nothing is said.
    public let labels: [String]
}

/// A compiled graph. It never changes, and any number of workspaces may run it.
public struct GraphProgram: Sendable {
    public let inputs: [GraphInput]
    public let outputs: [GraphOutput]
    /// Numbers in a row, and in a row of results.
    public let inputWidth: Int
    public let outputWidth: Int
    public let producer: String

    let steps: [GraphStep]
    let constants: AlignedBytes
    let trees: [GraphTrees]
    let inputPlaces: [(type: GraphType, operand: Operand)]
    let outputPlaces: [(type: GraphType, operand: Operand)]
    /// Of the workspace, for each row.
    let bytesPerRow: Int

    /// The steps, for people.
    public var stepCount: Int { steps.count }
    public var constantBytes: Int { constants.count }
}

/// Bytes that start on a cache line and are freed with their owner.
@safe final class AlignedBytes: @unchecked Sendable {
    let count: Int
    private let start: UnsafeMutableRawPointer

    init(count: Int) {
        self.count = count
        unsafe start = .allocate(byteCount: max(count, 64), alignment: 64)
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 64))
    }

    deinit { unsafe start.deallocate() }

    /// Whoever writes sees to it that nobody reads meanwhile: constants are written before they are shared.
    @unsafe var memory: UnsafeMutableRawPointer { unsafe start }
}
