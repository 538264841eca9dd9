// Operators of ONNX that go element by element, and the list of all that are known.

extension GraphCompiler {
    mutating func standard(_ call: inout GraphCall) throws(ModelRefused) -> [GraphValue] {
        let name = call.node.operation
        if let operation = Self.unary[name] { return [try unary(operation, try call.numbers(0))] }
        if let operation = Self.binary[name] { return [try fold(operation.0, operation.swapped, call)] }
        switch name {
        case "Relu": return [try relu(call)]
        case "LeakyRelu": return [try unary(.leaky, call.numbers(0), Double(call.float("alpha", 0.01)))]
        case "Elu": return [try unary(.exponentialUnit, call.numbers(0), Double(call.float("alpha", 1)), 1)]
        case "Selu":
            return [
                try unary(
                    .exponentialUnit, call.numbers(0), Double(call.float("alpha", 1.6732632)),
                    Double(call.float("gamma", 1.050701)))
            ]
        case "HardSigmoid":
            return [
                try unary(
                    .hardSigmoid, call.numbers(0), Double(call.float("alpha", 0.2)),
                    Double(call.float("beta", 0.5)))
            ]
        case "Clip": return [try clip(&call)]
        case "PRelu": return [try leakyBySlope(call)]
        case "Gelu": return [try gelu(&call)]
        case "Where": return [try choose(call)]
        case "Cast": return [try cast(&call)]
        case "Identity": return [try call.input(0)]
        case "Dropout":
            call.ignore("ratio", "seed")
            return [try call.input(0)]
        case "Constant": return [try constant(&call)]
        case "ConstantOfShape": return [try constantOfShape(&call)]
        case "Gemm": return [try gemm(&call)]
        case "MatMul": return [try matrixProduct(call.numbers(0), call.numbers(1))]
        case "Concat": return [try concat(&call)]
        case "Gather": return [try gather(&call)]
        case "Reshape": return [try reshape(&call)]
        case "Flatten": return [try flatten(&call)]
        case "Squeeze": return [try squeeze(&call)]
        case "Unsqueeze": return [try unsqueeze(&call)]
        case "Slice": return [try slice(call)]
        case "Split": return try split(&call)
        case "Transpose": return [try transpose(&call)]
        case "Expand": return [try expand(call)]
        case "Shape": return [try shape(&call)]
        case "Softmax": return [try softmax(&call, .softmax)]
        case "LogSoftmax": return [try softmax(&call, .logSoftmax)]
        case "ArgMax": return [try findFirst(&call, .firstLargest)]
        case "ArgMin": return [try findFirst(&call, .firstSmallest)]
        case "BatchNormalization": return [try batchNormalization(&call)]
        case "LayerNormalization": return [try layerNormalization(&call)]
        default:
            if let reduction = Self.reductions[name] { return [try reduce(&call, reduction)] }
            throw ModelRefused("", found: "an operator that is not known here", allowed: Self.list)
        }
    }

    /// Where all that is known is written down.
    static let list = "those of docs/onnx.md"

    static let unary: [String: UnaryOperation] = [
        "Neg": .negative, "Abs": .magnitude, "Reciprocal": .reciprocal, "Sqrt": .squareRoot, "Floor": .floor,
        "Ceil": .ceiling, "Round": .nearest, "Sign": .sign, "Exp": .exp, "Log": .log, "Sigmoid": .sigmoid,
        "Tanh": .tanh, "Erf": .erf, "Softplus": .softplus, "Softsign": .softsign, "Not": .not,
        "IsNaN": .isNaN,
    ]

    static let binary: [String: (BinaryOperation, swapped: Bool)] = [
        "Add": (.add, false), "Sub": (.subtract, false), "Mul": (.multiply, false), "Div": (.divide, false),
        "Pow": (.power, false), "Min": (.smaller, false), "Max": (.larger, false), "Sum": (.add, false),
        "Less": (.less, false), "LessOrEqual": (.lessOrEqual, false), "Greater": (.less, true),
        "GreaterOrEqual": (.lessOrEqual, true), "Equal": (.equal, false), "And": (.and, false),
        "Or": (.or, false),
    ]

    static let reductions: [String: Reduction] = [
        "ReduceSum": .sum, "ReduceMean": .mean, "ReduceMax": .largest, "ReduceMin": .smallest,
        "ReduceProd": .product, "ReduceL1": .absolutes, "ReduceL2": .length, "ReduceSumSquare": .squares,
    ]

    private static let unaryOfInts: Set<UnaryOperation> = [
        .copy, .negative, .magnitude, .sign, .rectify, .clip, .not, .above,
    ]

