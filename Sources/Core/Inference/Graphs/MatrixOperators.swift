// Operators of ONNX that multiply matrices, and those that scale what such layers give.
import CSIMD

extension GraphCompiler {
    mutating func gemm(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        var (a, b) = (try call.numbers(0), try call.numbers(1))
        let (alpha, beta) = (try call.float("alpha", 1), try call.float("beta", 1))
        if try call.int("transA", 0) != 0 { a = try transposed(a, "input 0") }
        if try call.int("transB", 0) != 0 { b = try transposed(b, "input 1") }
        guard a.shape.rank == 2, b.shape.rank == 2 else {
            throw ModelRefused("", found: "\(a.shape.text) and \(b.shape.text)", allowed: "matrices")
        }
        var result = try matrixProduct(a, b)
        if alpha != 1 {
            result = try binary(
                .multiply, result, build.constant(doubles: [Double(alpha)], as: result.type, []))
        }
        guard var c = call.optional(2) else { return result }
        if beta != 1 { c = try binary(.multiply, c, build.constant(doubles: [Double(beta)], as: c.type, [])) }
        // Straight after its product, so nobody else reads that yet.
        if let biased = try addBias(result, c, isSole: true) { return biased }
        return try binary(.add, result, c)
    }

    private mutating func transposed(_ value: GraphValue, _ place: String) throws(ModelRefused) -> GraphValue
    {
        guard !value.shape.isBatched, value.shape.rank == 2 else {
            throw ModelRefused(place, found: "\(value.shape.text) transposed", allowed: "a constant matrix")
        }
        return try permuted(value, [1, 0])
    }

    mutating func matrixProduct(_ a: GraphValue, _ b: GraphValue) throws(ModelRefused) -> GraphValue {
        func refused() -> ModelRefused {
            ModelRefused(
                "", found: "\(a.type.name) \(a.shape.text) times \(b.type.name) \(b.shape.text)",
                allowed: "floats or doubles whose inner dimensions agree, and the rows in the first one alone"
            )
        }
        guard a.type == b.type, a.type != .int, let depth = a.shape.dimensions.last else { throw refused() }
        var dimensions = Array(a.shape.dimensions.dropLast())
        if !b.shape.isBatched {
            guard (1...2).contains(b.shape.rank), b.shape.dimensions[0] == depth else { throw refused() }
            let width = b.shape.rank == 2 ? b.shape.dimensions[1] : 1
            if b.shape.rank == 2 { dimensions.append(width) }
            let shape = GraphShape(isBatched: a.shape.isBatched, dimensions: dimensions)
            if a.type == .float { return try dense(a, b, depth, width, shape) }
            var step = GraphStep(code: .multiply, type: a.type, a: a.operand, b: b.operand)
            (step.n0, step.n1, step.n2, step.n3) = (a.shape.count / depth, depth, width, 1)
            return try build.emit(step, type: a.type, shape: shape)
        }
        // A matrix of each row by another one of it.
        guard a.shape.isBatched, a.shape.dimensions.count == b.shape.dimensions.count, dimensions.count >= 1,
            b.shape.dimensions[dimensions.count - 1] == depth,
            a.shape.dimensions.dropLast(2) == b.shape.dimensions.dropLast(2),
            let width = b.shape.dimensions.last
        else { throw refused() }
        dimensions.append(width)
        var step = GraphStep(code: .multiply, type: a.type, a: a.operand, b: b.operand)
        (step.n0, step.n1, step.n2) = (a.shape.dimensions[dimensions.count - 2], depth, width)
        step.n3 = a.shape.dimensions.dropLast(2).reduce(1, *)
        return try build.emit(step, type: a.type, shape: .batched(dimensions))
    }

    /// Floats by a constant matrix, which is laid out in the panels that the kernels want, with a bias of
    /// zeros.
    private mutating func dense(
        _ a: GraphValue, _ b: GraphValue, _ depth: Int, _ width: Int, _ shape: GraphShape
    ) throws(ModelRefused) -> GraphValue {
        let panel = Int(CSIMD_DENSE_PANEL)
        let matrix = build.numbers(of: b, as: Float.self)
        let panels = (width + panel - 1) / panel
        var packed = [Float](repeating: 0, count: panels * depth * panel)
        for column in 0..<width {
            let start = column / panel * depth * panel + column % panel
            for k in 0..<depth { packed[start + k * panel] = matrix[k * width + column] }
        }
        var step = GraphStep(code: .dense, type: .float, a: a.operand)
        step.b = try build.constant(packed, .float).operand
        step.c = try build.constant([Float](repeating: 0, count: panels * panel), .float).operand
        (step.n0, step.n1, step.n2) = (a.shape.count / depth, depth, width)
        // What adds zeros is no bias yet.
        step.y = 1
        return try build.emit(step, type: .float, shape: shape)
    }

