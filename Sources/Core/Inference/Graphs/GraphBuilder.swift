// Makes a program of a graph, node after node. What does not depend on the rows is worked out at once, by the
// same steps that would do it for every row.

/// A value while the program is made.
struct GraphValue {
    var type: GraphType
    var shape: GraphShape
    /// In the workspace `offset` is the number of the value until all are known.
    var operand: Operand
    /// What its numbers stand for, where it is classes or their scores.
    var labels: [String] = []
    /// Where it is constant text.
    var texts: [String] = []

    var isConstant: Bool { !shape.isBatched }
}

/// Stands for the number of rows among constant whole numbers, which `Shape` gives.
let rowsAsNumber = Int64.min + 1

struct GraphBuilder {
    let opset: Int64
    let mlOpset: Int64
    var values: [String: GraphValue] = [:]
    var steps: [GraphStep] = []
    var trees: [GraphTrees] = []
    private(set) var pool: [UInt8] = []
    private(set) var rowBytes: [Int] = []
    private var tablesKnown: [[Int32]: Int] = [:]

    init(opset: Int64, mlOpset: Int64) {
        self.opset = opset
        self.mlOpset = mlOpset
    }

    // Constants.

    private mutating func keep<Element: BitwiseCopyable>(_ numbers: [Element]) throws(ModelRefused) -> Int {
        let offset = (pool.count + 63) / 64 * 64
        guard offset + numbers.count * 8 <= GraphLimits.constantBytes else {
            throw ModelRefused(
                "", found: "constants beyond \(GraphLimits.constantBytes) bytes", allowed: "a smaller model")
        }
        pool.append(contentsOf: repeatElement(0, count: offset - pool.count))
        unsafe numbers.withUnsafeBytes { unsafe pool.append(contentsOf: $0) }
        return offset
    }

    mutating func constant<Element: BitwiseCopyable>(
        _ numbers: [Element], _ type: GraphType, _ dimensions: [Int]? = nil
    ) throws(ModelRefused) -> GraphValue {
        GraphValue(
            type: type, shape: .constant(dimensions ?? [numbers.count]),
            operand: Operand(offset: try keep(numbers), rowBytes: 0))
    }

    mutating func constant(_ tensor: ONNXTensor) throws(ModelRefused) -> GraphValue {
        switch tensor.numbers {
        case .floats(let values): return try constant(values, .float, tensor.dimensions)
        case .doubles(let values): return try constant(values, .double, tensor.dimensions)
        case .ints(let values): return try constant(values, .int, tensor.dimensions)
        case .texts(let texts):
            return GraphValue(
                type: .text, shape: .constant(tensor.dimensions), operand: .none, texts: texts)
        }
    }

    /// Numbers of the type, one after the other.
    mutating func constant(
        doubles: [Double], as type: GraphType, _ dimensions: [Int]? = nil
    ) throws(ModelRefused) -> GraphValue {
        switch type {
        case .float: try constant(doubles.map { Float($0) }, .float, dimensions)
        case .double: try constant(doubles, .double, dimensions)
        default: try constant(doubles.map { Int64(exactly: $0) ?? 0 }, .int, dimensions)
        }
    }

    /// A table of places, of which the same one is kept once.
    mutating func table(_ places: [Int32]) throws(ModelRefused) -> Int {
        if let known = tablesKnown[places] { return known }
        let offset = try keep(places)
        tablesKnown[places] = offset
        return offset
    }

    mutating func table(_ places: [Int32]?) throws(ModelRefused) -> Int {
        guard let places else { return -1 }
        if places.allSatisfy({ $0 == 0 }) { return -2 }
        return try table(places)
    }

    func ints(of value: GraphValue, _ what: String) throws(ModelRefused) -> [Int64] {
        guard value.isConstant, value.type == .int else {
            throw ModelRefused(
                what, found: value.isConstant ? value.type.name : "a value that depends on the row",
                allowed: "constant whole numbers")
        }
        return numbers(of: value)
    }

    /// The numbers of a constant.
    func numbers<Element: BitwiseCopyable>(of value: GraphValue, as type: Element.Type = Element.self)
        -> [Element]
    {
        let start = value.operand.offset
        return unsafe pool.withUnsafeBytes { bytes in
            (0..<value.shape.count).map {
                unsafe bytes.loadUnaligned(
                    fromByteOffset: start + $0 * MemoryLayout<Element>.stride, as: Element.self)
            }
        }
    }

    /// The numbers of a constant, whatever their type.
    func doubles(of value: GraphValue, _ what: String) throws(ModelRefused) -> [Double] {
        guard value.isConstant else {
            throw ModelRefused(what, found: "a value that depends on the row", allowed: "a constant")
        }
        switch value.type {
        case .float: return numbers(of: value, as: Float.self).map { Double($0) }
        case .double: return numbers(of: value)
        case .int: return numbers(of: value, as: Int64.self).map { Double($0) }
        case .text: throw ModelRefused(what, found: "strings", allowed: "numbers")
        }
    }

    // Steps.

    mutating func slot(_ type: GraphType, _ count: Int) -> Operand {
        rowBytes.append(count * type.size)
        return Operand(offset: rowBytes.count - 1, rowBytes: count * type.size)
    }