    mutating func unary(
        _ operation: UnaryOperation, _ value: GraphValue, _ x: Double = 0, _ y: Double = 0
    ) throws(ModelRefused) -> GraphValue {
        guard value.type != .int || Self.unaryOfInts.contains(operation) else {
            throw ModelRefused("input 0", found: "whole numbers", allowed: "float or double")
        }
        var step = GraphStep(code: .unary(operation), type: value.type, a: value.operand)
        (step.x, step.y) = (x, y)
        let type = operation == .not || operation == .isNaN ? GraphType.int : value.type
        return try build.emit(step, type: type, shape: value.shape)
    }

    /// Two operands, or several one after the other.
    private mutating func fold(
        _ operation: BinaryOperation, _ isSwapped: Bool, _ call: GraphCall
    ) throws(ModelRefused) -> GraphValue {
        var result = try call.numbers(0)
        if call.inputs.count == 1, ["Min", "Max", "Sum"].contains(call.node.operation) { return result }
        for index in 1..<max(call.inputs.count, 2) {
            let other = try call.numbers(index)
            if operation == .add, call.inputs.count == 2 {
                if let biased = try addBias(result, other, isSole: call.isSole[0]) { return biased }
                if let biased = try addBias(other, result, isSole: call.isSole[1]) { return biased }
            }
            result = isSwapped ? try binary(operation, other, result) : try binary(operation, result, other)
        }
        return result
    }

    mutating func binary(
        _ operation: BinaryOperation, _ a: GraphValue, _ b: GraphValue
    ) throws(ModelRefused) -> GraphValue {
        // The exponent alone may be of another type.
        let b = operation == .power && b.type != a.type ? try convert(b, to: a.type) : b
        guard a.type == b.type else {
            throw ModelRefused(
                "", found: "\(a.type.name) and \(b.type.name)", allowed: "operands of one type")
        }
        let broadcast = try Broadcast([a.shape, b.shape])
        for operand in [a, b] where operand.isConstant && operand.type == .int {
            guard !build.numbers(of: operand, as: Int64.self).contains(rowsAsNumber) else {
                throw ModelRefused(
                    "", found: "arithmetic with the number of rows", allowed: "rows on their own")
            }
        }
        var step = GraphStep(code: .binary(operation), type: a.type, a: a.operand, b: b.operand)
        step.tableA = try build.table(broadcast.tables[0])
        step.tableB = try build.table(broadcast.tables[1])
        let isTruth = [.less, .lessOrEqual, .equal, .and, .or].contains(operation)
        return try build.emit(step, type: isTruth ? .int : a.type, shape: broadcast.shape)
    }

    private mutating func relu(_ call: GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        if call.isSole[0], let last = build.steps.indices.last, case .dense = build.steps[last].code,
            !value.operand.isConstant, build.steps[last].out.offset == value.operand.offset
        {
            // A dense layer rectifies what it leaves: the same result without another walk.
            build.steps[last].n3 = 1
            return value
        }
        return try unary(.rectify, value)
    }

    private mutating func clip(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        // Where nothing is said, infinities become the largest numbers of the type, as ONNX says.
        let most = value.type == .float ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
        var bounds = [-most, most]
        if build.opset < 11 {
            bounds = [
                Double(try call.float("min", -.greatestFiniteMagnitude)),
                Double(try call.float("max", .greatestFiniteMagnitude)),
            ]
        } else {
            for index in 0..<2 {
                if let bound = call.optional(index + 1) {
                    let numbers = try build.doubles(of: bound, "input \(index + 1)")
                    guard numbers.count == 1, !numbers[0].isNaN else {
                        throw ModelRefused(
                            "input \(index + 1)", found: "\(numbers.count) bounds", allowed: "one number")
                    }
                    bounds[index] = numbers[0]
                }
            }
        }
        return try unary(.clip, value, bounds[0], bounds[1])
    }

    private mutating func leakyBySlope(_ call: GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        let zero = try build.constant(doubles: [0], as: value.type, [])
        return try choose(
            try binary(.less, value, zero), try binary(.multiply, value, try call.numbers(1)), value)
    }

    /// x · (1 + erf(x/√2)) / 2, in this order.
    private mutating func gelu(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        guard try call.text("approximate", "none") == "none" else {
            throw ModelRefused("attribute 'approximate'", found: "another", allowed: "none")
        }
        let (root, one, half) = (
            try build.constant(doubles: [0x1.6a09e667f3bcdp-1], as: value.type, []),
            try build.constant(doubles: [1], as: value.type, []),
            try build.constant(doubles: [0.5], as: value.type, [])
        )
        let erf = try unary(.erf, binary(.multiply, value, root))
        return try binary(.multiply, binary(.multiply, value, binary(.add, erf, one)), half)
    }