    /// Adds a constant to what the last step, a dense layer, gives, where it is one number for each of its
    /// columns; nil where it is something else.
    mutating func addBias(
        _ value: GraphValue, _ bias: GraphValue, isSole: Bool
    ) throws(ModelRefused) -> GraphValue? {
        guard isSole, bias.isConstant, bias.type == .float, let last = build.steps.indices.last,
            case .dense = build.steps[last].code, value.shape.isBatched,
            build.steps[last].out.offset == value.operand.offset, build.steps[last].y == 1,
            build.steps[last].n3 == 0,
            value.shape.dimensions.last == build.steps[last].n2, bias.shape.rank <= value.shape.rank,
            bias.shape.count == bias.shape.dimensions.last ?? 1,
            bias.shape.count == build.steps[last].n2 || bias.shape.count == 1
        else { return nil }
        let numbers = build.numbers(of: bias, as: Float.self)
        let width = build.steps[last].n2
        let panel = Int(CSIMD_DENSE_PANEL)
        var padded = [Float](repeating: 0, count: (width + panel - 1) / panel * panel)
        for column in 0..<width { padded[column] = numbers[numbers.count == 1 ? 0 : column] }
        build.steps[last].c = try build.constant(padded, .float).operand
        build.steps[last].y = 0
        return value
    }

    /// (x - mean) · scale/√(variance + ε) + shift, the factors of each channel rounded as ONNX Runtime does.
    mutating func batchNormalization(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        call.ignore("momentum", "spatial")
        guard try call.int("training_mode", 0) == 0 else {
            throw ModelRefused("attribute 'training_mode'", found: "1", allowed: "0: a model for inference")
        }
        let epsilon = Double(try call.float("epsilon", 1e-5))
        guard value.shape.isBatched, let channels = value.shape.dimensions.first, value.type != .int else {
            throw ModelRefused("input 0", found: value.shape.text, allowed: "rows of channels")
        }
        var parts: [[Double]] = []
        for index in 1...4 {
            parts.append(try build.doubles(of: try call.input(index), "input \(index)"))
            guard parts[index - 1].count == channels else {
                throw ModelRefused(
                    "input \(index)", found: "\(parts[index - 1].count) numbers", allowed: "\(channels)")
            }
        }
        let factors = parts[0].indices.map { parts[0][$0] / (parts[3][$0] + epsilon).squareRoot() }
        let shifts = parts[0].indices.map { parts[1][$0] - parts[2][$0] * factors[$0] }
        let shape = [channels] + value.shape.dimensions.dropFirst().map { _ in 1 }
        let factor = try build.constant(doubles: factors, as: value.type, shape)
        let shift = try build.constant(doubles: shifts, as: value.type, shape)
        return try binary(.add, binary(.multiply, value, factor), shift)
    }

    mutating func layerNormalization(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        call.ignore("stash_type")
        let axis = try call.inner(try call.int("axis", -1), value)
        let count = value.shape.dimensions[axis...].reduce(1, *)
        var step = GraphStep(code: .layerNormalize, type: value.type, a: value.operand)
        step.x = Double(try call.float("epsilon", 1e-5))
        (step.n0, step.n1) = (value.shape.count / count, count)
        guard value.type != .int else {
            throw ModelRefused("input 0", found: "whole numbers", allowed: "float or double")
        }
        var parts: [Operand] = []
        for (index, otherwise) in [(1, 1.0), (2, 0.0)] {
            let numbers = try call.optional(index).map { (part) throws(ModelRefused) in
                try build.doubles(of: part, "input \(index)")
            }
            guard numbers == nil || numbers?.count == count else {
                throw ModelRefused(
                    "input \(index)", found: "\(numbers?.count ?? 0) numbers", allowed: "\(count)")
            }
            parts.append(
                try build.constant(
                    doubles: numbers ?? [Double](repeating: otherwise, count: count), as: value.type
                ).operand)
        }
        (step.b, step.c) = (parts[0], parts[1])
        return try build.emit(step, type: value.type, shape: value.shape)
    }
}