    /// Adds a step whose result has this type and shape; where the shape has no rows, it is worked out at
    /// once.
    mutating func emit(
        _ step: GraphStep, type: GraphType, shape: GraphShape, labels: [String] = []
    ) throws(ModelRefused) -> GraphValue {
        try GraphLimits.check(shape)
        var step = step
        step.count = shape.count
        if shape.isBatched {
            step.out = slot(type, shape.count)
            try append(step)
            return GraphValue(type: type, shape: shape, operand: step.out, labels: labels)
        }
        step.out = Operand(offset: 0, rowBytes: shape.count * type.size)
        let result = AlignedBytes(count: shape.count * type.size)
        var fault = false
        unsafe pool.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe withUnsafeMutablePointer(to: &fault) { fault in
                let frame = unsafe GraphFrame(
                    constants: base, scratch: result.memory, faults: fault, capacity: 1, rows: 1)
                run(step, frame, [])
            }
        }
        guard !fault else {
            throw ModelRefused("", found: "an index outside of its table", allowed: "one inside")
        }
        let bytes = withExtendedLifetime(result) {
            unsafe [UInt8](UnsafeRawBufferPointer(start: result.memory, count: result.count))
        }
        let kept = Operand(offset: try keep(bytes), rowBytes: 0)
        return GraphValue(type: type, shape: shape, operand: kept, labels: labels)
    }

    mutating func append(_ step: GraphStep) throws(ModelRefused) {
        guard steps.count < GraphLimits.steps else {
            throw ModelRefused("", found: "more than \(GraphLimits.steps) steps", allowed: "a smaller graph")
        }
        steps.append(step)
    }

    /// The program, once all values are known: what is no longer needed gives its place to what comes.
    func program(
        inputs: [(GraphInput, GraphValue)], outputs: [(GraphOutput, GraphValue)], producer: String
    ) throws(ModelRefused) -> GraphProgram {
        let layout = try GraphLayout(
            steps: steps, rowBytes: rowBytes, inputs: inputs.map(\.1.operand),
            outputs: outputs.map(\.1.operand))
        let constants = AlignedBytes(count: pool.count)
        unsafe pool.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe constants.memory.copyMemory(from: base, byteCount: bytes.count)
        }
        return GraphProgram(
            inputs: inputs.map(\.0), outputs: outputs.map(\.0),
            inputWidth: inputs.reduce(0) { $0 + $1.0.width },
            outputWidth: outputs.reduce(0) { $0 + $1.0.width }, producer: producer,
            steps: steps.map(layout.placed), constants: constants, trees: trees,
            inputPlaces: inputs.map { ($0.1.type, layout.placed($0.1.operand)) },
            outputPlaces: outputs.map { ($0.1.type, layout.placed($0.1.operand)) },
            bytesPerRow: layout.bytesPerRow)
    }
}

/// Where values lie in a workspace: each from the step that makes it to the last one that reads it.
struct GraphLayout {
    private var offsets: [Int]
    private(set) var bytesPerRow = 0

    init(
        steps: [GraphStep], rowBytes: [Int], inputs: [Operand], outputs: [Operand]
    ) throws(ModelRefused) {
        offsets = [Int](repeating: -1, count: rowBytes.count)
        var last = [Int](repeating: -1, count: rowBytes.count)
        for (index, step) in steps.enumerated() {
            for operand in [step.a, step.b, step.c] where !operand.isConstant { last[operand.offset] = index }
        }
        for output in outputs where !output.isConstant { last[output.offset] = steps.count }
        /// What is taken, by where it starts.
        var taken: [(offset: Int, end: Int, slot: Int)] = []
        func place(_ slot: Int) {
            // A multiple of four bytes for each row makes one of a cache line for all rows of a block.
            let size = (rowBytes[slot] + 3) / 4 * 4
            var offset = 0
            var index = 0
            while index < taken.count, taken[index].offset < offset + size {
                offset = taken[index].end
                index += 1
            }
            taken.insert((offset, offset + size, slot), at: index)
            offsets[slot] = offset
            bytesPerRow = max(bytesPerRow, offset + size)
        }
        for input in inputs { place(input.offset) }
        for (index, step) in steps.enumerated() {
            // What joins values has a step for each of them, with one result.
            if offsets[step.out.offset] < 0 { place(step.out.offset) }
            taken.removeAll { last[$0.slot] <= index && $0.slot != step.out.offset }
        }
        guard bytesPerRow * GraphLimits.rows <= GraphLimits.workspaceBytes else {
            throw ModelRefused(
                "", found: "\(bytesPerRow) bytes of memory for each row",
                allowed: "up to \(GraphLimits.workspaceBytes / GraphLimits.rows)")
        }
    }

    func placed(_ operand: Operand) -> Operand {
        operand.isConstant ? operand : Operand(offset: offsets[operand.offset], rowBytes: operand.rowBytes)
    }

    func placed(_ step: GraphStep) -> GraphStep {
        var step = step
        (step.a, step.b, step.c, step.out) = (
            placed(step.a), placed(step.b), placed(step.c), placed(step.out)
        )
        return step
    }
}