    private mutating func choose(_ call: GraphCall) throws(ModelRefused) -> GraphValue {
        try choose(try call.numbers(0), try call.numbers(1), try call.numbers(2))
    }

    private mutating func choose(
        _ condition: GraphValue, _ a: GraphValue, _ b: GraphValue
    ) throws(ModelRefused) -> GraphValue {
        guard condition.type == .int, a.type == b.type else {
            throw ModelRefused(
                "", found: "\(condition.type.name), \(a.type.name) and \(b.type.name)",
                allowed: "truth values, and two of one type")
        }
        let broadcast = try Broadcast([a.shape, b.shape, condition.shape])
        var step = GraphStep(
            code: .choose, type: a.type, a: a.operand, b: b.operand, c: condition.operand)
        step.tableA = try build.table(broadcast.tables[0])
        step.tableB = try build.table(broadcast.tables[1])
        step.tableC = try build.table(broadcast.tables[2])
        return try build.emit(step, type: a.type, shape: broadcast.shape)
    }

    private mutating func cast(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.input(0)
        call.ignore("saturate")
        let to = try call.int("to", 0)
        switch to {
        case 1: return try convert(value, to: .float)
        case 11: return try convert(value, to: .double)
        case 6: return try convert(value, to: .int, below: 0x1p31)
        case 7: return try convert(value, to: .int, below: 0x1p63)
        case 9: return try convert(value, to: .int, isTruth: true)
        case 8 where value.type == .text || !value.labels.isEmpty: return value
        default:
            throw ModelRefused(
                "attribute 'to'", found: "type \(to)", allowed: "float, double, int32, int64 and bool")
        }
    }

    mutating func convert(
        _ value: GraphValue, to type: GraphType, isTruth: Bool = false, below bound: Double = 0x1p63
    ) throws(ModelRefused) -> GraphValue {
        guard value.type != .text else {
            throw ModelRefused("", found: "strings as numbers", allowed: "numbers")
        }
        if value.type == type, !isTruth { return value }
        var step = GraphStep(code: .convert(from: value.type), type: type, a: value.operand)
        step.n0 = isTruth ? 1 : 0
        step.x = bound
        return try build.emit(step, type: type, shape: value.shape, labels: value.labels)
    }

    private mutating func constant(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        if let tensor = try call.tensor("value") { return try build.constant(tensor) }
        if let value = try call.optionalInt("value_int") { return try build.constant([value], .int, []) }
        if let values = try call.ints("value_ints") { return try build.constant(values, .int) }
        if let values = try call.floats("value_floats") { return try build.constant(values, .float) }
        let value = try call.float("value_float", .nan)
        guard !value.isNaN else {
            throw ModelRefused("", found: "a constant of another kind", allowed: "a dense tensor or numbers")
        }
        return try build.constant([value], .float, [])
    }

    private mutating func constantOfShape(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        var dimensions = try build.ints(of: try call.input(0), "input 0")
        let isBatched = dimensions.first == rowsAsNumber
        if isBatched { dimensions.removeFirst() }
        guard let shape = boundedShape(dimensions) else {
            throw ModelRefused(
                "input 0", found: "dimensions \(dimensions)", allowed: "a shape without the rows")
        }
        let value: GraphValue
        if let tensor = try call.tensor("value") {
            value = try build.constant(tensor)
        } else {
            value = try build.constant([Float(0)], .float)
        }
        guard value.shape.count == 1, value.type != .text else {
            throw ModelRefused(
                "attribute 'value'", found: "\(value.shape.count) values", allowed: "one number")
        }
        var step = GraphStep(code: .pick, type: value.type, a: value.operand)
        step.tableA = try build.table([Int32](repeating: 0, count: shape.reduce(1, *)))
        return try build.emit(
            step, type: value.type, shape: GraphShape(isBatched: isBatched, dimensions: shape))
    }
}

/// Dimensions of a value that is not too large, or nil.
func boundedShape(_ dimensions: [Int64]) -> [Int]? {
    guard dimensions.count <= ONNXLimits.rank else { return nil }
    var count = 1
    for dimension in dimensions {
        guard (1...Int64(GraphLimits.elements)).contains(dimension) else { return nil }
        count *= Int(dimension)
        guard count <= GraphLimits.elements else { return nil }
    }
    return dimensions.map { Int($0) }
}
