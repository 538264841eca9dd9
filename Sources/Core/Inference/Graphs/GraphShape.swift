// What is known of a value in a graph before it runs: its type, and its dimensions but for how many rows
// there are. A value either has one of itself for each row, and then the rows are its first dimension, or it
// is the same for all.

enum GraphType: UInt8, Sendable {
    case float, double
    /// Whole numbers of all widths, and truth values as 0 and 1.
    case int
    /// Constants alone: labels and categories.
    case text

    var size: Int { self == .float ? 4 : 8 }

    var name: String {
        switch self {
        case .float: "float"
        case .double: "double"
        case .int: "whole numbers"
        case .text: "strings"
        }
    }
}

struct GraphShape: Equatable, Sendable {
    /// Whether the rows are another dimension before these.
    var isBatched: Bool
    var dimensions: [Int]

    /// Elements in a row, or in all where it has no rows.
    var count: Int { dimensions.reduce(1, *) }
    /// As the graph counts dimensions.
    var rank: Int { dimensions.count + (isBatched ? 1 : 0) }

    static func constant(_ dimensions: [Int]) -> GraphShape {
        GraphShape(isBatched: false, dimensions: dimensions)
    }
    static func batched(_ dimensions: [Int]) -> GraphShape {
        GraphShape(isBatched: true, dimensions: dimensions)
    }

    var text: String {
        "[" + ((isBatched ? ["rows"] : []) + dimensions.map(String.init)).joined(separator: ", ") + "]"
    }
}

/// What two values make together when their dimensions are joined, and where each takes its elements from.
struct Broadcast {
    var shape: GraphShape
    /// For each element of the result's row, the operand's element; nil where it is the same one.
    var tables: [[Int32]?]

    /// Operands of fewer dimensions get ones in front, as in NumPy. The rows only meet rows, or what is the
    /// same for all.
    init(_ operands: [GraphShape]) throws(ModelRefused) {
        func refused() -> ModelRefused {
            ModelRefused(
                "", found: "shapes " + operands.map(\.text).joined(separator: " and "),
                allowed: "shapes that fit, with the rows in the first dimension of the result")
        }
        let isBatched = operands.contains(where: \.isBatched)
        let rank = operands.map(\.rank).max() ?? 0
        // All with the same number of dimensions, without that of the rows.
        var rows: [[Int]] = []
        for operand in operands {
            var full = operand.dimensions
            if operand.isBatched {
                guard operand.rank == rank else { throw refused() }
            } else {
                full = [Int](repeating: 1, count: rank - full.count) + full
                if isBatched {
                    guard full.first == 1 else { throw refused() }
                    full.removeFirst()
                }
            }
            rows.append(full)
        }
        var result = [Int](repeating: 1, count: isBatched ? rank - 1 : rank)
        for axis in result.indices {
            for row in rows where row[axis] != 1 {
                guard result[axis] == 1 || result[axis] == row[axis] else { throw refused() }
                result[axis] = row[axis]
            }
        }
        shape = GraphShape(isBatched: isBatched, dimensions: result)
        try GraphLimits.check(shape)
        tables = []
        for row in rows {
            tables.append(row == result ? nil : indices(of: result, strides: broadcastStrides(row)))
        }
    }
}

/// How far apart neighbours along each dimension are.
func strides(of dimensions: [Int]) -> [Int] {
    var result = [Int](repeating: 1, count: dimensions.count)
    for axis in dimensions.indices.dropLast().reversed() {
        result[axis] = result[axis + 1] * dimensions[axis + 1]
    }
    return result
}

private func broadcastStrides(_ dimensions: [Int]) -> [Int] {
    zip(dimensions, strides(of: dimensions)).map { $0 == 1 ? 0 : $1 }
}

/// For each element of a value, in order, the place that these strides lead to.
func indices(of dimensions: [Int], strides: [Int], offset: Int = 0) -> [Int32] {
    var result: [Int32] = [Int32(offset)]
    for (size, stride) in zip(dimensions, strides) {
        result = result.flatMap { place in (0..<size).map { place + Int32($0 * stride) } }
    }
    return result
}

/// What a graph may take, in all.
enum GraphLimits {
    /// Elements of one value in one row: far more than a decision has time for.
    static let elements = 1 << 20
    /// Steps after what is constant has been worked out.
    static let steps = 1 << 14
    /// Rows that are worked out together: enough for the kernels, and what they leave still fits the cache.
    static let rows = 64
    /// Bytes of a workspace.
    static let workspaceBytes = 1 << 28
    /// Bytes of everything constant.
    static let constantBytes = 1 << 29

    /// What is the same for all rows may be larger: it is worked out once.
    static func check(_ shape: GraphShape) throws(ModelRefused) {
        if shape.isBatched { return try check(elements: shape.count) }
        guard shape.count > 0, shape.count <= ONNXLimits.elements else {
            throw ModelRefused(
                "", found: "a constant of \(shape.count) elements", allowed: "1 to \(ONNXLimits.elements)")
        }
    }

    static func check(elements: Int) throws(ModelRefused) {
        guard elements > 0, elements <= Self.elements else {
            throw ModelRefused("", found: "\(elements) elements", allowed: "1 to \(Self.elements) in a row")
        }
    }
}
